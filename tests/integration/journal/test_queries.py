"""What became of calls: one line a phone and day, found in any notation, in any order, in both kinds of journal."""

from datetime import date, timedelta

import pytest

from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, CallRecord, CallState
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import DeliveryCounts, Disposition
from obzvon.journal.journal import Journal
from obzvon.journal.queries import SORTS, CallFilter, CallQueries
from obzvon.journal.superseded import SupersededRows, rank
from tests.support.journal import RUN_DAY as DAY
from tests.support.journal import RUN_START as NINE
from tests.support.journal import candidate, record_run


def results_of(lines: list[CallRecord]) -> dict[str, str]:
    assert len({line.number for line in lines}) == len(lines), "a phone has one line"
    return {line.number: line.result for line in lines}


def counted(results: CallQueries, journal: Journal, day: date = DAY, run: int | None = None) -> dict[str, int]:
    return dict(results.count_results(day, results.tallies(journal.runs.on_days(day)), run))


def test_the_latest_calls_are_those_that_something_happened_to_last(journal: Journal) -> None:
    rows = [Candidate(Phone(str(key), f"8916000000{key}"), f"8916000000{key}") for key in range(4)]
    rows.append(Candidate(Phone("9", "777"), skipped=say("paused")))
    run = journal.runs.begin("20261123-abc", DAY, "manual", rows, at=NINE)
    assert run
    assert journal.queries().latest(run.id, 10) == []
    assert journal.queries().count_in_progress(run.id) == 0
    journal.transitions.begin_handing(journal.calls.waiting(run.id, limit=3), 1)
    assert journal.queries().count_in_progress(run.id) == 3
    journal.transitions.end_handing(journal.calls.in_transit(CallState.HANDING), at=NINE + timedelta(seconds=1))
    journal.transitions.end_calls([CallOutcome(run.id, 2, Disposition.ANSWERED, NINE + timedelta(seconds=9))])
    assert journal.queries().count_in_progress(run.id) == 2
    found = journal.queries().latest(run.id, 2)
    assert [(line.position, line.result) for line in found] == [(2, "answered"), (3, "handed")]


# -- one line a phone and day


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("answered", None, "answered"),
        ("busy", "answered", "answered"),
        ("answered", "busy", "answered"),
        ("busy", "no answer", "no answer"),
        ("unknown", "busy", "busy"),
        ("busy", "unknown", "unknown"),
        ("withdrawn", "busy", "busy"),
        ("busy", "withdrawn", "busy"),
        ("skipped", "busy", "busy"),
        ("busy", "skipped", "busy"),
        ("busy", "waiting", "waiting"),
        ("answered", "waiting", "answered"),
        ("withdrawn", "skipped", "withdrawn"),
        ("busy", None, "busy"),
        ("withdrawn", "withdrawn", "withdrawn"),
    ],
)
def test_of_several_runs_the_line_is_shown_that_says_best_what_happened(
    journal: Journal, first: str, second: str | None, said: str
) -> None:
    one = record_run(journal, {"89160000001": first, "89160000002": "answered", "89160000003": "busy"})
    record_run(
        journal, {"89160000001": second, "89160000004": "busy"}, at=NINE + timedelta(hours=3), done=second != "waiting"
    )
    results = journal.queries()
    expected = {"89160000001": said, "89160000002": "answered", "89160000003": "busy", "89160000004": "busy"}
    assert results_of(results.page(CallFilter(DAY))) == expected
    assert results_of(list(results.iterate(CallFilter(DAY)))) == expected
    assert results.count(CallFilter(DAY)) == 4
    counts = counted(results, journal)
    assert counts == {how: list(expected.values()).count(how) for how in expected.values()}
    best = max(
        results.search("89160000001", [run.id for run in journal.runs.on_days(DAY)], 10),
        key=lambda line: (rank(line), line.run_id),
    )
    assert best.result == said
    # A single run is shown as it was.
    assert results_of(results.page(CallFilter(DAY, one.id)))["89160000001"] == first
    assert counted(results, journal, run=one.id)[first] >= 1


