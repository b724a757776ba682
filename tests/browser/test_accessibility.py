"""Every page by the rules of axe-core (WCAG 2.2 AA and its own good practice), in both colours and both widths."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from obzvon import settings, wiring
from obzvon.campaign import Candidate, Disposition, Phone
from obzvon.journal import Ending, Journal, State
from obzvon.language import say
from obzvon.presence import Presence
from tests.browser.conftest import cannot, serving

pytestmark = pytest.mark.browser

PAGES = ("/phones", "/phones?edit=1", "/phones?add=1", "/phones?q=nobody", "/phones?only=trouble", "/phones/import",
         "/week", "/run", "/run/start", "/results", "/results?q=8916", "/results/phone?number=89160000001",
         "/results/again?result=unknown", "/check", "/first-steps", "/changes", "/management", "/management/settings",
         "/password", "/nowhere")
FATES = (*Disposition.__members__.values(),)


def begun(journal: Journal, now: datetime) -> None:
    """A day's run whose calls have ended in every way, and a service that lives and has something to complain of."""
    rows = [Candidate(Phone(str(n), f"8916{n:07}", "", f"Абонент {n}"), f"8916{n:07}") for n in range(40)]
    rows.append(Candidate(Phone("40", "777", "", "старая"), skipped=say("paused")))
    run = journal.claim(f"{now:%Y%m%d}-abcdef", now.date(), "manual", rows, at=now - timedelta(minutes=5), by="анна")
    assert run
    calls = journal.waiting(run.id, limit=30)
    journal.begin_handing(calls, 1)
    journal.end_handing(journal.on_the_way(State.HANDING), at=now - timedelta(minutes=4))
    journal.end_calls([Ending(run.id, call.position, FATES[place % len(FATES)], now - timedelta(minutes=3))
                       for place, call in enumerate(calls[:-3])])
    presence = Presence(journal)
    presence.begin(at=now)
    presence.beat(at=now, trouble=msgspec.json.encode([say("Asterisk is not running")]).decode())


@pytest.fixture(scope="module")
def office(folder: Path) -> Iterator[str]:
    """The editor on a folder where a run is in progress."""
    rows: dict[str, dict[str, object]] = {
        str(n): {"0": f"8916{n:07}", "1": "", "name": f"Абонент {n}"} for n in range(40)}
    rows |= {"40": {"0": "777", "1": "context 22"}, "41": {"0": "89160000001", "1": ""},
             "42": {"0": "89170000042", "1": "1", "paused": True}}
    (folder / "todo.json").write_text(json.dumps(rows))
    (folder / "schedule.json").write_text(json.dumps({"1": "09:00", "7": "00:00", "dates": {"2099-12-31": "00:00"}}))
    known = settings.load(folder / "settings.ini")
    journal = wiring.open_journal(known)
    begun(journal, datetime.now(UTC))
    journal.close()
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def axe() -> str:
    """The text of axe-core."""
    try:
        import axe_playwright_python
    except ImportError:
        cannot("axe-playwright-python is not installed")
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "colours", "language"), [
    (1280, "light", "ru"), (1280, "dark", "en"), (390, "light", "en"), (390, "dark", "ru")])
def test_no_page_has_a_violation(office: str, browser, axe: str, *, width: int, colours: str,
                                 language: str) -> None:
    context = browser(user="борис", width=width, color_scheme=colours)
    context.add_cookies([{"name": "language", "value": language, "url": office}])
    page = context.pages[0]
    found: dict[str, list[str]] = {}
    for path in PAGES:
        page.goto(office + path)
        assert page.evaluate("document.documentElement.lang") == language
        page.evaluate(axe)
        violations = page.evaluate("async () => (await axe.run(document)).violations")
        if violations:
            found[path] = [f"{one['id']}: {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
                           for one in violations for node in one["nodes"]]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if shots := os.environ.get("OBZVON_SHOTS"):
            name = path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-") or "home"
            page.screenshot(path=f"{shots}/{name}-{language}-{colours}-{width}.png", full_page=True)
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)
