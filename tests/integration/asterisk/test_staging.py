"""Call files written into the store, here or one handful ahead by a second process."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from obzvon.asterisk import callfile, staging
from obzvon.asterisk.staging import FileMode, Prefetcher, stage_files, staging_path
from tests.support.mounts import tmpfs
from tests.support.paths import ROOT
from tests.support.waiting import until

DATA = b"Channel: local/89161111111@avtoobzvon\n" * 5


def name(position: int) -> str:
    return callfile.call_file_name("20260105-abcdef", position, 1)


def files(first: int, last: int) -> list[tuple[str, bytes]]:
    return [(staging_path(name(position)), DATA) for position in range(first, last + 1)]


def names(first: int, last: int) -> list[str]:
    return [path for path, _ in files(first, last)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path / "store")


def make_store(folder: Path) -> Path:
    for half in staging.STORE_FOLDERS:
        (folder / half).mkdir(parents=True)
    return folder


def manner(store: Path, mode: int = 0o640) -> FileMode:
    return FileMode(str(store), (-1, -1), mode)


def lying(store: Path) -> list[str]:
    """Return the files in the store, in the order of the list."""
    return sorted((str(path.relative_to(store)) for path in store.rglob("*.call")), key=lambda path: path[2:])


@pytest.fixture
def ahead(store: Path) -> Iterator[Prefetcher]:
    ahead = Prefetcher(manner(store))
    yield ahead
    ahead.close()


# -- here


def test_each_name_has_one_place_and_neighbouring_handfuls_do_not_share_a_folder() -> None:
    assert staging_path(name(1)) == f"0/{name(1)}"
    assert staging_path(name(999)) == f"0/{name(999)}"
    assert staging_path(name(1000)) == f"1/{name(1000)}"
    assert staging_path(name(2000)) == f"0/{name(2000)}"
    assert staging_path(name(12_345_678)) == f"1/{name(12_345_678)}"
    assert len({staging_path(name(position))[0] for position in range(1001, 2000)}) == 1


def test_files_are_whole_and_have_their_mode(store: Path) -> None:
    stage_files(manner(store, 0o660), files(998, 1002))
    assert lying(store) == names(998, 1002)
    for path in names(998, 1002):
        assert (store / path).read_bytes() == DATA
        assert stat.S_IMODE((store / path).stat().st_mode) == 0o660


def test_a_file_that_was_staged_before_is_replaced_and_not_written_into(store: Path) -> None:
    old = store / staging_path(name(1))
    old.write_bytes(b"longer than what comes" * 100)
    old.chmod(0o400)
    inode = old.stat().st_ino
    with old.open("rb"):  # so that the number cannot be given away again
        stage_files(manner(store), files(1, 1))
        assert old.stat().st_ino != inode
    assert old.read_bytes() == DATA
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_files_are_on_the_disk_before_it_returns(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[list[str]] = []
    monkeypatch.setattr("obzvon.asterisk.staging.disk.sync_filesystem", lambda path: synced.append(lying(path)))
    stage_files(manner(store), files(1, 3))
    assert synced == [names(1, 3)]


@pytest.mark.parametrize("options", ["size=64k,mode=755", "size=1m,nr_inodes=12,mode=755"])
def test_a_full_disk_leaves_nothing_and_names_the_store(tmp_path: Path, options: str) -> None:
    with tmpfs(tmp_path / "disk", options) as disk:
        store = make_store(disk / "store")
        with pytest.raises(OSError, match="No space left") as caught:
            stage_files(manner(store), files(1, 50))
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(store)
        assert lying(store) == []
        stage_files(manner(store), files(1, 3))
        assert lying(store) == names(1, 3)


def test_a_disk_that_takes_only_a_part_of_a_file_gets_the_rest_or_is_full(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    stage_files(manner(store), files(1, 1))
    assert (store / staging_path(name(1))).read_bytes() == DATA

    def part(file: int, data: bytes) -> int:
        if len(data) < len(DATA):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[:7])

    monkeypatch.setattr(os, "write", part)
    with pytest.raises(OSError, match="No space left"):
        stage_files(manner(store), files(1, 2))
    assert lying(store) == []


@pytest.mark.parametrize("step", ["open", "write", "fchmod", "utime"])
def test_whatever_step_fails_nothing_is_left(store: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    done: Callable[..., object] = getattr(os, step)
    count = 0

    def failing(*args: object, **named: object) -> object:
        nonlocal count
        count += 1
        if count == 3:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return done(*args, **named)

    before = os.umask(0o077)  # so that the mode has to be set
    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, step, failing)
            with pytest.raises(OSError, match="Input/output error") as caught:
                stage_files(manner(store), files(1, 5))
    finally:
        os.umask(before)
    assert caught.value.filename == str(store)
    assert lying(store) == []


def test_the_error_about_a_missing_store_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        stage_files(manner(tmp_path / "nowhere"), files(1, 1))
    assert caught.value.filename == str(tmp_path / "nowhere")


# -- by the second process


def test_what_was_begun_ahead_is_there_when_just_that_is_asked_for(store: Path, ahead: Prefetcher) -> None:
    ahead.begin(files(1, 300))
    assert ahead.finish(names(1, 300))
    assert lying(store) == names(1, 300)
    assert (store / staging_path(name(1))).read_bytes() == DATA
    ahead.begin(files(301, 600))
    assert ahead.finish(names(301, 600))
    assert lying(store) == names(1, 600)


@pytest.mark.parametrize("asked", [(1, 4), (1, 6), (2, 6), (6, 9)])
def test_other_files_than_those_asked_for_are_deleted_again(
    store: Path, ahead: Prefetcher, asked: tuple[int, int]
) -> None:
    ahead.begin(files(1, 5))
    assert not ahead.finish(names(*asked))
    assert lying(store) == []
    assert not ahead.finish(names(1, 5))


def test_the_order_is_a_part_of_what_is_asked_for(store: Path, ahead: Prefetcher) -> None:
    ahead.begin(files(1, 2))
    assert not ahead.finish(names(1, 2)[::-1])
    assert lying(store) == []


def test_nothing_was_begun_so_nothing_is_there(ahead: Prefetcher) -> None:
    assert not ahead.finish(names(1, 2))
    assert not ahead.finish([])


def test_the_end_deletes_what_was_staged_for_calls_that_wait(store: Path, ahead: Prefetcher) -> None:
    ahead.begin(files(1, 5))
    ahead.close()
    assert lying(store) == []
    ahead.close()
    ahead.begin(files(1, 5))
    assert ahead.finish(names(1, 5))


def test_a_full_disk_ahead_is_no_harm_yet(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk") as disk:
        ahead = Prefetcher(manner(make_store(disk / "store")))
        ahead.begin(files(1, 50))
        assert not ahead.finish(names(1, 50))
        assert lying(disk / "store") == []
        ahead.begin(files(1, 2))
        assert ahead.finish(names(1, 2))
        ahead.close()


def kill_second(ahead: Prefetcher) -> None:
    process = ahead.process
    assert process is not None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


@pytest.mark.slow
def test_a_second_process_that_was_killed_at_work_leaves_nothing_and_the_next_takes_over(
    store: Path, ahead: Prefetcher
) -> None:
    ahead.begin(files(1, 20_000))
    until(lambda: lying(store), "the first files ahead", every=0.001, seldom=0.001)
    kill_second(ahead)
    assert not ahead.finish(names(1, 20_000))
    assert lying(store) == []
    ahead.begin(files(1, 5))
    assert ahead.finish(names(1, 5))


def test_a_second_process_that_was_killed_while_idle_is_no_trouble(store: Path, ahead: Prefetcher) -> None:
    ahead.begin(files(1, 5))
    assert ahead.finish(names(1, 5))
    for count in (6, 5000):  # what a pipe holds, and more than that
        kill_second(ahead)
        ahead.begin(files(6, count))
        assert not ahead.finish(names(6, count))
        assert lying(store) == names(1, 5)
        ahead.begin(files(6, 8))
        assert ahead.finish(names(6, 8))
        for path in names(6, 8):
            (store / path).unlink()


def test_where_no_process_can_be_had_all_is_staged_here(
    store: Path, ahead: Prefetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def popen(*args: object, **named: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", popen)
    ahead.begin(files(1, 5))
    assert not ahead.finish(names(1, 5))
    assert lying(store) == []


PARENT = textwrap.dedent("""
    import os, signal, sys, time
    from obzvon.asterisk.staging import FileMode, Prefetcher
    from tests.integration.asterisk.test_staging import files, lying
    from pathlib import Path
    store, count, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    ahead = Prefetcher(FileMode(store, (-1, -1), 0o640))
    ahead.begin(files(1, count))
    print(ahead.process.pid, flush=True)
    while len(lying(Path(store))) < wanted:
        pass
    os.kill(os.getpid(), signal.SIGKILL)
