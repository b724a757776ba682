"""Whether a request that changes something was meant by the one in whose name it comes.

A browser sends a basic login along with every request, also with those that another site's page makes it send. So each
such request has to carry a token that only our own pages show, and to come from one of them by the browser's word.
Neither needs a session: the token is a hash under the user's secret, and holds until the end of the next day (UTC).
"""

import hmac
from datetime import date, timedelta
from urllib.parse import urlsplit

from web.security.login import Visitor

FIELD = "token"
FOREIGN, OLD = "foreign origin", "no valid token"
"""Why a request is refused."""

_PORTS = {"http": 80, "https": 443}


def make_token(visitor: Visitor, day: date) -> str:
    """What the user's forms carry on that day."""
    return hmac.new(visitor.secret, f"form {visitor.name} {day.isoformat()}".encode(), "sha256").hexdigest()


def is_valid_token(given: str, visitor: Visitor, today: date) -> bool:
    """Whether it is the user's token of today or yesterday."""
    days = today, today - timedelta(days=1)
    return any(hmac.compare_digest(given.encode(), make_token(visitor, day).encode()) for day in days)


def is_same_origin(site: str | None, origin: str | None, here: str) -> bool:
    """Whether the browser says that our own page sent it; a program that is no browser says nothing, and may.

    `site` and `origin` are its headers Sec-Fetch-Site and Origin, `here` is the scheme and host that were asked.
    """
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return True
    place = _place(origin)
    return place is not None and place == _place(here)


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None
