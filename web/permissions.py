"""Authentication and authorisation of every request, before any page is made."""

import logging
from datetime import UTC, datetime

from flask import Flask, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_httpauth import HTTPBasicAuth
from werkzeug.exceptions import TooManyRequests, default_exceptions

from obzvon.audio.conversion import MAX_UPLOAD_BYTES as MAX_SOUND_BYTES
from obzvon.domain.labels import user_role_label
from obzvon.spreadsheets.table import MAX_UPLOAD_BYTES
from obzvon.users import Role
from web import errors, requests
from web.context import app_context
from web.i18n import translate
from web.security import csrf
from web.security.login import TooManyFailuresError, Visitor

log = logging.getLogger("obzvon")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Endpoints that need no login.
PUBLIC_ENDPOINTS = frozenset({"healthz"})
JSON = "application/json"
#: Endpoints that change only the visitor's own preferences and password.
PERSONAL_ENDPOINTS = frozenset({"preferences.language", "preferences.theme", "own_password.change"})
#: Endpoints that take a file: bytes of the whole request. All others take far less.
UPLOAD_LIMITS = {
    "imports.upload": MAX_UPLOAD_BYTES + 500_000,
    "messages.upload": MAX_SOUND_BYTES + 500_000,
    "messages.replace": MAX_SOUND_BYTES + 500_000,
}
#: Endpoints for administrators alone begin so, or are these.
ADMINISTRATORS = "administration."
_ADMINISTRATORS_TOO = frozenset({"run.accept_clock"})


def required_role(endpoint: str | None, method: str) -> Role:
    """Return the lowest role that may do this."""
    if _is_administrators(endpoint):
        return Role.ADMINISTRATOR
    return Role.VIEWER if method in SAFE_METHODS or endpoint in PERSONAL_ENDPOINTS else Role.OPERATOR


def _is_administrators(endpoint: str | None) -> bool:
    return endpoint is not None and (endpoint.startswith(ADMINISTRATORS) or endpoint in _ADMINISTRATORS_TOO)


def visitor() -> Visitor:
    """Return the visitor who sent this request."""
    current: Visitor = g.visitor
    return current


def role_label(someone: Visitor) -> str:
    """Return the label of the visitor's role."""
    return translate(user_role_label(someone.role))


def may_change() -> bool:
    """Return whether the visitor may change the list and the schedule."""
    return visitor().role.includes(Role.OPERATOR)


def may_open(endpoint: str) -> bool:
    """Return whether the page exists and the visitor may see it."""
    return endpoint in current_app.view_functions and visitor().role.includes(required_role(endpoint, "GET"))


def form_token() -> str:
    """Return the token of this visitor's forms."""
    return csrf.make_token(visitor(), datetime.now(UTC).date())


def install_permissions(app: Flask) -> None:
    """Check the login and the permissions before every page."""
    auth = HTTPBasicAuth(realm=errors.REALM)

    @auth.verify_password  # type: ignore[untyped-decorator]
    def verify(name: str, password: str) -> Visitor | None:
        if not name:
            return None
        address = request.remote_addr or ""
        try:
            found = app_context().login.authenticate(name, password, address)
        except TooManyFailuresError as failures:
            log.warning("editor: too many wrong passwords from %s", address)
            raise TooManyRequests(retry_after=failures.wait) from failures
        if found is None:
            log.warning("editor: wrong name or password from %s", address)
        return found

    @auth.error_handler  # type: ignore[untyped-decorator]
    def refuse(status: int) -> ResponseReturnValue:
        return errors.error_response(default_exceptions[status]())

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint in PUBLIC_ENDPOINTS:
            return None
        # Not login_required, which lets OPTIONS pass without a login.
        current: Visitor | None = auth.authenticate(auth.get_auth(), None)
        if current is None:
            refusal: ResponseReturnValue = auth.auth_error_callback(401)
            return refusal
        g.visitor = current
        _check_permission()
        return None


def _check_permission() -> None:
    """Abort what this visitor may not do, and forged requests."""
    if not visitor().role.includes(required_role(request.endpoint, request.method)):
        abort(403, errors.ADMINISTRATORS if _is_administrators(request.endpoint) else None)
    if request.method in SAFE_METHODS:
        return
    if (limit := UPLOAD_LIMITS.get(request.endpoint or "")) is not None:
        request.max_content_length = request.max_form_memory_size = limit
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if not csrf.is_same_origin(site, origin, request.host_url):
        abort(400, csrf.FOREIGN)
    if requests.is_api_request():
        # A form cannot send JSON; a script of another site must ask first (OPTIONS), and that is refused.
        if request.url_rule is not None and request.mimetype != JSON:
            abort(415)
    elif not csrf.is_valid_token(request.form.get(csrf.FIELD, ""), visitor(), datetime.now(UTC).date()):
        abort(400, csrf.OLD)
