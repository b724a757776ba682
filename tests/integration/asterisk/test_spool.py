"""Asterisk's folders: what lies there, whose it is, and what a file shows of its call."""

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obzvon.asterisk import callfile, process
from obzvon.asterisk import spool as spool_module
from obzvon.asterisk.process import AsteriskState
from obzvon.asterisk.spool import ReleaseError, Spool
from obzvon.common.errors import UserError
from obzvon.domain.calls import CallForm
from obzvon.domain.results import Disposition
from tests.support.mounts import bind_mount, remount, tmpfs
from tests.support.workshop import ROOT, begin_call, dead_pid, end_call

TEXT = callfile.CallFileTemplate(CallForm(context="avtoobzvon")).render("89161111111")


def name(position: int, token: str = "20260105-abcdef") -> str:
    return callfile.call_file_name(token, position, 1)


def files(*positions: int) -> list[tuple[str, bytes]]:
    return [(name(position), TEXT) for position in positions]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "store", tmp_path / "outgoing")
    spool.prepare_folders(home=tmp_path)
    return spool


ANOTHER = process.RunningAsterisk(frozenset({4711}), 0.0, is_named_by_file=False)


def put(spool: Spool, *positions: int) -> list[Path]:
    """Files that are in the spool."""
    spool.stage(files(*positions))
    spool.release([name(position) for position in positions])
    return [spool.target / name(position) for position in positions]


# -- the folders


def test_the_store_and_a_spool_of_our_own_are_made(tmp_path: Path) -> None:
    Spool(tmp_path / "a" / "store", tmp_path / "target").prepare_folders(home=tmp_path)
    assert (tmp_path / "a" / "store").is_dir()
    assert (tmp_path / "target").is_dir()


def test_a_spool_elsewhere_that_is_not_there_is_a_mistake_and_not_a_wish(tmp_path: Path) -> None:
    missing = tmp_path / "asterisk" / "outgoing"
    with pytest.raises(UserError) as caught:
        Spool(tmp_path / "home" / "store", missing).prepare_folders(home=tmp_path / "home")
    assert str(missing) in str(caught.value)
    assert "there is no such folder" in str(caught.value)
    assert not missing.parent.exists()


def test_a_file_in_the_place_of_a_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "outgoing").write_text("")
    with pytest.raises(UserError) as caught:
        Spool(tmp_path / "store", tmp_path / "outgoing").prepare_folders(home=tmp_path)
    assert str(tmp_path / "outgoing") in str(caught.value)


def test_a_spool_on_another_filesystem_is_refused(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "outgoing") as target:
        with pytest.raises(UserError, match="another filesystem") as caught:
            Spool(tmp_path / "store", target).prepare_folders(home=tmp_path)
        assert f"dir_target is a mount of its own: mount the folder above it instead, {tmp_path}," in str(caught.value)
        assert "transport = ami" in str(caught.value)


def test_a_store_on_another_filesystem_is_put_beside_the_spool(tmp_path: Path) -> None:
    (tmp_path / "outgoing").mkdir()
    with tmpfs(tmp_path / "memory") as memory, pytest.raises(UserError, match="another filesystem") as caught:
        Spool(memory / "store", tmp_path / "outgoing").prepare_folders(home=tmp_path)
    assert f"put dir_store beside dir_target, for example {tmp_path}/obzvon_store" in str(caught.value)


def test_a_store_that_is_a_mount_beside_the_spool_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / "outgoing").mkdir()
    with tmpfs(tmp_path / "obzvon_store") as store, pytest.raises(UserError, match="another filesystem") as caught:
        Spool(store, tmp_path / "outgoing").prepare_folders(home=tmp_path)
    assert "dir_store is a mount of its own: unmount it" in str(caught.value)


@pytest.mark.skipif(not ROOT, reason="mounts")
def test_a_spool_within_a_mount_with_its_store_is_sound(tmp_path: Path) -> None:
    (tmp_path / "real" / "outgoing").mkdir(parents=True)
    with bind_mount(tmp_path / "real", tmp_path / "asterisk") as asterisk:
        Spool(asterisk / "obzvon_store", asterisk / "outgoing").prepare_folders(home=tmp_path)
        assert (tmp_path / "real" / "obzvon_store").is_dir()


def test_where_the_store_will_be_made_is_judged_before_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    with bind_mount(tmp_path / "real", tmp_path / "outgoing") as target:
        [problem] = Spool(tmp_path / "new" / "store", target).find_move_problems()
        assert "mount the folder above it instead" in str(problem.remedy)
        assert not (tmp_path / "new").exists()
        assert list(target.iterdir()) == []
    assert list(Spool(tmp_path / "new" / "store", tmp_path / "outgoing").find_move_problems()) == []


