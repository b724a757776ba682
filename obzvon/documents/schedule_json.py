"""Converts schedule.json from bytes to a schedule and back. Pure.

The old script takes the first two characters of a time as its hour and the fourth and fifth as its minute. Every time
that it accepted is accepted here.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, time

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.documents import json_codec
from obzvon.documents.json_codec import MalformedError
from obzvon.domain.schedule import Schedule

_DAYS = tuple("1234567")
_DATES = "dates"
_TIME = re.compile(r"([0-9]{1,2})[:.-]([0-9]{2})(?:[:.-][0-9]{2})?")
_MIDNIGHT = time(0, 0)


def parse(data: bytes) -> tuple[Schedule, tuple[Problem, ...]]:
    """Return the schedule, and notes on harmless oddities; raise MalformedError with every wrong entry.

    Midnight, an empty time, null and a missing day all mean that there is no run.
    """
    document = json_codec.decode(data)
    pairs = json_codec.decode_pairs(data) if isinstance(document, dict) else []
    if document != [] and not isinstance(document, dict):
        raise MalformedError(
            Problem(":1:1", say("it is not a schedule"), say("write the days as {example}", example=_EXAMPLE))
        )
    values = dict(pairs)
    problems = [
        *_repeated("", [key for key, _ in pairs]),
        *(_repeated(f' "{_DATES}"', json_codec.keys_within(data, _DATES)) if _DATES in values else ()),
    ]
    times = tuple(_parse_time(f' "{day}"', values.get(day), problems) for day in _DAYS)
    dates = _parse_dates(values.get(_DATES), problems)
    if problems:
        raise MalformedError(*problems)
    return Schedule(times, dates), tuple(_notes(values))


def dump(schedule: Schedule, before: bytes = b"") -> bytes:
    """Return the JSON, one day a line, with the keys of `before` that are unknown to us."""
    fields: dict[str, object] = {day: _format_time(start) for day, start in zip(_DAYS, schedule.times, strict=True)}
    if schedule.dates:
        fields[_DATES] = {day.isoformat(): _format_time(start) for day, start in sorted(schedule.dates.items())}
    for key, value in _unknown_keys(before):
        fields.setdefault(key, value)
    lines = [json_codec.encode(key) + b": " + json_codec.encode(value) for key, value in fields.items()]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _repeated(where: str, keys: list[str]) -> Iterator[Problem]:
    """Yield a problem for each repeated key. JSON silently takes the last value, and the other would be lost."""
    for key, count in Counter(keys).items():
        if count > 1:
            yield Problem(f'{where} "{key}"', say("this key appears {n} times", n=count), say("keep one of them"))


def _parse_time(where: str, value: object, problems: list[Problem]) -> time | None:
    if value is None or value == "":
        return None
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        start = time(int(found[1]), int(found[2]))
        return None if start == _MIDNIGHT else start
    problems.append(
        Problem(
            where,
            say("{value} is not a time of day", value=json_codec.value_text(value)),
            say("write it as 09:00, or 00:00 for no run"),
        )
    )
    return None


def _parse_dates(value: object, problems: list[Problem]) -> dict[date, time | None]:
    if value is None or value == []:  # PHP writes an empty array for no dates
        return {}
    if not isinstance(value, dict):
        problems.append(
            Problem(
                f' "{_DATES}"',
                say("it holds no dates"),
                say("write the dates as {example}", example='"dates": {"2026-12-31": "00:00"}'),
            )
        )
        return {}
    dates: dict[date, time | None] = {}
    for key, start in value.items():
        where = f' "{_DATES}" "{key}"'
        if day := _parse_date(key):
            dates[day] = _parse_time(where, start, problems)
        else:
            problems.append(Problem(where, say("{value} is not a date", value=key), say("write it as 2026-12-31")))
    return dates


def _parse_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _notes(values: dict[str, object]) -> list[Problem]:
    notes = [
        Problem(f' "{day}"', say("the day has no time, so there is no run"), say("write its time, or 00:00 for no run"))
        for day in _DAYS
        if day in values and values[day] in {None, ""}
    ]
    notes += [
        Problem(
            f' "{key}"',
            say("this key is not one of the days 1 to 7, and is ignored"),
            say("write the days as {example}", example=_EXAMPLE),
        )
        for key in values
        if key not in _DAYS and key != _DATES
    ]
    return notes


def _unknown_keys(before: bytes) -> list[tuple[str, object]]:
    try:
        document = json_codec.decode(before)
    except MalformedError:
        return []
    return [(key, value) for key, value in document.items() if key != _DATES] if isinstance(document, dict) else []


def _format_time(start: time | None) -> str:
    return f"{start:%H:%M}" if start else "00:00"


_EXAMPLE = '{"1": "09:00", …, "7": "00:00"}'
