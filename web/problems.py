"""Everything that is wrong with a request, as RFC 9457 has it: application/problem+json."""

import logging
from collections.abc import Mapping, Sequence

import msgspec
from flask import Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from obzvon.common.errors import UserError
from obzvon.documents.store import DocumentError
from obzvon.journal.database import JournalUnavailableError
from web.i18n import translate
from web.security import csrf

log = logging.getLogger("obzvon")

JSON = "application/problem+json"
_MOST = 100
"""So many faults are told; of more only how many there are."""
MAX_ISSUES = 1000
"""So many faults are looked for."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text for translation."""
    return text


class ValidationIssue(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing that is wrong, and where: in the body (a JSON pointer), in a parameter or in a header."""

    detail: str
    pointer: str = ""
    parameter: str = ""
    header: str = ""
    row: str = ""
    """The key of the row of the list that it is about."""


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Why a request was not done; `title` and `detail` are in the reader's language."""

    title: str
    status: int
    detail: str = ""
    errors: tuple[ValidationIssue, ...] = ()
    more_errors: int = 0
    """How many there are besides those in `errors`; after a thousand nobody looks further."""
    revision: str = ""
    """Of a document that has been changed, or is broken: the revision that stands there now."""


class RequestError(Exception):
    """A request that is not done, with everything that is wrong about it."""

    def __init__(
        self, status: int, detail: str = "", faults: Sequence[ValidationIssue] = (), *, revision: str = ""
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.revision = revision


def request_error_response(refusal: RequestError) -> Response:
    """The answer to it."""
    title, usual = _words(refusal.status)
    faults = refusal.faults
    return _answer(
        ProblemDetails(
            title,
            refusal.status,
            refusal.detail or usual,
            faults[:_MOST],
            max(0, len(faults) - _MOST),
            refusal.revision,
        )
    )


def http_error_response(error: HTTPException) -> Response:
    """The answer where the pages would show an error page."""
    status = error.code or 500
    title, detail = _words(status, error.description)
    kept = {
        name: value for name, value in error.get_headers() if name.lower() not in {"content-type", "content-length"}
    }
    return _answer(ProblemDetails(title, status, detail), kept)


def user_error_response(error: UserError) -> Response:
    """What the administrator can mend."""
    log.error("editor: %s %s: %s", request.method, request.path, error)
    status = 503 if isinstance(error, JournalUnavailableError) else 500
    revision = error.revision if isinstance(error, DocumentError) else ""
    title = _("It could not be done; nothing has been changed")
    return _answer(ProblemDetails(title, status, translate(error.message()), revision=revision))


def _answer(problem: ProblemDetails, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(msgspec.json.encode(problem) + b"\n", problem.status, headers, content_type=JSON)
    if problem.revision:
        response.set_etag(problem.revision)
    return response


def _words(status: int, description: str | None = None) -> tuple[str, str]:
    known = _WORDS.get(description) if status == 400 else None
    title, detail = known or _WORDS.get(status) or _WORDS[400 if status < 500 else 500]
    return _(title), _(detail) if detail else ""


_WORDS: dict[int | str | None, tuple[str, str]] = {
    csrf.FOREIGN: (
        N_("This came from another site"),
        N_(
            "The browser says that another site's page sent it, so nothing has been changed. A program that is no "
            "browser sends neither Origin nor Sec-Fetch-Site."
        ),
    ),
    400: (N_("The request cannot be understood"), N_("Nothing has been changed.")),
    401: (N_("A name and a password are needed"), N_("Send those of a user of the editor, as basic authentication.")),
    403: (
        N_("You may look but not change anything"),
        N_("Nothing has been changed. Ask the administrator for the right to."),
    ),
    404: (N_("There is nothing at this address"), N_("The addresses are described in /api/v1/openapi.json.")),
    405: (N_("That cannot be done at this address"), N_("The addresses are described in /api/v1/openapi.json.")),
    409: (N_("The service refuses"), ""),
    412: (
        N_("It has been changed in the meantime"),
        N_("Nothing of what stands there has been lost. Read it again, repeat your change, and send the new revision."),
    ),
    413: (N_("That is too much at once"), N_("Nothing has been changed. Send less of it at a time.")),
    415: (N_("The body has to be JSON"), N_("Send it with the header Content-Type: application/json.")),
    422: (N_("It cannot be taken as it stands"), N_("Nothing has been changed. Mend what `errors` names.")),
    428: (
        N_("Say on which revision your change is based"),
        N_("Send the ETag of what you have read as the header If-Match, so that nobody's change is lost."),
    ),
    429: (N_("Too many wrong passwords"), N_("Wait as many seconds as Retry-After says.")),
    500: (N_("A mistake of the program"), N_("The log says more.")),
    503: (N_("It cannot be done at the moment"), N_("Try again later.")),
}
"""Title and detail of each status, and of the reason for a 400 that has its own."""
