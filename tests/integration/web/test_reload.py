"""settings.ini changed while the editor runs: each place that shows the pace shows the one that the service goes by."""

from collections.abc import Callable

import pytest

from obzvon.domain.phones import Phone, list_candidates
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import SUNDAY, Browser, write
from tests.support.workshop import numbers

PEOPLE = 10
#: When the last of ten bundles an hour apart goes: of the run begun now, and of the one on Monday at 9:00.
LAST_BUNDLE = {"/run": "18:00", "/run/start": "21:00", "/week": "18:00"}


@pytest.fixture
def change_pace(settings: Settings, operator: Browser) -> Callable[..., None]:
    """Return a function that writes keys of the pace, once the editor has shown the old ones."""
    write(settings, {str(row): {"0": number, "1": ""} for row, number in enumerate(numbers(PEOPLE))})
    before = settings.file.read_text()

    def change(bundle: int, timeout: int, pace: str = "", **others: str) -> None:
        more = "".join(f"{key} = {value}\n" for key, value in others.items())
        settings.file.write_text(
            before.replace("[Day]\n", f"[Day]\n{more}")
            + f"[CreateCallFiles]\nbundle = {bundle}\ntimeout = {timeout}\n{pace}"
        )

    return change


def test_the_forecast_follows_the_pace(operator: Browser, change_pace: Callable[..., None]) -> None:
    for bundle, timeout in ((2, 10), (5, 600), (1, 7)):
        change_pace(bundle, timeout)
        plan = operator.send("GET", "/api/v1/plan").get_json()
        assert (plan["bundle"], plan["delay"], plan["bundles"]) == (bundle, timeout, PEOPLE // bundle)
    change_pace(1, 1, "[Pace]\npacing = throttled\nlines = 8\nreserve = 2\n")
    plan = operator.send("GET", "/api/v1/plan").get_json()
    assert (plan["pacing"], plan["ceiling"]) == ("throttled", 6)


@pytest.mark.parametrize("page", ["/run", "/run/start", "/week"])
def test_the_pages_of_the_next_run_follow_the_pace(
    operator: Browser, journal: Journal, change_pace: Callable[..., None], page: str
) -> None:
    journal.heartbeats.begin(at=SUNDAY)
    change_pace(PEOPLE, 1)
    before = operator.get(page).text
    change_pace(1, 3600)
    after = operator.get(page).text
    assert LAST_BUNDLE[page] not in before
    assert LAST_BUNDLE[page] in after


def test_a_run_in_progress_follows_the_pace(
    operator: Browser, settings: Settings, journal: Journal, change_pace: Callable[..., None]
) -> None:
    rows = [Phone(str(row), number) for row, number in enumerate(numbers(PEOPLE))]
    journal.heartbeats.begin(at=SUNDAY)
    journal.runs.begin(
        "t", SUNDAY.date(), "week", list_candidates(rows, settings.numbering_plan(), SUNDAY.date()), at=SUNDAY
    )
    for bundle, hours in ((PEOPLE, 0), (1, 9)):
        change_pace(bundle, 3600)
        status = operator.send("GET", "/api/v1/status").get_json()["run"]
        assert (status["bundles"], status["ends_at"]) == (PEOPLE // bundle, f"2026-11-22T{12 + hours}:00:00+03:00")
        assert f"{12 + hours}:00" in operator.get("/run").text


def test_the_settings_page_shows_what_is_in_force(administrator: Browser, change_pace: Callable[..., None]) -> None:
    change_pace(77, 66, latest="20:17")
    text = administrator.get("/management/settings").text
    assert "<strong>77</strong>" in text
    assert "<strong>66</strong>" in text
    assert "20:17" not in text  # it waits for the editor's next start
