"""The list."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from web.api.schemas.base import Code, Name, Number, Paused, PausedFrom, PausedUntil, StrictStruct
from web.phone_index import PAGE_ROWS, RowState

#: Rows of the list in one response.
MAX_ROWS = 100_000

Ignored = Annotated[Any, Meta(description="Ignored, so that rows can be sent back as they came.")]


class Selection(msgspec.Struct, frozen=True):
    """Selects rows of the list and their order, as on the page."""

    q: Annotated[str, Meta(max_length=200, description="Text in number, code or name.")] = ""
    only: Annotated[
        Literal["all", "trouble", "paused"], Meta(description="`trouble`: cannot be called, or is in the list twice.")
    ] = "all"
    sort: Annotated[Literal["row", "number", "code", "name", "state"], Meta(description="The sort key.")] = "row"
    down: Annotated[bool, Meta(description="In reverse order.")] = False
    page: Annotated[int, Meta(ge=1, le=1_000_000_000, description="The number of the page.")] = 1
    limit: Annotated[int, Meta(ge=1, le=MAX_ROWS, description="Rows of a page.")] = PAGE_ROWS


class Row(StrictStruct, frozen=True):
    """A row of the list."""

    row: Annotated[str, Meta(description="Its key.")]
    number: Annotated[str, Meta(description="The number as written.")]
    code: str
    name: str
    paused: bool
    paused_from: PausedFrom
    paused_until: PausedUntil
    dials: Annotated[str, Meta(description="What Asterisk dials, or an empty text.")]
    state: Annotated[
        RowState,
        Meta(description="What a run does with it: `refused` cannot be called, `twice` is further up, too."),
    ]
    reason: Annotated[str, Meta(description="The reason why it is not called, in the reader's language.")]


class RowCounts(StrictStruct, frozen=True):
    """The number of rows in each state."""

    called: int
    paused: int
    refused: int
    twice: int


class PhonePage(StrictStruct, frozen=True):
    """A page of the list."""

    revision: str
    total: Annotated[int, Meta(description="Rows of the list.")]
    found: Annotated[int, Meta(description="Selected rows, on all pages.")]
    page: int
    pages: int
    counts: RowCounts
    notes: Annotated[tuple[str, ...], Meta(description="Oddities of the file that do no harm.")]
    rows: tuple[Row, ...]


class NewRow(StrictStruct, frozen=True):
    """A row to add; it gets a key of its own."""

    number: Number
    code: Code = ""
    name: Name = ""
    paused: Paused = False
    paused_from: PausedFrom | UnsetType = UNSET
    paused_until: PausedUntil | UnsetType = UNSET


class WholeRow(NewRow, frozen=True):
    """A row of a whole list."""

    row: (
        Annotated[
            str,
            Meta(
                description="The key of an existing row, or a new one of digits; without it the row "
                "gets the next key after the greatest."
            ),
        ]
        | UnsetType
    ) = UNSET
    dials: Ignored | UnsetType = UNSET
    state: Ignored | UnsetType = UNSET
    reason: Ignored | UnsetType = UNSET


class RowChange(StrictStruct, frozen=True):
    """New values of a row's fields; fields that are left out stay."""

    number: Number | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    paused: Paused | UnsetType = UNSET
    paused_from: PausedFrom | UnsetType = UNSET
    paused_until: PausedUntil | UnsetType = UNSET


AnotherCode = Annotated[
    bool, Meta(description="Accept a number that is there under another extension code: it is another person.")
]


class NewList(StrictStruct, frozen=True):
    """A whole list: a row that is not in it is deleted."""

    rows: list[WholeRow]
    another_code: AnotherCode = False


class ListChange(StrictStruct, frozen=True):
    """Changes of some rows. All of them are made or, if one has an error, none."""

    add: list[NewRow] = msgspec.field(default_factory=list)
    change: Annotated[dict[str, RowChange], Meta(description="By the keys of the rows.")] = msgspec.field(
        default_factory=dict
    )
    delete: Annotated[list[str], Meta(description="Keys of rows.")] = msgspec.field(default_factory=list)
    another_code: AnotherCode = False


class SavedList(StrictStruct, frozen=True):
    """The result of a change of the list."""

    revision: str
    total: int
    added: int
    changed: int
    deleted: int
    counts: RowCounts
    rows: Annotated[tuple[Row, ...], Meta(description="The added and changed rows.")]
