"""The lock that allows one service per journal."""

import contextlib
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalBusyError
from tests.support.journal import TUESDAY, begin, process
from tests.support.waiting import until


def test_a_journal_has_one_service(journal: Journal, journal_url: str) -> None:
    lock = journal.acquire_lock()
    with pytest.raises(JournalBusyError, match="another obzvon service is using this journal"):
        journal.acquire_lock()
    with contextlib.closing(Journal(journal_url)) as other, pytest.raises(JournalBusyError):
        other.acquire_lock()
    lock.release()
    journal.acquire_lock().release()


def test_a_lock_that_is_released_twice_is_released(journal: Journal) -> None:
    first = journal.acquire_lock()
    first.release()
    second = journal.acquire_lock()
    first.release()
    with pytest.raises(JournalBusyError):
        journal.acquire_lock()
    second.release()


def test_a_lock_keeps_nobody_from_reading_and_writing(journal: Journal, journal_url: str) -> None:
    lock = journal.acquire_lock()
    with contextlib.closing(Journal(journal_url)) as other:
        assert begin(other, 2).total == 2
    assert begin(journal, 2, TUESDAY).total == 2
    lock.release()


def test_a_journal_has_one_service_by_whatever_link_it_is_found(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("journal.db")
    with (
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/journal.db")) as journal,
        contextlib.closing(Journal(f"sqlite:///{tmp_path}/link.db")) as linked,
    ):
        lock = journal.acquire_lock()
        with pytest.raises(JournalBusyError):
            linked.acquire_lock()
        lock.release()
        linked.acquire_lock().release()


def test_another_journals_service_is_in_nobodys_way(journal: Journal, tmp_path: Path) -> None:
    lock = journal.acquire_lock()
    with contextlib.closing(Journal(f"sqlite:///{tmp_path}/another.db")) as other:
        other.acquire_lock().release()
    lock.release()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_of_a_service_that_is_gone_is_free(journal_url: str, journal: Journal, how: signal.Signals) -> None:
    program = """
        lock = journal.acquire_lock()
        print("locked", flush=True)
        time.sleep(600)
    """
    with process(journal_url, program) as service:
        assert service.stdout
        assert service.stdout.readline() == "locked\n"
        with pytest.raises(JournalBusyError):
            journal.acquire_lock()
        service.send_signal(how)
        service.wait()

    def is_free() -> bool:
        with contextlib.suppress(JournalBusyError):
            journal.acquire_lock().release()
            return True
        return False

    # PostgreSQL has yet to see that the session is gone.
    until(is_free, "the lock is free", within=0 if journal.is_sqlite else 180)


def test_of_several_services_that_start_at_once_one_does(journal_url: str, journal: Journal) -> None:
    together = threading.Barrier(4)

    def start(_: int) -> bool:
        with contextlib.closing(Journal(journal_url)) as own:
            together.wait()
            try:
                lock = own.acquire_lock()
            except JournalBusyError:
                together.wait()
                return False
            together.wait()
            lock.release()
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(start, range(4))) == [False, False, False, True]
