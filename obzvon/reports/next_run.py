"""The plan of the next run, by the documents, the settings and what the journal remembers."""

from datetime import datetime, timedelta

from obzvon.documents.store import LoadedDocument
from obzvon.domain.forecast import RunForecast, forecast_manual_run, forecast_scheduled_run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings


def next_run_forecast(
    settings: Settings,
    phones: list[Phone],
    week: LoadedDocument[Schedule],
    journal: Journal,
    now: datetime,
    *,
    numbering: NumberingPlan | None = None,
) -> RunForecast:
    """What the next run would do."""
    today = now.astimezone(settings.zone).date()
    done = journal.runs.scheduled_days(today - timedelta(days=7))
    if settings.former_start and journal.runs.is_empty():
        done |= {settings.former_start}
    # An empty list has nobody to skip.
    rung = journal.calls.called_on(today) if phones else set()
    # As the service will see it: a file that says it is old may have been put there since it looked last.
    sign = journal.heartbeats.latest()
    changed = max(week.changed, min(sign.seen_at, now)) if sign else week.changed
    since = journal.seen_schedules.changes(week.data, today, changed)
    return forecast_scheduled_run(
        phones,
        week.data,
        now,
        done=done,
        zone=settings.zone,
        numbering=numbering or settings.numbering_plan(),
        pace=settings.pace(),
        rung={today: rung},
        latest=settings.latest,
        lateness=settings.late_start,
        since=since,
    )


def manual_run_forecast(
    settings: Settings,
    phones: list[Phone],
    week: Schedule,
    journal: Journal,
    now: datetime,
    *,
    again: bool,
    numbering: NumberingPlan | None = None,
) -> RunForecast:
    """What a run begun now would do; `again`: it rings those too who were rung today."""
    today = now.astimezone(settings.zone).date()
    done = journal.runs.scheduled_days(today - timedelta(days=7))
    rung = {today: journal.calls.called_on(today)} if not again else {}
    return forecast_manual_run(
        phones,
        week,
        now,
        done=done,
        zone=settings.zone,
        numbering=numbering or settings.numbering_plan(),
        pace=settings.pace(),
        rung=rung,
        latest=settings.latest,
    )
