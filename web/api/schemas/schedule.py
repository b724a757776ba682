"""The schedule."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from web.api.schemas.base import StrictStruct

MAX_DATES = 500

Clock = Annotated[
    str,
    Meta(
        pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length=5,
        examples=["09:00"],
        description="The start time; 00:00 = no run.",
    ),
]


class ScheduleDocument(
    StrictStruct,
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
    """The start time of each weekday, 1 = Monday, and of single days that differ."""

    monday: Clock
    tuesday: Clock
    wednesday: Clock
    thursday: Clock
    friday: Clock
    saturday: Clock
    sunday: Clock
    dates: Annotated[
        dict[date, Clock],
        Meta(max_length=MAX_DATES, extra_json_schema={"propertyNames": {"type": "string", "format": "date"}}),
    ] = msgspec.field(default_factory=dict)
