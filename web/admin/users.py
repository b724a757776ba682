"""«Управление», for administrators only: the users of the editor, and the settings in force."""

import hmac
import secrets
from collections.abc import Callable
from itertools import groupby

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from obzvon.common.supervision import EDITOR
from obzvon.common.text import upper_first
from obzvon.domain.labels import user_role_label
from obzvon.journal import audit_messages
from obzvon.settings.effective import effective_values
from obzvon.users import Role, User, UserChangeError, Users, generate_password, password_matches
from web.context import app_context
from web.i18n import N_, translate
from web.permissions import visitor

administration = Blueprint("administration", __name__, url_prefix="/management")

_MAY = {
    Role.VIEWER: N_("sees everything and changes nothing"),
    Role.OPERATOR: N_("keeps the list and the schedule, starts and stops runs"),
    Role.ADMINISTRATOR: N_("the same, and keeps the users and sees the settings"),
}


class ChangeDeniedError(Exception):
    """The change was refused and nothing has been changed. `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@administration.get("")
def index() -> ResponseReturnValue:
    """Show the users."""
    return _page(edit=request.args.get("edit"), add="add" in request.args)


@administration.get("/settings")
def settings() -> ResponseReturnValue:
    """Show the settings in force: the values of settings.ini, and defaults for the rest."""
    sections = [
        (name, list(keys)) for name, keys in groupby(effective_values(app_context().settings), lambda one: one.section)
    ]
    waiting = app_context().settings_watch.waiting(EDITOR)
    return render_template("settings.html", sections=sections, file=app_context().settings.file, waiting=waiting)


@administration.post("/add")
def add() -> ResponseReturnValue:
    """Add a user with a generated password, which is shown only here."""
    name, role = request.form.get("name", "").strip(), _role()
    password = _password_for(name)
    try:
        _users().add(name, password, role)
    except UserChangeError as refused:
        if not password_matches(_users().load().get(name), password):
            problem = refused.problems[0]
            return _page(add=True, name=name, role=role, error=upper_first(translate(problem.what))), 422
    else:
        app_context().record(visitor().name, audit_messages.user_added(name, role))
    return render_template("password.html", name=name, password=password, added=True)


@administration.post("/password")
def password() -> ResponseReturnValue:
    """Generate a new password for another user, which is shown only here."""
    name, user = _other()
    if "sure" not in request.form:
        return _confirm(
            _("A new password for %(name)s?", name=name),
            _("The current password stops working. The new one is shown only once."),
            _("Make a new password"),
            name=name,
            once=_once(),
            present=_mark(user),
        )
    new = _password_for(name)
    if password_matches(user, new):
        return render_template("password.html", name=name, password=new, added=False)
    if request.form.get("present") != _mark(user):
        raise ChangeDeniedError(
            _("The password of %(name)s has been changed in the meantime; nothing has been done.", name=name)
        )
    try:
        _change(lambda users: users.change_password(name, new, expected=user))
    except ChangeDeniedError:
        if not password_matches(_users().load().get(name), new):  # the same form, a moment ago
            raise
    else:
        app_context().record(visitor().name, audit_messages.password_reset(name))
    return render_template("password.html", name=name, password=new, added=False)


@administration.post("/role")
def role() -> ResponseReturnValue:
    """Change the role of another user."""
    name, user = _other()
    chosen = _role()
    if chosen is user.role:
        flash(_("Nothing was changed."), "note")
        return _home()
    before, after = translate(user_role_label(user.role)), translate(user_role_label(chosen))
    if "sure" not in request.form:
        return _confirm(
            _("%(name)s: %(before)s → %(after)s?", name=name, before=before, after=after),
            _("From now on: %(may)s.", may=_(_MAY[chosen])),
            _("Change the role"),
            name=name,
            role=chosen,
        )
    _change(lambda users: users.change_role(name, chosen))
    app_context().record(visitor().name, audit_messages.role_changed(name, user.role, chosen))
    flash(_("%(name)s: %(after)s from now on", name=name, after=after), "note")
    return _home()


@administration.post("/remove")
def remove() -> ResponseReturnValue:
    """Remove a user."""
    name, _user = _other()
    if "sure" not in request.form:
        return _confirm(
            _("Remove %(name)s?", name=name),
            _("The access ends at once. What this user has done stays among the changes."),
            _("Remove the user"),
            name=name,
            danger="1",
        )
    _change(lambda users: users.remove(name))
    app_context().record(visitor().name, audit_messages.user_removed(name))
    flash(_("Removed: %(name)s", name=name), "note")
    return _home()


@administration.errorhandler(ChangeDeniedError)
def denied(caught: ChangeDeniedError) -> ResponseReturnValue:
    """Redirect to the users with the reason."""
    flash(caught.text, "warn")
    return _home()


# -- steps


def _page(
    *, edit: str | None = None, add: bool = False, name: str = "", role: Role = Role.OPERATOR, error: str = ""
) -> str:
    roles = [(one.value, translate(user_role_label(one)), _(may)) for one, may in _MAY.items()]
    return render_template(
        "administration.html",
        users=sorted(_users().load().items()),
        edit=edit,
        add=add,
        name=name,
        role=role.value,
        error=error,
        roles=roles,
        once=_once(),
    )


def _confirm(title: str, text: str, button: str, **kept: str) -> str:
    danger = bool(kept.pop("danger", ""))
    return render_template(
        "confirm.html",
        title=title,
        text=text,
        button=button,
        kept=kept,
        danger=danger,
        action=request.path,
        back=url_for("administration.index"),
    )


def _once() -> str:
    return secrets.token_urlsafe(12)


def _password_for(name: str) -> str:
    """Return the password that this form makes. A form that is sent twice makes it once and shows it twice.

    It is derived from the form's token and a secret of this process, and stored nowhere.
    """
    once = request.form.get("once", "") or _once()
    about = f"password {once} {visitor().name} {name}"
    return generate_password(hmac.digest(_secret(), about.encode("utf-8", "replace"), "sha256"))


def _mark(user: User) -> str:
    """Return a mark by which a form names the password that it replaces, without revealing anything of it."""
    return hmac.new(_secret(), user.password.encode(), "sha256").hexdigest()[:32]


def _secret() -> bytes:
    key: bytes = current_app.config["SECRET_KEY"]
    return key


def _users() -> Users:
    return Users(app_context().settings.web.users)


def _role() -> Role:
    given = request.form.get("role", "")
    if given not in list(Role):
        raise ChangeDeniedError(_("There is no such role; nothing has been changed."))
    return Role(given)


def _other() -> tuple[str, User]:
    """Return the user of the form; raise ChangeDeniedError if it is the visitor, who could lock themselves out."""
    name = request.form.get("name", "")
    user = _users().load().get(name)
    if user is None:
        raise ChangeDeniedError(_("There is no such user any more; nothing has been changed."))
    if name == visitor().name:
        raise ChangeDeniedError(_("That is you: another administrator has to do it. Nothing has been changed."))
    return name, user


def _change(change: Callable[[Users], None]) -> None:
    try:
        change(_users())
    except UserChangeError as refused:
        problem = refused.problems[0]
        raise ChangeDeniedError(f"{upper_first(translate(problem.what))}: {translate(problem.remedy)}") from refused


def _home() -> ResponseReturnValue:
    return redirect(url_for("administration.index"), 303)
