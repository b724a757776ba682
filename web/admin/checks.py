"""«Проверка»: the findings of the service's last self-check. The editor itself may not read the spool."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from obzvon.common.errors import Problem, UserError
from obzvon.common.supervision import supervisor_command
from obzvon.common.text import upper_first
from obzvon.journal import audit_messages
from obzvon.journal.findings import CheckReport, Level
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.reports.status import ServiceStatus, service_status
from web.context import app_context
from web.i18n import local_time, translate
from web.permissions import visitor

checkup = Blueprint("checkup", __name__, url_prefix="/check")

#: The service checks itself every hour; an older report may be out of date.
_FRESH = timedelta(hours=2)

#: The service as its heartbeats show it. `cron`: it is started every minute and need not run in between.
State = Literal["alive", "cron", "never", "stopped", "silent"]


class LastCheck(msgspec.Struct, frozen=True):
    """The last self-check, and the state of the service."""

    examined: CheckReport | None
    service: ServiceStatus
    state: State

    @property
    def errors(self) -> int:
        """The number of findings that keep calls from being made; a silent service is one."""
        found = len(self.examined.with_level(Level.ERROR)) if self.examined else 0
        return found + (self.state == "silent")

    def is_stale(self, now: datetime) -> bool:
        """Return whether the report may be out of date."""
        return self.examined is not None and abs(now - self.examined.at) > _FRESH


@checkup.get("")
def index() -> ResponseReturnValue:
    """Show the findings, the worst first."""
    at = app_context()
    now = at.clock()
    problems: tuple[Problem, ...] = ()
    try:
        found = last_check(at.journal())
    except UserError as error:
        found, problems = last_check(AbsentJournal()), error.problems
    examined = found.examined
    return render_template(
        "checkup.html",
        check=found,
        examined=examined,
        problems=problems,
        now=local_time(now, at.settings),
        at=local_time(examined.at, at.settings) if examined else None,
        seen=local_time(found.service.seen, at.settings) if found.service.seen else None,
        stale=found.is_stale(now),
        errors=examined.with_level(Level.ERROR) if examined else [],
        fine=examined.with_level(Level.OK) if examined else [],
        warnings=examined.with_level(Level.WARNING) if examined else [],
    )


@checkup.post("/again")
def check_again() -> ResponseReturnValue:
    """Have the service check itself again, and wait for the report."""
    at = app_context()
    journal = at.journal()
    if last_check(journal).state != "alive":
        flash(
            _(
                "The service is not running, so nothing can be checked. The administrator starts it: %(how)s",
                how=supervisor_command("start"),
            ),
            "warn",
        )
        return redirect(url_for("checkup.index"), 303)
    at.record(visitor().name, audit_messages.check_requested())
    outcome = journal.commands.submit_and_wait("check", by=visitor().name, at=at.clock(), sleep=at.sleep)
    if outcome.is_answered:
        flash(upper_first(translate(outcome.text)), "note")
    else:
        flash(_("The service has not answered. The page shows the previous findings; try again in a minute."), "warn")
    return redirect(url_for("checkup.index"), 303)


def error_count() -> int:
    """Return the number of errors that the navigation shows. Every page asks for it, so it costs two short queries."""
    at = app_context()
    try:
        journal = at.journal()
        brief = journal.findings.latest_summary()
        state = _state(service_status(journal.heartbeats.latest(), at.clock()), once=brief is not None and brief.once)
    except UserError:  # the page of the check tells what is wrong with the journal
        return 1
    return (brief.errors if brief else 0) + (state == "silent")


def last_check(journal: Journal) -> LastCheck:
    """Return what the journal knows; raise UserError if it cannot be read."""
    examined = journal.findings.latest()
    service = service_status(journal.heartbeats.latest(), app_context().clock())
    return LastCheck(examined, service, _state(service, once=examined is not None and examined.once))


def _state(service: ServiceStatus, *, once: bool) -> State:
    if service.alive:
        return "alive"
    if once:
        return "cron"
    if service.seen is None:
        return "never"
    return "stopped" if service.stopped else "silent"
