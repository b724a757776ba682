"""The self-check: everything that a run needs is looked at, and each thing that is wrong comes with its remedy.

    findings = list(examine(settings, Spool.from_settings(settings), now=datetime.now(UTC)))
    sys.exit(1 if worst(findings) is Level.ERROR else 0)

It changes nothing but for a file that is made and deleted in the store. The one who asks has `Settings`, so a
settings.ini with a mistake in it is told before, by `settings.load`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from obzvon.asterisk.spool import Spool
from obzvon.checks import ami, asterisk, clock, documents, folders, journal, settings, store
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
    clock.check_against_journal,
    documents.check_phones,  # counts the calls of a run for those after it
    documents.check_schedule,
    documents.check_history,
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
    asterisk.check_user,
    asterisk.check_console,
    asterisk.check_spool_files,
    ami.check_login,
    ami.check_transport,
    journal.check_service,
    journal.check_run,
)

_OF_SPOOL: tuple[Check, ...] = (
    folders.check_spool_access,
    store.check_filesystem,
    store.check_probe_file,
    store.check_other_services,
    store.check_leftovers,
    asterisk.check_running,
    asterisk.check_spool_folder,
    asterisk.check_user,
    asterisk.check_spool_files,
)
"""Where calls go by AMI there may be no spool to look at; and one that only stands in keeps no call from being made."""


def run_checks(settings: Settings, spool: Spool, *, now: datetime, machine: Machine | None = None) -> Iterator[Finding]:
    """Looks at everything and says what is good and what is not; raises nothing. `now` is aware."""
    visit = CheckContext(settings, spool, now, machine or Machine())
    try:
        for check in _CHECKS:
            if settings.has_spool or check not in _OF_SPOOL:
                stands_in = settings.by_ami and check in _OF_SPOOL and check is not folders.check_spool_access
                yield from (_milder(found) if stands_in else found for found in _safely(check, visit))
    finally:
        if visit.journal is not None:
            visit.journal.close()


def _safely(check: Check, visit: CheckContext) -> Iterator[Finding]:
    """A check that fails itself is a finding, and no reason not to make the others."""
    try:
        yield from check(visit)
    except UserError as failed:
        for problem in failed.problems:
            yield finding_from(problem, Level.ERROR)
    except OSError as failed:
        yield error(
            failed.filename or _name(check),
            say("it cannot be looked at: {why}", why=os_error_reason(failed)),
            say("run obzvon check as the service's user, or mend the rights"),
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
