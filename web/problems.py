"""Errors of the JSON interface: application/problem+json, as in RFC 9457, with every fault of the request."""

import logging
from collections.abc import Mapping, Sequence

import msgspec
from flask import Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from obzvon.common.errors import ObzvonError, UserError
from obzvon.documents.store import DocumentError
from obzvon.journal.database import JournalUnavailableError
from web.i18n import N_, translate
from web.security import csrf

log = logging.getLogger("obzvon")

JSON = "application/problem+json"
#: The most issues that are listed; of further ones only the number is given.
_MAX_LISTED = 100
#: The search for issues ends at this number.
MAX_ISSUES = 1000


class ValidationIssue(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A fault of the request, and where it is: in the body (a JSON pointer), in a parameter or in a header."""

    detail: str
    pointer: str = ""
    parameter: str = ""
    header: str = ""
    #: The key of the row of the list that has the fault.
    row: str = ""


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The reason why a request was refused. `title` and `detail` are in the reader's language."""

    title: str
    status: int
    detail: str = ""
    errors: tuple[ValidationIssue, ...] = ()
    #: How many issues there are beyond those in `errors`; the search ends after a thousand.
    more_errors: int = 0
    #: The current revision of a document that was changed meanwhile or is broken.
    revision: str = ""


class RequestError(ObzvonError):
    """A request is refused, with every fault in it."""

    def __init__(
        self, status: int, detail: str = "", issues: Sequence[ValidationIssue] = (), *, revision: str = ""
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.issues = tuple(issues)
        self.revision = revision


def request_error_response(error: RequestError) -> Response:
    """Return the response to a refused request."""
    title, default = _texts(error.status)
    issues = error.issues
    return _problem_response(
        ProblemDetails(
            title,
            error.status,
            error.detail or default,
            issues[:_MAX_LISTED],
            max(0, len(issues) - _MAX_LISTED),
            error.revision,
        )
    )


def http_error_response(error: HTTPException) -> Response:
    """Return the response for which the pages would show an error page."""
    status = error.code or 500
    title, detail = _texts(status, error.description)
    headers = {
        name: value for name, value in error.get_headers() if name.lower() not in {"content-type", "content-length"}
    }
    return _problem_response(ProblemDetails(title, status, detail), headers)


def user_error_response(error: UserError) -> Response:
    """Return the response to an error that the administrator can fix."""
    log.error("editor: %s %s: %s", request.method, request.path, error)
    status = 503 if isinstance(error, JournalUnavailableError) else 500
    revision = error.revision if isinstance(error, DocumentError) else ""
    title = _("It could not be done; nothing has been changed")
    return _problem_response(ProblemDetails(title, status, translate(error.message()), revision=revision))


def _problem_response(problem: ProblemDetails, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(msgspec.json.encode(problem) + b"\n", problem.status, headers, content_type=JSON)
    if problem.revision:
        response.set_etag(problem.revision)
    return response


def _texts(status: int, description: str | None = None) -> tuple[str, str]:
    texts = _TEXTS.get(description) if status == 400 else None
    title, detail = texts or _TEXTS.get(status) or _TEXTS[400 if status < 500 else 500]
    return _(title), _(detail) if detail else ""


#: Title and detail of each status, and of the reason for a 400 that has its own.
_TEXTS: dict[int | str | None, tuple[str, str]] = {
    csrf.FOREIGN: (
        N_("This request came from another site"),
        N_(
            "The browser says that another site's page sent this, so nothing has been changed. A "
            "program sends neither Origin nor Sec-Fetch-Site."
        ),
    ),
    400: (N_("The request cannot be understood"), N_("Nothing has been changed.")),
    401: (
        N_("A name and a password are needed"),
        N_("Send the name and password of a user of the editor, with basic authentication."),
    ),
    403: (
        N_("You can view but not change anything"),
        N_("Nothing has been changed. Ask the administrator for permission."),
    ),
    404: (N_("There is nothing at this address"), N_("The addresses are described in /api/v1/openapi.json.")),
    405: (N_("That cannot be done at this address"), N_("The addresses are described in /api/v1/openapi.json.")),
    409: (N_("The service refuses"), ""),
    412: (
        N_("It was changed in the meantime"),
        N_("Nothing has been lost. Read it again, repeat your change, and send it with the new revision."),
    ),
    413: (N_("That is too much at once"), N_("Nothing has been changed. Send less at a time.")),
    415: (N_("The body must be JSON"), N_("Send it with the header Content-Type: application/json.")),
    422: (N_("The body has errors"), N_("Nothing has been changed. Fix what `errors` lists.")),
    428: (
        N_("Name the revision that your change is based on"),
        N_("Send the ETag that you have read as the header If-Match, so that nobody's change is lost."),
    ),
    429: (N_("Too many wrong passwords"), N_("Wait as many seconds as Retry-After says.")),
    500: (N_("An error in the program"), N_("The log has the details.")),
    503: (N_("It cannot be done at the moment"), N_("Try again later.")),
}
