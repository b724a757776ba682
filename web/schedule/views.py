"""«Расписание»: the week, the single dates, and the runs that follow from them."""

from datetime import date, datetime

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from obzvon.common.errors import Problem, UserError
from obzvon.documents.store import DocumentError, ExternallyChangedError, LoadedDocument
from obzvon.domain.calls import Run
from obzvon.domain.forecast import RunForecast
from obzvon.domain.schedule import Schedule, start_instant
from obzvon.journal import audit_messages
from obzvon.reports.status import ServiceStatus, service_status
from web.context import app_context, undo_steps
from web.errors import DocumentUnreadableError
from web.i18n import language, translate
from web.list_diff import step_name
from web.permissions import visitor
from web.schedule import form as schedule_form
from web.schedule import holidays as public_holidays
from web.schedule.form import ScheduleForm

schedule = Blueprint("schedule", __name__, url_prefix="/week")

#: Skipped rows that are named with their reasons.
_SKIPPED = 20


class NextRunView(msgspec.Struct, frozen=True):
    """The forecast of the next run, or the problems that prevent it."""

    forecast: RunForecast | None
    run: Run | None
    service: ServiceStatus
    problems: tuple[Problem, ...] = ()


@schedule.get("")
def index() -> ResponseReturnValue:
    """Show the schedule."""
    loaded = _loaded()
    return _page(loaded, schedule_form.fill_schedule_form(loaded.data, _holidays()))


@schedule.post("")
def save() -> ResponseReturnValue:
    """Save the schedule. With the action `copy` only change the fields, without saving."""
    loaded = _loaded()
    form = schedule_form.parse_schedule_form(request.form, _holidays())
    if request.form.get("action") == "copy":
        flash(_("Monday's time has been copied to the other workdays; it is not saved yet."), "warn")
        return _page(loaded, form.with_monday_copied(), based_on=request.form.get("revision"), unsaved=True)
    if request.form.get("revision") != loaded.revision:
        return _conflict(loaded, form)
    if form.errors:
        return _page(loaded, form, status=422)
    try:
        revision = app_context().schedule.save(form.schedule(), loaded.revision, by=visitor().name)
    except ExternallyChangedError:
        return _conflict(_loaded(), form)
    except DocumentError as error:
        return _page(loaded, msgspec.structs.replace(form, errors={"": translate(error.message())}), status=500)
    if form.schedule() != loaded.data:
        app_context().record(visitor().name, audit_messages.schedule_changed(loaded.data, form.schedule()))
    flash(
        _("The schedule is saved.") if revision != loaded.revision else _("Nothing was changed."),
        "undo" if revision != loaded.revision else "note",
    )
    _warn_of_a_passed_time(loaded.data, form.schedule())
    return redirect(url_for("schedule.index"), 303)


@schedule.post("/undo", defaults={"forward": False})
@schedule.post("/redo", defaults={"forward": True})
def undo(forward: bool) -> ResponseReturnValue:
    """Undo the last change, or do the last undone one again; of a broken or missing file restore the last good one."""
    document, revision = app_context().schedule, request.form.get("revision", "")
    try:
        before: Schedule | None = document.load().data
    except DocumentError:
        before = None
    try:
        (document.redo if forward else document.undo)(revision, by=visitor().name)
    except ExternallyChangedError:
        flash(
            _(
                "Nothing has been undone: somebody else has changed the schedule in the meantime. "
                "This is the current version."
            ),
            "warn",
        )
        return redirect(url_for("schedule.index"), 303)
    after = _loaded().data
    if before is None:
        app_context().record(visitor().name, audit_messages.schedule_restored())
        flash(_("The earlier version of the schedule is restored."), "note")
    elif forward:
        change = audit_messages.schedule_changed(before, after)
        app_context().record(visitor().name, audit_messages.redone(change))
        flash(_("Redone: %(change)s", change=step_name(change)), "undo")
    else:
        change = audit_messages.schedule_changed(after, before)
        app_context().record(visitor().name, audit_messages.undone(change))
        flash(_("Undone: %(change)s", change=step_name(change)), "redo")
    return redirect(url_for("schedule.index"), 303)


@schedule.post("/new")
def begin() -> ResponseReturnValue:
    """Create a schedule without runs where there is no file."""
    try:
        app_context().schedule.save(Schedule(), "", by=visitor().name)
        app_context().record(visitor().name, audit_messages.schedule_created())
    except ExternallyChangedError:
        flash(_("The file has changed in the meantime; this is the current version."), "note")
    return redirect(url_for("schedule.index"), 303)


