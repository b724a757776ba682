"""Checks of Asterisk as far as it is visible from here: it may be in a container or on another machine."""

import contextlib
import functools
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from obzvon.asterisk.process import AsteriskState
from obzvon.checks.context import CheckContext, error, good, warning
from obzvon.checks.file_access import process_user, user_name
from obzvon.common import processes
from obzvon.common.i18n import Message, say, say_many
from obzvon.common.supervision import supervisor_command
from obzvon.journal.findings import Finding

#: How long the console may take to answer.
_PATIENCE = 3
#: A file that Asterisk has not begun after this time will not be begun by itself.
_UNTAKEN_SECONDS = 60.0
_SPOOL = "/var/spool/asterisk"
_RUN = "/var/run/asterisk"
_SECTION = re.compile(r"\s*\[([^]]*)\]\s*(\([^)]*\))?")
#: Where the dialplan has a line from, as the console shows it.
_SOURCE = re.compile(r"\[([^\s\[\]:]+):\d+\]\s*$", re.MULTILINE)
_ENTRY = re.compile(r"\s*(\w+)\s*=>?\s*([^;]*)")


def check_running(context: CheckContext) -> Iterator[Finding]:
    """Check by its pid file that Asterisk is running."""
    seen = context.spool.asterisk_state()
    where = context.spool.pid_file or "Asterisk"
    if seen is AsteriskState.DOWN:
        yield error(where, say("Asterisk is not running"), _start_remedy(context))
    elif seen is AsteriskState.RUNNING:
        yield good(where, say("Asterisk is running"))
    else:
        yield good(
            where,
            say("it is not checked whether Asterisk runs: no pid file is set"),
            say("if Asterisk is on this machine, name its pid file in [Spool] pid_file"),
        )


def _start_remedy(context: CheckContext) -> Message:
    if context.spool.pid_file and context.spool.pid_file.exists():
        return say("start it: systemctl start asterisk")
    return say(
        "start it: systemctl start asterisk; if it runs in a container, write pid_file = none in [Spool], and if it "
        "writes its process number elsewhere, name that file there"
    )


def check_spool_folder(context: CheckContext) -> Iterator[Finding]:
    """Check that dir_target is the folder that the Asterisk of this machine reads."""
    directories = _directories(context.machine.asterisk_conf)
    target = context.settings.target
    if directories is None or not target.is_dir():
        return
    read = Path(directories.get("astspooldir", _SPOOL)) / "outgoing"
    where = f"dir_target {target}"
    if read.is_dir() and read.samefile(target):
        yield good(where, say("it is the folder that Asterisk reads, by {file}", file=context.machine.asterisk_conf))
    else:
        yield warning(
            where,
            say("by {file} Asterisk reads another folder: {path}", file=context.machine.asterisk_conf, path=read),
            say("write dir_target = {path}, unless an Asterisk with other settings reads this one", path=read),
        )


def check_call_file_owner(context: CheckContext) -> Iterator[Finding]:
    """Check that call files belong to the user of Asterisk: else it loses the calls, or calls without end."""
    pid = running_pid(context)
    if pid is None or not context.settings.target.is_dir():
        return
    user = process_user(pid)
    uid = user.uid if user else None
    owner = context.spool.file_owner()[0]
    owner = os.geteuid() if owner == -1 else owner
    if uid is None or uid in (0, owner):
        return
    yield error(
        f"dir_target {context.settings.target}",
        say(
            "Asterisk runs as {user}, and call files would belong to {owner}: it would lose the calls, or ring "
            "without end",
            user=user_name(uid),
            owner=user_name(owner),
        ),
        say("chown {user} {path}, or write [Spool] owner = {user}", user=user_name(uid), path=context.settings.target),
    )


def check_console(context: CheckContext) -> Iterator[Finding]:
    """Check that pbx_spool is loaded and the dialplan has what call files use, if the console answers."""
    machine = context.machine
    program = shutil.which(machine.asterisk)
    if program is None or not _is_console_of_ours(context):
        return
    spool = _ask(program, machine.asterisk_conf, "module show like pbx_spool")
    if spool is None or "modules loaded" not in spool:
        yield good(
            program,
            say("Asterisk could not be asked what is loaded"),
            say("run obzvon check as Asterisk's user to check that"),
        )
        return
    if context.settings.has_spool:
        yield _loaded(spool)
    yield from _check_dialplan(context, program)


def _check_dialplan(context: CheckContext, program: str) -> Iterator[Finding]:
    """Check that the dialplan has the extensions that calls are sent to."""
    for section, form, calls in (
        ("Calls", context.settings.ordinary, context.calls - context.coded),
        ("CodeCalls", context.settings.coded, context.coded),
    ):
        where = f"{context.settings.file} [{section}]"
        what = f"{form.extension}@{form.context}"
        shown = _ask(program, context.machine.asterisk_conf, f"dialplan show {what}")
        if shown is None:
            continue
        if "There is no existence of" in shown:
            tell = error if calls else warning
            yield tell(
                where,
                say("Asterisk's dialplan has no {extension}", extension=what),
                say(
                    "copy asterisk/extensions_obzvon.conf into its dialplan, or fix context and "
                    "extension; then: asterisk -rx 'dialplan reload'"
                ),
            )
        else:
            yield good(where, say("Asterisk's dialplan has {extension}", extension=what))
    for name in dict.fromkeys((context.settings.ordinary.context, context.settings.coded.context)):
        yield from _check_mixed(name, _ask(program, context.machine.asterisk_conf, f"dialplan show {name}") or "")
    if context.settings.ami:
        yield from _check_version(_ask(program, context.machine.asterisk_conf, "dialplan show obzvon-message") or "")


