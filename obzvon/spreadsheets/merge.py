"""Compare the numbers of a table with the list: new, changed, already there, or refused. Pure.

A number is identified by what would be dialled: number and extension code. The phone that it matches keeps its key and
all of its other data. One that cannot be called matches a phone with exactly the same text. A number that the list has
under another extension code is never added without a choice of the operator.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.common.text import escape_controls
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone, next_free_key
from obzvon.spreadsheets.column_roles import NAME, ColumnRoles, heading_texts
from obzvon.spreadsheets.comparison import ListComparison
from obzvon.spreadsheets.decisions import ROW_KINDS, MergeChoices, RowDecision, RowKind
from obzvon.spreadsheets.row_reader import RowReader
from obzvon.spreadsheets.table import TableRow
from obzvon.spreadsheets.untaken import UntakenColumn, UntakenPhones

__all__ = ["MergeChoices", "MergePlan", "RowDecision", "RowKind", "audit_message", "plan_merge"]

_PROGRESS_ROWS = 4_000


class MergePlan(msgspec.Struct):
    """The decisions about all rows of a table, compared with one revision of the list."""

    rows: list[RowDecision]
    phones: list[Phone]
    replace: bool
    counts: dict[RowKind, int]
    #: Phone numbers of the file that are in no row, by column.
    untaken: list[UntakenColumn] = []

    def rows_of(self, kind: RowKind) -> list[RowDecision]:
        """Return the rows of this kind."""
        return [row for row in self.rows if row.kind == kind]

    def removed_phones(self) -> list[Phone]:
        """Return the phones that the list loses when the table replaces it."""
        kept = {row.place for row in self.rows}
        kept.update(place for row in self.rows if row.kind == "other_code" for place in row.others)
        return [phone for place, phone in enumerate(self.phones) if place not in kept]

    def result(self, *, whole: bool = False) -> list[Phone]:
        """Return the list after the import. With `whole` it also has the refused rows and the duplicates."""
        taken: tuple[RowKind, ...] = ("new", "twice", "refused", "no_phone") if whole else ("new",)
        changed: tuple[RowKind, ...] = ("changed", "refused") if whole else ("changed",)
        free = next_free_key(phone.key for phone in self.phones)
        matched: dict[int, Phone] = {}
        added: list[Phone] = []
        #: Positions in the list, and new phones.
        in_order: list[int | Phone] = []
        for row in self.rows:
            if row.place is not None:
                phone = self.phones[row.place]
                if row.kind in changed:
                    code = row.code if row.others else phone.code
                    phone = msgspec.structs.replace(phone, name=row.name, paused=bool(row.paused), code=code)
                matched[row.place] = phone
                in_order.append(row.place)
            elif row.kind in taken and (row.number or row.code or row.name):
                added.append(Phone(str(free), row.number, row.code, row.name, bool(row.paused)))
                free += 1
                in_order.append(added[-1])
            elif row.kind == "other_code":
                in_order.extend(row.others)
        if self.replace:
            once = dict.fromkeys(one if isinstance(one, int) else one.key for one in in_order)
            new = {phone.key: phone for phone in added}
            return [new[one] if isinstance(one, str) else matched.get(one, self.phones[one]) for one in once]
        return [matched.get(place, phone) for place, phone in enumerate(self.phones)] + added


def plan_merge(
    rows: Sequence[TableRow],
    roles: ColumnRoles,
    phones: list[Phone],
    plan: NumberingPlan,
    *,
    replace: bool = False,
    corrections: Mapping[str, Sequence[str]] | None = None,
    choices: MergeChoices | None = None,
    only: Collection[str] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> MergePlan:
    """Decide about each row below the headings, in order.

    `corrections` maps the id of a decision to the number, code and name to use instead of the file's; `only` has the
    ids of the decisions that are wanted. With `replace` a name that the table lacks is removed, otherwise it stays. A
    pause stays unless the table says something about it.
    """
    choices = choices or MergeChoices()
    comparison = ListComparison(phones, plan, choices, replace=replace, has_names=NAME in roles.roles)
    reader = RowReader(
        rows,
        roles,
        plan,
        corrections=corrections or {},
        choices=choices,
        is_listed=comparison.is_listed,
    )
    untaken = UntakenPhones(roles, heading_texts(rows, roles.head, len(roles.roles)), plan)
    for done, row in enumerate(rows):
        if done % _PROGRESS_ROWS == 0:
            progress(done / len(rows))
        for entry in reader.entries(row) if row.line > roles.head else ():
            if only is None or entry.id in only:
                comparison.add(entry, uncomputed=reader.is_uncomputed(row) and not entry.is_corrected)
        untaken.add(row)
    comparison.compare_codes()
    found = untaken.columns({row.dialled for row in comparison.rows})
    return MergePlan(comparison.rows, phones, replace, _counts(comparison.rows), found)


def _counts(rows: Sequence[RowDecision]) -> dict[RowKind, int]:
    counts: dict[RowKind, int] = dict.fromkeys(ROW_KINDS, 0)
    counts.update(Counter(row.kind for row in rows))
    return counts


def audit_message(merge: MergePlan, file: str | Message, *, whole: bool = False) -> Message:
    """Return the audit log's sentence about an import."""
    gone = len(merge.removed_phones()) if merge.replace else 0
    values = {
        "new": len(merge.result(whole=whole)) - len(merge.phones) + gone,
        "changed": merge.counts["changed"],
        "file": escape_controls(file)[:100] if isinstance(file, str) else file,
    }
    if merge.replace:
        return say(
            "the list was replaced: {new} new, {changed} changed, {gone} removed, from {file}",
            gone=gone,
            **values,
        )
    return say("imported: {new} new, {changed} changed, from {file}", **values)
