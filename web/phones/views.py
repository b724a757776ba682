"""«Номера»: the list of phones."""

import contextlib
from collections.abc import Callable, Sequence

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from obzvon.common.i18n import Message
from obzvon.common.text import escape_controls
from obzvon.documents.lost_values import describe_change, restore_values
from obzvon.documents.store import DocumentError, ExternallyChangedError
from obzvon.domain.numbering import InvalidNumberError
from obzvon.domain.phones import Candidate, Phone
from obzvon.journal import audit_messages
from web import phone_duplicates, phone_form
from web.context import app_context, undo_steps
from web.errors import DocumentUnreadableError
from web.i18n import format_phone_number, translate
from web.list_diff import diff_lists, step_name
from web.permissions import visitor
from web.phone_form import PhoneForm
from web.phone_index import FILTERS, PAGE_ROWS, PhoneIndex, newest_restorable_version, row_state
from web.phones import absence_form
from web.phones.absence_form import AbsenceForm, fill_absence_form, parse_absence_form
from web.phones.query import PhonesQuery, parse_query

phones = Blueprint("phones", __name__, url_prefix="/phones")

#: Rows that are named where a change is confirmed.
_NAMED = 10
_NAMED_LOSSES = 5


class StalePageError(Exception):
    """The list has changed since the page was made. `row` is the key of the row that was edited, if any."""

    def __init__(self, row: str | None = None) -> None:
        super().__init__(row)
        self.row = row


# -- the pages


@phones.get("")
def index() -> ResponseReturnValue:
    """Show the list."""
    return _page(parse_query(request.args), edit=request.args.get("edit"), add="add" in request.args)


@phones.errorhandler(DocumentUnreadableError)
def broken(caught: DocumentUnreadableError) -> ResponseReturnValue:
    """Show the problems of the list, and the version that can be restored."""
    document = app_context().phones.document
    return render_template(
        "broken.html",
        problems=caught.error.problems,
        revision=caught.error.revision,
        backup=newest_restorable_version(document),
        file=document.path,
        missing=not document.path.exists(),
    ), 500


@phones.errorhandler(StalePageError)
def stale(caught: StalePageError) -> ResponseReturnValue:
    """Show both versions and let the operator choose."""
    phone_index = _phone_index()
    typed = None
    row = phone_index.row(caught.row) if caught.row is not None else None
    if "number" in request.form:
        typed = phone_form.parse_phone_form(request.form, app_context().phones.plan, row.phone if row else None)
    kept = [
        (name, value) for name, values in request.form.lists() for value in values if name not in {"revision", "token"}
    ]
    chosen = [] if typed else _chosen(phone_index, parse_query(request.form))
    return render_template(
        "conflict.html",
        phone_index=phone_index,
        row=row,
        key=caught.row,
        typed=typed,
        kept=kept,
        chosen=chosen[:_NAMED],
        count=len(chosen),
        back=_address(parse_query(request.form)),
        undone=request.endpoint == "phones.undo",
    ), 409


