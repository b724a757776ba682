"""The results' pages: what they show, whom they call again, and never whom they must not."""

import csv
import io
import json
import re
import secrets
import threading
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import msgspec
import openpyxl
import pytest
from flask import Flask

from obzvon.common.i18n import say
from obzvon.domain.redial import RedialSelection
from obzvon.journal.commands import CommandResult
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.settings.reload import SettingsWatch
from tests.support.editor import ROWS, SAVED_ROWS, SUNDAY, Browser, rows, value, write
from tests.support.journal import record_run
from tests.support.postgres import PostgresServer
from web.app import create_app

TODAY = SUNDAY.date()
FRIDAY = date(2026, 11, 20)
IVANOV, PETROVA, PAUSED = "89161111111", "89163333333", "89502222222"
AT_NINE = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture
def day(journal: Journal) -> Journal:
    """A day on which Иванов did not answer, Петрова did, one is unknown, one waits no more, and one is in no list."""
    record_run(
        journal,
        {
            IVANOV: "not answered",
            PETROVA: "answered",
            "89164444444": "unknown",
            "89165555555": "busy",
            "777": "skipped",
        },
        day=TODAY,
        at=AT_NINE,
        names={IVANOV: "Иванов И. И.", PETROVA: "Петрова"},
    )
    return journal


def shown(text: str) -> list[str]:
    found = re.findall(r'<td class="c-number num">(?:<a[^>]*>)?(.*?)(?:</a>)?</td>', text)
    return [number.replace("\u00a0", " ").replace("\u2011", "-") for number in found]


def tally(text: str) -> dict[str, int]:
    return {
        what: int(many)
        for what, many in re.findall(
            r'<a href="/results\?[^"]*"[^>]*><span class="result [^"]*">([^<]*)</span> <strong class="num">(\d+)', text
        )
    }


# -- a day


def test_without_a_journal_the_page_says_that_nobody_has_been_called_and_makes_none(
    operator: Browser, settings: Settings
) -> None:
    for path in (
        "/results",
        "/results?day=2026-11-01",
        "/results/phone?q=777",
        "/results/again",
        "/results/day.csv",
        "/results/again/list.csv?result=busy",
        "/results/phone",
    ):
        assert operator.get(path).status_code == 200, path
    assert "Nobody has been called yet" in operator.get("/results").text
    assert settings.journal.path is not None
    assert not settings.journal.path.exists()


def test_a_day_has_its_runs_results_charts_and_lines(operator: Browser, day: Journal) -> None:
    text = operator.get("/results").text
    assert tally(text) == {"answered": 1, "not answered": 1, "busy": 1, "unknown": 1, "skipped": 1}
    assert shown(text) == ["8 916 111-11-11", "8 916 333-33-33", "8 916 444-44-44", "8 916 555-55-55", "777"]
    assert "by hand" in text
    assert "09:00:01" in text
    assert text.count('role="img"') == 2
    assert "4 calls by hour; most, 4, from 09:00 on" in text
    assert '<th scope="row">09:00–09:59</th>' in text
    assert not re.search(r"\sstyle=|<style|\son\w+=", text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("result=busy", ["8 916 555-55-55"]),
        ("result=busy&result=answered", ["8 916 333-33-33", "8 916 555-55-55"]),
        ("q=ПЕТР", ["8 916 333-33-33"]),
        ("q=%2B7 (916) 111", ["8 916 111-11-11"]),
        ("q=nobody", []),
        ("result=failed", []),
        ("q=777&result=busy", []),
        ("sort=number&down=1&result=busy&result=answered", ["8 916 555-55-55", "8 916 333-33-33"]),
        ("sort=nonsense&result=nonsense&page=-1&run=999&down=x&q=%00", None),
        ("page=99", None),
        ("q=" + "x" * 5000, []),
        ("run=x&day=2026-13-45", None),
        ("day=0001-01-01", None),
        ("day=9999-12-31", None),
        ("day=2999-12-31", []),
    ],
)
def test_lines_are_filtered_searched_and_sorted(
    operator: Browser, day: Journal, query: str, expected: list[str] | None
) -> None:
    answer = operator.get(f"/results?{query}")
    assert answer.status_code == 200
    found = shown(answer.text)
    assert len(found) == 5 if expected is None else found == expected