def test_a_second_mount_of_the_same_filesystem_is_refused_as_rename_cannot_cross_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    with bind_mount(tmp_path / "real", tmp_path / "outgoing") as target:
        spool = Spool(tmp_path / "store", target)
        with pytest.raises(UserError, match="another filesystem"):
            spool.prepare_folders(home=tmp_path)
        spool.stage(files(1))
        with pytest.raises(ReleaseError) as caught:
            spool.release([name(1)])
        assert caught.value.released == []


def test_the_look_at_the_folders_leaves_nothing_in_the_spool(spool: Spool) -> None:
    before = spool.target.stat().st_mtime_ns
    assert list(spool.find_problems()) == []
    assert list(spool.target.iterdir()) == []
    assert spool.target.stat().st_mtime_ns == before


@pytest.mark.skipif(not ROOT, reason="gives folders away")
def test_without_an_owner_the_files_get_the_spools(spool: Spool) -> None:
    os.chown(spool.target, 1234, 2345)
    assert spool.file_owner() == (1234, 2345)
    (file,) = put(spool, 1)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


@pytest.mark.skipif(not ROOT, reason="gives files away")
def test_the_owner_of_the_settings_goes_before_the_spools(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "store", tmp_path / "outgoing", owner=(1234, -1))
    spool.prepare_folders(home=tmp_path)
    (file,) = put(spool, 1)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, os.getegid())


