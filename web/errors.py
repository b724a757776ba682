"""Error pages, which say what to do. Programs get a problem in JSON instead."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests

from obzvon.common.errors import ObzvonError, Problem, UserError
from obzvon.documents.store import DocumentError
from web import headers, problems, requests
from web.context import app_context
from web.i18n import N_
from web.security import csrf

log = logging.getLogger("obzvon")

#: The name under which browsers keep the login.
REALM = "obzvon"
#: The reason to refuse a page that only administrators may see.
ADMINISTRATORS = "for administrators"


class DocumentUnreadableError(ObzvonError):
    """A page's own document cannot be read. The page shows the problems and what can be restored."""

    def __init__(self, error: DocumentError) -> None:
        super().__init__(error)
        self.error = error


def install_error_pages(app: Flask) -> None:
    """Register the handlers of all errors."""
    app.jinja_env.globals["outside_style"] = outside_style
    app.register_error_handler(HTTPException, error_response)
    app.register_error_handler(UserError, _handle_user_error)
    app.register_error_handler(Exception, _handle_unexpected)


def error_response(error: HTTPException) -> Response:
    """Return the response to an HTTP error."""
    if error.code is not None and error.code < 400:
        return make_response(error.get_response())
    if requests.is_api_request():
        return problems.http_error_response(error)
    title, remedy = _texts(error)
    response = _page(error.code or 500, title, remedy)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def logged_out_response() -> Response:
    """Return the refusal after which the browser forgets the name and the password."""
    response = _page(
        401,
        _("You are logged out"),
        _("This browser no longer knows your name and password. To log in again, open the editor's first page."),
        link="/",
    )
    response.headers["WWW-Authenticate"] = f'Basic realm="{REALM}"'
    return response


def _handle_user_error(error: UserError) -> Response:
    if requests.is_api_request():
        return problems.user_error_response(error)
    log.error("editor: %s %s: %s", request.method, request.path, error)
    return _page(500, _("It could not be done; nothing has been changed"), problems=error.problems)


def _handle_unexpected(error: Exception) -> Response:
    log.error("editor: %s %s: %r", request.method, request.path, error, exc_info=error)
    return error_response(InternalServerError())


def _page(code: int, title: str, remedy: str = "", problems: Sequence[Problem] = (), link: str = "") -> Response:
    """Return an error page. Without a login it must need no other file, because none would be served."""
    logged_in = "visitor" in g
    response = make_response(
        render_template(
            "error.html" if logged_in else "error_outside.html",
            code=code,
            title=title,
            remedy=remedy,
            problems=problems,
            link=link,
        ),
        code,
    )
    if not logged_in:
        response.headers["Content-Security-Policy"] = headers.policy_with_style(outside_style())
    return response


@cache
def outside_style() -> Markup:
    """Return the style sheet of the error page for visitors without a login."""
    return Markup((Path(__file__).parent / "static/outside.css").read_text(encoding="utf-8"))  # noqa: S704 - our own


def _texts(error: HTTPException) -> tuple[str, str]:
    reason = error.description if error.code in (400, 403) and error.description in _TEXTS else error.code
    title, remedy = _TEXTS.get(reason) or _TEXTS[400 if (error.code or 500) < 500 else 500]
    return _(title), _(remedy, **_values(error))


def _values(error: HTTPException) -> dict[str, str]:
    """Return the values of some remedies: until when to wait, and how much may be sent."""
    if isinstance(error, TooManyRequests):
        wait = error.retry_after if isinstance(error.retry_after, int) else 0
        end = app_context().clock().astimezone(app_context().settings.zone) + timedelta(seconds=wait + 59)
        return {"time": f"{end:%H:%M}"}
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return {"most": str((request.max_content_length or 0) // 1_000_000)}
    return {}


#: Title and remedy of each status, and of the reasons that have their own.
_TEXTS: dict[int | str | None, tuple[str, str]] = {
    csrf.FOREIGN: (
        N_("This request came from another site"),
        N_(
            "Your browser says that this did not come from our own page, so nothing has been changed. "
            "Open the page at its usual address and try again. A proxy must pass on the host and the "
            "scheme."
        ),
    ),
    csrf.OLD: (
        N_("The page has expired"),
        N_(
            "It was open for more than a day, or the password has changed since, so nothing has been "
            "changed. Go back, reload the page and try again."
        ),
    ),
    400: (N_("The request cannot be understood"), N_("Nothing has been changed. Go back and try again.")),
    401: (
        N_("A name and a password are needed"),
        N_(
            "Reload the page and log in. If you have lost the password, ask the administrator for a "
            "new one: obzvon user passwd NAME"
        ),
    ),
    ADMINISTRATORS: (
        N_("This page is for administrators"),
        N_("It shows the users and the settings. Ask an administrator for what you need from it."),
    ),
    403: (
        N_("You can view but not change anything"),
        N_("Nothing has been changed. Ask the administrator for permission."),
    ),
    404: (N_("There is no such page"), N_("Choose one of the pages above.")),
    405: (N_("That cannot be done at this address"), N_("Choose one of the pages above.")),
    413: (
        N_("That is too much at once"),
        N_("Nothing has been changed. At most %(most)s MB are accepted at once: go back and send less at a time."),
    ),
    429: (
        N_("Too many wrong passwords"),
        N_(
            "You can try again from %(time)s; until then not even the right password is accepted. If "
            "you have lost it, ask the administrator for a new one: obzvon user passwd NAME"
        ),
    ),
    500: (
        N_("An error in the program"),
        N_("Try again. If it happens again, tell the administrator when it happened: the log has the details."),
    ),
}