def _check_mixed(name: str, shown: str) -> Iterator[Finding]:
    """Check that a context comes from one file: Asterisk joins contexts of the same name."""
    files = list(dict.fromkeys(_SOURCE.findall(shown)))
    if len(files) > 1:
        yield warning(
            f"[{name}]",
            say("this context of the dialplan is put together from several files: {files}", files=", ".join(files)),
            say("keep one of them: Asterisk joins contexts of the same name, and calls may take the wrong way"),
        )


def _check_version(shown: str) -> Iterator[Finding]:
    """Check that the dialplan reports a message that could not be played; an older version's dialplan does not."""
    if "Playback(" in shown and "ObzvonNotPlayed" not in shown:
        yield warning(
            "extensions_obzvon.conf",
            say("it comes from an older version of obzvon: a call whose message cannot be played counts as answered"),
            say("copy the new file and write your values into it; then: asterisk -rx 'dialplan reload'"),
        )


def _loaded(shown: str) -> Finding:
    if not re.search(r"^pbx_spool\.so .*(?<!Not )Running", shown, re.MULTILINE):
        return error(
            "pbx_spool",
            say("the module that takes call files is not loaded in Asterisk"),
            say("asterisk -rx 'module load pbx_spool.so', and see that modules.conf loads it"),
        )
    return good("pbx_spool", say("the module that takes call files is loaded in Asterisk"))


def check_spool_files(context: CheckContext) -> Iterator[Finding]:
    """Check that the spool holds no file of ours that Asterisk has forgotten or would call again."""
    spool = context.spool
    if not spool.target.is_dir():
        return
    where = f"dir_target {spool.target}"
    counts = _count_spool_files(context)
    behind, waiting = counts["behind"], counts["waiting"]
    if behind:
        yield error(
            where,
            say_many(
                "{n} call file is left of a call that Asterisk's crash cut off: it would be called again",
                "{n} call files are left of calls that Asterisk's crash cut off: they would be called again",
                behind,
            ),
            say(
                "start the service ({command}), which takes them out; while Asterisk is down: obzvon sweep",
                command=supervisor_command("start"),
            ),
        )
    if waiting:
        yield _untaken_files(where, waiting)
    if not behind and not waiting:
        yield good(
            where,
            say_many(
                "nothing is left over here; {n} call is in progress",
                "nothing is left over here; {n} calls are in progress",
                counts["in progress"],
            ),
        )


def _untaken_files(where: str, waiting: int) -> Finding:
    return warning(
        where,
        say_many(
            "{n} call file has been here for more than a minute, and Asterisk has not taken it",
            "{n} call files have been here for more than a minute, and Asterisk has not taken them",
            waiting,
        ),
        say(
            "make sure that Asterisk runs and pbx_spool is loaded; when it starts it calls them all, "
            "so to prevent that: obzvon sweep before its start"
        ),
    )


def _count_spool_files(context: CheckContext) -> Counter[str]:
    """Return how many of our files are left behind, wait too long, or belong to calls in progress."""
    spool = context.spool
    counts: Counter[str] = Counter()
    running = functools.cache(spool.running_asterisks)
    for name in spool.files_in_spool():
        started = spool.is_started(name)
        if started:
            counts["behind" if spool.is_orphaned(name, running) else "in progress"] += 1
        elif started is False:
            with contextlib.suppress(FileNotFoundError):
                # The rename into the spool is what changed it last; its mtime is in the past on purpose.
                age = context.now.timestamp() - (spool.target / name).stat().st_ctime
                counts["waiting"] += age > _UNTAKEN_SECONDS
    return counts


def running_pid(context: CheckContext) -> int | None:
    """Return the pid of the running Asterisk that the settings name."""
    if context.spool.pid_file is None or context.spool.asterisk_state() is not AsteriskState.RUNNING:
        return None
    return processes.read_pid(context.spool.pid_file)


def ask_console(context: CheckContext, question: str) -> str | None:
    """Return the answer of that Asterisk's console; None if it cannot be asked."""
    program = shutil.which(context.machine.asterisk)
    return _ask(program, context.machine.asterisk_conf, question) if program and _is_console_of_ours(context) else None


def _is_console_of_ours(context: CheckContext) -> bool:
    """Return whether the console is that of the Asterisk that the settings name, and no other on this machine."""
    pid = running_pid(context)
    directories = _directories(context.machine.asterisk_conf) or {}
    return pid is not None and processes.read_pid(Path(directories.get("astrundir", _RUN)) / "asterisk.pid") == pid


def asterisk_directories(context: CheckContext) -> dict[str, str] | None:
    """Return [directories] of this machine's asterisk.conf; None if it cannot be read."""
    return _directories(context.machine.asterisk_conf)


def _directories(conf: Path) -> dict[str, str] | None:
    """Return [directories] of asterisk.conf; None if it cannot be read, {} if all values are the defaults.

    A section that is marked (!) is a template, which Asterisk ignores: so Debian ships it.
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
    """Return the answer of Asterisk's console; None if there is none."""
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
