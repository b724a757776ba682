"""The list, for programs."""

from collections.abc import Sequence

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from obzvon.documents.phones_json import absence_texts
from obzvon.documents.store import DocumentError, ExternallyChangedError, LoadedDocument
from obzvon.domain.phones import Candidate, Phone
from web.api import phone_edits
from web.api.http import check_precondition, json_response, parse_body, parse_query
from web.api.schemas.phones import ListChange, NewList, PhonePage, Row, RowCounts, SavedList, Selection
from web.context import app_context
from web.i18n import translate
from web.list_diff import diff_lists
from web.permissions import visitor
from web.phone_index import PhoneIndex, row_state
from web.problems import RequestError

phones = Blueprint("api_phones", __name__, url_prefix="/api/v1/phones")

#: Bytes of a list: about 150,000 rows with names. The server itself accepts a little more.
MAX_BODY = 19_000_000


@phones.get("")
def index() -> Response:
    """Return a page of the list."""
    wanted = parse_query(Selection)
    phone_index = _current_index()
    found = phone_index.find(wanted.q, only=wanted.only, sort=wanted.sort, descending=wanted.down)
    first = (wanted.page - 1) * wanted.limit
    return json_response(
        PhonePage(
            revision=phone_index.revision,
            total=len(phone_index.rows),
            found=len(found),
            page=wanted.page,
            pages=max(1, -(-len(found) // wanted.limit)),
            counts=RowCounts(**phone_index.counts),
            notes=tuple(translate(note.message()) for note in phone_index.notes),
            rows=tuple(_row(phone_index.rows[place]) for place in found[first : first + wanted.limit]),
        ),
        revision=phone_index.revision,
    )


@phones.get("/<path:row>")
def one(row: str) -> Response:
    """Return a row by its key."""
    phone_index = _current_index()
    found = phone_index.row(row)
    if found is None:
        raise RequestError(404, _("There is no such row"))
    return json_response(_row(found), revision=phone_index.revision)


@phones.put("")
def replace() -> Response:
    """Replace the list, also one that is broken or missing."""
    request.max_content_length = MAX_BODY
    before, current = _current_rows()
    revision = check_precondition(current)
    after = phone_edits.replace_list(parse_body(NewList), before or (), app_context().phones.plan)
    return _save(before, after, revision)


@phones.patch("")
def change() -> Response:
    """Add, change and delete rows."""
    request.max_content_length = MAX_BODY
    phone_index = _current_index()
    revision = check_precondition(phone_index.revision)
    after = phone_edits.change_list(parse_body(ListChange), phone_index, app_context().phones.plan)
    return _save(phone_index.phones, after, revision)


def _current_index() -> PhoneIndex:
    try:
        return app_context().phones.current()
    except DocumentError as error:
        if app_context().phones.document.path.exists():
            raise
        raise RequestError(404, translate(error.message())) from error


def _current_rows() -> tuple[Sequence[Phone] | None, str]:
    """Return the current rows and their revision: None if the list is broken, and '' if it is missing."""
    try:
        phone_index = app_context().phones.current()
    except DocumentError as error:
        return None, error.revision
    return phone_index.phones, phone_index.revision


def _save(before: Sequence[Phone] | None, after: list[Phone], based: str) -> Response:
    done, revision = diff_lists(before or (), after), based
    if before is None or list(before) != after:
        try:
            revision = app_context().phones.save(after, based, by=visitor().name)
        except ExternallyChangedError as error:
            raise RequestError(412, revision=error.found) from error
        app_context().record(visitor().name, done.message())
    phone_index = _saved(after, revision)
    touched = (*done.added, *(changed for _, changed in done.changed))
    return json_response(
        SavedList(
            revision=revision,
            total=len(after),
            added=len(done.added),
            changed=len(done.changed),
            deleted=len(done.deleted),
            counts=RowCounts(**phone_index.counts),
            rows=tuple(_row(row) for phone in touched if (row := phone_index.row(phone.key))),
        ),
        revision=revision,
    )


def _saved(phones: list[Phone], revision: str) -> PhoneIndex:
    """Return the index of the saved list, even if somebody else has saved another one since."""
    cache = app_context().phones
    try:
        phone_index = cache.current()
    except DocumentError:
        phone_index = None
    if phone_index is not None and phone_index.revision == revision:
        return phone_index
    return PhoneIndex(LoadedDocument(phones, revision, app_context().clock()), cache.plan, app_context().today())


def _row(row: Candidate) -> Row:
    phone = row.phone
    dates = absence_texts(phone)
    return Row(
        phone.key,
        phone.number,
        phone.code,
        phone.name,
        phone.paused,
        dates["paused_from"],
        dates["paused_until"],
        row.number,
        row_state(row),
        translate(row.skipped) if row.skipped else "",
    )