def test_rows_skipped_as_already_called_are_listed_only_in_their_own_run(journal: Journal) -> None:
    record_run(journal, {"89160000001": "answered"})
    second = record_run(journal, {"89160000001": None, "89160000002": "busy"}, at=NINE + timedelta(hours=1))
    results = journal.queries()
    assert len(results.page(CallFilter(DAY, second.id))) == 2
    assert counted(results, journal, run=second.id) == {"skipped": 1, "busy": 1}
    assert counted(results, journal) == {"answered": 1, "busy": 1}


def test_a_row_that_is_anothers_double_keeps_its_own_line(journal: Journal) -> None:
    double = say("the same number as in row {key}", key="0")
    for hour in range(2):
        journal.runs.begin(
            f"20261123-{hour}",
            DAY,
            "manual",
            [candidate("89160000001", row="0"), candidate("89160000001", "ещё раз", double, row="5")],
            at=NINE + timedelta(hours=hour),
        )
    lines = journal.queries().page(CallFilter(DAY))
    assert [(line.row, line.result) for line in lines] == [("0", "waiting"), ("5", "skipped")]


def test_an_extension_code_makes_another_phone(journal: Journal) -> None:
    for hour, code in enumerate(["1", "2"]):
        journal.runs.begin(
            f"20261123-{hour}", DAY, "manual", [candidate("89160000001", code=code)], at=NINE + timedelta(hours=hour)
        )
    assert len(journal.queries().page(CallFilter(DAY))) == 2


def test_a_day_without_runs_has_nothing(journal: Journal) -> None:
    results = journal.queries()
    assert results.page(CallFilter(DAY)) == list(results.iterate(CallFilter(DAY))) == []
    assert results.count(CallFilter(DAY)) == 0
    assert counted(results, journal) == {}
    assert journal.runs.first_day() is None
    assert journal.runs.neighbouring_days(DAY) == (None, None)


# -- filtered, searched, sorted


NAMES = {"89161111111": "Иванов И. И.", "89502222222": "ПЁТР [*]", "89163333333": "Абонент 7", "777": "o'neill_%"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("иванов", ["89161111111"]),
        ("ИВАНОВ", ["89161111111"]),
        ("петр", ["89502222222"]),
        ("Пётр", ["89502222222"]),
        ("[*]", ["89502222222"]),
        ("*", ["89161111111", "89502222222"]),
        ("+7 916 111", ["89161111111"]),
        ("8 (916) 111-11-11", ["89161111111"]),
        ("79161111111", ["89161111111"]),
        ("77", ["777"]),
        ("7", ["777", "89163333333"]),
        ("абонент 7", ["89163333333"]),
        ("o'neill", ["777"]),
        ("_%", ["777"]),
        ("%", ["777"]),
        ("nobody", []),
        ("\0", sorted(NAMES)),
        ("  ", sorted(NAMES)),
        ("\\", []),
        ("a]b", []),
        ("^$.|", []),
        ("ß" * 50, []),
        ("\u0130", []),
        ("12*", ["89161111111"]),
    ],
)
def test_a_number_or_a_name_is_found_in_any_notation(journal: Journal, text: str, expected: list[str]) -> None:
    rows = [candidate(number, name, code="12*" if number == "89161111111" else "") for number, name in NAMES.items()]
    journal.runs.begin("20261123-a", DAY, "manual", rows, at=NINE)
    results = journal.queries()
    found = [line.number for line in results.page(CallFilter(DAY, text=text), sort="number")]
    assert found == expected
    assert results.count(CallFilter(DAY, text=text)) == len(expected)


def test_what_could_not_be_called_is_found_by_its_digits(journal: Journal) -> None:
    journal.runs.begin(
        "20261123-a",
        DAY,
        "manual",
        [Candidate(Phone("0", "8 (916) 111"), skipped=say("too short")), candidate("89160000000")],
        at=NINE,
    )
    assert [line.row for line in journal.queries().page(CallFilter(DAY, text="916111"))] == ["0"]