def test_a_hundred_lines_are_a_page(operator: Browser, journal: Journal) -> None:
    record_run(journal, {f"8916{n:07}": "busy" for n in range(230)}, day=TODAY, at=AT_NINE)
    assert len(shown(operator.get("/results").text)) == 100
    text = operator.get("/results?page=3").text
    assert len(shown(text)) == 30
    assert "201–230 of 230" in text


def test_a_day_with_several_runs_shows_each_phone_once_and_each_run_by_itself(operator: Browser, day: Journal) -> None:
    second = record_run(day, {IVANOV: "answered", PETROVA: None}, day=TODAY, at=AT_NINE + timedelta(hours=1))
    text = operator.get("/results").text
    assert len(shown(text)) == len(set(shown(text))) == 5
    assert tally(text)["answered"] == 2
    assert "not answered" not in tally(text)
    assert "2 runs" in text
    only = operator.get(f"/results?run={second.id}").text
    assert tally(only) == {"answered": 1, "skipped": 1}
    assert "already called today" in only


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("day=2026-11-21", "has none on this day"),
        ("day=2026-11-20", "has one at 09:00"),
        ("day=2026-11-23", "yet to come"),
        ("day=2026-11-01", "it begins later"),
    ],
)
def test_a_day_without_a_run_says_why(operator: Browser, day: Journal, query: str, said: str) -> None:
    record_run(day, {IVANOV: "busy"}, day=date(2026, 11, 18), at=AT_NINE - timedelta(days=4))
    text = operator.get(f"/results?{query}").text
    assert said in text
    assert "No calls on this day" in text
    assert "day=2026-11-" in re.search(r'class="btn btn-primary" href="([^"]*)"', text)[1]  # type: ignore[index]


def test_of_a_day_on_which_the_service_was_silent_that_is_said(
    operator: Browser, day: Journal, settings: Settings
) -> None:
    record_run(day, {IVANOV: "busy"}, day=date(2026, 11, 18), at=AT_NINE - timedelta(days=4))
    presence = day.heartbeats
    presence.begin(at=AT_NINE - timedelta(days=4))
    assert "the service is not running" in operator.get("/results?day=2026-11-20").text
    assert "the service is not running" not in operator.get("/results?day=2026-11-17").text
    presence.begin(at=SUNDAY)
    assert "has one at 09:00" in operator.get("/results?day=2026-11-20").text
    settings.schedule.write_text("{")
    assert "There was no run." in operator.get("/results?day=2026-11-20").text


def test_the_page_names_a_start_still_to_come_today(operator: Browser, journal: Journal, settings: Settings) -> None:
    record_run(journal, {IVANOV: "busy"}, day=FRIDAY, at=AT_NINE - timedelta(days=2))
    journal.heartbeats.begin(at=SUNDAY)
    settings.schedule.write_text(json.dumps({"7": "18:30"}))
    assert "Today&#39;s run begins at 18:30." in operator.get("/results").text


# -- downloads


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_download_has_the_lines_as_filtered_in_the_readers_language_under_a_proper_name(
    app: Flask, day: Journal, form: str
) -> None:
    answer = Browser(app, "viewer", language="ru").get(f"/results/day.{form}?result=busy&result=skipped")
    name = unquote(re.search(r"filename\*=UTF-8''(\S+)", answer.headers["Content-Disposition"])[1])  # type: ignore[index]
    assert name == f"Итоги 2026-11-22.{form}"
    if form == "csv":
        table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
        table = [[str(cell or "") for cell in line] for line in sheet.iter_rows(values_only=True)]
    assert table[0][2] == "Номер"
    assert [re.sub(r"\D", "", line[2]) for line in table[1:]] == ["89165555555", "777"]
    assert table[1][5] == "занято"


