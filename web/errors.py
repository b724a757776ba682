"""Every error as a page that says what to do; to a program, as a problem in JSON."""

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

from obzvon.common.errors import Problem, UserError
from web import headers, problems, requests
from web.context import app_context
from web.security import csrf

log = logging.getLogger("obzvon")

ADMINISTRATORS = "for administrators"
"""Why somebody is refused who may only not see this."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text for translation."""
    return text


def install_error_pages(app: Flask) -> None:
    """Takes over what the app answers when something is wrong."""
    app.jinja_env.globals["outside_style"] = outside_style
    app.register_error_handler(HTTPException, error_response)
    app.register_error_handler(UserError, _user)
    app.register_error_handler(Exception, _unforeseen)


def error_response(error: HTTPException) -> Response:
    """The page of an HTTP error."""
    if error.code is not None and error.code < 400:
        return make_response(error.get_response())
    if requests.is_api_request():
        return problems.http_error_response(error)
    title, remedy = _words(error)
    response = _page(error.code or 500, title, remedy)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _user(error: UserError) -> Response:
    if requests.is_api_request():
        return problems.user_error_response(error)
    log.error("editor: %s %s: %s", request.method, request.path, error)
    return _page(500, _("It could not be done; nothing has been changed"), problems=error.problems)


def _unforeseen(error: Exception) -> Response:
    log.error("editor: %s %s: %r", request.method, request.path, error, exc_info=error)
    return error_response(InternalServerError())


def _page(code: int, title: str, remedy: str = "", problems: Sequence[Problem] = ()) -> Response:
    """The page of an error; who is not let in gets one that needs no file of ours, for none would be served."""
    inside = "visitor" in g
    response = make_response(
        render_template(
            "error.html" if inside else "error_outside.html", code=code, title=title, remedy=remedy, problems=problems
        ),
        code,
    )
    if not inside:
        response.headers["Content-Security-Policy"] = headers.policy_with_style(outside_style())
    return response


@cache
def outside_style() -> Markup:
    """How that page looks."""
    return Markup((Path(__file__).parent / "static/outside.css").read_text(encoding="utf-8"))  # noqa: S704 - our own


def _words(error: HTTPException) -> tuple[str, str]:
    reason = error.description if error.code in (400, 403) and error.description in _WORDS else error.code
    title, remedy = _WORDS.get(reason) or _WORDS[400 if (error.code or 500) < 500 else 500]
    return _(title), _(remedy, **_values(error))


def _values(error: HTTPException) -> dict[str, str]:
    """What stands in some of the remedies: until when one has to wait, and how much may be sent."""
    if isinstance(error, TooManyRequests):
        wait = error.retry_after if isinstance(error.retry_after, int) else 0
        over = app_context().clock().astimezone(app_context().settings.zone) + timedelta(seconds=wait + 59)
        return {"time": f"{over:%H:%M}"}
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return {"most": str((request.max_content_length or 0) // 1_000_000)}
    return {}


_WORDS: dict[int | str | None, tuple[str, str]] = {
    csrf.FOREIGN: (
        N_("This came from another site"),
        N_(
            "Your browser says that not our own page sent it, so nothing has been changed. Open the page by its usual "
            "address and repeat what you did. Behind a proxy: it has to pass on the host and the scheme."
        ),
    ),
    csrf.OLD: (
        N_("The page was too old"),
        N_(
            "It had been open for more than a day, or the password has changed since, so nothing has been changed. Go "
            "back, reload the page and repeat what you did."
        ),
    ),
    400: (N_("The request cannot be understood"), N_("Nothing has been changed. Go back and try again.")),
    401: (
        N_("A name and a password are needed"),
        N_(
            "Reload the page and log in. Who has lost the password asks the administrator for a new one: "
            "obzvon user passwd NAME"
        ),
    ),
    ADMINISTRATORS: (
        N_("This page is for administrators"),
        N_("It has the users and the settings. Ask an administrator for what you need from it."),
    ),
    403: (
        N_("You may look but not change anything"),
        N_("Nothing has been changed. Ask the administrator for the right to."),
    ),
    404: (N_("There is no such page"), N_("Choose one of the pages above.")),
    405: (N_("That cannot be done at this address"), N_("Choose one of the pages above.")),
    413: (
        N_("That is too much at once"),
        N_("Nothing has been changed. At most %(most)s MB are taken at once: go back and send less of it at a time."),
    ),
    429: (
        N_("Too many wrong passwords"),
        N_(
            "From %(time)s on you can try again; until then not even the right one is taken here. Who has lost the "
            "password asks the administrator for a new one: obzvon user passwd NAME"
        ),
    ),
    500: (
        N_("A mistake of the program"),
        N_("Try again; if it happens again, send the administrator the time at which it did: the log says more."),
    ),
}
"""Title and remedy of each status, and of the reasons that have their own."""