def test_lines_are_filtered_by_several_results(journal: Journal) -> None:
    record_run(
        journal, {"89160000001": "busy", "89160000002": "answered", "89160000003": "failed", "89160000004": "busy"}
    )
    results = journal.queries()
    shown = CallFilter(DAY, results=frozenset({"busy", "failed"}))
    assert list(results_of(results.page(shown))) == ["89160000001", "89160000003", "89160000004"]
    assert results.count(shown) == 3
    assert [line.number for line in results.page(shown, offset=1, limit=1)] == ["89160000003"]
    assert [line.number for line in results.iterate(CallFilter(DAY, None, shown.results, "0004"))] == ["89160000004"]


def test_a_days_lines_are_in_the_order_of_the_list_and_not_of_the_runs(journal: Journal) -> None:
    for place, keys in enumerate((["2", "9", "10", "100"], ["9", "3", "11"])):
        rows = [Candidate(Phone(key, f"8916000{int(key):04}"), f"8916000{int(key):04}") for key in keys]
        assert journal.runs.begin(f"run-{place}", DAY, "manual", rows, at=NINE)
        journal.runs.set_state(place + 1, "done", at=NINE)
    results = journal.queries()
    assert [line.row for line in results.page(CallFilter(DAY))] == ["2", "3", "9", "10", "11", "100"]
    assert [line.row for line in results.page(CallFilter(DAY), descending=True)][:2] == ["100", "11"]
    assert [line.row for line in results.page(CallFilter(DAY, 2))] == ["9", "3", "11"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("row", ["3", "1", "2"]),
        ("number", ["1", "2", "3"]),
        ("name", ["2", "1", "3"]),
        ("result", ["2", "1", "3"]),
        ("time", ["1", "2", "3"]),
    ],
)
def test_lines_are_sorted_both_ways_and_empty_ones_stand_last(journal: Journal, sort: str, expected: list[str]) -> None:
    record_run(journal, {"3": "skipped", "1": "busy", "2": "answered"}, names={"1": "Борис", "2": "Анна"})
    results = journal.queries()
    assert [line.number for line in results.page(CallFilter(DAY), sort=sort)] == expected  # type: ignore[arg-type]
    backwards = [line.number for line in results.page(CallFilter(DAY), sort=sort, descending=True)]  # type: ignore[arg-type]
    last = {"name": "3", "time": "3"}.get(sort)
    assert backwards == (expected[::-1] if last is None else [*expected[-2::-1], last])
    assert sort in SORTS