def test_a_download_of_a_run_says_so_and_formulas_are_harmless(operator: Browser, journal: Journal) -> None:
    run = record_run(journal, {IVANOV: "busy"}, day=TODAY, at=AT_NINE, names={IVANOV: "=1+1"})
    answer = operator.get(f"/results/day.csv?run={run.id}")
    assert f"({run.id})" in unquote(answer.headers["Content-Disposition"])
    assert ";'=1+1;" in answer.data.decode()


# -- one phone


def test_a_name_or_number_leads_to_the_days_of_its_phone_newest_first(operator: Browser, day: Journal) -> None:
    record_run(day, {IVANOV: "busy", "89160000000": "busy"}, day=FRIDAY, at=AT_NINE - timedelta(days=2))
    record_run(day, {"89160000000": "busy"}, day=date(2026, 11, 19), at=AT_NINE - timedelta(days=3))
    for query in ("q=8 (916) 333", "number=" + PETROVA):
        text = operator.get(f"/results/phone?{query}").text
        assert re.findall(r'<a href="/results\?day=([^"]*)">', text) == [
            "2026-11-22",
            "2026-11-21",
            "2026-11-20",
            "2026-11-19",
        ]
        assert "Петрова" in text
        assert "answered" in text
        assert "has none on this day" in text
        assert text.count("It was not in the list when the run began.") == 2


def test_a_day_of_several_runs_is_one_line_and_the_others_are_folded_away(operator: Browser, day: Journal) -> None:
    record_run(day, {IVANOV: "answered"}, day=TODAY, at=AT_NINE + timedelta(hours=1))
    record_run(day, {IVANOV: None}, day=TODAY, at=AT_NINE + timedelta(hours=2))
    text = operator.get(f"/results/phone?number={IVANOV}").text
    assert text.count('<li class="met">') == 1
    assert "and 2 more lines of this day" in text
    best, others = text.split("<details>", 1)
    assert "answered" in best.rsplit('<li class="met">', 1)[1]
    assert "already called today" in others


def test_several_that_are_found_are_offered_and_who_is_only_in_the_journal_is_found_too(
    operator: Browser, day: Journal
) -> None:
    several = operator.get("/results/phone?q=8916").text
    assert "Who is it?" in several
    assert shown(several) == ["8 916 111-11-11", "8 916 333-33-33"]
    assert "deep=1" in several
    deep = operator.get("/results/phone?q=8916&deep=1").text
    assert len(shown(deep)) == 4
    assert "not in the list now" in deep
    gone = operator.get("/results/phone?q=444-44-44").text
    assert "unknown" in gone
    assert "Nothing found" in operator.get("/results/phone?q=nobody").text
    assert operator.get("/results/phone?number=&q=").status_code == 200


def test_a_paused_phone_says_so_on_the_day_it_was_paused(operator: Browser, journal: Journal) -> None:
    record_run(journal, {PAUSED: "skipped"}, day=TODAY, at=AT_NINE)
    text = operator.get(f"/results/phone?number={PAUSED}").text
    assert "skipped" in text
    assert "paused" in text


