"""Checks of settings.ini, its numbering plan, and the user who runs the check."""

import os
import stat
from collections.abc import Iterator

from obzvon.checks.context import CheckContext, error, finding_from, good, warning
from obzvon.checks.file_access import user_name
from obzvon.common.errors import Problem
from obzvon.common.hosts import is_loopback
from obzvon.common.i18n import say
from obzvon.journal.findings import Finding, Level
from obzvon.settings.model import Settings


def check_user(context: CheckContext) -> Iterator[Finding]:
    """Check that the user is the service's: root may write everywhere and would not see what that user may not."""
    if not context.machine.as_root:
        me, service = os.geteuid(), context.service_uid()
        if me not in (0, service):
            yield warning(
                "",
                say(
                    "you are {me}, and the service is {service}: what follows is what you may do, not what it may",
                    me=user_name(me),
                    service=user_name(service),
                ),
                say("type it as that user: runuser -u {user} -- obzvon check", user=user_name(service)),
            )
        return
    if not context.settings.target.is_dir():
        return
    uid = context.spool.file_owner()[0]
    if uid > 0:
        name = user_name(uid)
        yield warning(
            "",
            say("this check runs as root, who may write everywhere: what {user} may not is not seen", user=name),
            say("run it, and the service, as that user: runuser -u {user} -- obzvon check", user=name),
        )


def check_settings(context: CheckContext) -> Iterator[Finding]:
    """Check settings that were read with a note, that contradict each other, or that reveal passwords."""
    settings = context.settings
    for note in settings.notes:
        yield finding_from(note, Level.WARNING)
    secret = settings.journal.reveal() != str(settings.journal)
    if (secret or settings.ami.secret) and settings.file.stat().st_mode & stat.S_IROTH:
        yield warning(
            settings.file,
            say("every user of this machine may read the passwords that stand here"),
            say("chmod o-r {path}", path=settings.file),
        )
    if problem := find_unencrypted_editor(settings):
        yield finding_from(problem, Level.ERROR)
    if not settings.notes:
        yield good(settings.file, say("the settings can be read, and nothing in them is odd"))


def find_unencrypted_editor(settings: Settings) -> Problem | None:
    """Return a problem if the editor would send passwords unencrypted without consent; then it does not start."""
    host = settings.web.host
    if is_loopback(host) or settings.web.plain_http:
        return None
    return Problem(
        f"{settings.file} [Web] host",
        say("{host} is an address that other machines reach, and the editor does not encrypt", host=host),
        say(
            "leave 127.0.0.1 and put a proxy with TLS in front (docs/en/how-to/web-server.md); in a network that you "
            "trust write plain_http = yes"
        ),
    )


def check_numbering(context: CheckContext) -> Iterator[Finding]:
    """Check that the country of the settings has a numbering plan."""
    settings = context.settings
    where = f"{settings.file} [Numbers] region"
    try:
        plan = settings.numbering_plan()
    except ValueError:
        yield error(
            where,
            say("there is no numbering plan for {region}", region=settings.region),
            say("write the two letters of a country, for example RU"),
        )
        return
    yield good(where, say("numbers are read by the numbering plan of {region}", region=settings.region))
    if emergency := plan.emergency_internals():
        yield good(
            f"{settings.file} [Numbers] internal",
            say(
                "it also matches emergency numbers, which are not called: {numbers}; 101–104 are called as extensions "
                "of the office only where it names them one by one",
                numbers=", ".join(emergency),
            ),
        )
