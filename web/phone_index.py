"""The list as the pages show it: each row with what keeps it from being called, searched and sorted, kept by revision.

A list of 100,000 rows takes half a second to read and to judge, so this is done once for each revision, and of a new
revision only what is new is judged.
"""

import contextlib
import gc
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from obzvon.common.files import settled_signature
from obzvon.documents.store import Document, DocumentError, LoadedDocument, revision_of
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.domain.phones import Candidate, Phone, list_candidates, next_free_key

PAGE_ROWS = 100
SORTS = ("row", "number", "code", "name", "state")
RowState = Literal["called", "paused", "refused", "twice"]
FILTERS: dict[str, tuple[RowState, ...]] = {"all": (), "trouble": ("refused", "twice"), "paused": ("paused",)}

_REMEMBERED = 3_000_000
_DIGITS = frozenset("0123456789+-() \u00a0.*")


class PhoneIndex:
    """One revision of the list."""

    def __init__(self, loaded: LoadedDocument[list[Phone]], plan: NumberingPlan) -> None:
        self.revision = loaded.revision
        self.notes = loaded.notes
        self.phones = loaded.data
        with _no_collecting():
            self.rows: list[Candidate] = list(list_candidates(self.phones, plan))
        self.places = {phone.key: place for place, phone in enumerate(self.phones)}
        self.counts: dict[RowState, int] = {"called": 0, "paused": 0, "refused": 0, "twice": 0}
        for row in self.rows:
            self.counts[row_state(row)] += 1
        self._texts: list[str] = []
        self._orders: dict[str, Sequence[int]] = {"row": range(len(self.rows))}

    def find(self, text: str = "", *, only: str = "all", sort: str = "row", descending: bool = False) -> list[int]:
        """The places of the rows that have the text in number, code or name, in that order."""
        wanted = FILTERS[only]
        order = self._order(sort)
        found = [place for place in order if row_state(self.rows[place]) in wanted] if wanted else list(order)
        if needle := _needle(text):
            texts = self._searched()
            found = [place for place in found if needle in texts[place]]
        if descending:
            found.reverse()
        return found

    def row(self, key: str) -> Candidate | None:
        """The row under that key."""
        place = self.places.get(key)
        return None if place is None else self.rows[place]

    def free_key(self) -> str:
        """A key that no row has: one more than the greatest."""
        return str(next_free_key(self.places))

    def _searched(self) -> list[str]:
        """What each row is searched by; made when it is first asked for."""
        if not self._texts:
            self._texts = [
                f"{row.phone.name}\n{row.number}\n{row.phone.number}\n{row.phone.code}".casefold() for row in self.rows
            ]
        return self._texts

    def _order(self, sort: str) -> Sequence[int]:
        order = self._orders.get(sort)
        if order is None:
            rows = self.rows
            keys: list[object]
            if sort == "number":
                keys = [row.number or row.phone.number for row in rows]
            elif sort == "code":
                keys = [(row.phone.code == "", len(row.phone.code), row.phone.code) for row in rows]
            elif sort == "name":
                keys = [(row.phone.name == "", row.phone.name.casefold().replace("ё", "е")) for row in rows]
            else:
                ranks = {"refused": 0, "twice": 1, "paused": 2, "called": 3}
                keys = [ranks[row_state(row)] for row in rows]
            order = self._orders[sort] = sorted(range(len(rows)), key=keys.__getitem__)  # type: ignore[arg-type]
        return order


class PhoneIndexCache:
    """The list on the disk and its last revision that was read."""

    def __init__(self, document: Document[list[Phone]], plan: NumberingPlan) -> None:
        self.document = document
        self.plan = _CachedNumberingPlan(plan)
        self._lock = threading.Lock()
        self._listed: PhoneIndex | None = None
        self._seen: tuple[int, ...] | None = None

    def current(self) -> PhoneIndex:
        """The list as it stands; raises DocumentError for one that is broken or not there."""
        with self._lock:
            signature = settled_signature(self.document.path)
            if self._listed is None or not signature or signature != self._seen:
                data, modified = self.document.read_bytes()
                if self._listed is None or revision_of(data) != self._listed.revision:
                    self._listed = PhoneIndex(self.document.parse(data, modified), self.plan)
                self._seen = signature
            return self._listed

    def save(self, phones: list[Phone], based_on: str) -> str:
        """As the document does; the next page need not read what has just been written."""
        revision = self.document.save(phones, based_on)
        if all(phone.extra is None for phone in phones):  # else what is read again may be worded otherwise
            with self._lock:
                self._listed = PhoneIndex(LoadedDocument(phones, revision, datetime.now(UTC)), self.plan)
                self._seen = None
        return revision


class RestorableVersion(msgspec.Struct, frozen=True):
    """What could be brought back: an earlier revision by its number, or the last good copy (0)."""

    number: int
    changed: datetime
    count: int
    data: list[Phone]


def newest_restorable_version(document: Document[list[Phone]]) -> RestorableVersion | None:
    """The newest earlier state of the list that can be read."""
    try:
        numbers = [revision.number for revision in document.revisions()]
    except DocumentError:
        return None
    for number in numbers:
        try:
            loaded = document.load_revision(number)
        except DocumentError:
            continue
        return RestorableVersion(number, loaded.changed, len(loaded.data), loaded.data)
    kept = document.history.good_copy()
    if kept is None:
        return None
    try:
        loaded = document.parse(*kept)
    except DocumentError:
        return None
    return RestorableVersion(0, loaded.changed, len(loaded.data), loaded.data)


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """A hundred thousand small objects, none of them garbage, need not be gone through again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def row_state(row: Candidate) -> RowState:
    """What a run does with the row."""
    if row.skipped is None:
        return "called"
    if row.phone.paused:
        return "paused"
    return "twice" if row.number else "refused"


def group_digits(number: str) -> str:
    """A number as people read it: 8 916 111-11-11."""
    if len(number) == 11 and number[0] == "8" and number.isascii() and number.isdecimal():
        return f"8\u00a0{number[1:4]}\u00a0{number[4:7]}\u2011{number[7:9]}\u2011{number[9:]}"
    return number


def _needle(text: str) -> str:
    text = text.strip()
    if text and _DIGITS.issuperset(text):  # a number in any notation: +7 and 8 say the same
        bare = text.removeprefix("+7") if text.startswith("+7") else text
        digits = "".join(char for char in bare if char in "0123456789*")
        return digits or text
    return text.casefold()


class _CachedNumberingPlan(NumberingPlan):
    """A plan that judges each number once."""

    def __init__(self, plan: NumberingPlan) -> None:
        self._plan = plan
        self._known: dict[str, str | InvalidNumberError] = {}

    def normalize(self, number: str) -> str:
        """As the plan does."""
        known = self._known.get(number)
        if known is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            try:
                known = self._plan.normalize(number)
            except InvalidNumberError as refused:
                known = refused.with_traceback(None)
            self._known[number] = known
        if isinstance(known, InvalidNumberError):
            raise known
        return known