def test_a_large_journal_is_shown_some_days_at_a_time(
    operator: Browser, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for back in range(50):
        record_run(journal, {IVANOV: "busy"}, day=TODAY - timedelta(days=back), at=AT_NINE - timedelta(days=back))
    text = operator.get(f"/results/phone?number={IVANOV}").text
    assert text.count('<li class="met">') == 31
    earlier = re.search(r'<a href="(/results/phone\?[^"]*until=[^"]*)"', text)[1].replace("&amp;", "&")  # type: ignore[index]
    assert operator.get(earlier).text.count('<li class="met">') == 19
    monkeypatch.setattr("web.results.phone._ROWS", 7)
    assert operator.get(f"/results/phone?number={IVANOV}").text.count('<li class="met">') == 7


def test_the_page_names_the_old_scripts_day_and_a_run_for_chosen_results(operator: Browser, day: Journal) -> None:
    from obzvon.domain.redial import redial_note

    day.runs.begin("20261121-f", date(2026, 11, 21), "former", [], at=AT_NINE - timedelta(days=1), state="done")
    day.runs.begin(
        "20261120-m",
        FRIDAY,
        "manual",
        [],
        at=AT_NINE - timedelta(days=2),
        state="done",
        note=redial_note(FRIDAY, ["busy"]),
    )
    text = operator.get(f"/results/phone?number={PETROVA}").text
    assert "Calls were made on that day outside this journal" in text
    assert "called only some numbers" in text


# -- call again


def page_of(*results: str, day: date = TODAY) -> str:
    return f"/results/again?day={day}" + "".join(f"&result={one}" for one in results)


def hidden(browser: Browser, page: str) -> dict[str, str]:
    """What the form on that page has in it."""
    text = browser.get(page).text
    return {name: value(text, name) for name in ("digest", "once")}


def serve(journal: Journal, answer: CommandResult, asked: list[dict[str, object]]) -> threading.Thread:
    """A service that takes one command."""

    def work() -> None:
        commands = journal.commands
        until = datetime.now(UTC) + timedelta(seconds=20)
        while datetime.now(UTC) < until:
            if command := commands.take_next(at=SUNDAY):
                asked.append({"name": command.name, "by": command.asked_by, **command.params})
                commands.complete(command.id, answer)
                return

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_first_the_results_are_chosen_and_unknown_is_not_ticked(operator: Browser, day: Journal) -> None:
    text = operator.get("/results/again").text
    ticks = dict(re.findall(r'name="result" value="([^"]*)"( checked)?', text))
    assert ticks == {"not answered": " checked", "busy": " checked", "unknown": ""}
    assert "Call again those not reached" in operator.get("/results").text


def test_answered_calls_are_split_by_whether_the_message_was_delivered(
    app: Flask, operator: Browser, journal: Journal, settings: Settings
) -> None:
    record_run(
        journal,
        {IVANOV: "answered", PETROVA: "answered", "89164444444": "answered", "89165555555": "busy"},
        day=TODAY,
        at=AT_NINE,
        heard={IVANOV: 3, PETROVA: 20},
    )
    assert tally(operator.get("/results").text) == {"answered": 3, "busy": 1}
    app.extensions["obzvon"].settings_watch = SettingsWatch(msgspec.structs.replace(settings, delivered=10.0))
    text = operator.get("/results").text
    assert tally(text) == {"answered": 3, "delivered": 1, "not delivered": 1, "busy": 1}
    assert "For 1 answered call that is unknown." in text
    assert "not delivered: 3 s" in text
    assert shown(operator.get("/results?result=not+delivered").text) == ["8 916 111-11-11"]
    assert shown(operator.get("/results?result=delivered&result=busy").text) == ["8 916 333-33-33", "8 916 555-55-55"]
    lines = operator.get("/results/day.csv?result=delivered&result=not+delivered").text.splitlines()
    assert [line.split(";")[13] for line in lines] == ["Delivered", "no", "yes"]


def test_who_did_not_hear_it_out_is_called_again_only_by_an_explicit_choice(
    app: Flask, operator: Browser, journal: Journal, settings: Settings
) -> None:
    journal.heartbeats.begin(at=SUNDAY)
    record_run(
        journal, {IVANOV: "answered", PETROVA: "answered"}, day=TODAY, at=AT_NINE, heard={IVANOV: 3, PETROVA: 20}
    )
    assert "Nobody is left to be called again" in operator.get("/results/again").text
    app.extensions["obzvon"].settings_watch = SettingsWatch(msgspec.structs.replace(settings, delivered=10.0))
    assert "Call again those not reached" in operator.get("/results").text
    assert dict(re.findall(r'name="result" value="([^"]*)"( checked)?', operator.get("/results/again").text)) == {
        "not delivered": ""
    }
    page = page_of("not delivered")
    text = operator.get(page).text
    assert "1 number can be called again" in text
    assert "hung up before 10 s of the message are called a second time" in text
    asked: list[dict[str, object]] = []
    thread = serve(journal, CommandResult.done(say("the run has started: 1 call")), asked)
    answer = operator.post(
        "/results/again/start", hidden(operator, page), page=page, day=str(TODAY), result=["not delivered"]
    )
    thread.join()
    assert answer.status_code == 200
    assert asked[0]["only"] == "not delivered"
    assert "not delivered" in str(journal.audit.latest(1)[0].what)


def test_then_it_is_said_whom_that_means_with_counts_and_names(operator: Browser, day: Journal) -> None:
    day.heartbeats.begin(at=SUNDAY)
    text = operator.get(page_of("not answered", "busy")).text
    assert "1 number can be called again" in text
    assert "Иванов И. И." in text
    assert "1 more is no longer in the list" in text
    assert "Call 1 number now" in text
    assert "may already have been called" not in text
    assert "may already have been called" in operator.get(page_of("not answered", "unknown")).text


def test_a_run_of_them_is_asked_of_the_service_and_recorded(operator: Browser, day: Journal) -> None:
    day.heartbeats.begin(at=SUNDAY)
    asked: list[dict[str, object]] = []
    thread = serve(day, CommandResult.done(say("the run has started: 1 call")), asked)
    page = page_of("not answered")
    answer = operator.post(
        "/results/again/start", hidden(operator, page), page=page, day=str(TODAY), result=["not answered"]
    )
    thread.join()
    assert answer.status_code == 200
    assert "The run has started" in answer.text
    [command] = asked
    assert command["expected"]
    assert {name: command[name] for name in ("name", "by", "only", "day", "run")} == {
        "name": "start",
        "by": "operator",
        "only": "not answered",
        "day": "2026-11-22",
        "run": 0,
    }
    [change] = day.audit.latest(10)
    assert (change.who, str(change.what)) == (
        "operator",
        "began a run of 1 number, only some of those of 22 November: not answered",
    )


def test_a_form_that_is_sent_twice_begins_one_run(operator: Browser, day: Journal) -> None:
    day.heartbeats.begin(at=SUNDAY)
    page, asked = page_of("not answered"), list[dict[str, object]]()
    fields = {"page": page, "day": str(TODAY), "result": ["not answered"], **hidden(operator, page)}
    thread = serve(day, CommandResult.done(say("the run has started: 1 call")), asked)
    for _ in range(3):
        assert "The run has started" in operator.post("/results/again/start", fields).text
    thread.join()
    assert len(asked) == 1
    assert day.commands.take_next(at=SUNDAY) is None
    assert len(day.audit.latest(10)) == 1
    assert operator.post("/results/again/start", {**fields, "once": ""}).status_code == 409
    assert day.commands.take_next(at=SUNDAY) is None


def test_an_empty_choice_is_nobody_and_never_everybody(operator: Browser, day: Journal) -> None:
    day.heartbeats.begin(at=SUNDAY)
    revision = value(operator.get("/phones").text, "revision")
    digest = f"{RedialSelection((), (), ()).digest}-{revision[:16]}-0"
    for results in ([], ["no answer"]):
        answer = operator.post(
            "/results/again/start", page="/run", day=str(TODAY), result=results, digest=digest, once=secrets.token_hex()
        )
        assert answer.status_code == 409
    assert day.commands.take_next(at=SUNDAY) is None


def test_at_night_the_hour_has_to_be_ticked(settings: Settings, journal: Journal) -> None:
    night = SUNDAY.replace(hour=20)  # 23:00 in Moscow
    record_run(journal, {IVANOV: "not answered"}, day=TODAY, at=AT_NINE)
    journal.heartbeats.begin(at=night)
    app = create_app(settings, clock=lambda: night)
    operator, page = Browser(app, "operator"), page_of("not answered")
    assert "Yes, call them at 23:00" in operator.get(page).text
    fields = {"page": page, "day": str(TODAY), "result": ["not answered"], **hidden(operator, page)}
    answer = operator.post("/results/again/start", fields)
    assert answer.status_code == 422
    assert "Nobody has been called: tick" in answer.text
    assert journal.commands.take_next(at=night) is None
    asked: list[dict[str, object]] = []
    thread = serve(journal, CommandResult.done(say("the run has started: 1 call")), asked)
    assert "The run has started" in operator.post("/results/again/start", fields, night="1").text
    thread.join()
    assert len(asked) == 1
    app.extensions["obzvon"].close()


def test_a_service_that_is_slow_to_answer_is_not_said_to_be_absent(app: Flask, operator: Browser, day: Journal) -> None:
    day.heartbeats.begin(at=SUNDAY)
    app.extensions["obzvon"].sleep = lambda _: day.commands.take_next(at=SUNDAY)
    page = page_of("not answered")
    text = operator.post(
        "/results/again/start", hidden(operator, page), page=page, day=str(TODAY), result=["not answered"]
    ).text
    assert "The service has accepted the command and is still working on it" in text
    assert "nobody is called" not in text
    assert len(day.audit.latest(10)) == 1


def test_what_the_service_refuses_is_shown_and_nothing_is_recorded(operator: Browser, day: Journal) -> None:
    day.heartbeats.begin(at=SUNDAY)
    thread = serve(day, CommandResult.refused(say("run {run} is already in progress; see: obzvon status", run=7)), [])
    page = page_of("not answered")
    answer = operator.post(
        "/results/again/start", hidden(operator, page), page=page, day=str(TODAY), result=["not answered"]
    )
    thread.join()
    assert answer.status_code == 409
    assert "Run 7 is already in progress" in answer.text
    assert day.audit.latest(10) == []


def test_without_a_service_nobody_is_called_and_nothing_is_left_for_it(operator: Browser, day: Journal) -> None:
    page = page_of("not answered")
    text = operator.get(page).text
    assert "Call 1 number now" not in text
    answer = operator.post(
        "/results/again/start",
        page=page,
        day=str(TODAY),
        result=["not answered"],
        digest=value(text, "digest"),
        once="a",
    )
    assert answer.status_code == 409
    assert "The service is not running" in answer.text
    assert day.commands.take_next(at=SUNDAY) is None


@pytest.mark.parametrize("target", ["start", "list"])
def test_what_was_confirmed_is_not_done_to_anybody_else(
    operator: Browser, day: Journal, settings: Settings, target: str
) -> None:
    day.heartbeats.begin(at=SUNDAY)
    page = page_of("not answered", "busy")
    digest = value(operator.get(page).text, "digest")
    write(settings, {**ROWS, "9": {"0": "89165555555", "1": ""}})
    for results in (["not answered", "busy"], ["not answered", "busy", "unknown"], ["answered"], []):
        answer = operator.post(
            f"/results/again/{target}",
            page=page,
            day=str(TODAY),
            result=results,
            digest=digest,
            once=secrets.token_hex(),
        )
        assert answer.status_code == 409
        assert "have changed in the meantime" in answer.text
    assert day.commands.take_next(at=SUNDAY) is None
    assert len(rows(settings)) == 6


def test_they_become_the_list_and_the_old_one_can_be_brought_back(
    operator: Browser, day: Journal, settings: Settings
) -> None:
    record_run(day, {PAUSED: "busy"}, day=TODAY, at=AT_NINE + timedelta(hours=1))
    write(
        settings,
        {**SAVED_ROWS, "1": {"0": PAUSED, "1": "", "paused": True}, "9": {"0": "89165555555", "1": "", "x": 1}},
    )
    before = rows(settings)
    page = page_of("not answered", "busy")
    text = operator.get(page).text
    assert "1 of them is paused" in text
    answer = operator.post(
        "/results/again/list", page=page, day=str(TODAY), result=["not answered", "busy"], digest=value(text, "digest")
    )
    assert answer.status_code == 200
    assert "The list now has 3 numbers" in answer.text
    assert rows(settings) == {key: before[key] for key in ("0", "1", "9")}
    assert "made a new list of 3 numbers" in str(day.audit.latest(1)[0].what)
    operator.post("/phones/undo")
    assert rows(settings) == before


def test_a_message_survives_a_request_that_asks_for_the_login(operator: Browser, day: Journal) -> None:
    page = page_of("not answered")
    answer = operator.post(
        "/results/again/list",
        page=page,
        day=str(TODAY),
        result=["not answered"],
        digest=value(operator.get(page).text, "digest"),
        follow=False,
    )
    assert answer.status_code == 303
    assert operator.client.get("/phones").status_code == 401  # as a browser does that has logged in under /results
    assert "The list now has 1 number" in operator.get("/phones").text


def test_they_are_downloaded_as_a_list(app: Flask, day: Journal, settings: Settings) -> None:
    write(settings, {**ROWS, "9": {"0": "8 916 555-55-55", "1": "", "name": "=1", "paused": True}})
    answer = Browser(app, "operator", language="ru").get("/results/again/list.csv?result=busy&result=not answered")
    assert "Список 2026-11-22.csv" in unquote(answer.headers["Content-Disposition"])
    assert list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")) == [
        ["Номер", "Добавочный код", "Имя", "Пауза"],
        [IVANOV, "", "Иванов И. И.", "нет"],
        ["8 916 555-55-55", "", "'=1", "да"],
    ]


