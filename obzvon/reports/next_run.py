"""Forecasts of runs from the documents, the settings and the journal."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from obzvon.documents.store import LoadedDocument
from obzvon.domain.forecast import RunForecast, RunInputs, forecast_manual_run, forecast_scheduled_run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings


def next_run_forecast(
    settings: Settings,
    phones: Sequence[Phone],
    schedule: LoadedDocument[Schedule],
    journal: Journal,
    now: datetime,
    *,
    numbering: NumberingPlan | None = None,
) -> RunForecast:
    """Return the forecast of the next scheduled run."""
    inputs = _run_inputs(settings, phones, schedule.data, journal, now, numbering=numbering)
    if settings.former_start and journal.runs.is_empty():
        inputs = msgspec.structs.replace(inputs, done={settings.former_start})
    # Judge as the service will: a file with an old date may have been put there after the service's last look.
    heartbeat = journal.heartbeats.latest()
    changed = max(schedule.changed, min(heartbeat.seen_at, now)) if heartbeat else schedule.changed
    since = journal.seen_schedules.changes(schedule.data, inputs.today, changed)
    # An empty list has nobody to skip.
    called = {inputs.today: journal.calls.called_on(inputs.today)} if phones else {}
    return forecast_scheduled_run(
        msgspec.structs.replace(inputs, called=called, lateness=settings.late_start, since=since)
    )


def manual_run_forecast(
    settings: Settings,
    phones: Sequence[Phone],
    schedule: Schedule,
    journal: Journal,
    now: datetime,
    *,
    again: bool,
    numbering: NumberingPlan | None = None,
) -> RunForecast:
    """Return the forecast of a run started now; with `again` it calls phones that were called today, too."""
    inputs = _run_inputs(settings, phones, schedule, journal, now, numbering=numbering)
    called = {} if again else {inputs.today: journal.calls.called_on(inputs.today)}
    return forecast_manual_run(msgspec.structs.replace(inputs, called=called))


def _run_inputs(
    settings: Settings,
    phones: Sequence[Phone],
    schedule: Schedule,
    journal: Journal,
    now: datetime,
    *,
    numbering: NumberingPlan | None,
) -> RunInputs:
    done: set[date] = journal.runs.scheduled_days(now.astimezone(settings.zone).date() - timedelta(days=7))
    return RunInputs(
        phones=phones,
        schedule=schedule,
        now=now,
        zone=settings.zone,
        numbering=numbering or settings.numbering_plan(),
        pace=settings.pace(),
        done=done,
        latest=settings.latest,
    )
