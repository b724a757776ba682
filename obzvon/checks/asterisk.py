"""Checks of Asterisk as far as it can be seen from here: it may as well live in a container or on another machine."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from obzvon.asterisk.process import AsteriskState
from obzvon.checks.context import CheckContext, error, good, warning
from obzvon.checks.file_access import user_name
from obzvon.common import processes
from obzvon.common.i18n import say, say_many
from obzvon.journal.findings import Finding

_PATIENCE = 3
"""Seconds in which Asterisk answers, or does not."""
_TAKEN = 60.0
"""Seconds after which a file that Asterisk has not begun will not be begun by itself."""
_SPOOL = "/var/spool/asterisk"
_RUN = "/var/run/asterisk"
_SECTION = re.compile(r"\s*\[([^]]*)\]\s*(\([^)]*\))?")
_UNEDITED = re.compile(r"^\s*OBZVON_TRUNK=\S*@mytrunk\s*$", re.MULTILINE)
"""As asterisk/extensions_obzvon.conf comes."""
_ENTRY = re.compile(r"\s*(\w+)\s*=>?\s*([^;]*)")


def check_running(visit: CheckContext) -> Iterator[Finding]:
    """Asterisk runs, by its pid file."""
    seen = visit.spool.asterisk_state()
    where = visit.spool.pid_file or "Asterisk"
    if seen is AsteriskState.DOWN:
        yield error(where, say("Asterisk is not running"), say("start it: systemctl start asterisk"))
    elif seen is AsteriskState.RUNNING:
        yield good(where, say("Asterisk is running"))
    else:
        yield good(
            where,
            say("whether Asterisk runs is not looked at: no pid file is known"),
            say("where Asterisk is on this machine, name its pid file in [Spool] pid_file"),
        )


def check_spool_folder(visit: CheckContext) -> Iterator[Finding]:
    """dir_target is the folder that the Asterisk of this machine reads."""
    directories = _directories(visit.machine.asterisk_conf)
    target = visit.settings.target
    if directories is None or not target.is_dir():
        return
    read = Path(directories.get("astspooldir", _SPOOL)) / "outgoing"
    where = f"dir_target {target}"
    if read.is_dir() and read.samefile(target):
        yield good(where, say("it is the folder that Asterisk reads, by {file}", file=visit.machine.asterisk_conf))
    else:
        yield warning(
            where,
            say("by {file} Asterisk reads another folder: {path}", file=visit.machine.asterisk_conf, path=read),
            say("write dir_target = {path}, unless an Asterisk with other settings reads this one", path=read),
        )


def check_user(visit: CheckContext) -> Iterator[Finding]:
    """The call files belong to the user that Asterisk runs as: else it loses the calls, or rings for ever."""
    pid = _pid(visit)
    if pid is None or not visit.settings.target.is_dir():
        return
    uid = _uid(pid)
    owner = visit.spool.file_owner()[0]
    owner = os.geteuid() if owner == -1 else owner
    if uid is None or uid in (0, owner):
        return
    yield error(
        f"dir_target {visit.settings.target}",
        say(
            "Asterisk runs as {user}, and call files would belong to {owner}: it would lose the calls, or ring "
            "without end",
            user=user_name(uid),
            owner=user_name(owner),
        ),
        say("chown {user} {path}, or write [Spool] owner = {user}", user=user_name(uid), path=visit.settings.target),
    )


def check_console(visit: CheckContext) -> Iterator[Finding]:
    """pbx_spool is loaded, and the dialplan has what call files ask for; only where the running Asterisk answers."""
    machine = visit.machine
    program = shutil.which(machine.asterisk)
    if program is None or not _is_asked(visit):
        return
    spool = _ask(program, machine.asterisk_conf, "module show like pbx_spool")
    if spool is None or "modules loaded" not in spool:
        yield good(
            program,
            say("Asterisk could not be asked what is loaded"),
            say("run obzvon check as Asterisk's user to have that looked at"),
        )
        return
    if visit.settings.has_spool:
        yield _loaded(spool)
    if _UNEDITED.search(_ask(program, machine.asterisk_conf, "dialplan show globals") or ""):
        yield warning(
            "extensions_obzvon.conf",
            say("OBZVON_TRUNK is still the example: no call leaves the PBX"),
            say("write your own trunk into that file, in Asterisk's folder; then: asterisk -rx 'dialplan reload'"),
        )
    for section, form, calls in (
        ("Calls", visit.settings.ordinary, visit.calls - visit.coded),
        ("CodeCalls", visit.settings.coded, visit.coded),
    ):
        where = f"{visit.settings.file} [{section}]"
        what = f"{form.extension}@{form.context}"
        shown = _ask(program, machine.asterisk_conf, f"dialplan show {what}")
        if shown is None:
            continue
        if "There is no existence of" in shown:
            tell = error if calls else warning
            yield tell(
                where,
                say("Asterisk's dialplan has no {extension}", extension=what),
                say(
                    "copy asterisk/extensions_obzvon.conf into its dialplan, or mend context and extension; "
                    "then: asterisk -rx 'dialplan reload'"
                ),
            )
        else:
            yield good(where, say("Asterisk's dialplan has {extension}", extension=what))


def _loaded(shown: str) -> Finding:
    if not re.search(r"^pbx_spool\.so .*(?<!Not )Running", shown, re.MULTILINE):
        return error(
            "pbx_spool",
            say("the module that takes call files is not loaded in Asterisk"),
            say("asterisk -rx 'module load pbx_spool.so', and see that modules.conf loads it"),
        )
    return good("pbx_spool", say("the module that takes call files is loaded in Asterisk"))


def check_spool_files(visit: CheckContext) -> Iterator[Finding]:
    """No file of ours in the spool is one that Asterisk has forgotten or would ring again."""
    spool = visit.spool
    if not spool.target.is_dir():
        return
    where = f"dir_target {spool.target}"
    behind = waiting = in_progress = 0
    for name in spool.files_in_spool():
        started = spool.is_started(name)
        if started and spool.is_orphaned(name):
            behind += 1
        elif started:
            in_progress += 1
        elif started is False:
            with contextlib.suppress(FileNotFoundError):
                # The rename into the spool is what changed it last; its mtime is in the past on purpose.
                waiting += visit.now.timestamp() - (spool.target / name).stat().st_ctime > _TAKEN
    if behind:
        yield error(
            where,
            say_many(
                "{n} call file is left of a call that Asterisk's crash cut off: it would be rung again",
                "{n} call files are left of calls that Asterisk's crash cut off: they would be rung again",
                behind,
            ),
            say(
                "start the service (supervisorctl start obzvon), which takes them out; while Asterisk is down: "
                "obzvon sweep"
            ),
        )
    if waiting:
        yield warning(
            where,
            say_many(
                "{n} call file has been here for more than a minute, and Asterisk has not taken it",
                "{n} call files have been here for more than a minute, and Asterisk has not taken them",
                waiting,
            ),
            say(
                "see that Asterisk runs and pbx_spool is loaded; when it starts it rings them all, so to "
                "prevent that: obzvon sweep before its start"
            ),
        )
    if not behind and not waiting:
        yield good(
            where,
            say_many(
                "nothing is left over here; {n} call is in progress",
                "nothing is left over here; {n} calls are in progress",
                in_progress,
            ),
        )


def _pid(visit: CheckContext) -> int | None:
    """The running Asterisk that the settings mean."""
    if visit.spool.pid_file is None or visit.spool.asterisk_state() is not AsteriskState.RUNNING:
        return None
    return processes.read_pid(visit.spool.pid_file)


def ask_console(visit: CheckContext, question: str) -> str | None:
    """What the console of the Asterisk that the settings mean answers; None where it cannot be asked."""
    program = shutil.which(visit.machine.asterisk)
    return _ask(program, visit.machine.asterisk_conf, question) if program and _is_asked(visit) else None


def _is_asked(visit: CheckContext) -> bool:
    """Whether it is that Asterisk, and no other one on this machine, that the console asks."""
    pid = _pid(visit)
    directories = _directories(visit.machine.asterisk_conf) or {}
    return pid is not None and processes.read_pid(Path(directories.get("astrundir", _RUN)) / "asterisk.pid") == pid


def _uid(pid: int) -> int | None:
    """Whose process it is; /proc/PID itself belongs to root where a process has given up root's rights."""
    with contextlib.suppress(OSError):
        found = re.search(r"^Uid:\s+\d+\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) if found else None
    return None


def _directories(conf: Path) -> dict[str, str] | None:
    """What [directories] of asterisk.conf says; None where there is none to read, {} where all is as it comes.

    A section that is marked (!) is a template, which Asterisk does not obey: so Debian ships it.
    """
    try:
        lines = conf.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found: dict[str, str] = {}
    here = False
    for line in lines:
        if section := _SECTION.match(line):
            here = section[1].strip() == "directories" and "!" not in (section[2] or "")
        elif here and (entry := _ENTRY.match(line)):
            found[entry[1]] = entry[2].strip()
    return found


def _ask(program: str, conf: Path, question: str) -> str | None:
    """What Asterisk's console answers; None where it does not."""
    command = [program, "-C", str(conf), "-rx", question]
    try:
        asked = subprocess.run(  # noqa: S603 - no shell; the program is found by `which`
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.decode("utf-8", "replace")
