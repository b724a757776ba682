"""Check of Asterisk's manager interface: connection, login, encryption, permissions, trunk."""

import re
import shutil
from collections.abc import Iterator

from obzvon.asterisk.ami.call_tracker import is_trunk_channel
from obzvon.asterisk.ami.errors import AmiError, LoginInUseError, login_refused
from obzvon.asterisk.ami.permissions import Permissions, inspect_permissions, permissions_from_console, required_rights
from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.checks.asterisk import ask_console
from obzvon.checks.context import CheckContext, error, finding_from, good, warning
from obzvon.common.hosts import is_loopback
from obzvon.common.i18n import say
from obzvon.journal.findings import Finding, Level
from obzvon.reports.status import service_status
from obzvon.settings.ami import AmiSettings

_TIMEOUT_SECONDS = 3.0
_NAMED = 10
_PJSIP = "PJSIP/"
# A name may hold spaces, and two or more come before the state; the caller ID follows a slash.
_ENDPOINT = re.compile(r"^ *Endpoint: +([^\s/<](?:[^/<\n]*?[^\s/<])?)(?=/| {2,}|$)", re.MULTILINE)


def check_login(context: CheckContext) -> Iterator[Finding]:
    """Check that AMI answers, takes the login, and that its user has only the permissions it needs."""
    configured = context.settings.ami
    if not configured:
        yield good("AMI", say("Asterisk's manager interface is not used: no host is written in [AMI]"))
        return
    where = f"AMI {configured.host}:{configured.port}"
    if context.machine.ami_login is LoginState.REFUSED:
        yield finding_from(login_refused(configured).problem, Level.ERROR)
        return
    try:
        rights = inspect_permissions(configured, patience=_TIMEOUT_SECONDS)
    except AmiError as failed:
        if isinstance(failed, LoginInUseError) and _is_service_connected(context):
            yield from _check_beside_service(context, where)
        else:
            yield finding_from(failed.problem, Level.ERROR)
        return
    context.is_login_taken = True
    yield good(where, say("Asterisk answers and accepts the login of {user}", user=configured.user))
    yield from _check_encryption(configured, where)
    yield from _check_permissions(context, where, _by_console(context, configured.user) or rights)
    yield from _check_trunk(context)


def _is_service_connected(context: CheckContext) -> bool:
    """Return whether the service is logged in: by what it says itself, or by its last heartbeat."""
    if context.machine.ami_login is LoginState.CONNECTED:
        return True
    heartbeat = context.journal.heartbeats.latest() if context.journal else None
    usage = service_status(heartbeat, context.now).line_usage
    return usage is not None and usage.ami is not None and usage.ami.up


def _check_beside_service(context: CheckContext, where: str) -> Iterator[Finding]:
    """Check what can be checked without a login, where Asterisk allows one and the service has it."""
    configured = context.settings.ami
    yield good(
        where,
        say(
            "the service is connected as {user}; Asterisk allows this user one connection, so check makes none "
            "of its own",
            user=configured.user,
        ),
    )
    yield from _check_encryption(configured, where)
    if rights := _by_console(context, configured.user):
        yield from _check_permissions(context, where, rights)
    yield from _check_trunk(context)


def _check_encryption(configured: AmiSettings, where: str) -> Iterator[Finding]:
    if not configured.tls and not is_loopback(configured.host):
        yield warning(
            where,
            say("the numbers of everybody who is called cross the network unencrypted"),
            say("set tlsenable, tlsbindaddr and tlscertfile in manager.conf, and tls = yes in [AMI]"),
        )


def check_transport(context: CheckContext) -> Iterator[Finding]:
    """Check settings without effect when calls go through AMI, and the fallback for a lost connection."""
    configured = context.settings
    if not configured.by_ami:
        return
    where = f"{configured.file} [AMI] transport"
    for section, form in (("Calls", configured.ordinary), ("CodeCalls", configured.coded)):
        if form.max_retries:
            yield warning(
                f"{configured.file} [{section}] max_retries",
                say("calls go through AMI, where Asterisk makes no retries by itself: max_retries has no effect"),
                say("set the retries in [Rounds], and write max_retries = 0"),
            )
    if configured.has_spool:
        yield good(
            where,
            say("calls go through AMI; while the connection is lost they go through {path}", path=configured.target),
        )
    else:
        yield good(
            where,
            say("calls go through AMI; while the connection is lost they wait, because no spool is set as a fallback"),
        )


def _check_permissions(context: CheckContext, where: str, rights: Permissions) -> Iterator[Finding]:
    user, originates = context.settings.ami.user, context.settings.by_ami
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


def _check_trunk(context: CheckContext) -> Iterator[Finding]:
    """Check that Asterisk has the trunk whose channels are counted. With a mistyped name nothing is ever counted."""
    trunk = context.settings.ami.trunk
    if not trunk.startswith(_PJSIP) or not is_loopback(context.settings.ami.host):
        return
    endpoints = _ENDPOINT.findall(ask_console(context, "pjsip show endpoints") or "")
    if endpoints and not any(is_trunk_channel(trunk, f"{_PJSIP}{one}-0000002a") for one in endpoints):
        yield warning(
            f"{context.settings.file} [AMI] trunk",
            say(
                "Asterisk has no endpoint whose channels begin with {trunk}: other people's calls are not "
                "counted, and the lines may be taken from them",
                trunk=trunk,
            ),
            say("write one of these: {names}", names=", ".join(f"{_PJSIP}{one}" for one in endpoints[:_NAMED])),
        )


def _by_console(context: CheckContext, user: str) -> Permissions | None:
    """Return all permissions of the user from Asterisk's console; None if it is not on this machine or not for us."""
    if not is_loopback(context.settings.ami.host) or shutil.which(context.machine.asterisk) is None:
        return None
    shown = ask_console(context, f"manager show user {user}")
    return permissions_from_console(shown, originates=context.settings.by_ami) if shown else None
