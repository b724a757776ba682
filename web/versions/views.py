"""«Прежние версии»: the saved versions of the list and the schedule, and the way back to each of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from obzvon.common.i18n import Message, moment_label
from obzvon.documents.history import Revision
from obzvon.documents.store import Document, DocumentError, ExternallyChangedError, LoadedDocument
from obzvon.domain.phones import Phone, to_saved_form
from obzvon.domain.schedule import Schedule
from obzvon.journal import audit_messages
from web.context import app_context
from web.i18n import local_time, translate
from web.list_diff import ListDiff, changed_values, diff_lists, step_name
from web.permissions import visitor
from web.requests import parse_integer

versions = Blueprint("versions", __name__, url_prefix="/versions")

_PAGE_ROWS = 10
#: Rows that are named where a version is looked at.
_NAMED = 10
#: Versions with more bytes, about 20,000 rows, are not compared on the list of versions: that takes a second a page.
_MAX_COMPARED_BYTES = 2_000_000


class _Kind(msgspec.Struct, frozen=True):
    """A document that has versions. `change` is the audit log's sentence about two of its states."""

    name: str
    document: Document[Any]
    change: Callable[[Any, Any], Message]
    page: str


class _VersionEffect(msgspec.Struct, frozen=True):
    """Rows to which the same happens, each with its present state if it is another one."""

    heading: str
    rows: list[tuple[Phone, Phone | None]]


class VersionRow(msgspec.Struct, frozen=True):
    """A saved version. `change` is what it changed; None for the oldest, and for large ones."""

    number: int
    at: datetime
    by: str
    count: int | None
    change: str | None
    is_current: bool
    is_broken: bool


@versions.get("/<any(phones, schedule):document>")
def index(document: str) -> ResponseReturnValue:
    """Show some versions, newest first. `before` is the number of the last one of the page before."""
    kind, at = _kind(document), app_context()
    before = parse_integer(request.args.get("before", ""), max_digits=9)
    kept = [one for one in kind.document.revisions() if before is None or one.number < before]
    current = _current(kind)[0]
    rows = _rows(kind, kept[: _PAGE_ROWS + 1], current.revision if current else "")
    return render_template(
        "versions.html",
        kind=kind,
        rows=rows[:_PAGE_ROWS],
        now=local_time(at.clock(), at.settings),
        first=before is None,
        older=rows[_PAGE_ROWS - 1].number if len(rows) > _PAGE_ROWS else None,
    )


@versions.get("/<any(phones, schedule):document>/<int:number>")
def show(document: str, number: int) -> ResponseReturnValue:
    """Show what bringing back a version would change, and ask."""
    kind, at = _kind(document), app_context()
    revision = _revision(kind, number)
    wanted = _loaded(kind, number)
    current, based_on = _current(kind)
    diff = None
    if wanted and current and document == "phones":
        diff = _diff(current.data, wanted.data)
    return render_template(
        "version.html",
        kind=kind,
        revision=revision,
        when=translate(moment_label(local_time(revision.at, at.settings))),
        wanted=wanted,
        count=_count(wanted.data) if wanted else None,
        is_current=bool(wanted and wanted.revision == based_on),
        change=step_name(kind.change(current.data, wanted.data)) if wanted and current else None,
        groups=_groups(diff) if diff else (),
        named=_NAMED,
        changed_values=changed_values,
        run=at.active_run_if_readable() if document == "phones" else None,
        based_on=based_on,
    )


@versions.post("/<any(phones, schedule):document>/<int:number>")
def restore(document: str, number: int) -> ResponseReturnValue:
    """Save a version again, if nobody has saved since the page was made."""
    kind, at = _kind(document), app_context()
    moment = local_time(_revision(kind, number).at, at.settings)
    try:
        kind.document.restore(request.form.get("revision", ""), number, by=visitor().name)
    except ExternallyChangedError:
        flash(_("Nothing has been brought back: somebody else has saved in the meantime. Look again."), "warn")
        return redirect(url_for("versions.show", document=document, number=number), 303)
    at.record(visitor().name, audit_messages.version_restored(document, moment))
    when = translate(moment_label(moment))
    if document == "phones":
        count = format_decimal(len(at.phones.current().phones))
        flash(_("The list of %(when)s is back. Numbers in the list: %(n)s", when=when, n=count), "undo")
    else:
        flash(_("The schedule of %(when)s is back.", when=when), "undo")
    return redirect(url_for(kind.page), 303)


def _kind(name: str) -> _Kind:
    at = app_context()
    if name == "phones":
        return _Kind(name, at.phones.document, _list_change, "phones.index")
    return _Kind(name, at.schedule, audit_messages.schedule_changed, "schedule.index")


def _list_change(before: list[Phone], after: list[Phone]) -> Message:
    return _diff(before, after).message()


def _diff(before: list[Phone], after: list[Phone]) -> ListDiff:
    """Compare two lists in the form in which a save writes them, so that what it only writes otherwise is no change."""
    plan = app_context().phones.plan
    return diff_lists(*([to_saved_form(phone, plan) for phone in phones] for phones in (before, after)))


def _revision(kind: _Kind, number: int) -> Revision:
    found = [one for one in kind.document.revisions() if one.number == number]
    if not found:
        abort(404)
    return found[0]


def _current(kind: _Kind) -> tuple[LoadedDocument[Any] | None, str]:
    """Return the current state and its revision; no state if the document is missing or broken."""
    try:
        loaded = kind.document.load()
    except DocumentError as error:
        return None, error.revision
    return loaded, loaded.revision


def _loaded(kind: _Kind, number: int) -> LoadedDocument[Any] | None:
    """Return a version; None if it is broken."""
    try:
        return kind.document.load_revision(number)
    except DocumentError:
        return None


def _rows(kind: _Kind, kept: list[Revision], current: str) -> list[VersionRow]:
    settings = app_context().settings
    loaded = [_loaded(kind, one.number) if one.size <= _MAX_COMPARED_BYTES else None for one in kept]
    rows = []
    for place, (one, data) in enumerate(zip(kept, loaded, strict=True)):
        earlier = loaded[place + 1] if place + 1 < len(kept) else None
        rows.append(
            VersionRow(
                one.number,
                local_time(one.at, settings),
                one.by,
                _count(data.data) if data else None,
                step_name(kind.change(earlier.data, data.data)) if data and earlier else None,
                data is not None and data.revision == current,
                data is None and one.size <= _MAX_COMPARED_BYTES,
            )
        )
    return rows


def _count(data: list[Phone] | Schedule) -> int | None:
    return len(data) if isinstance(data, list) else None


def _groups(diff: ListDiff) -> tuple[_VersionEffect, ...]:
    """Return the rows that bringing back a list would add, change and delete, each kind under its heading."""
    today = app_context().today()
    resumed: list[tuple[Phone, Phone]] = []
    others: list[tuple[Phone, Phone]] = []
    for before, after in diff.changed:
        loses_pause = before.has_pause(today) and not after.has_pause(today)
        (resumed if loses_pause else others).append((before, after))
    groups = (
        _VersionEffect(str(_("Come back")), [(phone, None) for phone in diff.added]),
        _VersionEffect(str(_("Lose their pause and are called again")), [(after, before) for before, after in resumed]),
        _VersionEffect(str(_("Become as they were")), [(after, before) for before, after in others]),
        _VersionEffect(str(_("Leave the list")), [(phone, None) for phone in diff.deleted]),
    )
    return tuple(group for group in groups if group.rows)
