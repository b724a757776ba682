"""Protection against forged requests (CSRF).

A browser sends the basic login with every request, also with those that another site's page causes. So a request that
changes something must carry a token that only our own pages show, and the browser's headers must say that it comes
from one of them. Neither needs a session: the token is a hash with the user's secret as its key, valid until the end
of the next day (UTC).
"""

import hmac
from datetime import date, timedelta
from urllib.parse import urlsplit

from web.security.login import Visitor

FIELD = "token"
#: Reasons to refuse a request.
FOREIGN, OLD = "foreign origin", "no valid token"

_PORTS = {"http": 80, "https": 443}


def make_token(visitor: Visitor, day: date) -> str:
    """Return the token of the user's forms on that day."""
    return hmac.new(visitor.secret, f"form {visitor.name} {day.isoformat()}".encode(), "sha256").hexdigest()


def is_valid_token(token: str, visitor: Visitor, today: date) -> bool:
    """Return whether it is the user's token of today or yesterday."""
    days = today, today - timedelta(days=1)
    return any(hmac.compare_digest(token.encode(), make_token(visitor, day).encode()) for day in days)


def is_same_origin(site: str | None, origin: str | None, own_url: str) -> bool:
    """Return whether our own page sent the request, by the browser's headers. A program sends none of them and may.

    `site` is the header Sec-Fetch-Site, `origin` the header Origin, `own_url` the requested scheme and host.
    """
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return True
    server = _server(origin)
    return server is not None and server == _server(own_url)


def _server(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None
