"""The figures for a monitoring system: true, complete and never an error of their own."""

from datetime import timedelta

import msgspec
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from obzvon.common.i18n import say
from obzvon.domain.brake import RunHold
from obzvon.domain.calls import CallOutcome, EventDetail
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage, encode_line_usage
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.phones import Phone, list_candidates
from obzvon.domain.results import Disposition
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.settings.reload import SettingsWatch
from tests.support.editor import SUNDAY, Browser, write
from web.app import create_app

FIVE = [Phone(str(place), f"8916{place:07}") for place in range(5)]


def figures(browser: Browser) -> dict[str, float]:
    """By name and label."""
    answer = browser.get("/metrics")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_folder_that_nobody_has_worked_in_yet_has_figures_too(viewer: Browser, settings: Settings) -> None:
    found = figures(viewer)
    assert found["obzvon_service_up"] == 0
    assert found["obzvon_journal_broken"] == 0
    assert found["obzvon_run_active running"] == 0
    assert found["obzvon_day_calls answered"] == 0
    assert "obzvon_run_calls answered" not in found
    assert "obzvon_service_silent_seconds" not in found
    assert (found["obzvon_list_rows called"], found["obzvon_list_rows refused"]) == (2, 1)
    assert found["obzvon_next_start_timestamp_seconds"] == (SUNDAY + timedelta(days=1, hours=-3)).timestamp()
    assert settings.journal.path
    assert not settings.journal.path.exists()


def test_metrics_describe_the_run_and_the_service(viewer: Browser, settings: Settings, journal: Journal) -> None:
    presence, plan = journal.heartbeats, settings.numbering_plan()
    presence.begin(at=SUNDAY)
    presence.beat(at=SUNDAY - timedelta(seconds=7), problem=msgspec.json.encode((say("no number"),)).decode())
    first = journal.runs.begin(
        "a", SUNDAY.date(), "week", list_candidates(FIVE[:2], plan, SUNDAY.date()), at=SUNDAY - timedelta(hours=1)
    )
    tried = journal.runs.begin("b", SUNDAY.date(), "test", list_candidates(FIVE[:1], plan, SUNDAY.date()), at=SUNDAY)
    assert first
    assert tried
    journal.transitions.end_calls(
        [
            CallOutcome(first.id, 1, Disposition.ANSWERED, SUNDAY),
            CallOutcome(first.id, 2, Disposition.BUSY, SUNDAY),
            CallOutcome(tried.id, 1, Disposition.ANSWERED, SUNDAY),
        ]
    )
    for run in (first, tried):
        journal.runs.set_state(run.id, "done", at=SUNDAY)
    second = journal.runs.begin("c", SUNDAY.date(), "manual", list_candidates(FIVE, plan, SUNDAY.date()), at=SUNDAY)
    assert second
    journal.transitions.end_calls([CallOutcome(second.id, 1, Disposition.ANSWERED, SUNDAY)])
    found = figures(viewer)
    assert (found["obzvon_service_up"], found["obzvon_service_in_trouble"]) == (1, 1)
    assert found["obzvon_service_silent_seconds"] == 7
    assert (found["obzvon_run_active running"], found["obzvon_run_active paused"]) == (1, 0)
    assert found["obzvon_run_start_timestamp_seconds"] == SUNDAY.timestamp()
    assert (found["obzvon_run_calls answered"], found["obzvon_run_calls waiting"]) == (1, 4)
    assert (found["obzvon_day_calls answered"], found["obzvon_day_calls busy"]) == (2, 1)
    journal.runs.set_state(second.id, "paused", at=SUNDAY)
    assert figures(viewer)["obzvon_run_active paused"] == 1


def test_metrics_count_deliveries_only_if_delivered_is_set(
    app: Flask, viewer: Browser, settings: Settings, journal: Journal
) -> None:
    run = journal.runs.begin(
        "a", SUNDAY.date(), "week", list_candidates(FIVE, settings.numbering_plan(), SUNDAY.date()), at=SUNDAY
    )
    assert run
    journal.transitions.end_calls(
        [
            CallOutcome(run.id, place, Disposition.ANSWERED, SUNDAY, None, EventDetail(listened=heard))
            for place, heard in ((1, 12.0), (2, 3.0), (3, None), (4, 11.0))
        ]
    )
    assert not [name for name in figures(viewer) if "answered_" in name or name.endswith("answered yes")]
    app.extensions["obzvon"].settings_watch = SettingsWatch(msgspec.structs.replace(settings, delivered=10.0))
    found = figures(viewer)
    for name in ("obzvon_run_answered", "obzvon_day_answered"):
        assert [found[f"{name} {how}"] for how in ("yes", "no", "unknown")] == [2, 1, 1]


