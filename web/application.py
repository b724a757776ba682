"""The editor as a Flask app: `create_app(settings)`. Nothing is built before it is called."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue

from obzvon.addresses import is_loopback
from obzvon.settings import Settings
from web import access, errors, headers, languages, metrics, pages
from web.api import routes
from web.desk import Desk, now
from web.gate import Gate

_BODY = 2_000_000
"""Bytes of one request: every row of a page selected, or a week with all its dates, is far below."""


def create_app(settings: Settings, *, gate: Gate | None = None, clock: Callable[[], datetime] = now) -> Flask:
    """The editor of this working folder."""
    app = Flask("web", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # of messages that last until the next page
        SESSION_COOKIE_SAMESITE="Strict", SESSION_COOKIE_NAME="obzvon", SESSION_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=_BODY, MAX_FORM_MEMORY_SIZE=_BODY, MAX_FORM_PARTS=2000,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["obzvon"] = Desk(settings, gate=gate, clock=clock)
    headers.install(app)
    languages.install(app, settings)
    access.install(app)
    errors.install(app)
    pages.install(app)
    routes.install(app)
    metrics.install(app)

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return "ok\n", {"Content-Type": "text/plain; charset=utf-8"}

    marks = {path.relative_to(Path(str(app.static_folder))).as_posix(): _mark(path)
             for path in Path(str(app.static_folder)).rglob("*") if path.is_file()}

    @app.template_global()
    def asset(name: str) -> str:
        return url_for("static", filename=name, v=marks[name])

    @app.context_processor
    def common() -> dict[str, object]:
        return {"unencrypted": not request.is_secure and not is_loopback(settings.web.host),
                "visitor": access.visitor, "may_change": access.may_change, "form_token": access.form_token,
                "role_of": access.role_of, "may_open": access.may_open}

    return app


def _mark(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
