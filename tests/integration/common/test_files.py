"""Durable writes: whole or not at all, with nothing left behind."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from obzvon.common import files

ROOT = os.geteuid() == 0


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        yield


def test_a_new_file_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        files.write_durably(tmp_path / "a", b"one", 0o664)
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o664


def test_a_replaced_file_passes_on_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "a").chmod(0o604)
    files.write_durably(tmp_path / "a", b"two", 0o664)
    assert (tmp_path / "a").read_bytes() == b"two"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o604
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_a_replaced_file_passes_on_its_owner_and_a_new_one_of_roots_is_the_folders(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 2345)
    (tmp_path / "a").write_bytes(b"one")
    os.chown(tmp_path / "a", 3456, 4567)
    files.write_durably(tmp_path / "a", b"two")
    files.write_durably(tmp_path / "b", b"two")
    files.make_file(tmp_path / "c", 0o660)
    files.make_folder(tmp_path / "d")
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in tmp_path.iterdir()}
    assert owners == {"a": (3456, 4567), "b": (1234, 2345), "c": (1234, 2345), "d": (1234, 2345)}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    files.write_durably(tmp_path / "link", b"one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "file").read_bytes() == b"one"


def test_an_empty_file_is_written_too(tmp_path: Path) -> None:
    files.write_durably(tmp_path / "a", b"")
    assert (tmp_path / "a").read_bytes() == b""


def test_the_steps_are_in_the_order_that_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    for name in ("write", "fsync", "replace"):

        def step(*args: object, name: str = name, real: object = getattr(os, name), **places: object) -> object:
            steps.append(name)
            return real(*args, **places)  # type: ignore[operator]

        monkeypatch.setattr(os, name, step)
    files.write_durably(tmp_path / "a", b"one")
    assert steps == ["write", "fsync", "replace", "fsync"]


def test_a_short_write_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    files.write_durably(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


@pytest.mark.usefixtures("full")
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_durably(tmp_path / "a", b"two")
    assert str(tmp_path) in str(caught.value.filename)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_later_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object, **_places: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(OSError, match="Input/output") as caught:
            files.write_durably(tmp_path / "a", b"two")
    assert str(tmp_path) in str(caught.value.filename)
    assert not list(tmp_path.iterdir())


def test_no_folder_is_an_error_with_its_name(tmp_path: Path) -> None:
    for action in (files.sync_folder, files.sync_filesystem, lambda path: files.write_durably(path / "a", b"")):
        with pytest.raises(FileNotFoundError, match="none"):
            action(tmp_path / "none")


def test_folders_and_filesystems_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.sync_folder(tmp_path)
    files.sync_filesystem(tmp_path)
    called: list[str] = []
    monkeypatch.setattr(files, "_libc", object)
    monkeypatch.setattr(os, "sync", lambda: called.append("sync"))
    files.sync_filesystem(tmp_path)
    assert called == ["sync"]


def test_a_folder_gets_the_rights_of_the_one_above(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    files.make_folder(tmp_path / "new")
    files.make_folder(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o2770


def test_an_existing_file_is_left_alone_by_make_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "a").chmod(0o600)
    files.make_file(tmp_path / "a", 0o660)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
