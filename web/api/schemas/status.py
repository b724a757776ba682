"""The status and the forecast, as `obzvon status --json` and `obzvon plan --json` print them."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from web.api.schemas.base import StrictStruct


class ServiceState(StrictStruct, frozen=True):
    """The service and its last heartbeat."""

    alive: bool
    pid: int | None
    host: str
    started_at: datetime | None
    seen_at: datetime | None
    stopped_at: datetime | None
    once: Annotated[bool, Meta(description="It runs once at a time, as from cron.")]
    problems: Annotated[tuple[str, ...], Meta(description="The service's problems, in the reader's language.")] = (
        msgspec.field(name="trouble")
    )


class Delivery(StrictStruct, frozen=True):
    """Answered calls by whether the message was delivered: heard for at least `least` seconds."""

    least: float
    delivered: int
    not_delivered: int
    not_known: Annotated[int, Meta(description="Asterisk's events did not say how long it was heard.")]


class Hold(StrictStruct, frozen=True):
    """Why a run is held."""

    since_at: datetime
    failures: Annotated[int, Meta(description="How many calls failed one after the other.")]
    result: Annotated[str, Meta(description="The result of the last of them.")]
    probing: Annotated[bool, Meta(description="Whether a call is in progress that shows if calls get through again.")]


class RunState(StrictStruct, frozen=True):
    """A run."""

    id: int
    day: date
    kind: Literal["week", "manual", "test", "former"]
    state: Literal["running", "paused", "done", "stopped"]
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    note: str
    total: Annotated[int, Meta(description="Rows.")]
    calls: Annotated[int, Meta(description="Rows that are called.")]
    counts: Annotated[dict[str, int], Meta(description="The number of rows with each result.")]
    delivery: Annotated[Delivery | None, Meta(description="null: not determined, by the settings.")]
    progress: Annotated[float, Meta(ge=0, le=1)]
    bundles_done: int
    bundles: int
    last_bundle_at: datetime | None
    ends_at: Annotated[datetime | None, Meta(description="When the last bundle will be handed over.")]
    depends_on_talk: Annotated[bool, Meta(description="Whether that depends on how long the calls last.")]
    cut_off: Annotated[int, Meta(description="Calls that it will not reach before `latest`.")]
    hold: Annotated[Hold | None, Meta(description="null: it is not held.")]


class LinesState(StrictStruct, frozen=True):
    """Lines in use, in calls, and the pace that depends on them."""

    pacing: Literal["fixed", "throttled", "adaptive"]
    pace: Annotated[str, Meta(description="The pace as a sentence, in the reader's language.")]
    ours: int
    others: Annotated[int | None, Meta(description="Lines of others as last reported; null: not reported.")]
    in_use: int
    lines: Annotated[int | None, Meta(description="The ceiling, if there is one.")]
    reserve: int
    limit: int | None
    free: Annotated[int | None, Meta(description="How many more calls of ours are possible; null: unlimited.")]
    counted_by: Literal["spool", "trunk", "group", "pbx"]


class AmiState(StrictStruct, frozen=True):
    """The link to Asterisk's manager interface."""

    state: Annotated[Literal["none", "up", "down"], Meta(description="`none`: it is not configured.")]
    since_at: datetime | None
    problem: str


class Status(StrictStruct, frozen=True):
    """The service and the run in progress or the last one."""

    now: datetime
    time_zone: str
    service: ServiceState
    lines: Annotated[LinesState | None, Meta(description="null: the service is not running.")]
    ami: Annotated[AmiState | None, Meta(description="null: the service is not running.")]
    run: RunState | None
    other_runs: tuple[RunState, ...]


class SkippedRow(StrictStruct, frozen=True):
    """A row that the run would skip."""

    row: str
    number: str
    code: str
    name: str
    why: Literal["paused", "refused", "duplicate", "rung"]
    reason: str


class ForecastDocument(StrictStruct, frozen=True):
    """The forecast of the next run."""

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
    pace: Annotated[str, Meta(description="The pace as a sentence, in the reader's language.")]
    ceiling: Annotated[int | None, Meta(description="The most calls that are ours at once.")]
    depends_on_talk: Annotated[
        bool,
        Meta(description="Whether `last_bundle_at` is only the earliest: it depends on how long calls last."),
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
    problems: Annotated[tuple[str, ...], Meta(description="What keeps the run from starting, as sentences.")]
