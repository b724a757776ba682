"""The check of Asterisk's manager interface: reachable, the login, encryption, rights, the trunk."""

import re
import shutil
from collections.abc import Iterator

from obzvon.asterisk.ami.errors import AmiError, login_refused
from obzvon.asterisk.ami.permissions import Permissions, inspect_permissions, permissions_from_console, required_rights
from obzvon.checks.asterisk import ask_console
from obzvon.checks.context import CheckContext, error, finding_from, good, warning
from obzvon.common.hosts import is_loopback
from obzvon.common.i18n import say
from obzvon.journal.findings import Finding, Level

_PATIENCE = 3.0
_NAMED = 10
_PJSIP = "PJSIP/"
_ENDPOINT = re.compile(r"^ *Endpoint: +([^\s/<]+)", re.MULTILINE)


def check_login(visit: CheckContext) -> Iterator[Finding]:
    """Where AMI is configured: that it answers, takes the login, and that its user has the least rights."""
    known = visit.settings.ami
    if not known:
        yield good("AMI", say("Asterisk's manager interface is not used: no host is written in [AMI]"))
        return
    where = f"AMI {known.host}:{known.port}"
    if visit.machine.ami_refused:
        yield finding_from(login_refused(known).problem, Level.ERROR)
        return
    try:
        rights = inspect_permissions(known, patience=_PATIENCE)
    except AmiError as trouble:
        yield finding_from(trouble.problem, Level.ERROR)
        return
    yield good(where, say("Asterisk answers and takes the login of {user}", user=known.user))
    if not known.tls and not is_loopback(known.host):
        yield warning(
            where,
            say("the numbers of everybody who is rung cross the network unencrypted"),
            say("set tlsenable, tlsbindaddr and tlscertfile in manager.conf, and tls = yes in [AMI]"),
        )
    yield from _of_rights(visit, where, _by_console(visit, known.user) or rights)
    yield from _of_trunk(visit)


def check_transport(visit: CheckContext) -> Iterator[Finding]:
    """Where calls go by AMI: what has no effect then, and what stands in while the connection is away."""
    known = visit.settings
    if not known.by_ami:
        return
    where = f"{known.file} [AMI] transport"
    for section, form in (("Calls", known.ordinary), ("CodeCalls", known.coded)):
        if form.max_retries:
            yield warning(
                f"{known.file} [{section}] max_retries",
                say("calls go by AMI, where Asterisk makes no retries by itself: max_retries has no effect"),
                say("say in [Rounds] who is rung once more and when, and write max_retries = 0"),
            )
    if known.has_spool:
        yield good(
            where, say("calls go by AMI; while the connection is away they go through {path}", path=known.target)
        )
    else:
        yield good(
            where,
            say("calls go by AMI; while the connection is away they wait, for no spool is named that could stand in"),
        )


def _of_rights(visit: CheckContext, where: str, rights: Permissions) -> Iterator[Finding]:
    user, originates = visit.settings.ami.user, visit.settings.by_ami
    least = ", ".join(
        f"{which} = {','.join(sorted(some))}"
        for which, some in zip(("read", "write"), required_rights(originates=originates), strict=True)
    )
    remedy = say(
        "write in manager.conf under [{user}]: {rights}; then: {command}",
        user=user,
        rights=least,
        command="asterisk -rx 'manager reload'",
    )
    if rights.missing:
        yield error(
            where,
            say("the user {user} has too few rights, it lacks {rights}", user=user, rights=", ".join(rights.missing)),
            remedy,
        )
    if rights.excess:
        yield warning(
            where,
            say("the user {user} has more rights than it needs: {rights}", user=user, rights=", ".join(rights.excess)),
            remedy,
        )
    if not rights.missing and not rights.excess:
        yield good(where, say("the user {user} has the rights that it needs, and no more that can be seen", user=user))


def _of_trunk(visit: CheckContext) -> Iterator[Finding]:
    """The trunk whose channels are counted is one of Asterisk's; of a mistyped one nothing is ever counted."""
    trunk = visit.settings.ami.trunk
    if not trunk.startswith(_PJSIP) or not is_loopback(visit.settings.ami.host):
        return
    endpoints = _ENDPOINT.findall(ask_console(visit, "pjsip show endpoints") or "")
    # A channel of an endpoint is called PJSIP/endpoint-0000002a.
    if endpoints and not any(f"{_PJSIP}{one}-".startswith(trunk) for one in endpoints):
        yield warning(
            f"{visit.settings.file} [AMI] trunk",
            say(
                "Asterisk has no endpoint whose channels begin with {trunk}: other people's calls are not "
                "counted, and the lines may be taken from them",
                trunk=trunk,
            ),
            say("write one of these: {names}", names=", ".join(f"{_PJSIP}{one}" for one in endpoints[:_NAMED])),
        )


def _by_console(visit: CheckContext, user: str) -> Permissions | None:
    """Asterisk's console knows all of them, where it is on this machine and answers us."""
    if not is_loopback(visit.settings.ami.host) or shutil.which(visit.machine.asterisk) is None:
        return None
    shown = ask_console(visit, f"manager show user {user}")
    return permissions_from_console(shown, originates=visit.settings.by_ami) if shown else None
