"""The list, for programs."""

from collections.abc import Sequence

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from obzvon.documents.store import DocumentError, ExternallyChangedError, LoadedDocument
from obzvon.domain.phones import Candidate, Phone
from web.api import phone_edits
from web.api.http import check_precondition, json_response, parse_body, parse_query
from web.api.phone_edits import diff_lists
from web.api.schemas import ListChange, NewList, PhonePage, Row, RowCounts, SavedList, Selection
from web.context import app_context
from web.i18n import translate
from web.permissions import visitor
from web.phone_index import PhoneIndex, row_state
from web.problems import RequestError

phones = Blueprint("api_phones", __name__, url_prefix="/api/v1/phones")

BODY = 19_000_000
"""Bytes of a list: some 150,000 rows with their names; the server itself takes a little more."""


@phones.get("")
def index() -> Response:
    """Rows of the list."""
    wanted = parse_query(Selection)
    listed = _listed()
    found = listed.find(wanted.q, only=wanted.only, sort=wanted.sort, descending=wanted.down)
    first = (wanted.page - 1) * wanted.limit
    return json_response(
        PhonePage(
            revision=listed.revision,
            total=len(listed.rows),
            found=len(found),
            page=wanted.page,
            pages=max(1, -(-len(found) // wanted.limit)),
            counts=RowCounts(**listed.counts),
            notes=tuple(translate(note.message()) for note in listed.notes),
            rows=tuple(_row(listed.rows[place]) for place in found[first : first + wanted.limit]),
        ),
        revision=listed.revision,
    )


@phones.get("/<path:row>")
def one(row: str) -> Response:
    """One row by its key."""
    listed = _listed()
    found = listed.row(row)
    if found is None:
        raise RequestError(404, _("There is no such row"))
    return json_response(_row(found), revision=listed.revision)


@phones.put("")
def replace() -> Response:
    """Another list in the place of this one; also of one that is broken or missing."""
    request.max_content_length = BODY
    before, present = _before()
    revision = check_precondition(present)
    after = phone_edits.replace_list(parse_body(NewList), before or (), app_context().phones.plan)
    return _save(before, after, revision)


@phones.patch("")
def change() -> Response:
    """Some rows more, less or otherwise."""
    request.max_content_length = BODY
    listed = _listed()
    revision = check_precondition(listed.revision)
    after = phone_edits.change_list(parse_body(ListChange), listed, app_context().phones.plan)
    return _save(listed.phones, after, revision)


def _listed() -> PhoneIndex:
    try:
        return app_context().phones.current()
    except DocumentError as error:
        if app_context().phones.document.path.exists():
            raise
        raise RequestError(404, translate(error.message())) from error


def _before() -> tuple[Sequence[Phone] | None, str]:
    """The rows and the revision that stand there; of a list that cannot be read None, of none no revision."""
    try:
        listed = app_context().phones.current()
    except DocumentError as error:
        return None, error.revision
    return listed.phones, listed.revision


def _save(before: Sequence[Phone] | None, after: list[Phone], based: str) -> Response:
    done, revision = diff_lists(before or (), after), based
    if before is None or list(before) != after:
        try:
            revision = app_context().phones.save(after, based)
        except ExternallyChangedError as error:
            raise RequestError(412, revision=error.found) from error
        app_context().record(visitor().name, done.message())
    listed = _saved(after, revision)
    touched = [found for phone in (*done.added, *(row for _, row in done.changed)) if (found := listed.row(phone.key))]
    return json_response(
        SavedList(
            revision=revision,
            total=len(after),
            added=len(done.added),
            changed=len(done.changed),
            deleted=len(done.deleted),
            counts=RowCounts(**listed.counts),
            rows=tuple(map(_row, touched)),
        ),
        revision=revision,
    )


def _saved(phones: list[Phone], revision: str) -> PhoneIndex:
    """What has been saved, also where somebody else was faster to save something else."""
    shelf = app_context().phones
    try:
        listed = shelf.current()
    except DocumentError:
        listed = None
    if listed is not None and listed.revision == revision:
        return listed
    return PhoneIndex(LoadedDocument(phones, revision, app_context().clock()), shelf.plan)


def _row(row: Candidate) -> Row:
    phone = row.phone
    return Row(
        phone.key,
        phone.number,
        phone.code,
        phone.name,
        phone.paused,
        row.number,
        row_state(row),
        translate(row.skipped) if row.skipped else "",
    )
