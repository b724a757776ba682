"""Checks of the journal, the service and the run in progress."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from obzvon.checks.context import CheckContext, error, finding_from, good, join_messages, warning
from obzvon.checks.file_access import owner_name
from obzvon.common import processes
from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, moment_label, say, say_many
from obzvon.common.supervision import supervisor_command
from obzvon.journal.database import NoJournalError
from obzvon.journal.findings import Finding, Level
from obzvon.journal.heartbeat import Heartbeat
from obzvon.journal.journal import Journal
from obzvon.journal.sqlite import refuse_old_sqlite
from obzvon.reports.day_conflict import describe_day_conflict, find_day_conflict
from obzvon.reports.status import service_status
from obzvon.settings.reload import RELOADED_NAMES
from obzvon.settings.restarts import SERVICE, changed_keys, programs_of_names, setting_digests

_CRON_LATE = timedelta(minutes=3)


def check_opens(context: CheckContext) -> Iterator[Finding]:
    """Check that the journal opens, has a version that we know, and can be written."""
    address = context.settings.journal
    path = address.path
    if path is not None:
        try:
            refuse_old_sqlite()
        except UserError as failed:
            yield from (finding_from(problem, Level.ERROR) for problem in failed.problems)
            return
    if path is not None and not path.exists():
        yield _to_be_made(path)
        return
    if path is not None and not os.access(path, os.R_OK | os.W_OK):
        yield _no_access(context, path)
        return
    try:
        journal = Journal(address.reveal(), create=False)
    except NoJournalError:
        yield good(str(address), say("there is no journal yet; the service makes it at its start"))
        return
    except UserError as failed:
        for problem in failed.problems:
            yield finding_from(problem, Level.ERROR)
        return
    context.journal = journal
    try:
        if not context.machine.journal_in_use:
            with journal.write_transaction():
                pass
    except Exception as failed:
        yield error(
            journal.address,
            say("the journal cannot be written: {why}", why=getattr(failed, "orig", failed)),
            say("fix the permissions or the free space of its folder; nobody is called before that"),
        )
        return
    yield good(journal.address, say("the journal opens and can be written"))


def check_day_record(context: CheckContext) -> Iterator[Finding]:
    """Check that the journal knows all of today's calls, and was not moved elsewhere."""
    if context.journal is None:
        return
    context.journal.identity.ensure_not_moved()
    conflict = find_day_conflict(context.settings, context.journal, context.now)
    if conflict is not None:
        yield finding_from(describe_day_conflict(context.settings, context.journal, conflict), Level.ERROR)


def _no_access(context: CheckContext, path: Path) -> Finding:
    return error(
        path,
        say("the journal is not ours to write"),
        say(
            "give it to the service's user, and to the group of its folder: chown {owner} {path}*",
            owner=owner_name(context.service_uid(), path.parent.stat().st_gid),
            path=path,
        ),
    )


def check_service(context: CheckContext) -> Iterator[Finding]:
    """Check that the service sends heartbeats."""
    if context.journal is None:
        return
    heartbeat = context.journal.heartbeats.latest()
    state = service_status(heartbeat, context.now)
    if heartbeat is None:
        yield good(
            "",
            say("no service has used this journal yet"),
            say(
                "start it: {command}; or have cron call every minute: obzvon run --once",
                command=supervisor_command("start"),
            ),
        )
    elif heartbeat.stopped_at is None and heartbeat.is_halted():
        yield _halted(heartbeat.pid)
    elif state.alive:
        yield from _check_living_service(context, heartbeat, state.problems)
    else:
        yield _check_silent_service(context, heartbeat)


def _check_silent_service(context: CheckContext, heartbeat: Heartbeat) -> Finding:
    holder = _holder(context.settings.journal.path)
    if holder is not None and processes.is_process_halted(holder):
        return _halted(holder)
    if holder is not None and (heartbeat.stopped_at is not None or holder != heartbeat.pid):
        return good(
            "",
            say("a process without a heartbeat is using the journal, as obzvon run --once does: {pid}", pid=holder),
        )
    if heartbeat.stopped_at is not None and heartbeat.once:
        return _check_cron(context, heartbeat.stopped_at)
    if heartbeat.stopped_at is not None:
        return warning(
            "",
            say("the service was stopped on {time}", time=_clock(context, heartbeat.stopped_at)),
            say("start it: {command}", command=supervisor_command("start")),
        )
    return error(
        "",
        say("the service has sent no heartbeat since {time}", time=_clock(context, heartbeat.seen_at)),
        say("{command}, and see its log", command=supervisor_command("restart")),
    )


