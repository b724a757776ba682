"""Two services with one store see one another; one alone, and one that has gone, is no neighbour."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from obzvon.asterisk import store_lock
from obzvon.asterisk.store_lock import StoreLock, other_services
from obzvon.journal.findings import Level
from obzvon.journal.journal import Journal
from tests.support.checked_folder import Office, folder_to_check, only
from tests.support.workshop import Shift, Workshop, at, numbers, shift


@pytest.fixture
def office() -> Iterator[Office]:
    with folder_to_check() as made:
        yield made


def test_two_services_of_two_journals_see_one_another_as_long_as_both_live(tmp_path: Path) -> None:
    first = StoreLock(tmp_path, "/etc/obzvon/journal.db")
    assert other_services(tmp_path, "/etc/obzvon/journal.db") == []
    second = StoreLock(tmp_path, "/tmp/rehearsal/journal.db")
    assert other_services(tmp_path, "/etc/obzvon/journal.db")[0].journal.startswith("/tmp/rehearsal/journal.db on ")
    assert other_services(tmp_path, "/tmp/rehearsal/journal.db")[0].journal.startswith("/etc/obzvon/journal.db on ")
    del second
    assert other_services(tmp_path, "/etc/obzvon/journal.db") == []
    del first


def test_the_place_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from obzvon.asterisk.store_lock import StoreLock; "
        f"p = StoreLock(Path({str(tmp_path)!r}), 'one'); "
    )
    with subprocess.Popen(
        [sys.executable, "-c", code + "print(1, flush=True); input()"],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        assert len(other_services(tmp_path, "two")) == 1
        other.kill()
    assert other_services(tmp_path, "two") == []


def test_a_store_that_is_not_there_has_no_neighbours(tmp_path: Path) -> None:
    assert other_services(tmp_path / "store", "one") == []


def test_the_service_says_at_its_start_that_another_one_works_with_its_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    one = Workshop(tmp_path / "one", phones=numbers(1), dir_store=store)
    two = Workshop(tmp_path / "two", phones=numbers(1), dir_store=store)
    with shift(one, at("08:00")), shift(two, at("08:00")):
        warned = [record.getMessage() for record in caplog.records if "another service uses" in record.getMessage()]
    assert len(warned) == 1
    assert f"{tmp_path}/one/journal.db on " in warned[0]


def test_a_copied_folder_calls_nobody_while_the_original_works(tmp_path: Path, logged: Callable[[str], int]) -> None:
    keys: dict[str, Any] = {"dir_store": tmp_path / "store", "dir_target": tmp_path / "outgoing"}
    one = Workshop(tmp_path / "one", phones=numbers(1), **keys)
    with shift(one, at("08:00")):
        pass
    shutil.copytree(one.folder, tmp_path / "two")
    with shift(one, at("08:59:58")) as original:
        two = Workshop(tmp_path / "two", phones=numbers(1), **keys)
        copy = Shift(two)
        assert copy.work(at("08:59:58"), at("09:00:05")) == []
        assert logged("this campaign's journal is a copy of it") == 1
        assert len(original.work(at("08:59:59"), at("09:00:05"))) == 1  # which sees nobody else
        assert original.dialer.problems == ()
        original.dialer.require_recheck()
        assert original.dialer.step(at("09:00:06")) > 0
        assert original.dialer.problems == ()
        copy.end()


def test_the_self_check_calls_a_copied_folder_an_error(office: Office) -> None:
    assert office.settings.journal.path is not None
    journal = Journal(office.settings.journal.reveal())
    other = StoreLock(office.store, "/tmp/copy/journal.db", journal.identity.key)
    journal.close()
    finding = only(office.findings())
    assert finding.level is Level.ERROR
    assert "is a copy of it" in str(finding)
    other.release()


def test_check_reports_another_service_and_not_our_own(office: Office) -> None:
    own = StoreLock(office.store, str(office.settings.journal.path))
    other = StoreLock(office.store, "/tmp/rehearsal/journal.db")
    finding = only(office.findings())
    assert finding.level is Level.WARNING
    assert "with the journal /tmp/rehearsal/journal.db on " in str(finding)
    assert "obzvon init --rehearsal DIR" in str(finding)
    del own, other
    assert store_lock.other_services(office.store, "") == []
