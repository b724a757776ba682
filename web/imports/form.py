"""What an operator has chosen on the page of an import."""

import re
from collections.abc import Mapping

import msgspec

from obzvon.spreadsheets.column_roles import ROLES, ColumnRoles
from obzvon.spreadsheets.merge import MAX_LENGTHS
from web.imports.drafts import Draft

_MENDED = re.compile(r"number-([0-9]{1,7})", re.ASCII)
_ROOM = 4
"""A field may be typed so many times too long; beyond that it is no mistake of typing."""


def sheet(form: Mapping[str, str], draft: Draft, sheets: int, now: int) -> int | None:
    """The sheet that was chosen, if it is another one than that of `now`."""
    given = _whole(form.get("sheet", ""))
    return given if given is not None and given < sheets and given != now and draft.only is None else None


def read(
    form: Mapping[str, str], draft: Draft, shown: ColumnRoles, judged: Mapping[int, tuple[str, str, str]]
) -> Draft:
    """The draft with the choices of the form, and with a new version if one of them is new.

    `shown` is the layout that the page had, `judged` what stood in the rows that can be mended there.
    """
    layout, replace = shown, draft.replace
    if draft.only is None:
        roles = tuple(_one_of(form.get(f"role-{place}"), role) for place, role in enumerate(shown.roles))
        head = _whole(form.get("head", ""))
        layout = ColumnRoles(roles, shown.head if head is None else head)
        replace = form.get("mode", "replace" if draft.replace else "add") == "replace"
    mended = dict(draft.mended)
    for name in form:
        found = _MENDED.fullmatch(name)
        if found and (line := int(found[1])) in judged:
            fields = tuple(
                form.get(f"{field}-{line}", "").strip()[: _ROOM * most] for field, most in MAX_LENGTHS.items()
            )
            if fields != tuple(map(_as_typed, judged[line])):
                mended[line] = fields[0], fields[1], fields[2]
    if (layout, replace, mended) == (shown, draft.replace, draft.mended):
        return draft
    return msgspec.structs.replace(draft, layout=layout, replace=replace, mended=mended, version=draft.version + 1)


def _as_typed(text: str) -> str:
    """What a browser gives back of a text in a field of one line."""
    return text.replace("\r", "").replace("\n", "").strip()


def _one_of(given: str | None, usual: str) -> str:
    return given if given in ROLES else usual


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None