def test_a_viewer_sees_whom_but_has_no_button(viewer: Browser, day: Journal) -> None:
    text = viewer.get(page_of("not answered")).text
    assert "Иванов" in text
    assert '<form method="post" action="/results' not in text
    assert "Call again those not reached" not in viewer.get("/results").text


def test_a_broken_list_is_reported(operator: Browser, day: Journal, settings: Settings) -> None:
    page = page_of("not answered")
    digest = value(operator.get(page).text, "digest")
    write(settings, "{")
    for answer in (
        operator.get(page),
        operator.get("/results/again/list.csv?result=busy"),
        *(
            operator.post(
                f"/results/again/{target}", page="/week", day=str(TODAY), result="not answered", digest=digest
            )
            for target in ("start", "list")
        ),
    ):
        assert answer.status_code == 500
        assert "cannot be read" in answer.text
    assert operator.get("/results/phone?q=8916").status_code == 200


# -- hostile


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "a\nb",
    "\u202ea",
    "{{7*7}}",
    "%s%(x)s{x}",
    "';--",
    "\x00",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_never_run(operator: Browser, journal: Journal, text: str) -> None:
    record_run(journal, {IVANOV: "busy"}, day=TODAY, at=AT_NINE, names={IVANOV: text})
    for path in ("/results", f"/results/phone?number={IVANOV}", "/results/again", page_of("busy")):
        page = operator.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "\u202e" not in page.text
    for path in ("/results", "/results/phone", "/results/again", "/results/day.csv", "/results/again/list.csv"):
        names = ("q", "number", "code", "day", "run", "result", "sort", "page", "until", "down")
        answer = operator.client.get(
            path, query_string=dict.fromkeys(names, text), headers=operator.login, buffered=True
        )
        assert answer.status_code == 200, path
        if answer.mimetype == "text/csv":
            assert answer.headers["Content-Disposition"].startswith("attachment")
            continue
        assert "<script>alert" not in answer.text
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", answer.text)


def test_a_postgresql_journal_is_shown_too(settings: Settings, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    with settings.file.open("a") as file:
        file.write(f"[Journal]\nurl = {url}\n")
    from obzvon.settings.model import load_settings

    app = create_app(load_settings(settings.file), clock=lambda: SUNDAY)
    journal = Journal(url)
    record_run(journal, {IVANOV: "busy", PETROVA: "answered"}, day=TODAY, at=AT_NINE, names={IVANOV: "Иванов"})
    record_run(journal, {IVANOV: "answered"}, day=TODAY, at=AT_NINE + timedelta(hours=1))
    browser = Browser(app, "operator")
    assert tally(browser.get("/results?q=ивАнов&sort=name").text) == {"answered": 2}
    for path in (f"/results/phone?number={IVANOV}", "/results/day.csv", page_of("busy"), "/results/phone?q=%00"):
        assert browser.get(path).status_code == 200
    journal.close()
    opened = app.extensions["obzvon"].journal()
    opened.close()
