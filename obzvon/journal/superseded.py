"""The lines of a day beside which there is a better one, kept: of settled runs nothing changes any more."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from threading import Lock
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import JSON, BigInteger, Select, cast, func, literal, select

from obzvon.journal.runs import Journal

_DAYS = 4
"""So many days are kept for each journal; 50,000 lines take a megabyte."""
PLACES = 2**32
"""A call's key as one number: the run times this, plus the position."""


class SupersededRows(msgspec.Struct, frozen=True):
    """Those of one day: how many with each result, and `numbers`, a JSON list of what `number` says of each."""

    counts: Counter[str]
    numbers: str

    def keys(self) -> frozenset[tuple[int, int]]:
        """Run and position of each."""
        return frozenset(divmod(number, PLACES) for number in msgspec.json.decode(self.numbers, type=list[int]))

    def among(self, *, sqlite: bool) -> Select[tuple[int]]:
        """A query that has their numbers, for a question to say `not_in`: it is far faster than finding them anew."""
        given = (
            func.json_each(literal(self.numbers))
            if sqlite
            else func.json_array_elements_text(cast(literal(self.numbers), JSON))
        )
        return select(cast(given.table_valued("value").c.value, BigInteger))


def number(run_id: int, position: int) -> int:
    """A call's key as one number."""
    return run_id * PLACES + position


def kept(journal: Journal, runs: tuple[int, ...], find: Callable[[], SupersededRows]) -> SupersededRows:
    """Those of these settled runs, found when they are first asked for."""
    with _lock:
        known = _known.setdefault(journal, OrderedDict())
        if runs in known:
            known.move_to_end(runs)
            return known[runs]
    found = find()
    with _lock:
        known[runs] = found
        while len(known) > _DAYS:
            known.popitem(last=False)
    return found


_lock = Lock()
_known: WeakKeyDictionary[Journal, OrderedDict[tuple[int, ...], SupersededRows]] = WeakKeyDictionary()
