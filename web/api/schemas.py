"""The shapes of what goes in and out, from which the description of the interface is made."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from obzvon.reports.call_report import ReportCall
from web.phone_form import MAX_LENGTHS
from web.phone_index import PAGE_ROWS, RowState

MOST_ROWS = 100_000
"""So many rows of the list are in one answer."""
MOST_DATES = 500
MOST_CHANGES = 1000


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Of what is sent to us nothing is passed over: a field with a slip in its name is no field that was left out."""


def _told(longest: str, what: str) -> Meta:
    # What stood there before may stay, however long: so this is told, and judged by the pages' own rules.
    return Meta(description=what, extra_json_schema={"maxLength": MAX_LENGTHS[longest]})


Number = Annotated[str, _told("number", "The number, in any usual notation.")]
Code = Annotated[str, _told("code", "The extension code: digits and *, or nothing.")]
Name = Annotated[str, _told("name", "The name beside it.")]
Paused = Annotated[bool, Meta(description="Whether it is not to be called for a while.")]
Known = Annotated[Any, Meta(description="Taken, so that rows can be put back as they came, and not looked at.")]
Clock = Annotated[
    str,
    Meta(
        pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length=5,
        examples=["09:00"],
        description="The time of the start; 00:00 = no run.",
    ),
]


# -- the list


class Selection(msgspec.Struct, frozen=True):
    """Which rows of the list, and in which order, as on the page."""

    q: Annotated[str, Meta(max_length=200, description="Text in number, code or name.")] = ""
    only: Annotated[
        Literal["all", "trouble", "paused"], Meta(description="`trouble`: cannot be called, or stands twice.")
    ] = "all"
    sort: Annotated[Literal["row", "number", "code", "name", "state"], Meta(description="By what.")] = "row"
    down: Annotated[bool, Meta(description="The other way round.")] = False
    page: Annotated[int, Meta(ge=1, le=1_000_000_000, description="Which page.")] = 1
    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS, description="Rows of a page.")] = PAGE_ROWS


class Row(_Strict, frozen=True):
    """One row of the list."""

    row: Annotated[str, Meta(description="Its key.")]
    number: Annotated[str, Meta(description="As it was written.")]
    code: str
    name: str
    paused: bool
    dials: Annotated[str, Meta(description="What Asterisk dials, or nothing.")]
    state: Annotated[
        RowState,
        Meta(description="What a run does with it: `refused` cannot be called, `twice` stands further up as well."),
    ]
    reason: Annotated[str, Meta(description="Why it is not called, in the reader's language.")]


class RowCounts(_Strict, frozen=True):
    """How many rows have each state."""

    called: int
    paused: int
    refused: int
    twice: int


class PhonePage(_Strict, frozen=True):
    """A page of the list."""

    revision: str
    total: Annotated[int, Meta(description="Rows of the list.")]
    found: Annotated[int, Meta(description="Rows that were asked for, on all pages.")]
    page: int
    pages: int
    counts: RowCounts
    notes: Annotated[tuple[str, ...], Meta(description="What is odd in the file, but harmless.")]
    rows: tuple[Row, ...]


class NewRow(_Strict, frozen=True):
    """A row to be added; it gets a key of its own."""

    number: Number
    code: Code = ""
    name: Name = ""
    paused: Paused = False


class WholeRow(NewRow, frozen=True):
    """A row of a whole list."""

    row: (
        Annotated[
            str,
            Meta(
                description="The key of a row that is there, or a new one of digits; without it the row "
                "gets one behind the greatest."
            ),
        ]
        | UnsetType
    ) = UNSET
    dials: Known | UnsetType = UNSET
    state: Known | UnsetType = UNSET
    reason: Known | UnsetType = UNSET


class RowChange(_Strict, frozen=True):
    """Other fields of a row; those that are left out stay."""

    number: Number | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    paused: Paused | UnsetType = UNSET


class NewList(_Strict, frozen=True):
    """A whole list: a row that is not in it is deleted."""

    rows: list[WholeRow]


