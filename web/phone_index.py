"""The list as the editor shows it: each row with the reason why it is skipped, searchable and sorted.

Reading a list of 100,000 rows and checking its numbers takes half a second. So an index is made once for each revision
of the file, and only numbers that are new are checked.
"""

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Literal

import msgspec

from obzvon.common.files import settled_signature
from obzvon.documents.store import Document, DocumentError, LoadedDocument, revision_of
from obzvon.domain.numbering import InvalidNumberError, NumberingPlan
from obzvon.domain.phones import Candidate, Phone, list_candidates, next_free_key, to_saved_form

PAGE_ROWS = 100
SORTS = ("row", "number", "code", "name", "state")
RowState = Literal["called", "paused", "refused", "twice"]
FILTERS: dict[str, tuple[RowState, ...]] = {"all": (), "trouble": ("refused", "twice"), "paused": ("paused",)}

_MAX_CACHED_NUMBERS = 3_000_000
_NUMBER_CHARS = frozenset("0123456789+-() \u00a0.*")


class PhoneIndex:
    """The rows of one revision of the list as a run of that day sees them, found by key and by text."""

    def __init__(self, loaded: LoadedDocument[list[Phone]], plan: NumberingPlan, day: date) -> None:
        self.day = day
        self.revision = loaded.revision
        self.notes = loaded.notes
        self.lost = loaded.lost
        self.phones = loaded.data
        with _without_gc():
            self.rows: list[Candidate] = list(list_candidates(self.phones, plan, day))
        self.positions = {phone.key: position for position, phone in enumerate(self.phones)}
        self.counts: dict[RowState, int] = {"called": 0, "paused": 0, "refused": 0, "twice": 0}
        for row in self.rows:
            self.counts[row_state(row)] += 1
        self._texts: list[str] = []
        self._orders: dict[str, Sequence[int]] = {"row": range(len(self.rows))}

    def find(self, text: str = "", *, only: str = "all", sort: str = "row", descending: bool = False) -> list[int]:
        """Return the positions of the rows whose number, code or name has the text, in that order."""
        states = FILTERS[only]
        order = self._order(sort)
        found = [position for position in order if row_state(self.rows[position]) in states] if states else list(order)
        if needle := _needle(text):
            texts = self._search_texts()
            found = [position for position in found if needle in texts[position]]
        if descending:
            found.reverse()
        return found

    def row(self, key: str) -> Candidate | None:
        """Return the row with that key, None if there is none."""
        position = self.positions.get(key)
        return None if position is None else self.rows[position]

    def free_key(self) -> str:
        """Return a key that no row has: one more than the greatest."""
        return str(next_free_key(self.positions))

    def _search_texts(self) -> list[str]:
        """Return the text by which each row is found. Made at the first search."""
        if not self._texts:
            self._texts = [
                _fold(f"{row.phone.name}\n{row.number}\n{row.phone.number}\n{row.phone.code}") for row in self.rows
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
                keys = [(row.phone.name == "", _fold(row.phone.name)) for row in rows]
            else:
                ranks = {"refused": 0, "twice": 1, "paused": 2, "called": 3}
                keys = [ranks[row_state(row)] for row in rows]
            order = self._orders[sort] = sorted(range(len(rows)), key=keys.__getitem__)  # type: ignore[arg-type]
        return order


class PhoneIndexCache:
    """The list on the disk, with the index of its current revision."""

    def __init__(self, document: Document[list[Phone]], plan: NumberingPlan, today: Callable[[], date]) -> None:
        self.document = document
        self._today = today
        self.plan = _CachedNumberingPlan(plan)
        self._lock = threading.Lock()
        self._index: PhoneIndex | None = None
        self._signature: tuple[int, ...] | None = None

    def current(self) -> PhoneIndex:
        """Return the index of the current list. Raises DocumentError if the list is broken or missing."""
        with self._lock:
            signature, today = settled_signature(self.document.path), self._today()
            if self._index is not None and self._index.day != today:  # absences begin and end at midnight
                self._index = None
            if self._index is None or not signature or signature != self._signature:
                data, modified = self.document.read_bytes()
                if self._index is None or revision_of(data) != self._index.revision:
                    self._index = PhoneIndex(self.document.parse_current(data, modified), self.plan, today)
                self._signature = signature
            return self._index

    def save(self, phones: list[Phone], based_on: str, *, by: str = "") -> str:
        """Save the list as the document does, and keep its index, so that the next page need not read the file."""
        with _without_gc():
            phones = [to_saved_form(phone, self.plan) for phone in phones]
        revision = self.document.save(phones, based_on, by=by)
        # Else the file may read back with other texts, or with notes on what it still lacks.
        if all(phone.extra is None for phone in phones) and not self.document.history.lost_values():
            with self._lock:
                self._index = PhoneIndex(LoadedDocument(phones, revision, datetime.now(UTC)), self.plan, self._today())
                self._signature = None
        return revision

    def accept_losses(self, based_on: str) -> None:
        """Forget the lost values of this revision, as the document does."""
        self.document.accept_losses(based_on)
        with self._lock:
            self._index = None


class RestorableVersion(msgspec.Struct, frozen=True):
    """A state of the list that can be restored: an earlier revision by its number, or the last good copy (0)."""

    number: int
    changed: datetime
    count: int
    data: list[Phone]


def newest_restorable_version(document: Document[list[Phone]]) -> RestorableVersion | None:
    """Return the newest earlier state of the list that can be read, None if there is none."""
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
def _without_gc() -> Iterator[None]:
    """Switch the garbage collector off while many small objects are made, none of which is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def row_state(row: Candidate) -> RowState:
    """Return what a run does with the row."""
    if row.skipped is None:
        return "called"
    if row.is_paused:
        return "paused"
    return "twice" if row.number else "refused"


def _needle(text: str) -> str:
    text = text.strip()
    if text and _NUMBER_CHARS.issuperset(text):  # a number in any notation: +7 and 8 mean the same
        bare = text.removeprefix("+7") if text.startswith("+7") else text
        digits = "".join(char for char in bare if char in "0123456789*")
        return digits or text
    return _fold(text)


def _fold(text: str) -> str:
    """Return the text as it is searched and sorted: in any case, and with е for ё, as many people type it."""
    return text.casefold().replace("ё", "е")


class _CachedNumberingPlan(NumberingPlan):
    """A numbering plan that checks each number once. It shares the compiled rules of the plan."""

    def __init__(self, plan: NumberingPlan) -> None:
        vars(self).update(vars(plan))
        self._plan = plan
        self._cache: dict[str, str | InvalidNumberError] = {}

    def normalize(self, number: str) -> str:
        """Return the number as the plan does."""
        result = self._cache.get(number)
        if result is None:
            if len(self._cache) > _MAX_CACHED_NUMBERS:
                self._cache.clear()
            try:
                result = self._plan.normalize(number)
            except InvalidNumberError as error:
                result = error.with_traceback(None)
            self._cache[number] = result
        if isinstance(result, InvalidNumberError):
            raise result
        return result
