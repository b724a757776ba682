"""The choices that an operator makes on the page of an import.

Requests overlap where an answer is slow, and may arrive in any order. So a request changes nothing but what its reader
changed on the page: the page sends back what it showed, and everything else in the form is left alone.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from obzvon.domain.phones import MAX_LENGTHS
from obzvon.spreadsheets.column_roles import NUMBER, ROLES, ColumnRoles
from obzvon.spreadsheets.merge import RowDecision
from web.imports.drafts import Draft, PageChoices
from web.requests import parse_integer

_CORRECTED = re.compile(r"number-([0-9]{1,7}(?:-[0-9]{1,3})?)", re.ASCII)
#: A field is cut at this many times its greatest length: up to there it may be a mistake of typing.
_LENGTH_FACTOR = 4
#: The longest answer to a question.
_ANSWER = 20
#: The pages of a draft whose requests are remembered.
_PAGES = 8


class ShownChoices(msgspec.Struct, frozen=True):
    """The choices as a page shows them. `rows` has a digest of the texts of each row that can be corrected there."""

    sheet: int
    head: int
    roles: tuple[str, ...]
    mode: str
    rows: dict[str, str] = {}
    answers: dict[str, str] = {}

    @property
    def layout(self) -> ColumnRoles:
        """The roles of the columns and the row of the headings."""
        return ColumnRoles(self.roles, self.head)

    def encoded(self) -> str:
        """Return the text that the page carries."""
        return msgspec.json.encode(self).decode()


def shown_choices(
    draft: Draft,
    sheet: int,
    layout: ColumnRoles,
    rows: Collection[RowDecision],
    answers: Mapping[str, str] | None = None,
) -> ShownChoices:
    """Return the choices that a page with these rows and answers shows."""
    digests = {row.id: _digest((row.number, row.code, row.name)) for row in rows}
    mode = "replace" if draft.replace else "add"
    return ShownChoices(sheet, layout.head, layout.roles, mode, digests, dict(answers or {}))


def corrected_rows(form: Mapping[str, str]) -> set[str]:
    """Return the ids of the rows that the form has fields for."""
    return {found[1] for name in form if (found := _CORRECTED.fullmatch(name))}


def merge_choices(
    form: Mapping[str, str], draft: Draft, now: ShownChoices, *, sheets: int, ids: Collection[str]
) -> Draft:
    """Return the draft with the changes of the page; it has a new version unless it stays the same.

    `now` has the choices of the draft as it is, `ids` the rows that may be corrected.
    """
    page = _Page(form, draft)
    if page.is_late:
        return draft
    shown = _shown(form) or now
    sheet, layout, replace, corrections = now.sheet, now.layout, draft.replace, draft.corrections
    answers = {**draft.answers, **_answers(form, shown, page.changes)}
    if draft.only is None:
        mode = form.get("mode", shown.mode)
        if page.changes("mode", mode != shown.mode):
            replace = mode == "replace"
        given = _whole(form.get("turn") or form.get("sheet", ""))
        if given is not None and given < sheets and page.changes("sheet", given != shown.sheet):
            sheet = given
        if sheet == shown.sheet == now.sheet:
            layout = _layout(form, shown, now, page.changes)
    chosen: dict[str, object] = {"replace": replace, "answers": answers}
    if sheet != now.sheet:
        chosen |= {"sheet": sheet, "layout": None, "corrections": {}, "answers": {}, "is_judged_again": False}
    else:
        if shown.sheet == now.sheet:
            corrections = {**draft.corrections, **_corrections(form, shown, ids, page.changes)}
        # A guess that nobody has changed stays a guess.
        chosen |= {"corrections": corrections, "layout": layout if layout != now.layout else draft.layout}
        if form.get("judge-again") == "1" and draft.only is None:
            chosen |= {"layout": None, "is_judged_again": True}
    is_changed = any(getattr(draft, name) != value for name, value in chosen.items())
    fresh = msgspec.structs.replace(draft, **chosen, pages=page.noted(), version=draft.version + is_changed)
    return draft if fresh == draft else fresh


class _Page:
    """The page that sent the form: its tab, the version that it shows, and how many requests it has sent.

    The last request of a page has all that the earlier ones had, so one that comes after it is late. What a page has
    changed once it may change back. Only the script numbers tabs and requests: without it they come one at a time.
    """

    def __init__(self, form: Mapping[str, str], draft: Draft) -> None:
        tab, _, number = form.get("choice", "").partition("-")
        self._key = f"{tab[:20]} {_whole(form.get('version', ''))}"
        self._number = _whole(number) or 0
        self._pages = draft.pages
        before = draft.pages.get(self._key, PageChoices())
        self._fields = dict.fromkeys(before.fields)
        self.is_late = self._number < before.number

    def changes(self, field: str, is_changed: bool) -> bool:
        """Return whether this page changes the field, or has changed it before."""
        if is_changed:
            self._fields[field] = None
        return field in self._fields

    def noted(self) -> dict[str, PageChoices]:
        """Return the draft's pages with what this one has sent."""
        if not self._number and not self._fields:
            return self._pages
        pages = {key: page for key, page in self._pages.items() if key != self._key}
        pages[self._key] = PageChoices(self._number, tuple(self._fields))
        return dict(list(pages.items())[-_PAGES:])


def _layout(
    form: Mapping[str, str], shown: ShownChoices, now: ShownChoices, changes: Callable[[str, bool], bool]
) -> ColumnRoles:
    roles = list(now.roles)
    for place, before in enumerate(shown.roles[: len(roles)]):
        role = form.get(f"role-{place}", before)
        if form.get("also") == str(place):
            role = NUMBER
        if role in ROLES and changes(f"role-{place}", role != before):
            roles[place] = role
    head = _whole(form.get("head", ""))
    if head is not None and changes("head", head != shown.head):
        return ColumnRoles(tuple(roles), head)
    return ColumnRoles(tuple(roles), now.head)


def _corrections(
    form: Mapping[str, str], shown: ShownChoices, ids: Collection[str], changes: Callable[[str, bool], bool]
) -> dict[str, tuple[str, str, str]]:
    found: dict[str, tuple[str, str, str]] = {}
    for key in corrected_rows(form):
        typed = tuple(form.get(f"{field}-{key}", "").strip() for field in MAX_LENGTHS)
        if key in ids and changes(f"row-{key}", _digest(typed) != shown.rows.get(key)):
            number, code, name = (
                text[: _LENGTH_FACTOR * most] for text, most in zip(typed, MAX_LENGTHS.values(), strict=True)
            )
            found[key] = number, code, name
    return found


def _answers(form: Mapping[str, str], shown: ShownChoices, changes: Callable[[str, bool], bool]) -> dict[str, str]:
    """Return the answers that the page has changed. A question that is not asked any more keeps its answer."""
    return {
        key: given
        for key, before in shown.answers.items()
        if changes(f"answer-{key}", (given := form.get(f"answer-{key}", before)[:_ANSWER]) != before)
    }


def _shown(form: Mapping[str, str]) -> ShownChoices | None:
    try:
        return msgspec.json.decode(form.get("shown", ""), type=ShownChoices)
    except msgspec.MsgspecError:
        return None


def _digest(fields: tuple[str, ...]) -> str:
    """Return the digest of a row's texts as a browser sends them back from fields of one line."""
    typed = [text.replace("\r", "").replace("\n", "").strip() for text in fields]
    return hashlib.sha256(msgspec.json.encode(typed)).hexdigest()[:16]


def _whole(text: str) -> int | None:
    return parse_integer(text, max_digits=7)
