"""Working folders, the editor on them, and browsers.

Without Chromium or Playwright the tests skip and give the reason; with CI=true they fail.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chromium import Chromium, OpenContext, serving, users_text
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a working folder with three users and no service."""
    made = tmp_path_factory.mktemp("work")
    port = free_port()
    (made / "settings.ini").write_text(f"[Day]\ntime_zone = Europe/Moscow\n[Web]\nport = {port}\n")
    (made / "users.json").write_text(users_text())
    return made


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    """Serve the editor on a list of 250 rows and an empty schedule."""
    (folder / "todo.json").write_text(
        json.dumps({str(key): {"0": f"8916{key:07}", "1": "", "name": f"Абонент {key}"} for key in range(250)})
    )
    (folder / "schedule.json").write_text("{}")
    shutil.rmtree(folder / ".history", ignore_errors=True)
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Start a browser for the tests of a file."""
    made = Chromium()
    yield made
    made.close()


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[OpenContext]:
    """Return a function that opens contexts as Chromium.context does; they are closed after the test."""
    with contextlib.ExitStack() as opened:
        yield lambda **options: opened.enter_context(chromium.context(**options))
