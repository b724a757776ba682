"""Opening in a folder where another user may exchange any name for a link or a pipe."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from obzvon.common import files, safe_open
from obzvon.common.errors import RefusedFileError, os_error_reason
from tests.support.system_users import root

MOST = 1_000_000


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    return tmp_path / "outside" / "secret"


def plant(link: Path, target: Path) -> None:
    """Make a link as another user does."""
    link.symlink_to(target)
    os.lchown(link, 4002, 4002)


@pytest.mark.parametrize("make", [make_pipe, make_folder, make_loop])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a")
    with pytest.raises(OSError, match=r"not a file|levels"):
        safe_open.read_file(tmp_path / "a", MOST)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    for name in ("a", "b/a"):
        with pytest.raises(FileNotFoundError) as caught:
            safe_open.read_file(tmp_path / name, MOST)
        assert str(tmp_path) in caught.value.filename


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    assert safe_open.read_file(tmp_path / "a", 100)[0] == b"x" * 100
    with pytest.raises(RefusedFileError) as caught:
        safe_open.read_file(tmp_path / "a", 99)
    assert str(os_error_reason(caught.value)) == "it has 1 MB, and no more than 1 MB are read"


def test_own_links_are_followed_wherever_they_are_in_the_path(tmp_path: Path, secret: Path) -> None:
    (tmp_path / "folder").symlink_to("outside")
    (tmp_path / "file").symlink_to("folder/../outside/./secret")
    for name in ("file", "folder/secret", "outside/../folder/secret"):
        assert safe_open.read_file(tmp_path / name, MOST)[0] == b"secret"
        assert safe_open.resolve_links(tmp_path / name) == secret
    with pytest.raises(RefusedFileError, match="link"):
        safe_open.read_file(tmp_path / "file", MOST, follow=False)


@root
def test_another_users_link_is_not_followed_wherever_it_is_in_the_path(tmp_path: Path, secret: Path) -> None:
    plant(tmp_path / "folder", secret.parent)
    plant(tmp_path / "file", secret)
    (tmp_path / "mine").symlink_to("folder/secret")
    for name in ("file", "folder/secret", "mine"):
        with pytest.raises(RefusedFileError, match="neither root nor"):
            safe_open.read_file(tmp_path / name, MOST)
        with pytest.raises(RefusedFileError, match="neither root nor"):
            files.write_durably(tmp_path / name, b"planted")
    with pytest.raises(RefusedFileError):
        files.make_file(tmp_path / "folder" / "new", 0o660)
    with pytest.raises(RefusedFileError):
        files.make_folder(tmp_path / "folder" / "new")
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]
    assert secret.read_bytes() == b"secret"


def test_a_folder_that_is_exchanged_while_it_is_opened_is_refused(
    tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    real = os.open

    def exchange(path: Path, *args: int, **places: int) -> int:
        if path == tmp_path / "folder" and not path.is_symlink():
            path.rmdir()
            path.symlink_to(secret.parent)
            os.lchown(path, 4002, 4002)
        return real(path, *args, **places)

    monkeypatch.setattr(os, "open", exchange)
    with pytest.raises(OSError, match=r"link|Not a dir"):
        files.write_durably(tmp_path / "folder" / "a", b"planted")
    assert [path.name for path in secret.parent.iterdir()] == ["secret"]


def test_a_pipe_is_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a", 0o666)
    files.write_durably(tmp_path / "a", b"one", 0o640)
    assert safe_open.read_file(tmp_path / "a", MOST)[0] == b"one"
