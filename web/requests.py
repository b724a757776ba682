"""Whom an answer is for: a person's browser, or a program."""

from flask import has_request_context, request

API_PREFIX = "/api/"
"""How the addresses begin that programs ask, and that answer in JSON."""


def is_api_request() -> bool:
    """Whether this request asks the JSON interface."""
    return has_request_context() and request.path.startswith(API_PREFIX)