def test_a_download_goes_through_everything_once(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obzvon.journal.queries._CHUNK", 3)
    numbers = [f"8916000000{n}" for n in range(8)]
    record_run(journal, dict.fromkeys(numbers, "busy"))
    record_run(journal, {numbers[2]: "answered", "89170000000": "busy"}, at=NINE + timedelta(hours=1))
    lines = list(journal.queries().iterate(CallFilter(DAY)))
    assert sorted(results_of(lines)) == sorted([*numbers, "89170000000"])
    assert results_of(lines)[numbers[2]] == "answered"


# -- tallies


def test_a_tally_is_kept_when_a_run_is_settled_and_says_the_same_as_before(journal: Journal) -> None:
    run = record_run(journal, {"1": "busy", "2": "answered", "3": "skipped", "4": None, "5": "withdrawn"}, done=False)
    results = journal.queries()
    before = results.tallies([run])
    assert before == {
        run.id: {
            ("2026-11-23 06:00", "busy"): 1,
            ("2026-11-23 06:00", "answered"): 1,
            ("", "skipped"): 1,
            ("", "rung"): 1,
            ("", "withdrawn"): 1,
        }
    }
    journal.runs.set_state(run.id, "done", at=NINE)
    journal.runs.settle()
    journal.runs.settle()
    assert results.tallies([run]) == before


def test_a_tally_of_a_run_in_progress_is_as_it_is_now(journal: Journal) -> None:
    run = record_run(journal, {"1": "handed", "2": "waiting"}, done=False)
    assert journal.queries().tallies([run]) == {run.id: {("2026-11-23 06:00", "handed"): 1, ("", "waiting"): 1}}


def everything(results: CallQueries, journal: Journal) -> tuple[dict[str, int], *tuple[object, ...]]:
    """What the pages ask about a day: counts, lines, a download, how many, and who can be rung again."""
    shown = CallFilter(DAY)
    return (
        counted(results, journal),
        results_of(results.page(shown)),
        results_of(list(results.iterate(shown))),
        results.count(shown),
        {number for number, _ in results.select_for_redial(DAY, {"busy", "failed"}, today=DAY).phones},
    )


def test_settled_runs_say_the_same_before_and_after_and_are_compared_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    fates = ("answered", "busy", "failed", "unknown", "not answered")
    for hours in (0, 2):
        run = record_run(
            journal,
            {f"8916{key:07}": fates[(key + hours) % 5] for key in range(20)},
            at=NINE + timedelta(hours=hours),
            done=False,
        )
        journal.runs.set_state(run.id, "done", at=NINE + timedelta(hours=hours, minutes=1))
    before = everything(journal.queries(), journal)
    assert before[0] == {"answered": 8, "unknown": 4, "not answered": 4, "busy": 4}
    journal.runs.settle()
    assert everything(journal.queries(), journal) == before

    monkeypatch.setattr(SupersededRows, "_query", lambda *_: pytest.fail("the runs are compared again"))
    assert everything(journal.queries(), journal) == before


def test_a_run_that_comes_after_settled_ones_is_taken_into_account(journal: Journal) -> None:
    for hours in (0, 2):
        record_run(journal, {"89160000001": "busy", "89160000002": "busy"}, at=NINE + timedelta(hours=hours))
    assert counted(journal.queries(), journal) == {"busy": 2}
    fates = {"89160000001": "answered", "89160000002": "waiting"}
    going = record_run(journal, fates, at=NINE + timedelta(hours=4), done=False)
    assert counted(journal.queries(), journal) == {"answered": 1, "waiting": 1}
    [waiting] = journal.calls.waiting(going.id)
    journal.transitions.end_calls(
        [CallOutcome(going.id, waiting.position, Disposition.WITHDRAWN, NINE + timedelta(hours=5))]
    )
    journal.runs.set_state(going.id, "stopped", at=NINE + timedelta(hours=5))
    assert counted(journal.queries(), journal) == {"answered": 1, "busy": 1}
    journal.runs.settle()
    assert counted(journal.queries(), journal) == {"answered": 1, "busy": 1}


def test_more_days_than_are_kept_are_right_again_and_again(journal: Journal) -> None:
    days = [DAY + timedelta(days=ahead) for ahead in range(6)]
    for place, day in enumerate(days):
        for hours in (0, 2):
            record_run(
                journal,
                {f"8916000000{key}": "busy" for key in range(place + 1)},
                day=day,
                at=NINE + timedelta(days=place, hours=hours),
            )
    for _ in range(2):
        assert [counted(journal.queries(), journal, day)["busy"] for day in days] == [1, 2, 3, 4, 5, 6]


def test_days_and_their_neighbours(journal: Journal) -> None:
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    record_run(journal, {"1": "busy"}, day=friday, at=NINE - timedelta(days=3))
    record_run(journal, {"1": "busy"}, day=monday)
    assert journal.runs.neighbouring_days(date(2026, 11, 22)) == (friday, monday)
    assert journal.runs.neighbouring_days(monday) == (friday, None)
    assert journal.runs.first_day() == friday
    assert [run.day for run in journal.runs.on_days(date(2026, 11, 1), monday)] == [friday, monday]
    assert [run.day for run in journal.runs.on_days(monday, monday)] == [monday]


# -- who stands how


def test_a_redial_goes_by_the_final_result_and_never_by_test_calls(journal: Journal) -> None:
    first = record_run(
        journal, {"1": "busy", "2": "answered", "3": "unknown", "4": "busy", "6": "busy"}, names={"1": "Анна"}
    )
    second = record_run(journal, {"4": "answered", "6": "no answer"}, at=NINE + timedelta(hours=1))
    record_run(journal, {"5": "busy"}, at=NINE + timedelta(hours=2), kind="test")
    results = journal.queries()
    again = results.select_for_redial(DAY, {"busy", "no answer"}, today=DAY)
    assert again.phones == {("1", ""): ("busy", "Анна"), ("6", ""): ("no answer", "")}
    assert set(results.select_for_redial(DAY, {"busy", "no answer"}, today=DAY, run=first.id).phones) == {("1", "")}
    assert set(results.select_for_redial(DAY, {"busy", "no answer"}, today=DAY, run=second.id).phones) == {("6", "")}
    assert set(results.select_for_redial(DAY, {"unknown"}, today=DAY).phones) == {("3", "")}


def test_what_today_says_goes_before_what_another_day_said(journal: Journal) -> None:
    today = DAY + timedelta(days=1)
    record_run(journal, dict.fromkeys("12345678", "busy"))
    record_run(
        journal,
        {"1": "answered", "2": "busy", "3": "unknown", "4": "handed", "5": "withdrawn", "6": "skipped"},
        day=today,
        at=NINE + timedelta(days=1),
        done=False,
    )
    record_run(journal, {"7": "answered"}, day=today, at=NINE + timedelta(days=1, hours=1), kind="test")
    results = journal.queries()
    assert {number for number, _ in results.select_for_redial(DAY, {"busy"}, today=today).phones} == {
        "2",
        "5",
        "6",
        "8",
    }
    assert {number for number, _ in results.select_for_redial(DAY, {"busy", "unknown"}, today=today).phones} == set(
        "23568"
    )


def test_calls_hung_up_early_are_redialled_only_on_request(journal: Journal) -> None:
    record_run(
        journal,
        {**dict.fromkeys("12349", "answered"), "5": "busy"},
        heard={"1": 20, "2": 4, "3": 4, "9": 4},
        keys={"9": "9"},
    )  # of 4 nobody knows, 9 asked not to be called any more
    again = record_run(
        journal, {"3": "answered", "5": "busy"}, at=NINE + timedelta(hours=1), heard={"3": 15}, done=False
    )
    results = journal.queries(10)
    assert set(results.select_for_redial(DAY, {"busy"}, today=DAY).phones) == {("5", "")}
    assert set(results.select_for_redial(DAY, {"busy", "not delivered"}, today=DAY).phones) == {("2", ""), ("5", "")}
    assert set(results.select_for_redial(DAY, {"not delivered"}, today=DAY, run=again.id).phones) == set()
    assert set(journal.queries(30).select_for_redial(DAY, {"not delivered"}, today=DAY).phones) == {
        ("1", ""),
        ("2", ""),
        ("3", ""),
    }
    assert results.select_for_redial(DAY, {"not delivered"}, today=DAY).phones[("2", "")][0] == "answered"


@pytest.mark.parametrize("fate", ["handed", "waiting", "unknown"])
def test_a_call_in_progress_keeps_an_early_hang_up_from_being_redialled(journal: Journal, fate: str) -> None:
    record_run(journal, {"1": "answered", "2": "answered"}, heard={"1": 4, "2": 4})
    record_run(journal, {"1": fate}, at=NINE + timedelta(hours=1), done=False)
    assert set(journal.queries(10).select_for_redial(DAY, {"not delivered"}, today=DAY).phones) == {("2", "")}


def test_an_early_end_of_another_day_is_no_reason_to_ring_who_has_answered_today(journal: Journal) -> None:
    today = DAY + timedelta(days=1)
    record_run(journal, {"1": "answered", "2": "answered"}, heard={"1": 4, "2": 4})
    record_run(journal, {"1": "answered"}, day=today, at=NINE + timedelta(days=1), heard={"1": 4})
    assert set(journal.queries(10).select_for_redial(DAY, {"not delivered"}, today=today).phones) == {("2", "")}


def test_answered_lines_are_found_and_counted_by_how_long_the_message_was_heard(journal: Journal) -> None:
    first = record_run(
        journal, {"1": "answered", "2": "answered", "3": "answered", "4": "busy"}, heard={"1": 10, "2": 9.9}
    )
    record_run(journal, {"2": "answered", "1": "answered"}, at=NINE + timedelta(hours=1), heard={"2": 30, "1": 1})
    results = journal.queries(10)
    assert results.count_deliveries(CallFilter(DAY)) == DeliveryCounts(10, delivered=2, unknown=1)
    assert (
        results.count_deliveries(CallFilter(DAY, first.id))
        == journal.calls.count_deliveries(first.id, 10)
        == DeliveryCounts(10, 1, 1, 1)
    )
    assert journal.calls.count_deliveries(first.id, 0) == DeliveryCounts(0, 2, 0, 1)

    def found(*kinds: str, run: int | None = None) -> set[str]:
        shown = CallFilter(DAY, run, frozenset(kinds))
        lines = results.page(shown)
        assert sorted(lines, key=lambda line: (line.run_id, line.position)) == list(results.iterate(shown))
        assert len(lines) == results.count(shown)
        return {line.number for line in lines}

    assert found("delivered") == {"1", "2"}
    assert found("not delivered") == set()
    assert found("not delivered", "busy", run=first.id) == {"2", "4"}
    assert found("answered", "delivered") == {"1", "2", "3"}
    assert {line.number: line.listened for line in results.page(CallFilter(DAY))} == {
        "1": 10,
        "2": 30,
        "3": None,
        "4": None,
    }


def test_of_several_answered_lines_both_ways_of_judging_choose_the_same(journal: Journal) -> None:
    record_run(journal, {"1": "answered"}, heard={"1": 5})
    record_run(journal, {"1": "answered"}, at=NINE + timedelta(hours=1), heard={"1": 3})
    record_run(journal, {"1": "no answer"}, at=NINE + timedelta(hours=2))
    lines = journal.queries().records_of_phone("1", "", [run.id for run in journal.runs.on_days(DAY)])
    [best] = journal.queries().page(CallFilter(DAY))
    assert max(lines, key=lambda line: (rank(line), line.run_id)) == best
    assert best.listened == 5


def test_a_test_call_that_went_counts_whatever_came_of_later_ones(journal: Journal) -> None:
    results = journal.queries()
    one = Candidate(Phone("", "89161111111"), "89161111111")

    def call(token: str, kind: str, how: Disposition | None) -> None:
        run = journal.runs.begin(token, DAY, kind, [one], at=NINE, state="done")
        assert run
        if how:
            journal.transitions.end_calls([CallOutcome(run.id, 1, how, NINE)])

    call("a", "manual", Disposition.ANSWERED)
    assert results.last_test_call() is None
    call("b", "test", None)
    call("c", "test", Disposition.NOT_ANSWERED)
    found = results.last_test_call()
    assert found
    assert found.result == "not answered"
    call("d", "test", Disposition.HANDED)
    call("e", "test", Disposition.FAILED)
    found = results.last_test_call()
    assert found
    assert found.result == "handed"


@pytest.mark.parametrize("reason", ["already called today", "already rung today"])
def test_a_row_that_was_skipped_for_an_earlier_call_is_found_by_its_reason_in_journals_of_any_age(
    journal: Journal, reason: str
) -> None:
    first = record_run(journal, {"1": "busy", "2": "answered"})
    rows = [candidate(number, skipped=say(reason)) for number in ("1", "2")]
    second = journal.runs.begin("second", DAY, "manual", rows, at=NINE + timedelta(hours=1), by="anna")
    assert second
    journal.runs.set_state(second.id, "done", at=NINE + timedelta(hours=1))
    queries = journal.queries()
    assert [(row.run_id, row.number) for row in queries.page(CallFilter(DAY))] == [(first.id, "1"), (first.id, "2")]
    assert queries.count_results(DAY, queries.tallies(journal.runs.on_days(DAY)))["skipped"] == 0
