"""The editor as a Flask app: `create_app(settings)`. Importing the module builds nothing."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from obzvon.common.hosts import is_loopback
from obzvon.common.supervision import supervisor_command
from obzvon.domain.labels import call_remark, result_label
from obzvon.domain.results import RESULTS, result_tone
from obzvon.settings.model import Settings
from web import errors, headers, i18n, metrics, permissions
from web.admin import setup
from web.admin.audit import changes
from web.admin.checks import checkup, error_count
from web.admin.logout import logout
from web.admin.password import own_password
from web.admin.users import administration
from web.api import blueprint
from web.charts import result_class
from web.context import AppContext, app_context, utc_now
from web.guide import guide
from web.i18n import format_day, format_time
from web.imports.views import ImportContext, imports
from web.messages.library import MessageLibrary
from web.messages.views import messages
from web.phones.export import exports
from web.phones.views import phones
from web.results.views import results
from web.run.state import RunStateCache
from web.run.views import run
from web.schedule.views import schedule
from web.security.login import LoginService
from web.versions.views import versions

#: Bytes of one request. Every row of a page selected, or a schedule with all its dates, is far below.
_MAX_BODY = 2_000_000


def create_app(
    settings: Settings, *, login: LoginService | None = None, clock: Callable[[], datetime] = utc_now
) -> Flask:
    """Return the editor of the working folder that the settings name."""
    app = build_app()
    attach(app, AppContext(settings, login=login, clock=clock))
    return app


def build_app() -> Flask:
    """Return an app with every page, which serves no folder yet."""
    app = Flask("web", static_folder="static", template_folder="templates")
    app.config.update(
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_NAME="obzvon",
        SESSION_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=_MAX_BODY,
        MAX_FORM_MEMORY_SIZE=_MAX_BODY,
        MAX_FORM_PARTS=2000,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    headers.install_headers(app)
    i18n.install_i18n(app, lambda: app_context().settings)
    permissions.install_permissions(app)
    errors.install_error_pages(app)
    _install_template_names(app)
    _install_pages(app)
    blueprint.install_api(app)
    metrics.install_metrics(app)
    return app


def attach(app: Flask, context: AppContext) -> None:
    """Let the app serve the folder of the context."""
    app.secret_key = secrets.token_bytes(32)  # signs the messages that are shown on the next page
    app.extensions["obzvon"] = context
    app.extensions["obzvon.imports"] = ImportContext(context.phones)
    app.extensions["obzvon.messages"] = MessageLibrary(context.settings.messages)
    app.extensions["obzvon.run"] = RunStateCache(context)
    app.extensions["obzvon.metrics"] = metrics.MetricsCollector(context)


def _install_template_names(app: Flask) -> None:
    """Add the filters and functions that templates use."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        supervisor_command=supervisor_command,
        asset=_asset_url(Path(str(app.static_folder))),
        format_day=format_day,
        format_time=format_time,
        result_label=result_label,
        result_class=result_class,
        result_tone=result_tone,
        all_results=RESULTS,
        call_remark=lambda line: call_remark(line, app_context().settings.delivered),
        error_count=error_count,
        visitor=permissions.visitor,
        may_change=permissions.may_change,
        may_open=permissions.may_open,
        form_token=permissions.form_token,
        role_label=permissions.role_label,
    )

    @app.context_processor
    def connection() -> dict[str, object]:
        return {"unencrypted": not request.is_secure and not is_loopback(app_context().settings.web.host)}


def _asset_url(folder: Path) -> Callable[[str], str]:
    """Return a function that gives the address of a static file, which changes with the file's content."""
    versions = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in folder.rglob("*")
        if path.is_file()
    }

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=versions[name])

    return asset


def _install_pages(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(guide)
    for page in (
        phones,
        schedule,
        messages,
        run,
        results,
        checkup,
        setup.first_steps,
        administration,
        changes,
        versions,
        own_password,
        logout,
        exports,
        imports,
    ):
        app.register_blueprint(page)

    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("first_steps.index" if setup.is_setup_pending() else "phones.index"))

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return "ok\n", {"Content-Type": "text/plain; charset=utf-8"}
