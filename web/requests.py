"""Properties of the request, and values from its forms and address."""

from flask import has_request_context, request

#: Addresses of the JSON interface begin so.
API_PREFIX = "/api/"


def is_api_request() -> bool:
    """Return whether a program asks, through the JSON interface."""
    return has_request_context() and request.path.startswith(API_PREFIX)


def parse_integer(text: str, *, max_digits: int) -> int | None:
    """Return the number, None if the text is not one. `max_digits` keeps it within what its user can store."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= max_digits else None
