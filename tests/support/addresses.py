"""Every address of the editor."""

import re

from flask import Flask

PLACES = {
    "filename": "obzvon.css",
    "chosen": "en",
    "row": "0",
    "draft": "0" * 32,
    "form": "csv",
    "name": "list",
    "document": "phones",
    "number": "1",
    "key": "1",
    "digest": "0" * 32,
}
"""Values for the placeholders of the addresses."""


def addresses(app: Flask) -> list[tuple[str, str]]:
    """Return each address with each of its methods."""
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", lambda place: PLACES[place[0].strip("<>").split(":")[-1]], rule.rule)
        if rule.endpoint == "preferences.theme":
            path = "/theme/dark"
        found += [(method, path) for method in sorted(rule.methods or ())]
    return found
