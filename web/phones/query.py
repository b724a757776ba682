"""The part of the list that a page shows, as its address says it."""

from collections.abc import Mapping

import msgspec

from web.phone_index import FILTERS, SORTS, PhoneIndex
from web.requests import parse_integer

_MAX_SEARCH = 200


class PhonesQuery(msgspec.Struct, frozen=True):
    """The part of the list that the page shows, and its order."""

    q: str = ""
    only: str = "all"
    sort: str = "row"
    down: bool = False
    page: int = 1

    def url_args(self, **changes: object) -> dict[str, object]:
        """Return the parameters of the page's address, without defaults."""
        view = msgspec.structs.replace(self, **changes)
        usual = PhonesQuery()
        return {
            name: int(value) if isinstance(value, bool) else value
            for name, value in msgspec.structs.asdict(view).items()
            if value != getattr(usual, name)
        }

    def find(self, phone_index: PhoneIndex) -> list[int]:
        """Return the positions of all matching rows, on whatever page."""
        return phone_index.find(self.q, only=self.only, sort=self.sort, descending=self.down)


def parse_query(values: Mapping[str, str]) -> PhonesQuery:
    """Return the part of the list that an address or a form asks for; the default of what is missing or unknown."""
    only, sort, page = values.get("only", ""), values.get("sort", ""), values.get("page", "")
    return PhonesQuery(
        values.get("q", "")[:_MAX_SEARCH],
        only if only in FILTERS else "all",
        sort if sort in SORTS else "row",
        values.get("down") == "1",
        parse_integer(page, max_digits=8) or 1,
    )
