"""The report of a day, as `obzvon report --format json` prints it, and the audit log."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from obzvon.reports.call_report import ReportCall
from web.api.schemas.base import StrictStruct
from web.api.schemas.status import Delivery

MAX_CHANGES = 1000


class ReportQuery(msgspec.Struct, frozen=True):
    """Selects a report."""

    day: Annotated[date, Meta(description="The day; today by default.")] | UnsetType = msgspec.field(
        default=UNSET, name="date"
    )
    form: Annotated[Literal["json", "csv", "xlsx"], Meta(description="The file format.")] = msgspec.field(
        default="json", name="format"
    )


class Report(StrictStruct, frozen=True):
    """The calls of a day."""

    day: date
    time_zone: str
    calls: tuple[ReportCall, ...]
    counts: dict[str, int]
    delivery: Delivery


class ChangesQuery(msgspec.Struct, frozen=True):
    """Selects changes."""

    limit: Annotated[int, Meta(ge=1, le=MAX_CHANGES, description="The number of changes.")] = 100
    before: Annotated[int, Meta(ge=1, le=2**31 - 1, description="Only changes with a smaller id.")] | UnsetType = UNSET


class Change(StrictStruct, frozen=True):
    """An entry of the audit log: who changed what, and when."""

    id: int
    at: datetime
    who: str
    what: str


class Changes(StrictStruct, frozen=True):
    """The latest changes, the newest first."""

    changes: tuple[Change, ...]
    next: Annotated[int | None, Meta(description="`before` of the next ones; null if there are no more.")]
