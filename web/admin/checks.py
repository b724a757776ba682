"""Проверка: what the service found when it last looked at everything; the editor itself may not look into the spool."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from obzvon.common.errors import Problem, UserError
from obzvon.journal import audit_messages
from obzvon.journal.findings import CheckReport, Level
from obzvon.journal.journal import AbsentJournal, Journal
from obzvon.reports.status import ServiceStatus, service_status
from web.context import app_context
from web.i18n import local_time, translate, upper_first
from web.permissions import visitor

checkup = Blueprint("checkup", __name__, url_prefix="/check")

_FRESH = timedelta(hours=2)
"""The service looks every hour; what is older than this may not hold any more."""

State = Literal["alive", "cron", "never", "stopped", "silent"]
"""What the service's signs of life say; `cron`: it is called every minute and need not live in between."""


class LastCheck(msgspec.Struct, frozen=True):
    """What the journal tells: the last self-check, and how the service is."""

    examined: CheckReport | None
    service: ServiceStatus
    state: State

    @property
    def errors(self) -> int:
        """How many things keep calls from being made."""
        found = len(self.examined.with_level(Level.ERROR)) if self.examined else 0
        return found + (self.state == "silent")

    def is_stale(self, now: datetime) -> bool:
        """Whether what was found may not hold any more."""
        return self.examined is not None and abs(now - self.examined.at) > _FRESH


@checkup.get("")
def index() -> ResponseReturnValue:
    """What was found, the worst first."""
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
        known=found,
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
    """Has the service look once more, and waits for it."""
    at = app_context()
    journal = at.journal()
    if last_check(journal).state != "alive":
        flash(
            _(
                "The service is not running, so nobody can look. The administrator starts it: supervisorctl start "
                "obzvon"
            ),
            "warn",
        )
        return redirect(url_for("checkup.index"), 303)
    at.record(visitor().name, audit_messages.check_requested())
    outcome = journal.commands.submit_and_wait("check", by=visitor().name, at=at.clock(), sleep=at.sleep)
    if outcome.is_answered:
        flash(upper_first(translate(outcome.text)), "note")
    else:
        flash(_("The service has not answered. What is shown is what was found before; try again in a minute."), "warn")
    return redirect(url_for("checkup.index"), 303)


def error_count() -> int:
    """How many errors the navigation shows; two short queries, for this is asked at every page."""
    at = app_context()
    try:
        journal = at.journal()
        brief = journal.findings.latest_summary()
        state = _state(service_status(journal.heartbeats.latest(), at.clock()), once=brief is not None and brief.once)
    except UserError:  # the page of the check tells what is wrong with the journal
        return 1
    return (brief.errors if brief else 0) + (state == "silent")


def last_check(journal: Journal) -> LastCheck:
    """What a journal tells; raises UserError."""
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