""")


def killed_parent(store: Path, count: int, wanted: int) -> int:
    """Kill a service when that number of files are staged ahead; return its second process, alive or not."""
    run = subprocess.run(
        [sys.executable, "-c", PARENT, str(store), str(count), str(wanted)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert run.returncode == -signal.SIGKILL
    return int(run.stdout)


@pytest.mark.slow
def test_the_second_process_ends_with_a_killed_service_in_the_middle_of_its_work(store: Path) -> None:
    second = killed_parent(store, 50_000, 100)
    until(lambda: is_gone(second), "the end of the second process")
    left = lying(store)
    assert 100 <= len(left) < 50_000
    time.sleep(0.1)
    assert lying(store) == left


@pytest.mark.slow
def test_a_service_killed_before_its_second_process_is_ready_leaves_nothing_that_it_would_do_later(store: Path) -> None:
    second = killed_parent(store, 100, 0)
    until(lambda: is_gone(second), "the end of the second process")
    assert lying(store) == []


def is_gone(pid: int) -> bool:
    """Ended, whether or not somebody has taken note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_the_second_process_imports_nothing_from_the_working_folder(
    ahead: Prefetcher, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor's user may write there, and must not run programs as Asterisk's."""
    (tmp_path / "ctypes.py").write_text("open('planted', 'w').close()\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    ahead.begin(files(1, 3))
    assert ahead.finish(names(1, 3))
    assert lying(store) == names(1, 3)
    assert not (tmp_path / "planted").exists()