def test_a_run_that_is_held_is_reported(viewer: Browser, journal: Journal) -> None:
    run = journal.runs.begin("20260105-abc", SUNDAY.date(), "week", [], at=SUNDAY)
    assert run is not None
    journal.heartbeats.begin(at=SUNDAY)
    for hold, value in ((None, 0), (RunHold(run.id, SUNDAY, 10, "refused"), 1)):
        journal.heartbeats.beat(at=SUNDAY, line_usage=encode_line_usage(LineUsage(pace=Pace(2, 10), hold=hold)))
        assert figures(viewer)["obzvon_run_held"] == value


def test_metrics_give_the_lines_and_the_ami_link_while_the_service_runs(viewer: Browser, journal: Journal) -> None:
    presence = journal.heartbeats
    presence.begin(at=SUNDAY)
    presence.beat(at=SUNDAY)
    assert not [name for name in figures(viewer) if name.startswith(("obzvon_lines", "obzvon_ami"))]
    pace = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30, 5))
    presence.beat(
        at=SUNDAY,
        line_usage=encode_line_usage(
            LineUsage(pace=pace, ours=12, others=4, by=CountedBy.TRUNK, ami=AmiConnectionState(True, SUNDAY))
        ),
    )
    found = figures(viewer)
    assert (found["obzvon_lines_in_use ours"], found["obzvon_lines_in_use others"]) == (12, 4)
    assert (found["obzvon_lines_ceiling lines"], found["obzvon_lines_ceiling reserve"]) == (30, 5)
    assert "obzvon_lines_ceiling limit" not in found
    assert (found["obzvon_lines_free"], found["obzvon_ami_up"]) == (9, 1)
    assert (found["obzvon_lines_counted trunk"], found["obzvon_lines_counted spool"]) == (1, 0)
    assert (found["obzvon_pacing adaptive"], found["obzvon_pacing fixed"]) == (1, 0)
    presence.beat(at=SUNDAY, line_usage=encode_line_usage(LineUsage(pace=pace, ami=AmiConnectionState(False, SUNDAY))))
    assert figures(viewer)["obzvon_ami_up"] == 0
    presence.beat(at=SUNDAY, line_usage=encode_line_usage(LineUsage(pace=Pace(2, 10), ours=3)))
    found = figures(viewer)
    assert found["obzvon_lines_in_use ours"] == 3
    assert not {"obzvon_lines_in_use others", "obzvon_ami_up", "obzvon_lines_free"} & set(found)


def test_yesterdays_calls_are_the_last_runs_and_not_todays(
    viewer: Browser, settings: Settings, journal: Journal
) -> None:
    day = SUNDAY - timedelta(days=1)
    run = journal.runs.begin(
        "a", day.date(), "week", list_candidates(FIVE, settings.numbering_plan(), day.date()), at=day
    )
    assert run
    journal.runs.set_state(run.id, "done", at=day)
    found = figures(viewer)
    assert (found["obzvon_run_calls waiting"], found["obzvon_day_calls waiting"]) == (5, 0)


def test_metrics_report_what_is_broken_and_keep_the_rest(viewer: Browser, settings: Settings) -> None:
    write(settings, "{nonsense")
    settings.schedule.unlink()
    assert settings.journal.path
    settings.journal.path.write_text("no database at all, and longer than its header would be" * 10)
    found = figures(viewer)
    assert (found["obzvon_document_broken phones"], found["obzvon_document_broken week"]) == (1, 1)
    assert found["obzvon_journal_broken"] == 1
    assert "obzvon_service_up" not in found
    settings.journal.path.unlink()


def test_answers_are_counted_by_status_for_each_app_alone(app: Flask, viewer: Browser, settings: Settings) -> None:
    viewer.get("/phones")
    viewer.get("/nowhere")
    app.test_client().get("/phones")
    found = figures(viewer)
    assert [found[f"obzvon_http_responses_total {code}"] for code in (200, 404, 401)] == [1, 1, 1]
    other = Browser(create_app(settings, clock=lambda: SUNDAY), "viewer")
    assert not [name for name in figures(other) if name.startswith("obzvon_http")]


def test_the_form_is_the_one_that_is_asked_for(viewer: Browser) -> None:
    answer = viewer.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.text.endswith("# EOF\n")


def test_without_a_password_there_are_none(app: Flask) -> None:
    assert app.test_client().get("/metrics").status_code == 401
