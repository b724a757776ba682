"""Checks of the time: time zone data, the machine's clock, and the clock against the journal."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from obzvon.checks.context import CheckContext, error, good, warning
from obzvon.common.i18n import say
from obzvon.domain.clock import STEP, is_set_back
from obzvon.journal.findings import Finding

#: What a machine without a zone of its own is set to.
_UTC = frozenset({"UTC", "UCT", "Universal", "Zulu", *(f"Etc/{name}" for name in ("UTC", "UCT", "Universal", "Zulu"))})


def check_zone(context: CheckContext) -> Iterator[Finding]:
    """Check that the data of the settings' time zone can be found."""
    settings = context.settings
    where = f"{settings.file} [Day] time_zone"
    key = getattr(settings.zone, "key", None)
    if key and key != "localtime":
        try:
            ZoneInfo.no_cache(key)
        except ZoneInfoNotFoundError:
            yield error(
                where,
                say("this machine has no data of the time zone {zone}", zone=key),
                say("install them: apt install tzdata, or pip install tzdata"),
            )
            return
    if key in _UTC and ("Day", "time_zone") not in settings.written:
        yield warning(
            where,
            say("this machine's time zone is UTC, and no other is set: the schedule's times are UTC, not local"),
            say("write the time zone of the people who are called, for example: time_zone = Europe/Moscow"),
        )
        return
    here = context.now.astimezone(settings.zone)
    yield good(
        where,
        say(
            "the time zone is {zone}, where it is {time} now, {offset} from UTC",
            zone=key or str(settings.zone),
            time=here,
            offset=f"{here:%z}",
        ),
    )


def check_synchronised(context: CheckContext) -> Iterator[Finding]:
    """Check that a time service keeps the machine's clock right."""
    kept = context.machine.is_synchronised()
    if kept is False:
        yield warning(
            "",
            say("nothing keeps this machine's clock right, so runs may begin early or late"),
            say("install a time service: apt install systemd-timesyncd, or chrony"),
        )
    elif kept:
        yield good("", say("a time service keeps this machine's clock right"))
    else:
        yield good("", say("it is unknown here whether a time service keeps this machine's clock right"))


def check_against_journal(context: CheckContext) -> Iterator[Finding]:
    """Check that the journal holds no moment in the future."""
    if context.journal is None:
        return
    latest = context.journal.runs.latest_time()
    zone = context.settings.zone
    if latest is None or not is_set_back(context.now, latest, context.journal.clock.accepted()):
        yield good("", say("the clock shows no time before that of the last run in the journal"))
        return
    yield error(
        "",
        say(
            "the clock shows {now}, and the journal holds a run of {latest}: the clock was set back, or was wrong then",
            now=context.now.astimezone(zone),
            latest=latest.astimezone(zone),
        ),
        say(
            "set the clock (timedatectl set-ntp true); nobody is called before it shows more than the journal. If it "
            "is right now and was wrong then: obzvon journal accept --clock"
        ),
    )


def check_steps(context: CheckContext) -> Iterator[Finding]:
    """Check that the service believes the clock: it has not been set by more than a minute a moment ago."""
    seen = context.journal.clock.load() if context.journal is not None else None
    if seen is None or seen.boot != context.machine.boot:
        return
    offset = context.now.timestamp() - context.machine.uptime()
    if abs(offset - seen.offset) <= STEP.total_seconds():
        return
    before = datetime.fromtimestamp(seen.offset + context.machine.uptime(), context.settings.zone)
    yield warning(
        "",
        say(
            "the clock was set from {before} to {after}",
            before=before,
            after=context.now.astimezone(context.settings.zone),
        ),
        say("nobody is called until the new time has stood for two minutes; nothing needs to be done if it is right"),
    )