class ListChange(_Strict, frozen=True):
    """Some rows of the list, all of them or, if one cannot be taken, none."""

    add: list[NewRow] = []
    change: Annotated[dict[str, RowChange], Meta(description="By the keys of the rows.")] = {}
    delete: Annotated[list[str], Meta(description="Keys of rows.")] = []


class SavedList(_Strict, frozen=True):
    """What has come of a change of the list."""

    revision: str
    total: int
    added: int
    changed: int
    deleted: int
    counts: RowCounts
    rows: Annotated[tuple[Row, ...], Meta(description="Those that were added or changed.")]


# -- the week


class ScheduleDocument(
    _Strict,
    frozen=True,
    rename={
        "monday": "1",
        "tuesday": "2",
        "wednesday": "3",
        "thursday": "4",
        "friday": "5",
        "saturday": "6",
        "sunday": "7",
    },
):
    """The start of each weekday, 1 = Monday, and of single days that are otherwise."""

    monday: Clock
    tuesday: Clock
    wednesday: Clock
    thursday: Clock
    friday: Clock
    saturday: Clock
    sunday: Clock
    dates: Annotated[
        dict[date, Clock],
        Meta(max_length=MOST_DATES, extra_json_schema={"propertyNames": {"type": "string", "format": "date"}}),
    ] = {}


# -- what is asked of the service


Once = Annotated[
    str,
    Meta(
        max_length=64,
        description="Any text that no order of this user has carried before: sent "
        "again, with the same, it is the same order and not another.",
    ),
]


class StartRequest(_Strict, frozen=True):
    """A run by hand. Where somebody was rung today already, it has to say whom it means: `again` or `rest`."""

    again: Annotated[bool, Meta(description="Ring also those who were rung today already.")] = False
    rest: Annotated[bool, Meta(description="Ring only those who were not rung today.")] = False
    night: Annotated[
        bool, Meta(description="Begin it also between 21:00 and 8:00, when people are usually not rung.")
    ] = False
    once: Once = ""


class EmptyBody(_Strict, frozen=True):
    """An empty object: there is nothing to say."""


class StopRequest(_Strict, frozen=True):
    """The end of a run."""

    withdraw: Annotated[
        bool, Meta(description="Take files that Asterisk has not started out of the spool as well.")
    ] = False
    once: Once = ""


class TestCallRequest(_Strict, frozen=True):
    """One call, outside any run."""

    number: Number
    code: Code = ""
    once: Once = ""


class CommandDone(_Strict, frozen=True):
    """What the service said."""

    text: str


# -- what is only read; the first three are what `obzvon status`, `plan` and `report` print with --json


class ServiceState(_Strict, frozen=True):
    """The service, and its last sign of life."""

    alive: bool
    pid: int | None
    host: str
    started_at: datetime | None
    seen_at: datetime | None
    stopped_at: datetime | None
    once: Annotated[bool, Meta(description="It was one look, as from cron.")]
    trouble: Annotated[tuple[str, ...], Meta(description="What is wrong, worded for the reader.")]


class Delivery(_Strict, frozen=True):
    """Of how many answered calls the message was delivered: listened to for `least` seconds."""

    least: float
    delivered: int
    not_delivered: int
    not_known: Annotated[int, Meta(description="Asterisk's events did not tell how long it was listened to.")]


class RunState(_Strict, frozen=True):
    """One run."""

    id: int
    day: date
    kind: Literal["week", "manual", "test", "former"]
    state: Literal["running", "paused", "done", "stopped"]
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    note: str
    total: Annotated[int, Meta(description="Rows.")]
    calls: Annotated[int, Meta(description="Rows that are rung.")]
    counts: Annotated[dict[str, int], Meta(description="How many have each result.")]
    delivery: Annotated[Delivery | None, Meta(description="null: it is not told apart, by the settings.")]
    progress: Annotated[float, Meta(ge=0, le=1)]
    bundles_done: int
    bundles: int
    last_bundle_at: datetime | None
    ends_at: Annotated[datetime | None, Meta(description="When the last bundle will go.")]
    depends_on_talk: Annotated[bool, Meta(description="Whether that depends on how long the calls last.")]
    cut_off: Annotated[int, Meta(description="Calls that it will not get to before `latest`.")]


