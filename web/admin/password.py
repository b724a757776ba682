"""«Мой пароль»: every user changes their own."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from obzvon.common.text import upper_first
from obzvon.journal import audit_messages
from obzvon.users import UserChangeError, Users
from web.context import app_context
from web.i18n import translate
from web.permissions import visitor
from web.security.login import TooManyFailuresError

own_password = Blueprint("own_password", __name__, url_prefix="/password")


@own_password.get("")
def index() -> ResponseReturnValue:
    """Show the form."""
    return render_template("own_password.html", errors={})


@own_password.post("")
def change() -> ResponseReturnValue:
    """Change the visitor's password. The current one is required: a screen that was left open is not enough."""
    present, new, again = (request.form.get(field, "") for field in ("present", "new", "again"))
    errors: dict[str, str] = {}
    if new != again:
        errors["again"] = _("It is not the same as the one above")
    elif not _is_present(present):
        errors["present"] = _("That is not the current password")
    else:
        try:
            Users(app_context().settings.web.users).change_password(visitor().name, new)
        except UserChangeError as refused:
            errors["new"] = upper_first(translate(refused.problems[0].what))
    if errors:
        return render_template("own_password.html", errors=errors), 422
    app_context().record(visitor().name, audit_messages.own_password_changed())
    return render_template("own_password_changed.html")


def _is_present(password: str) -> bool:
    """Return whether this is the visitor's password. Wrong ones count as failed logins."""
    try:
        return app_context().login.authenticate(visitor().name, password, request.remote_addr or "") is not None
    except TooManyFailuresError as failures:
        raise TooManyRequests(retry_after=failures.wait) from failures
