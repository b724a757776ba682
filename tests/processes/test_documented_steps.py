"""Steps of the documentation, carried out as they are typed: the tutorial's rehearsal, a backup and its restoration."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import pages
from tests.support.paths import ROOT
from tests.support.waiting import until
from tests.support.workshop import zone_of_noon

LONG = 180.0
"""Seconds after which a step has failed."""


def typed(name: str, word: str) -> list[str]:
    """The lines of a page's `sh` blocks that contain a word."""
    lines = [line for fence in pages.fences(pages.page("en", name)) if fence.language == "sh" for line in [fence.text]]
    return [line for text in lines for line in text.splitlines() if word in line]


class Shell:
    """Runs lines of the documentation in a folder, with the programs of this tree."""

    def __init__(self, folder: Path, **places: str) -> None:
        self.folder = folder
        self._places = {
            ".venv/bin/obzvon": f"{sys.executable} -m obzvon.cli.main",
            ".venv/bin/python": sys.executable,
            **places,
        }
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), "OBZVON_LANGUAGE": "en"}

    def line(self, text: str) -> str:
        longest_first = sorted(self._places, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda found: self._places[found[0]], text)

    def run(self, text: str, *, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-euc", self.line(text)],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=LONG,
        )

    @contextmanager
    def running(self, text: str) -> Iterator[None]:
        """Run the line until the block ends, then interrupt it as Ctrl-C does."""
        output = (self.folder / "output.txt").open("ab")
        with (
            output,
            subprocess.Popen(
                ["bash", "-euc", f"exec {self.line(text)}"],
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(LONG)


def report(shell: Shell) -> "dict[str, object]":
    answer = shell.run(".venv/bin/obzvon --settings rehearsal/settings.ini report --format json")
    found: dict[str, object] = json.loads(answer.stdout)
    return found


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder in which the tutorial's rehearsal has been carried out, with two numbers."""
    folder = tmp_path_factory.mktemp("rehearsed")
    shell = Shell(folder)
    made, stand_in, service, editor = typed("tutorial/first-run", "rehearsal")
    assert editor.endswith(" web")  # it listens on the port that every editor has, so it is not started here
    assert "password" in shell.run(made).stdout
    settings = folder / "rehearsal" / "settings.ini"
    in_daylight = settings.read_text(encoding="utf-8").replace(";time_zone =", f"time_zone = {zone_of_noon()}")
    settings.write_text(in_daylight, encoding="utf-8")
    numbers = {"0": {"0": "89161111111", "1": ""}, "1": {"0": "89161111116", "1": ""}}
    (folder / "rehearsal" / "todo.json").write_text(json.dumps(numbers), encoding="utf-8")
    [start] = typed("how-to/rehearse", "settings.ini start")
    start = start.replace("obzvon ", ".venv/bin/obzvon ", 1).replace("/tmp/rehearsal", "rehearsal")
    with ExitStack() as stack:
        stack.enter_context(shell.running(stand_in))
        stack.enter_context(shell.running(service))
        until(lambda: shell.run(start, check=False).returncode == 0, "the service takes the command", every=0.5)
        until(lambda: not re.search("waiting|hand", str(report(shell)["counts"])), "every call has ended", every=0.5)
    return shell


def test_the_rehearsal_of_the_tutorial_ends_each_call_by_its_last_digit(rehearsed: Shell) -> None:
    assert report(rehearsed)["counts"] == {"answered": 1, "not answered": 1}


def test_a_backup_is_made_and_restored_as_the_guide_says(rehearsed: Shell) -> None:
    folder = rehearsed.folder / "rehearsal"
    before = report(rehearsed)
    shell = Shell(
        rehearsed.folder,
        **{
            "/var/backups/obzvon": str(rehearsed.folder / "backups"),
            " /etc/obzvon /var/lib/obzvon /etc/asterisk/extensions_obzvon.conf /etc/asterisk/manager_obzvon.conf"
            " /var/lib/asterisk/sounds/custom": f" {folder}",
            "/var/lib/obzvon": str(folder),
            " -o asterisk -g asterisk": "",
            "runuser -u asterisk -- obzvon": f"{sys.executable} -m obzvon.cli.main",
        },
    )
    wanted = ("install ", "tar ", "journal backup", "journal restore")
    lines = [line for line in typed("how-to/backup", "/var/") if any(word in line for word in wanted)]
    at = next(number for number, line in enumerate(lines) if line.startswith("tar -xzf"))
    for line in lines[:at]:
        shell.run(line)
    shutil.rmtree(folder)
    for line in lines[at:]:
        shell.run(line)
    assert report(rehearsed) == before
    assert len(json.loads((folder / "todo.json").read_text(encoding="utf-8"))) == 2
