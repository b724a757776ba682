"""«Изменения»: who changed what and when, newest first."""

from itertools import groupby

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from web.context import app_context
from web.i18n import local_time
from web.requests import parse_integer

changes = Blueprint("changes", __name__, url_prefix="/changes")

PAGE = 50


@changes.get("")
def index() -> ResponseReturnValue:
    """Show one page of the audit log, by day. `before` is the id of the last change of the page before."""
    before = request.args.get("before", "")
    start = parse_integer(before, max_digits=9)
    at = app_context()
    journal = at.journal()
    found = journal.audit.latest(PAGE + 1, before=start)
    lines = [(local_time(change.at, at.settings), change) for change in found[:PAGE]]
    groups = [list(group) for _, group in groupby(lines, lambda line: line[0].date())]
    days = [(group[0][0], group) for group in groups]
    return render_template(
        "changes.html",
        days=days,
        now=local_time(at.clock(), at.settings),
        first=start is None,
        older=found[PAGE - 1].id if len(found) > PAGE else None,
    )