@schedule.errorhandler(DocumentUnreadableError)
def broken(caught: DocumentUnreadableError) -> ResponseReturnValue:
    """Show the problems of the schedule, and the version that can be restored."""
    document = app_context().schedule
    try:
        earlier = bool(document.revisions())
    except DocumentError:
        earlier = False
    return render_template(
        "schedule_broken.html",
        problems=caught.error.problems,
        revision=caught.error.revision,
        earlier=earlier,
        missing=not document.path.exists(),
    ), 500


def _page(
    loaded: LoadedDocument[Schedule],
    form: ScheduleForm,
    *,
    status: int = 200,
    based_on: str | None = None,
    unsaved: bool = False,
) -> ResponseReturnValue:
    holidays = _holidays()
    now = app_context().clock()
    zone = app_context().settings.zone
    here = now.astimezone(zone)
    undoable, redoable = undo_steps(app_context().schedule, loaded.revision)
    return render_template(
        "schedule.html",
        form=form,
        revision=loaded.revision if based_on is None else based_on,
        now=here,
        zone=zone,
        notes=loaded.notes,
        day_names=_day_names(),
        holidays=holidays,
        holiday_groups=public_holidays.consecutive_days(holidays, form.off, form.dates),
        holiday_names=lambda days: ", ".join(dict.fromkeys(holidays[day] for day in days)),
        days_words=_days_words,
        unsaved=unsaved or bool(form.errors),
        next_run=_next_run_view(loaded, now),
        skipped=_SKIPPED,
        undoable=undoable,
        redoable=redoable,
        latest=app_context().settings.latest,
        seen=_has_been_seen(),
    ), status


def _days_words(first: date, last: date) -> str:
    """Return a range of dates in words, as 1–8 January."""
    if first.month == last.month:
        return f"{format_date(first, 'd')}–{format_date(last, 'd MMMM')}"
    return f"{format_date(first, 'd MMMM')} – {format_date(last, 'd MMMM')}"


def _conflict(loaded: LoadedDocument[Schedule], form: ScheduleForm) -> ResponseReturnValue:
    """Show both versions line by line, and let the operator choose."""
    holidays = _holidays()
    theirs = schedule_form.fill_schedule_form(loaded.data, holidays)
    lines = [
        (name, _said(their.on, their.at), _said(my.on, my.at))
        for name, their, my in zip(_day_names(), theirs.days, form.days, strict=True)
    ]
    lines += [
        (format_date(day, "d MMMM y"), _date_said(theirs, day), _date_said(form, day))
        for day in sorted({*theirs.dates, *theirs.off, *form.dates, *form.off})
    ]
    kept = [
        (name, value) for name, values in request.form.lists() for value in values if name not in {"revision", "token"}
    ]
    return render_template("schedule_conflict.html", lines=lines, kept=kept, revision=loaded.revision), 409


def _said(on: bool, at: str) -> str:
    return at if on else str(_("no calls"))


def _date_said(form: ScheduleForm, day: date) -> str:
    if day in form.off:
        return _said(False, "")
    entry = form.dates.get(day)
    return str(_("as its weekday")) if entry is None else _said(entry.on, entry.at)


def _next_run_view(loaded: LoadedDocument[Schedule], now: datetime) -> NextRunView:
    at = app_context()
    try:
        phone_index, journal = at.phones.current(), at.journal()
        forecast = at.forecast_next_run(phone_index.phones, loaded, now)
        return NextRunView(forecast, journal.runs.active(), service_status(journal.heartbeats.latest(), now))
    except UserError as error:
        return NextRunView(None, None, ServiceStatus(alive=False), error.problems)


def _warn_of_a_passed_time(before: Schedule, after: Schedule) -> None:
    """Warn that a time which has already passed today counts from its next day: no edit causes calls at once."""
    zone, now = app_context().settings.zone, app_context().clock()
    today = now.astimezone(zone).date()
    start = start_instant(after, today, zone)
    changed = before.start_on(today) != after.start_on(today)
    if start is not None and start <= now and changed and _has_been_seen():
        flash(
            _(
                "%(time)s has passed already: today nobody is called because of this change.",
                time=f"{start.astimezone(zone):%H:%M}",
            ),
            "warn",
        )


def _has_been_seen() -> bool:
    """Return whether a service or `obzvon init` has seen any schedule. The first one takes the file as it finds it."""
    try:
        journal = app_context().journal()
        return journal.seen_schedules.has_any()
    except UserError:
        return True  # the page says what is the matter with the journal


def _loaded() -> LoadedDocument[Schedule]:
    try:
        return app_context().schedule.load()
    except DocumentError as error:
        raise DocumentUnreadableError(error) from error


def _holidays() -> dict[date, str]:
    at = app_context()
    return public_holidays.upcoming_holidays(
        at.settings.region, at.clock().astimezone(at.settings.zone).date(), language()
    )


def _day_names() -> list[str]:
    names = get_locale().days["stand-alone"]["wide"]
    return [str(names[place]).capitalize() for place in range(7)]
