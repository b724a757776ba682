"""Checks of settings.ini, of the numbering plan it names, and of who is looking."""

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


def check_user(visit: CheckContext) -> Iterator[Finding]:
    """Root may write everywhere, so root does not see what the service's user may not; others see too much of it."""
    if not visit.machine.as_root:
        me, service = os.geteuid(), visit.service_uid()
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
    if not visit.settings.target.is_dir():
        return
    uid = visit.spool.file_owner()[0]
    if uid > 0:
        name = user_name(uid)
        yield warning(
            "",
            say("this check runs as root, who may write everywhere: what {user} may not is not seen", user=name),
            say("run it, and the service, as that user: runuser -u {user} -- obzvon check", user=name),
        )


def check_settings(visit: CheckContext) -> Iterator[Finding]:
    """What was read with a note, and what says two things at once."""
    known = visit.settings
    for note in known.notes:
        yield finding_from(note, Level.WARNING)
    secret = known.journal.reveal() != str(known.journal)
    if (secret or known.ami.secret) and known.file.stat().st_mode & stat.S_IROTH:
        yield warning(
            known.file,
            say("every user of this machine may read the passwords that stand here"),
            say("chmod o-r {path}", path=known.file),
        )
    if problem := find_unencrypted_editor(known):
        yield finding_from(problem, Level.ERROR)
    if not known.notes:
        yield good(known.file, say("the settings can be read, and nothing in them is odd"))


def find_unencrypted_editor(known: Settings) -> Problem | None:
    """Passwords would go over a network unencrypted without anybody's having said so: the editor does not start."""
    host = known.web.host
    if is_loopback(host) or known.web.plain_http:
        return None
    return Problem(
        f"{known.file} [Web] host",
        say("{host} is an address that other machines reach, and the editor does not encrypt", host=host),
        say(
            "leave 127.0.0.1 and put a proxy with TLS in front (docs/en/how-to/web-server.md); in a network that you "
            "trust write plain_http = yes"
        ),
    )


def check_numbering(visit: CheckContext) -> Iterator[Finding]:
    """The numbering plan of the country that the settings name."""
    known = visit.settings
    where = f"{known.file} [Numbers] region"
    try:
        plan = known.numbering_plan()
    except ValueError:
        yield error(
            where,
            say("there is no numbering plan for {region}", region=known.region),
            say("write the two letters of a country, for example RU"),
        )
        return
    del plan
    yield good(where, say("numbers are read by the numbering plan of {region}", region=known.region))