@pytest.mark.skipif(not ROOT, reason="becomes somebody else")
@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ((0, -1), "call files must belong to uid 0"),
        ((65534, 4321), "call files must belong to group 4321"),
        ((65534, -1), ""),
    ],
)
def test_a_service_that_cannot_make_files_for_asterisk_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: tuple[int, int], expected: str
) -> None:
    spool = Spool(tmp_path / "store", tmp_path / "outgoing", owner=owner)
    spool.prepare_folders(home=tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert expected in "".join(map(str, spool.find_problems()))
    assert bool(list(spool.find_problems())) == bool(expected)


def test_a_spool_of_root_is_to_be_given_away_and_the_service_is_not_to_run_as_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "store", tmp_path / "outgoing", owner=(0, -1))
    spool.prepare_folders(home=tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    (problem,) = spool.find_problems()
    assert f"chown asterisk: {spool.target}" in str(problem)
    assert "[Spool] owner" in str(problem)
    assert "as root" not in str(problem)


@pytest.mark.skipif(not ROOT, reason="becomes somebody else")
def test_the_problem_of_an_unwritable_folder_names_the_services_user(spool: Spool) -> None:
    top = spool.target.parent
    opened = [path for path in (top, *top.parents) if not path.stat().st_mode & 0o005]
    modes = [path.stat().st_mode for path in opened]
    for path in opened:
        path.chmod(0o755)
    os.setresuid(65534, 65534, 0)
    try:
        problems = "".join(map(str, spool.find_problems()))
    finally:
        os.setresuid(0, 0, 0)
        for path, mode in zip(opened, modes, strict=True):
            path.chmod(mode)
    assert f"dir_store {spool.store}: the service's user (uid 65534) cannot write here" in problems
    assert f"dir_target {spool.target}: the service's user (uid 65534) cannot write here" in problems


# -- handing over


@pytest.mark.parametrize("umask", [0, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o640, 0o660, 0o600])
def test_a_call_file_has_its_mode_under_any_umask(tmp_path: Path, umask: int, mode: int) -> None:
    spool = Spool(tmp_path / "store", tmp_path / "outgoing", mode=mode)
    spool.prepare_folders(home=tmp_path)
    before = os.umask(umask)
    try:
        made = put(spool, 1, 2, 1000)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {mode}


def test_a_call_file_is_older_than_any_clock_that_is_a_little_wrong(spool: Spool) -> None:
    (file,) = put(spool, 1)
    assert file.read_bytes() == TEXT
    assert 30 < time.time() - file.stat().st_mtime < 3600


def test_files_come_into_the_spool_in_the_order_of_the_list(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed: list[object] = []
    rename = os.rename

    def recorded(source: object, target: object, **folders: int) -> None:
        renamed.append(target)
        rename(source, target, **folders)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", recorded)
    order = [999, 1000, 1001, 3, 1]
    put(spool, *order)
    assert renamed == [name(position) for position in order]
    assert spool.staged_files() == []


def test_a_name_is_taken_for_ours_only_if_it_is(spool: Spool) -> None:
    put(spool, 1)
    for other in ("89161111111.call", "obzvon-1-1.call", f"{name(2)}.bak", f".{name(3)}", "obzvon"):
        (spool.target / other).write_text("")
    assert spool.files_in_spool() == [name(1)]


def failing_at(place: int, before: Callable[[], None]) -> Callable[..., None]:
    """os.rename to which something happens before its n-th file."""
    rename = os.rename
    count = 0

    def renaming(*names: Any, **folders: Any) -> None:
        nonlocal count
        count += 1
        if count == place:
            before()
        rename(*names, **folders)

    return renaming


def why(error: ReleaseError) -> int | None:
    """The number of the error that was in the way."""
    assert isinstance(error.__cause__, OSError)
    return error.__cause__.errno


def refused() -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.parametrize("place", [1, 2, 5])
def test_when_the_spool_refuses_a_file_just_those_before_it_are_reported(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    spool.stage(files(1, 2, 3, 4, 5))
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", failing_at(place, refused))
        with pytest.raises(ReleaseError) as caught:
            spool.release([name(position) for position in range(1, 6)])
    assert list(caught.value.released) == spool.files_in_spool() == [name(position) for position in range(1, place)]
    assert spool.staged_files() == [name(position) for position in range(place, 6)]
    (problem,) = caught.value.problems
    assert problem.where == str(spool.target)
    assert why(caught.value) == errno.EACCES


def test_when_the_spool_becomes_read_only_midway_what_is_reported_is_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tmpfs(tmp_path / "disk") as disk:
        spool = Spool(disk / "store", disk / "outgoing")
        spool.prepare_folders(home=disk)
        spool.stage(files(1, 2, 3, 4))
        monkeypatch.setattr(os, "rename", failing_at(3, lambda: remount(disk, "ro")))
        with pytest.raises(ReleaseError) as caught:
            spool.release([name(position) for position in range(1, 5)])
        assert why(caught.value) == errno.EROFS
        assert list(caught.value.released) == spool.files_in_spool() == [name(1), name(2)]


def test_when_the_spool_is_deleted_midway_nothing_is_reported_as_handed_over(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.stage(files(1, 2))
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", failing_at(1, spool.target.rmdir))
        with pytest.raises(ReleaseError) as caught:
            spool.release([name(1), name(2)])
    assert list(caught.value.released) == []
    assert spool.staged_files() == [name(1), name(2)]


def test_the_error_about_a_missing_spool_names_it(spool: Spool) -> None:
    spool.stage(files(1))
    spool.target.rmdir()
    with pytest.raises(ReleaseError) as caught:
        spool.release([name(1)])
    assert why(caught.value) == errno.ENOENT
    assert caught.value.problems[0].where == str(spool.target)


def test_what_is_discarded_may_be_gone_already(spool: Spool) -> None:
    spool.stage(files(1, 2))
    spool.discard([name(1), name(7)])
    assert spool.staged_files() == [name(2)]


# -- evidence


def test_a_file_that_asterisk_has_not_touched_is_not_begun(spool: Spool) -> None:
    (file,) = put(spool, 1)
    assert spool.is_started(name(1)) is False
    begin_call(file, 4711)
    assert spool.is_started(name(1)) is True
    end_call(file)
    assert spool.is_started(name(1)) is None
    assert not spool.is_in_spool(name(1))


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        ("Completed", Disposition.ANSWERED),
        ("Expired", Disposition.NOT_ANSWERED),
        ("Failed", Disposition.FAILED),
        ("", None),
        ("Odd", Disposition.UNKNOWN),
    ],
)
def test_the_archive_shows_how_the_call_ended(spool: Spool, status: str, disposition: Disposition | None) -> None:
    assert spool.read_archive(name(1)) == (False, None)
    (file,) = put(spool, 1)
    begin_call(file, 4711)
    end_call(file, status, done=spool.done)
    assert spool.read_archive(name(1)) == (True, disposition)


def test_a_withdrawn_file_is_gone_and_shows_whether_its_call_had_begun(spool: Spool) -> None:
    _, begun = put(spool, 1, 2)
    begin_call(begun, 4711)
    assert spool.withdraw(name(1)) is False
    assert spool.withdraw(name(2)) is True
    assert spool.withdraw(name(3)) is None
    assert spool.files_in_spool() == []
    assert spool.staged_files() == [name(1), name(2)]  # the evidence, until the journal knows


def test_a_sweep_takes_our_files_into_the_store_and_leaves_those_of_others(spool: Spool) -> None:
    put(spool, 1, 1000, 2000)
    begin_call(spool.target / name(1000), 4711)
    (spool.target / "somebody-else.call").write_text("")
    assert spool.sweep() == 3
    assert spool.staged_files() == [name(1), name(2000), name(1000)]
    assert [spool.was_started_before_sweep(name(position)) for position in (1, 1000, 2000, 3000)] == [
        False,
        True,
        False,
        None,
    ]
    assert [file.name for file in spool.target.iterdir()] == ["somebody-else.call"]
    assert spool.sweep() == 0


def test_a_call_that_a_dead_asterisk_had_begun_is_left_behind(spool: Spool, tmp_path: Path) -> None:
    spool.pid_file = tmp_path / "asterisk.pid"
    spool.pid_file.write_text(f"{os.getpid()}\n")
    waits, dead, lives = put(spool, 1, 2, 3)
    begin_call(dead, dead_pid())
    begin_call(lives, os.getpid())
    assert [spool.is_orphaned(file.name, spool.running_asterisks) for file in (waits, dead, lives)] == [
        False,
        True,
        False,
    ]
    assert not spool.is_orphaned(name(4), list)


def test_the_latest_asterisk_to_begin_a_call_is_the_one_that_counts(spool: Spool, tmp_path: Path) -> None:
    spool.pid_file = tmp_path / "asterisk.pid"
    spool.pid_file.write_text(f"{os.getpid()}\n")
    (file,) = put(spool, 1)
    begin_call(file, dead_pid())
    begin_call(file, os.getpid(), 2)
    assert not spool.is_orphaned(file.name, spool.running_asterisks)


def test_without_a_pid_file_nothing_is_left_behind_where_no_asterisk_is_to_be_seen(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = put(spool, 1)
    begin_call(file, dead_pid())
    monkeypatch.setattr(process, "_visible_asterisks", list)
    assert not spool.is_orphaned(file.name, spool.running_asterisks)
    monkeypatch.setattr(process, "_visible_asterisks", lambda: [ANOTHER])
    assert spool.is_orphaned(file.name, spool.running_asterisks)


def test_a_call_begun_before_the_start_of_the_running_asterisk_is_left_behind(spool: Spool, tmp_path: Path) -> None:
    spool.pid_file = tmp_path / "asterisk.pid"
    own = os.getpid()
    spool.pid_file.write_text(f"{own}\n")
    before, since = put(spool, 1, 2)
    begin_call(before, own, at=time.time() - 86400)
    begin_call(since, own)
    assert [spool.is_orphaned(file.name, spool.running_asterisks) for file in (before, since)] == [True, False]


def test_a_call_of_an_asterisk_that_was_started_after_the_look_is_not_left_behind(spool: Spool, tmp_path: Path) -> None:
    spool.pid_file = tmp_path / "asterisk.pid"
    before = spool.running_asterisks()
    spool.pid_file.write_text(f"{os.getpid()}\n")
    (file,) = put(spool, 1)
    begin_call(file, os.getpid())
    assert before == []
    assert not spool.is_orphaned(file.name, lambda: before)


def test_asterisk_is_seen_by_its_pid_file(spool: Spool, tmp_path: Path) -> None:
    assert spool.asterisk_state() is AsteriskState.UNSEEN
    spool.pid_file = tmp_path / "asterisk.pid"
    assert spool.asterisk_state() is AsteriskState.DOWN
    spool.pid_file.write_text(str(os.getpid()))
    assert spool.asterisk_state() is AsteriskState.RUNNING


def test_a_rename_that_was_answered_with_an_error_and_has_succeeded_counts(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.stage(files(1, 2, 3))
    rename = os.rename

    def lies(source: str, target: str, **folders: int) -> None:
        rename(source, target, **folders)
        if target == name(2):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "rename", lies)
    spool.release([name(1), name(2), name(3)])
    assert spool.files_in_spool() == [name(1), name(2), name(3)]


def test_a_rename_that_failed_with_an_error_is_reported(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.stage(files(1, 2, 3))
    rename = os.rename

    def fails(source: str, target: str, **folders: int) -> None:
        if target == name(2):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", fails)
    with pytest.raises(ReleaseError) as caught:
        spool.release([name(1), name(2), name(3)])
    assert list(caught.value.released) == [name(1)]
    assert spool.staged_files() == [name(2), name(3)]


def test_a_sweep_marks_the_files_whose_calls_had_not_begun(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "boot_id", lambda: "0123456789ab")
    _, begun = put(spool, 1, 2)
    begin_call(begun, 4711)
    spool.sweep()
    assert [spool.boot_of_sweep(name(position)) for position in (1, 2, 3)] == ["0123456789ab", None, None]
    assert [spool.was_started_before_sweep(name(position)) for position in (1, 2, 3)] == [False, True, None]
    spool.stage(files(1))
    assert spool.boot_of_sweep(name(1)) is None
