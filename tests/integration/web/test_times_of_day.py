"""Every page and every JSON answer at the awkward times of day, in the night, and on the days of a clock change."""

import io
import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from obzvon.documents.history import History
from obzvon.domain.calls import Run
from obzvon.settings.model import Settings, load_settings
from tests.support.addresses import PLACES
from tests.support.editor import ROWS, Browser, value, write
from tests.support.journal import record_run
from tests.support.profile import LONG, often, thinned
from web.app import create_app

IVANOV, PETROVA = "89161111111", "89163333333"
TIMES = (time(0, 5), time(9, 0), time(17, 30), time(23, 55))
DAYS = (
    ("Europe/Moscow", date(2026, 11, 22)),
    ("Europe/Berlin", date(2026, 3, 29)),  # there is no 02:30
    ("Europe/Berlin", date(2026, 10, 25)),  # 02:30 comes twice
)
MOMENTS = [(zone, day, at) for zone, day in DAYS for at in TIMES]
MOMENTS += [("Europe/Moscow", date(2027, 1, 1), time(0, 5)), ("America/St_Johns", date(2026, 3, 8), time(9, 0))]


class Office:
    """A folder whose journal has calls at all hours of the last two days, as its editor shows it at `now`."""

    def __init__(self, folder: Path, users_text: str, zone: str, day: date, at: time) -> None:
        self.zone = ZoneInfo(zone)
        self.day, self.before = day, day - timedelta(days=1)
        self.now = self.moment(day, at)
        (folder / "settings.ini").write_text(f"[Day]\ntime_zone = {zone}\n[Dirs]\ndir_target = outgoing\n")
        (folder / "users.json").write_text(users_text)
        (folder / "schedule.json").write_text(
            json.dumps(dict.fromkeys("1234567", "09:00") | {"dates": {(day + timedelta(days=1)).isoformat(): "23:30"}})
        )
        self.settings: Settings = load_settings(folder / "settings.ini")
        write(self.settings, ROWS)
        History(self.settings.phones).record(b"{}", (self.now - timedelta(hours=3)).timestamp())
        self.app = create_app(self.settings, clock=lambda: self.now)
        self.journal = self.app.extensions["obzvon"].journal_to_write()
        self.runs = self.fill()

    def moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def fill(self) -> list[Run]:
        """Yesterday a run in the night, one in the evening and one across midnight; today all that has begun by now."""
        results = {IVANOV: "answered", PETROVA: "busy", "89164444444": "unknown", "777": "skipped"}
        starts = [(self.before, at) for at in (time(2, 30), time(17, 0), time(23, 59, 45))]
        starts += [(self.day, at) for at in (time(0, 1), time(2, 30), time(8, 55), time(17, 5), time(23, 30))]
        self.journal.heartbeats.begin(at=self.moment(self.before, time(2, 0)))
        return [
            record_run(self.journal, results, day=day, at=self.moment(day, at), kind="manual")
            for day, at in starts
            if self.moment(day, at) + timedelta(minutes=2) < self.now
        ]

    def addresses(self, draft: str) -> list[str]:
        """Each address that can be asked with GET, with what stands in its open places, and some with parameters."""
        places = PLACES | {"draft": draft}
        rules = [
            rule.rule
            for rule in self.app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.endpoint != "messages.sound"  # this office has no sound
        ]
        found = [re.sub(r"<[^>]*>", lambda one: places[one[0].strip("<>").split(":")[-1]], rule) for rule in rules]
        days = (self.before, self.day, self.day + timedelta(days=1), self.day - timedelta(days=40))
        for day in days:
            found += [f"{path}?day={day}" for path in ("/results", "/results/day.csv")]
            found += [f"/results/again?day={day}&result=busy", f"/api/v1/report?date={day}&format=csv"]
            found.append(f"/results/phone?number={IVANOV}&until={day}")
        found += [f"/results?day={run.day}&run={run.id}" for run in self.runs]
        found += [f"/results/phone?{query}" for query in ("q=8916", "q=Петрова", "q=444&deep=1", f"number={PETROVA}")]
        return [*found, "/phones?edit=0", "/phones?add=1", "/run/live?have=clock-0", "/management?add=1"]


@pytest.mark.parametrize(("zone", "day", "at"), thinned(MOMENTS, 7), ids=str)
def test_every_page_and_answer_is_made_at_every_time_of_day(
    tmp_path: Path, users_text: str, zone: str, day: date, at: time
) -> None:
    office = Office(tmp_path, users_text, zone, day, at)
    browser = Browser(office.app, "administrator", language="ru")
    token = value(browser.get("/phones/import").text, "token")
    upload = {"token": token, "file": (io.BytesIO("Номер;Имя\n89165555555;Новый\n".encode()), "list.csv")}
    draft = browser.client.post("/phones/import", headers=browser.login, data=upload).headers["Location"]
    addresses = office.addresses(draft.rpartition("/")[2])
    assert len(addresses) > 60
    # On a commit each address is asked for once at each time: half of them before a run is active, the others then.
    before = addresses[:: often(commit=2, long=1)]
    failed = [(path, status) for path in before if (status := browser.get(path).status_code) >= 400]
    run = record_run(office.journal, {IVANOV: "handed", PETROVA: "waiting"}, day=day, at=office.now, done=False)
    assert run.active
    addresses = addresses[1::2] if not LONG else addresses
    again = [path for path in addresses if "csv" not in path and "xlsx" not in path and "static" not in path]
    failed += [(path, status) for path in again if (status := browser.get(path).status_code) >= 400]
    office.journal.close()
    assert failed == []
