"""The parameters in the address of a results page."""

import re
from collections.abc import Iterable
from datetime import date

import msgspec
from werkzeug.datastructures import MultiDict

from obzvon.domain.results import FILTERS
from obzvon.journal.queries import SORTS, CallFilter, Sort
from web.requests import parse_integer

_QUERY = 200


class ResultsQuery(msgspec.Struct, frozen=True):
    """A day, one of its runs or all, some `FILTERS` of calls or all, a text, the order and the page."""

    day: date
    run: int | None = None
    results: tuple[str, ...] = ()
    q: str = ""
    sort: Sort = "row"
    down: bool = False
    page: int = 1

    def url_args(self, **changes: object) -> dict[str, object]:
        """Return the parameters of the page's address, without defaults."""
        view = msgspec.structs.replace(self, **changes)
        usual = ResultsQuery(view.day)
        found: dict[str, object] = {"day": view.day.isoformat()}
        for name in ("run", "q", "sort", "page"):
            if (value := getattr(view, name)) != getattr(usual, name):
                found[name] = value
        if view.down:
            found["down"] = 1
        if view.results:
            found["result"] = list(view.results)
        return found

    def with_toggled(self, result: str) -> tuple[str, ...]:
        """Return the results with this one added, or removed if it is among them."""
        return tuple(one for one in FILTERS if (one in self.results) != (one == result))

    @property
    def call_filter(self) -> CallFilter:
        """The calls that are asked for."""
        return CallFilter(self.day, self.run, frozenset(self.results), self.q)


def parse_results_query(values: MultiDict[str, str], today: date) -> ResultsQuery:
    """Return the query of an address or a form, with defaults for what is missing or invalid."""
    sort = values.get("sort", "")
    return ResultsQuery(
        parse_day(values.get("day", "")) or today,
        _number(values.get("run", "")),
        sort_results(values.getlist("result"), FILTERS),
        clean_search_text(values.get("q", "")),
        sort if sort in SORTS else "row",
        values.get("down") == "1",
        _number(values.get("page", "")) or 1,
    )


def clean_search_text(text: str) -> str:
    """Return the text to search for, shortened. No database has a NUL in its texts."""
    return text.replace("\0", "")[:_QUERY]


def sort_results(given: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Return the known ones of these results, in their usual order."""
    wanted = set(given)
    return tuple(one for one in allowed if one in wanted)


def parse_day(text: str) -> date | None:
    """Return the date that a browser sent, or None if there can be no calls on it."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return parse_integer(text, max_digits=8)
