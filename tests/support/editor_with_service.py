"""An editor and a service on one folder: the service executes the editor's commands while the editor waits."""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.test import TestResponse

from obzvon.service.command_handlers import execute
from tests.support.editor import Browser, recycled_app, value
from tests.support.workshop import Shift, Workshop, at, numbers
from web.run.state import RunStateCache

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = numbers(5)


NOON = at("12:00:00")


class Office:
    """A working folder with an editor; `opens` starts a service, which executes commands while the editor waits."""

    def __init__(self, folder: Path, users: str, **keys: Any) -> None:
        self.workshop = Workshop(
            folder,
            phones={**dict(zip("01234", PEOPLE, strict=True)), "7": "777"},
            **{"start": "09:00", "bundle": 2, "timeout": 10, "archive": "yes", **keys},
        )
        (folder / "users.json").write_text(users)
        self.now = NOON
        self.app = recycled_app(self.workshop.settings, clock=lambda: self.now)
        self.context = self.app.extensions["obzvon"]
        self.app.extensions["obzvon.run"] = RunStateCache(self.context, clock=lambda: 0.0)
        self.context.sleep = self._sleep
        self.shift: Shift | None = None
        self.slept = 0.0
        self.meanwhile: Callable[[], object] = lambda: None
        self.operator = Browser(self.app, "operator")

    def opens(self) -> Shift:
        self.shift = Shift(self.workshop)
        self.shift.dialer.prepare(self.now)
        self.shift.dialer.days_done.add(self.now.date())  # these tests are not about the day's scheduled run
        self.shift.heartbeats.begin(at=self.now)
        return self.shift

    def works(self, seconds: float) -> None:
        """Let the service run for some seconds."""
        assert self.shift
        until = self.now + timedelta(seconds=seconds)
        self.shift.work(self.now, until)
        self.now = until
        self.shift.heartbeats.beat(at=self.now)

    def page(self, path: str = "/run", browser: Browser | None = None) -> str:
        """Return the text of a page in one line, without its markup."""
        answer = (browser or self.operator).get(path)
        assert answer.status_code == 200, answer.text
        return plain(answer.text)

    def post(self, path: str, page: str = "/run", *, follow: bool = True, **fields: object) -> TestResponse:
        """Send the form of `page`, with its hidden fields unless the fields have others."""
        text = self.operator.get(page).text
        hidden = {name: value(text, name) for name in ("once", "after", "run") if value(text, name)}
        return self.operator.post(path, {**hidden, **fields}, page=page, page_text=text, follow=follow)

    def start(self, whom: str = "rest", **fields: Any) -> str:
        answer = self.post("/run/start", "/run/start", whom=whom, **fields)
        assert answer.status_code == 200, answer.text
        return plain(answer.text)

    def changes(self) -> list[str]:
        journal = self.context.journal()
        return [f"{change.who}: {change.what}" for change in journal.audit.latest(20)] if journal else []

    def ends(self) -> None:
        if self.shift:
            self.shift.end()
        if journal := self.context.journal():
            journal.close()

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        if self.shift is None:
            return
        while command := self.shift.commands.take_next(at=self.now):
            self.meanwhile()
            self.shift.commands.complete(command.id, execute(self.shift.dialer, command, self.now))


def plain(text: str) -> str:
    main = text[text.index('<div id="told"') :] if '<div id="told"' in text else text
    text = re.sub(r"<[^>]+>", " ", main).replace("\u00a0", " ").replace("\u2011", "-")
    return re.sub(r"\s+([,:.;]|$)", r"\1", re.sub(r"\s+", " ", text))
