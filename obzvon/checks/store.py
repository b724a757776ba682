"""Checks of the store: on the spool's filesystem, files there are as Asterisk needs them, nothing is left over."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from obzvon.asterisk import callfile, staging, store_lock
from obzvon.asterisk.spool import write_problem
from obzvon.checks.context import CheckContext, error, finding_from, good, warning
from obzvon.checks.file_access import owner_name
from obzvon.checks.folders import is_made_by_itself
from obzvon.common.i18n import say, say_many
from obzvon.common.supervision import supervisor_command
from obzvon.journal import called_numbers, day_record
from obzvon.journal.findings import Finding, Level

_PROBE = ".obzvon-check-"
_MAX_FILES_NAMED = 5
#: A younger file may be part of a hand-over in progress.
_MIN_AGE_SECONDS = 60.0


def check_filesystem(context: CheckContext) -> Iterator[Finding]:
    """Check that files can be moved from the store into the spool, by the rules of `Spool` itself."""
    spool = context.spool
    missing = [folder for folder in (spool.store, spool.target) if not folder.exists()]
    if missing and all(is_made_by_itself(context, folder) for folder in missing):
        # That they are missing is reported by the check of folders; where they will be made can be judged now.
        yield from (finding_from(problem, Level.ERROR) for problem in spool.find_move_problems())
        return
    problems = list(spool.find_problems())
    for problem in problems:
        yield finding_from(problem, Level.ERROR)
    if not problems:
        yield good(f"dir_store {spool.store}", say("call files can be moved from here into dir_target"))


def check_probe_file(context: CheckContext) -> Iterator[Finding]:
    """Make, rename and delete a file in the store, as the user of this process; never in the live spool."""
    spool, mode = context.spool, context.settings.mode
    if not spool.store.is_dir() or not spool.target.is_dir():
        return
    name = f"{_PROBE}{secrets.token_hex(4)}"
    made, moved = spool.store / name, spool.store / f"{name}.moved"
    try:
        staging.stage_files(
            staging.FileMode(str(spool.store), spool.file_owner(), mode), [(name, b"; made and deleted by check\n")]
        )
        made.rename(moved)
        found = moved.stat()
        moved.unlink()
    except OSError as failed:
        yield finding_from(write_problem(failed), Level.ERROR)
        return
    finally:
        for path in (made, moved):
            with contextlib.suppress(OSError):
                path.unlink()
    yield _judge_probe(context, found)


def _judge_probe(context: CheckContext, found: os.stat_result) -> Finding:
    """Return whether the filesystem has kept the owner and mode that call files need."""
    spool, mode = context.spool, context.settings.mode
    uid, gid = spool.file_owner()
    owner = owner_name(found.st_uid, found.st_gid)
    if uid not in (-1, found.st_uid) or gid not in (-1, found.st_gid) or stat.S_IMODE(found.st_mode) != mode:
        return error(
            f"dir_store {spool.store}",
            say(
                "call files would belong to {owner}, with mode {mode}, and this filesystem does not let that "
                "be changed",
                owner=owner,
                mode=f"{stat.S_IMODE(found.st_mode):04o}",
            ),
            say("put dir_store and dir_target on a filesystem with owners, such as ext4"),
        )
    return good(
        f"dir_store {spool.store}",
        say(
            "a file can be made, renamed and deleted here; call files belong to {owner}, with mode {mode}",
            owner=owner,
            mode=f"{mode:04o}",
        ),
    )


def check_other_services(context: CheckContext) -> Iterator[Finding]:
    """Check that no other service uses the same store unintentionally."""
    settings = context.settings.journal
    own = context.journal.identity.key if context.journal is not None else ""
    for other in store_lock.other_services(context.spool.store, str(settings.path or settings)):
        if other.identity and other.identity == own:
            what, remedy = store_lock.describe_copy(other)
            yield error(f"dir_store {context.spool.store}", what, remedy)
            continue
        yield warning(
            f"dir_store {context.spool.store}",
            say(
                "another service uses the same store, with the journal {journal}: unless it runs "
                "another campaign, both call the same people",
                journal=other.journal,
            ),
            say("stop the one that should not be there; a rehearsal has its own folders: obzvon init --rehearsal DIR"),
        )


def check_leftovers(context: CheckContext) -> Iterator[Finding]:
    """Check for call files that were never handed over, and for foreign files in the store."""
    store = context.spool.store
    if not store.is_dir():
        return
    where = f"dir_store {store}"
    ours: list[str] = []
    strange: list[str] = []
    for path in _files(store):
        with contextlib.suppress(FileNotFoundError):
            if context.now.timestamp() - path.lstat().st_ctime > _MIN_AGE_SECONDS:
                (ours if callfile.is_call_file_name(path.name) else strange).append(str(path.relative_to(store)))
    if ours:
        yield warning(
            where,
            say_many(
                "{n} call file was left here by a service that was cut off",
                "{n} call files were left here by a service that was cut off",
                len(ours),
            ),
            say(
                "start the service ({command}): it finds out by itself who was called",
                command=supervisor_command("start"),
            ),
        )
    if strange:
        yield warning(
            where,
            say_many(
                "{n} file here is none of ours: {names}",
                "{n} files here are none of ours: {names}",
                len(strange),
                names=", ".join(islice(sorted(strange), _MAX_FILES_NAMED)),
            ),
            say("move them elsewhere; nothing of them is ever handed over"),
        )
    if not ours and not strange:
        yield good(where, say("nothing is left over here"))


def _files(store: Path) -> Iterator[Path]:
    for path in store.iterdir():
        if path.name.startswith((store_lock.LOCK_PREFIX, day_record.PREFIX, called_numbers.PREFIX)):
            continue
        if path.name in staging.STORE_FOLDERS and path.is_dir() and not path.is_symlink():
            yield from path.iterdir()
        else:
            yield path
