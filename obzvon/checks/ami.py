"""The check of Asterisk's manager interface: reachable, the login, encryption, rights."""

import shutil
from collections.abc import Iterator

from obzvon.addresses import is_loopback
from obzvon.ami import Trouble, inspect
from obzvon.ami_rights import Rights, rights_by_console
from obzvon.ami_troubles import no_login
from obzvon.checks.asterisk import ask_console
from obzvon.checks.findings import Visit, error, good, of, warning
from obzvon.findings import Finding, Level
from obzvon.language import say

_PATIENCE = 3.0


def ami(visit: Visit) -> Iterator[Finding]:
    """Where AMI is configured: that it answers, takes the login, and that its user has the least rights."""
    known = visit.settings.ami
    if not known:
        yield good("AMI", say("Asterisk's manager interface is not used: no host is written in [AMI]"))
        return
    where = f"AMI {known.host}:{known.port}"
    if visit.machine.ami_refused:
        yield of(no_login(known).problem, Level.ERROR)
        return
    try:
        rights = inspect(known, patience=_PATIENCE)
    except Trouble as trouble:
        yield of(trouble.problem, Level.ERROR)
        return
    yield good(where, say("Asterisk answers and takes the login of {user}", user=known.user))
    if not known.tls and not is_loopback(known.host):
        yield warning(where, say("the numbers of everybody who is rung cross the network unencrypted"),
                      say("set tlsenable, tlsbindaddr and tlscertfile in manager.conf, and tls = yes in [AMI]"))
    yield from _of_rights(where, known.user, _by_console(visit, known.user) or rights)


def _of_rights(where: str, user: str, rights: Rights) -> Iterator[Finding]:
    remedy = say("write in manager.conf under [{user}]: {rights}; then: {command}", user=user,
                 rights="read = call,user, write = reporting", command="asterisk -rx 'manager reload'")
    if rights.missing:
        yield error(where, say("the user {user} has too few rights, it lacks {rights}", user=user,
                               rights=", ".join(rights.missing)), remedy)
    if rights.excess:
        yield warning(where, say("the user {user} has more rights than it needs: {rights}", user=user,
                                 rights=", ".join(rights.excess)), remedy)
    if not rights.missing and not rights.excess:
        yield good(where, say("the user {user} has the rights that it needs, and no more that can be seen", user=user))


def _by_console(visit: Visit, user: str) -> Rights | None:
    """Asterisk's console knows all of them, where it is on this machine and answers us."""
    if not is_loopback(visit.settings.ami.host) or shutil.which(visit.machine.asterisk) is None:
        return None
    shown = ask_console(visit, f"manager show user {user}")
    return rights_by_console(shown) if shown else None
