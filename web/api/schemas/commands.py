"""Commands to the service."""

from typing import Annotated

from msgspec import Meta

from web.api.schemas.base import Code, Number, StrictStruct

Once = Annotated[
    str,
    Meta(
        max_length=64,
        description="Any text that no earlier command of this user had. A command with the same text "
        "is the same command and is not executed again.",
    ),
]


Night = Annotated[bool, Meta(description="Call even between 21:00 and 8:00, when people are usually not called.")]


class StartRequest(StrictStruct, frozen=True):
    """A manual run. If somebody was called today already, it must say whom to call: `again` or `rest`."""

    again: Annotated[bool, Meta(description="Call also those who were called today already.")] = False
    rest: Annotated[bool, Meta(description="Call only those who were not called today.")] = False
    night: Night = False
    once: Once = ""


class EmptyBody(StrictStruct, frozen=True):
    """An empty object."""


class ResumeRequest(StrictStruct, frozen=True):
    """Options of resuming a run."""

    night: Night = False


class StopRequest(StrictStruct, frozen=True):
    """Options of stopping a run."""

    withdraw: Annotated[bool, Meta(description="Also withdraw files from the spool that Asterisk has not started.")] = (
        False
    )
    once: Once = ""


class TestCallRequest(StrictStruct, frozen=True):
    """A test call, outside any run."""

    number: Number
    code: Code = ""
    night: Night = False
    once: Once = ""


class CommandDone(StrictStruct, frozen=True):
    """The answer of the service."""

    text: str