def _halted(pid: int) -> Finding:
    return error(
        "",
        say("the service is halted: process {pid} was stopped by a signal, and does nothing", pid=pid),
        say(
            "let it continue: kill -CONT {pid}; if that does not help: {command}",
            pid=pid,
            command=supervisor_command("restart"),
        ),
    )


def _check_cron(context: CheckContext, looked: datetime) -> Finding:
    what = say("the service is called from cron; it looked last on {time}", time=_clock(context, looked))
    if context.now - looked <= _CRON_LATE:
        return good("", what)
    return warning("", what, say("see that cron calls obzvon run --once every minute, and what the log says"))


def _check_living_service(
    context: CheckContext, heartbeat: Heartbeat, problems: tuple[Message, ...]
) -> Iterator[Finding]:
    yield good(
        "",
        say(
            "the service runs: process {pid} on {host}, since {time}",
            pid=heartbeat.pid,
            host=heartbeat.host,
            time=_clock(context, heartbeat.started_at),
        ),
    )
    if begun_with := context.journal.heartbeats.settings() if context.journal else {}:
        yield from _check_waiting_settings(context, begun_with)
    elif _changed_since(context.settings.file, heartbeat.started_at):
        yield warning(
            context.settings.file,
            say(
                "it was changed after the service's start on {time}: some settings count only from the next start on",
                time=_clock(context, heartbeat.started_at),
            ),
            say(
                "{command}; a run in progress continues where it was",
                command=supervisor_command("restart", "obzvon obzvon-web"),
            ),
        )
    if problems:
        yield warning(
            "",
            say("the service reports a problem: {trouble}", trouble=join_messages(problems)),
            say("fix that; the service continues by itself"),
        )


def _check_waiting_settings(context: CheckContext, begun_with: Mapping[str, str]) -> Iterator[Finding]:
    """Name the keys that the running service takes over at its next start."""
    keys = changed_keys(begun_with, setting_digests(context.settings), SERVICE, RELOADED_NAMES)
    if keys:
        yield warning(
            context.settings.file,
            say("it was changed, and the service still works with the former values of: {keys}", keys=", ".join(keys)),
            say(
                "{command}; a run in progress continues where it was",
                command=supervisor_command("restart", programs_of_names(keys)),
            ),
        )


def check_run(context: CheckContext) -> Iterator[Finding]:
    """Check for a paused run."""
    if context.journal is None:
        return
    active = context.journal.runs.active()
    if active is None:
        return
    waiting = context.journal.calls.count_results(active.id)["waiting"]
    if active.state == "paused":
        yield warning(
            "",
            say_many(
                "run {run} is paused, {n} call waits", "run {run} is paused, {n} calls wait", waiting, run=active.id
            ),
            say("go on: obzvon resume; or end it: obzvon stop"),
        )
    else:
        yield good(
            "",
            say_many(
                "run {run} is in progress, {n} call waits",
                "run {run} is in progress, {n} calls wait",
                waiting,
                run=active.id,
            ),
        )


def _holder(journal: Path | None) -> int | None:
    """Return the process that holds a SQLite journal's lock, from the kernel's list: trying the lock would take it."""
    if journal is None:
        return None
    try:
        found = Path(f"{journal}.lock").stat()
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    return next((int(fields[4]) for line in lines if (fields := line.split())[5:6] == [place]), None)


def _changed_since(file: Path, started: datetime) -> bool:
    try:
        return file.stat().st_mtime > started.timestamp()
    except OSError:
        return False


def _to_be_made(path: Path) -> Finding:
    if os.access(path.parent, os.W_OK | os.X_OK):
        return good(path, say("there is no journal yet; the service makes it at its start"))
    return error(
        path,
        say("there is no journal, and none can be made in this folder"),
        say("make the folder and give it to the service's user, or name another file in [Journal] url"),
    )


def _clock(context: CheckContext, moment: datetime) -> Message:
    return moment_label(moment.astimezone(context.settings.zone))