def _page(
    view: PhonesQuery, *, status: int = 200, edit: str | None = None, add: bool = False, form: PhoneForm | None = None
) -> ResponseReturnValue:
    phone_index = _phone_index()
    found = view.find(phone_index)
    pages = max(1, -(-len(found) // PAGE_ROWS))
    view = msgspec.structs.replace(view, page=min(max(1, view.page), pages))
    rows = [phone_index.rows[place] for place in found[(view.page - 1) * PAGE_ROWS : view.page * PAGE_ROWS]]
    undoable, redoable = undo_steps(app_context().phones.document, phone_index.revision)
    edited = phone_index.row(edit) if edit is not None else None
    if edited and form is None:
        form = phone_form.fill_phone_form(edited.phone)
    return render_template(
        "phones.html",
        phone_index=phone_index,
        view=view,
        rows=rows,
        found=len(found),
        pages=pages,
        kind=row_state,
        run=app_context().active_run_if_readable(),
        edited=edited,
        add=(add and not edited) or not phone_index.rows,
        form=form or PhoneForm(),
        first=(view.page - 1) * PAGE_ROWS + 1,
        undoable=undoable,
        redoable=redoable,
        at=request.args.get("at"),
        filters=FILTERS,
        lost=[(one, describe_change(one)) for one in phone_index.lost[:_NAMED_LOSSES]],
    ), status


# -- what changes the list


@phones.post("/add")
def add() -> ResponseReturnValue:
    """Add a row."""
    form = _checked(phone_form.parse_phone_form(request.form, app_context().phones.plan), Phone("", ""))
    view = parse_query(request.form)
    if form.errors:
        return _page(view, status=422, add=True, form=form)
    try:
        _change(lambda phone_index: [*phone_index.phones, form.apply_to(Phone(phone_index.free_key(), ""))])
    except DocumentError as error:
        return _page(view, status=500, add=True, form=_unsaved(form, error))
    _record(audit_messages.phone_added(form.apply_to(Phone("", ""))))
    _tell(_("Added: %(number)s", number=_short(form)))
    return redirect(_address(view, add=1), 303)


@phones.post("/save")
def save() -> ResponseReturnValue:
    """Change the number, code or name of a row."""
    key, view = request.form.get("row", ""), parse_query(request.form)
    before = _phone_index().row(key)
    _fresh(key)
    form = phone_form.parse_phone_form(request.form, app_context().phones.plan, before.phone if before else None)
    form = _checked(form, before.phone if before else Phone(key, ""))
    if form.errors:
        return _page(view, status=422, edit=key, add=before is None, form=form)

    def edit(phone_index: PhoneIndex) -> list[Phone]:
        if key not in phone_index.positions:  # it was deleted meanwhile, and is wanted all the same
            return [*phone_index.phones, form.apply_to(Phone(key, ""))]
        return [form.apply_to(phone) if phone.key == key else phone for phone in phone_index.phones]

    try:
        _change(edit, row=key)
    except DocumentError as error:
        return _page(view, status=500, edit=key, form=_unsaved(form, error))
    old = before.phone if before else None
    if old is None or form.apply_to(old) != old:
        _record(audit_messages.phone_edited(old, form.apply_to(old or Phone(key, ""))))
    _tell(_("Saved: %(number)s", number=_short(form)))
    return redirect(_address(view, at=key), 303)


@phones.post("/pause", defaults={"paused": True})
@phones.post("/resume", defaults={"paused": False})
def pause(paused: bool) -> ResponseReturnValue:
    """Pause the chosen rows, or resume them. Many have to be confirmed."""
    view = parse_query(request.form)
    rows = _rows(view)
    today = app_context().today()
    changed = [row for row in rows if (not row.phone.paused if paused else row.phone.has_pause(today))]
    if len(changed) > _NAMED and "sure" not in request.form:
        return _ask("pause" if paused else "resume", changed, view)
    chosen = [row.phone for row in changed]
    if keys := {phone.key for phone in chosen}:
        _change(
            lambda phone_index: [
                msgspec.structs.replace(phone, paused=paused, absence=None) if phone.key in keys else phone
                for phone in phone_index.phones
            ]
        )
        _record(audit_messages.phones_paused(chosen) if paused else audit_messages.phones_resumed(chosen))
        count = len(keys)
        _tell(
            ngettext("Paused: %(num)s number", "Paused: %(num)s numbers", count)
            if paused
            else ngettext("No longer paused: %(num)s number", "No longer paused: %(num)s numbers", count)
        )
    elif rows:
        flash(_("They already are: nothing has been changed."), "note")
    return redirect(_address(view, at=request.form.get("one")), 303)


@phones.post("/pause-until")
def pause_until() -> ResponseReturnValue:
    """Ask until when the chosen rows are not called, and save the answer."""
    view = parse_query(request.form)
    today = app_context().today()
    chosen = [row.phone for row in _rows(view)]
    if not chosen:
        return redirect(_address(view), 303)
    if "sure" not in request.form:
        return _ask_until(chosen, fill_absence_form(chosen, today), view)
    form = parse_absence_form(request.form, today, len(chosen))
    if form.errors:
        return _ask_until(chosen, form, view, status=422)
    edited = {phone.key: form.apply_to(phone) for phone in chosen}
    if any(edited[phone.key] != phone for phone in chosen):
        _change(lambda phone_index: [edited.get(phone.key, phone) for phone in phone_index.phones])
        _record(audit_messages.phones_absent(chosen, form.absence))
        _tell(absence_form.describe_saved(form.absence, len(chosen), today))
    else:
        flash(_("They already are: nothing has been changed."), "note")
    return redirect(_address(view, at=request.form.get("one")), 303)


@phones.post("/delete")
def delete() -> ResponseReturnValue:
    """Delete the chosen rows. More than one has to be confirmed."""
    view = parse_query(request.form)
    rows = _rows(view)
    if len(rows) > 1 and "sure" not in request.form:
        return _ask("delete", rows, view)
    keys = {row.phone.key for row in rows}
    if keys:
        _change(lambda phone_index: [phone for phone in phone_index.phones if phone.key not in keys])
        _record(audit_messages.phones_deleted([row.phone for row in rows]))
        _tell(ngettext("Deleted: %(num)s number", "Deleted: %(num)s numbers", len(keys)))
    return redirect(_address(view), 303)


@phones.post("/undo", defaults={"forward": False})
@phones.post("/redo", defaults={"forward": True})
def undo(forward: bool) -> ResponseReturnValue:
    """Undo the last change that is not undone, or do the last undone one again."""
    document, revision = app_context().phones.document, request.form.get("revision", "")
    before = _phone_index()
    try:
        (document.redo if forward else document.undo)(revision, by=visitor().name)
    except ExternallyChangedError as error:
        raise StalePageError from error
    after = _phone_index()
    change = (diff_lists(before.phones, after.phones) if forward else diff_lists(after.phones, before.phones)).message()
    _record(audit_messages.redone(change) if forward else audit_messages.undone(change))
    values = {"change": step_name(change), "n": format_decimal(len(after.phones))}
    if forward:
        _tell(_("Redone: %(change)s. Numbers in the list: %(n)s", **values))
    else:
        flash(_("Undone: %(change)s. Numbers in the list: %(n)s", **values), "redo")
    return redirect(_address(parse_query(request.form)), 303)


@phones.post("/recover")
def recover() -> ResponseReturnValue:
    """Put back the values that another program's save has lost, or leave them as they are."""
    view = parse_query(request.form)
    count = len(_fresh().lost)
    if count and request.form.get("action") == "accept":
        app_context().phones.accept_losses(request.form["revision"])
        _record(audit_messages.losses_accepted(count))
        flash(_("The list stays as it is."), "note")
    elif count:
        _change(lambda phone_index: restore_values(phone_index.phones, phone_index.lost))
        _record(audit_messages.values_restored(count))
        _tell(ngettext("Restored: %(num)s value", "Restored: %(num)s values", count))
    return redirect(_address(view), 303)


@phones.post("/restore")
def restore() -> ResponseReturnValue:
    """Replace a broken or missing list by an earlier one, or by an empty one."""
    document, revision = app_context().phones.document, request.form.get("revision", "")
    kept = newest_restorable_version(document)
    try:
        if request.form.get("empty") == "1" and not document.path.exists():
            document.save([], "", by=visitor().name)
            _record(audit_messages.list_created())
        elif kept is not None:
            if kept.number:
                document.restore(revision, kept.number, by=visitor().name)
            else:
                document.save(kept.data, revision, by=visitor().name)
            _record(audit_messages.list_restored(len(kept.data)))
    except ExternallyChangedError:
        flash(_("The file has changed in the meantime; this is the current version."), "note")
    return redirect(url_for("phones.index"), 303)


# -- steps


def _phone_index() -> PhoneIndex:
    try:
        return app_context().phones.current()
    except DocumentError as error:
        raise DocumentUnreadableError(error) from error


def _fresh(row: str | None = None) -> PhoneIndex:
    """Return the list; raise StalePageError if it is not the revision that the page was made from."""
    phone_index = _phone_index()
    if request.form.get("revision") != phone_index.revision:
        raise StalePageError(row)
    return phone_index


def _change(edit: Callable[[PhoneIndex], list[Phone]], *, row: str | None = None) -> None:
    phone_index = _fresh(row)
    try:
        app_context().phones.save(edit(phone_index), phone_index.revision, by=visitor().name)
    except ExternallyChangedError as error:
        raise StalePageError(row) from error


def _rows(view: PhonesQuery) -> list[Candidate]:
    """Return the chosen rows; raise StalePageError if the list has changed, so that they are confirmed again."""
    rows = _chosen(_fresh(), view)
    if not rows:
        flash(_("Nothing was selected: tick the rows first."), "note")
    return rows


def _chosen(phone_index: PhoneIndex, view: PhonesQuery) -> list[Candidate]:
    if (one := request.form.get("one")) is not None:
        keys = [one]
    elif request.form.get("scope") == "found":
        return [phone_index.rows[place] for place in view.find(phone_index)]
    else:
        keys = request.form.getlist("key")
    return [row for key in dict.fromkeys(keys) if (row := phone_index.row(key))]


def _ask(verb: str, rows: Sequence[Candidate], view: PhonesQuery) -> ResponseReturnValue:
    """Show how many rows are deleted, paused or resumed, with the names of the first, before it is done."""
    kept = [(name, value) for name, values in request.form.lists() for value in values if name != "token"]
    return render_template(
        "phones_confirm.html", verb=verb, rows=rows[:_NAMED], count=len(rows), kept=kept, back=_address(view)
    )


def _ask_until(
    chosen: Sequence[Phone], form: AbsenceForm, view: PhonesQuery, *, status: int = 200
) -> ResponseReturnValue:
    """Show how many rows are concerned, with the names of the first, and ask until when they are not called."""
    own = {"token", *absence_form.FIELDS}
    return render_template(
        "phones_pause_until.html",
        form=form,
        rows=[row for phone in chosen[:_NAMED] if (row := _phone_index().row(phone.key))],
        count=len(chosen),
        paused=sum(phone.has_pause(app_context().today()) for phone in chosen),
        kept=[(name, value) for name, values in request.form.lists() for value in values if name not in own],
        back=_address(view),
    ), status


def _checked(form: PhoneForm, phone: Phone) -> PhoneForm:
    """Return the form with the errors that the rest of the list makes."""
    plan = app_context().phones.plan
    form = phone_duplicates.split_number(form, plan)
    return phone_duplicates.refuse_duplicate(
        form, phone, _phone_index().phones, plan, is_another=request.form.get("another") == "1"
    )


def _unsaved(form: PhoneForm, error: DocumentError) -> PhoneForm:
    return msgspec.structs.replace(form, errors={"": translate(error.message())})


def _record(change: Message) -> None:
    app_context().record(visitor().name, change)


def _tell(text: str) -> None:
    flash(text, "undo")


def _short(form: PhoneForm) -> str:
    """Return the row in a few words."""
    number = form.number
    with contextlib.suppress(InvalidNumberError):
        number = format_phone_number(app_context().phones.plan.normalize(number))
    return escape_controls(f"{number} {form.name}".strip()[:120])


def _address(view: PhonesQuery, **more: object) -> str:
    arguments = view.url_args() | {name: value for name, value in more.items() if value is not None}
    return url_for("phones.index", **arguments)  # type: ignore[arg-type]