class LinesState(_Strict, frozen=True):
    """Lines in use, counted in calls, and the pace that goes by them."""

    pacing: Literal["fixed", "throttled", "adaptive"]
    pace: Annotated[str, Meta(description="The pace, worded for the reader.")]
    ours: int
    others: Annotated[
        int | None, Meta(description="Other people's as they were told last; null: nobody tells of them.")
    ]
    in_use: int
    lines: Annotated[int | None, Meta(description="The ceiling, where it counts.")]
    reserve: int
    limit: int | None
    free: Annotated[int | None, Meta(description="Calls of ours there is room for; null: nothing bounds them.")]
    counted_by: Literal["spool", "trunk", "group", "pbx"]


class AmiState(_Strict, frozen=True):
    """The link to Asterisk's manager interface."""

    state: Annotated[Literal["none", "up", "down"], Meta(description="`none`: it is not configured.")]
    since_at: datetime | None
    problem: str


class Status(_Strict, frozen=True):
    """The run in progress or the last one."""

    now: datetime
    time_zone: str
    service: ServiceState
    lines: Annotated[LinesState | None, Meta(description="null: the service does not live.")]
    ami: Annotated[AmiState | None, Meta(description="null: the service does not live.")]
    run: RunState | None
    other_runs: tuple[RunState, ...]


class SkippedRow(_Strict, frozen=True):
    """A row that the run would skip."""

    row: str
    number: str
    code: str
    name: str
    why: Literal["paused", "refused", "duplicate", "rung"]
    reason: str


class ForecastDocument(_Strict, frozen=True):
    """What the next run would do."""

    now: datetime
    time_zone: str
    day: date | None
    start: datetime | None
    overdue: bool
    calls: int
    bundles: int
    bundle: int
    delay: float
    pacing: Literal["fixed", "throttled", "adaptive"]
    pace: Annotated[str, Meta(description="The pace, worded for the reader.")]
    ceiling: Annotated[int | None, Meta(description="The most calls that are ours at once.")]
    depends_on_talk: Annotated[
        bool, Meta(description="Whether `last_bundle_at` is only the earliest: how long the calls last decides.")
    ]
    first_bundle_at: datetime | None
    last_bundle_at: datetime | None
    until: datetime | None
    until_because: Literal["latest", "next start"] | None
    cut_off: int
    skipped: int
    skipped_by: dict[str, int]
    skipped_rows: tuple[SkippedRow, ...]
    next_starts: tuple[datetime, ...]


class ReportQuery(msgspec.Struct, frozen=True):
    """Which report."""

    day: Annotated[date, Meta(description="The day; today, if it is left out.")] | UnsetType = msgspec.field(
        default=UNSET, name="date"
    )
    form: Annotated[Literal["json", "csv", "xlsx"], Meta(description="As what.")] = msgspec.field(
        default="json", name="format"
    )


class Report(_Strict, frozen=True):
    """A day's calls."""

    day: date
    time_zone: str
    calls: tuple[ReportCall, ...]
    counts: dict[str, int]
    delivery: Delivery


class ChangesQuery(msgspec.Struct, frozen=True):
    """Which changes."""

    limit: Annotated[int, Meta(ge=1, le=MOST_CHANGES, description="How many.")] = 100
    before: Annotated[int, Meta(ge=1, le=2**31 - 1, description="Only those with a lesser id.")] | UnsetType = UNSET


class Change(_Strict, frozen=True):
    """Who changed what, and when."""

    id: int
    at: datetime
    who: str
    what: str


class Changes(_Strict, frozen=True):
    """The latest changes, the newest first."""

    changes: tuple[Change, ...]
    next: Annotated[int | None, Meta(description="`before` of the next ones; null if there are no more.")]
