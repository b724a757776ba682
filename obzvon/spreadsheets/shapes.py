"""Recognize a table of the same shape as an earlier one, whose columns somebody has chosen. Pure."""

import hashlib
from collections.abc import Sequence
from itertools import islice

import msgspec

from obzvon.domain.numbering import NumberingPlan
from obzvon.spreadsheets.column_contents import column_contents
from obzvon.spreadsheets.column_roles import CODE, NAME, NUMBER, ColumnRoles, heading_texts
from obzvon.spreadsheets.headings import plain_heading
from obzvon.spreadsheets.table import TableRow

_SAMPLE_ROWS = 500
#: A column of numbers with fewer of them holds something else by now.
_MIN_PHONE_SHARE = 0.2


def table_shape(rows: Sequence[TableRow], head: int, columns: int) -> str:
    """Return a key for the headings and the number of the columns, "" for a table without headings."""
    texts = [plain_heading(text) for text in heading_texts(rows, head, columns)] if head else []
    return hashlib.sha256(msgspec.json.encode(texts)).hexdigest()[:32] if any(texts) else ""


def contradicts(rows: Sequence[TableRow], roles: ColumnRoles, plan: NumberingPlan) -> bool:
    """Return whether a column of numbers, codes or names holds something else."""
    below = list(islice((row for row in rows if row.line > roles.head), _SAMPLE_ROWS))
    for place, role in enumerate(roles.roles):
        if role not in (NUMBER, CODE, NAME):
            continue
        found = column_contents(below, place, plan)
        if role == NUMBER and found.filled and found.phone_share < _MIN_PHONE_SHARE:
            return True
        if (role == CODE and not found.may_be_codes) or (role == NAME and not found.may_be_names):
            return True
    return False
