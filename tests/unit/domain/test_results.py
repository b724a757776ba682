"""Results have one home: whatever the rest of the program asks about them is derived from it."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, date
from pathlib import Path

import pytest

from obzvon.domain import redial, results
from obzvon.domain.calls import CallState
from obzvon.domain.labels import format_result_counts, result_label
from obzvon.domain.results import CHART_GROUPS, RESULTS, TRAITS, Disposition, ResultGroup, ResultTone, result_tone
from web.charts import chart_days, chart_hours, result_class

ROOT = Path(results.__file__).parents[2]
DAY = date(2026, 11, 23)
STYLES = (ROOT / "web/static/obzvon.css").read_text()
CHARTS = (ROOT / "web/templates/charts.html").read_text()

CALLED = [one for one in Disposition if one not in (Disposition.SKIPPED, Disposition.WITHDRAWN)]


def test_results_are_the_dispositions_and_the_states_of_calls_without_one() -> None:
    assert set(RESULTS) == {*Disposition, CallState.WAITING, CallState.HANDING}
    assert CallState.HANDED.value == Disposition.HANDED.value
    assert len(RESULTS) == len(set(RESULTS))


def test_a_member_is_found_by_its_stored_text() -> None:
    assert [Disposition(one.value) for one in Disposition] == list(Disposition)
    assert Disposition("no such number") is Disposition.NO_SUCH_NUMBER


@pytest.mark.parametrize("disposition", CALLED)
def test_a_chart_shows_every_call_that_was_made(disposition: Disposition) -> None:
    tally = Counter({("2026-11-23 06:00", disposition.value): 21})
    hours, days = chart_hours({1: tally}, UTC), chart_days({DAY: [tally]}, DAY, 30)
    assert hours is not None
    assert days is not None
    assert (hours.total, days.total) == (21, 21)


@pytest.mark.parametrize("disposition", [Disposition.SKIPPED, Disposition.WITHDRAWN])
def test_a_chart_shows_no_call_that_was_not_made(disposition: Disposition) -> None:
    assert chart_hours({1: Counter({("2026-11-23 06:00", disposition.value): 21})}, UTC) is None


def test_the_sum_of_a_chart_is_the_number_of_calls() -> None:
    tally = Counter({("2026-11-23 06:00", one.value): number for number, one in enumerate(Disposition, 1)})
    chart = chart_hours({1: tally}, UTC)
    assert chart is not None
    assert chart.total == sum(tally["2026-11-23 06:00", one.value] for one in CALLED)
    assert chart.kinds == CHART_GROUPS


def test_retries_and_redials_never_take_whoever_has_answered() -> None:
    for one in Disposition:
        if one.traits.group is ResultGroup.ANSWERED:
            assert not one.traits.retryable
            assert one not in redial.REDIAL_RESULTS
            assert one in redial.RESULTS_BARRING_REDIAL
    assert not any(one.traits.retryable for one in (Disposition.UNKNOWN, Disposition.HANDED))


def test_what_can_be_redialled_has_not_been_changed() -> None:
    assert set(redial.MISSED_RESULTS) == {
        "not answered",
        "busy",
        "no answer",
        "congestion",
        "no such number",
        "refused",
        "moved",
        "unreachable trunk",
        "not played",
        "wrong dialplan",
        "failed",
    }
    assert redial.NOT_CALLED_RESULTS == ("withdrawn",)
    assert set(redial.REDIAL_RESULTS) == {
        *redial.MISSED_RESULTS,
        *redial.NOT_CALLED_RESULTS,
        "unknown",
        "not delivered",
    }
    assert set(redial.RESULTS_BARRING_REDIAL) == {"answered", "handed", "handing", "waiting"}


def test_the_page_has_a_colour_for_every_result() -> None:
    for result in (*RESULTS, *results.DELIVERY_RESULTS):
        group = result_class(result)
        assert group in {"r-handed", "r-delivered"} or f".{group}::before" in STYLES, result
    for tone in set(ResultTone) - {ResultTone.MISSED, ResultTone.PLAIN, ResultTone.QUIET}:  # these have the text's
        assert f".is-{tone}.c-result" in STYLES
        assert f".run-counts .is-{tone}:not(.is-none) dd" in STYLES


@pytest.mark.parametrize("group", CHART_GROUPS)
def test_the_charts_have_a_colour_a_pattern_and_a_legend_for_every_group(group: ResultGroup) -> None:
    if group is ResultGroup.ANSWERED:
        assert ".k-answered {" in STYLES
        return
    assert f".g-{group} {{" in STYLES
    assert f".l-{group} {{" in STYLES
    assert STYLES.count(f"--k-{group}: ") == 2, "one for each theme"
    assert f'id="{{{{ id }}}}-{group}"' in CHARTS
    assert f'kind == "{group}"' in CHARTS


ADDED = """
    ECHO = "echo heard", _missed(say("echo heard"), retryable=True)
"""

ASKED = """
import sys, types
from collections import Counter
from datetime import UTC
import obzvon.domain
source, added = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
before = "\\n\\n#: States of calls without a disposition yet"
assert source.count(before) == 1
module = types.ModuleType("obzvon.domain.results")
module.__file__ = sys.argv[1]
sys.modules[module.__name__] = obzvon.domain.results = module
exec(compile(source.replace(before, added + before), sys.argv[1], "exec"), module.__dict__)

from obzvon.domain import redial
from obzvon.domain.labels import format_result_counts, result_label
from obzvon.domain.results import FILTERS, RESULTS, RETRYABLE, result_tone
from obzvon.settings.keys import KEYS
from web.charts import chart_hours, result_class

echo = "echo heard"
assert str(result_label(echo)) == echo
assert echo in RESULTS and echo in FILTERS and echo in redial.MISSED_RESULTS and echo in redial.REDIAL_RESULTS
assert redial.parse_results("echo-heard") == {echo}
assert any(key.field == echo for key in KEYS), "it can be retried"
assert echo in format_result_counts({echo: 3})
assert chart_hours({1: Counter({("2026-11-23 06:00", echo): 21})}, UTC).total == 21
assert result_class(echo) == "r-missed"
assert result_tone(echo) == "missed"
"""


def test_a_result_that_is_added_in_its_home_is_known_everywhere() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASKED, results.__file__, ADDED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr


def test_every_result_has_a_label_of_its_own() -> None:
    labels = [str(result_label(one)) for one in RESULTS]
    assert len(set(labels)) == len(labels)
    assert all(TRAITS[one].tone is result_tone(one) for one in RESULTS)
    assert format_result_counts(dict.fromkeys(RESULTS, 1)).count(",") == len(RESULTS) - 1
