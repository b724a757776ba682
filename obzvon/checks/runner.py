"""Self-check: checks everything that a run needs; each problem comes with its remedy.

    findings = list(run_checks(settings, Spool.from_settings(settings), now=datetime.now(UTC)))
    sys.exit(1 if worst_level(findings) is Level.ERROR else 0)

It changes nothing except a file that is made and deleted in the store. The caller has `Settings`, so mistakes in
settings.ini have been reported before, by `load_settings`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from obzvon.asterisk.spool import Spool
from obzvon.checks import ami, asterisk, call_path, clock, documents, folders, journal, messages, settings, store
from obzvon.checks.context import Check, CheckContext, Machine, error, finding_from
from obzvon.common.errors import UserError, os_error_reason
from obzvon.common.i18n import say
from obzvon.journal.findings import Finding, Level
from obzvon.settings.model import Settings

_CHECKS: tuple[Check, ...] = (
    settings.check_user,
    settings.check_settings,
    settings.check_numbering,
    clock.check_zone,
    clock.check_synchronised,
    journal.check_opens,  # opens the journal for those after it
    journal.check_day_record,
    clock.check_against_journal,
    clock.check_steps,
    documents.check_phones,  # counts the calls of a run for those after it
    documents.check_schedule,
    documents.check_history,
    messages.check_messages,
    messages.check_speech,
    folders.check_folders,
    folders.check_spool_access,
    folders.check_settings_access,
    folders.check_logs,
    folders.check_free_space,
    store.check_filesystem,
    store.check_probe_file,
    store.check_other_services,
    store.check_leftovers,
    asterisk.check_running,
    asterisk.check_spool_folder,
    asterisk.check_call_file_owner,
    asterisk.check_console,
    asterisk.check_spool_files,
    ami.check_login,
    call_path.check_call_path,  # over AMI only if the login was taken
    ami.check_transport,
    journal.check_service,
    journal.check_run,
)

#: Checks of the spool. With transport = ami there may be none; one that is only a fallback keeps no call from being
#: made, so its errors are warnings.
_OF_SPOOL: tuple[Check, ...] = (
    folders.check_spool_access,
    store.check_filesystem,
    store.check_probe_file,
    store.check_other_services,
    store.check_leftovers,
    asterisk.check_running,
    asterisk.check_spool_folder,
    asterisk.check_call_file_owner,
    asterisk.check_spool_files,
)


def run_checks(settings: Settings, spool: Spool, *, now: datetime, machine: Machine | None = None) -> Iterator[Finding]:
    """Yield the findings of every check, good and bad; raises nothing. `now` is aware."""
    context = CheckContext(settings, spool, now, machine or Machine())
    try:
        for check in _CHECKS:
            if settings.has_spool or check not in _OF_SPOOL:
                is_fallback = settings.by_ami and check in _OF_SPOOL and check is not folders.check_spool_access
                yield from (_milder(found) if is_fallback else found for found in _safely(check, context))
    finally:
        if context.journal is not None:
            context.journal.close()


def _safely(check: Check, context: CheckContext) -> Iterator[Finding]:
    """Yield the findings of a check. If it fails itself, that is a finding, and the others run all the same."""
    try:
        yield from check(context)
    except UserError as failed:
        for problem in failed.problems:
            yield finding_from(problem, Level.ERROR)
    except OSError as failed:
        yield error(
            failed.filename or _name(check),
            say("it cannot be checked: {why}", why=os_error_reason(failed)),
            say("run obzvon check as the service's user, or fix the permissions"),
        )
    except Exception as failed:
        yield error(
            _name(check),
            say("this check itself has failed: {why}", why=repr(failed)),
            say("this is a bug in obzvon: please report this line"),
        )


def _milder(found: Finding) -> Finding:
    return msgspec.structs.replace(found, level=Level.WARNING) if found.level is Level.ERROR else found


def _name(check: Callable[..., object]) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__qualname__}"
