"""The base class of the documents, and the fields that several of them have."""

from typing import Annotated

import msgspec
from msgspec import Meta

from obzvon.domain.phones import MAX_LENGTHS


class StrictStruct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of all documents. Unknown fields are errors: a misspelt field must not pass for one left out."""


def _described(field: str, description: str) -> Meta:
    # Only described, not validated: a value that was there before is accepted whatever its length.
    return Meta(description=description, extra_json_schema={"maxLength": MAX_LENGTHS[field]})


Number = Annotated[str, _described("number", "The number, in any usual notation.")]
Code = Annotated[str, _described("code", "The extension code: digits, *, #, w for a pause; or nothing.")]
Name = Annotated[str, _described("name", "The name.")]
Paused = Annotated[bool, Meta(description="Whether it is not called for the time being.")]
PausedUntil = Annotated[
    str,
    Meta(description="The day on which it is called again, as 2026-12-31; empty: none."),
]
PausedFrom = Annotated[
    str,
    Meta(description="The first day on which it is not called, as 2026-12-31; empty: from any day on."),
]
