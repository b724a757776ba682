"""What is rung, when and how: phones, the week, runs and calls. Pure: it is given the time and touches nothing."""

import contextlib
import enum
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from obzvon.language import Message, say
from obzvon.numbering import NumberingPlan, Refused, extension_code

PROMPT = timedelta(minutes=1)
"""Who looks at the week at a start looks a moment after it; from cron, up to a minute."""


PAUSED = say("paused")
RUNG_TODAY = say("already rung today")
"""Why a row is skipped. The results know the second by its text: another line of the day says how it was rung."""


class Disposition(enum.StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    NOT_ANSWERED = "not answered"
    """Busy, refused or no answer: a call file's status tells them apart from `ANSWERED`, not from each other."""
    CONGESTION = "congestion"
    NO_SUCH_NUMBER = "no such number"
    REFUSED = "refused"
    """The network or the other side would not take the call."""
    NO_TRUNK = "unreachable trunk"
    """Nothing was heard from where calls leave the PBX: nobody was rung."""
    WRONG_DIALPLAN = "wrong dialplan"
    """The dialplan has no way for this number: nobody was rung."""
    FAILED = "failed"
    HANDED = "handed"
    """Asterisk had it and has finished with it; neither an archive nor AMI tells more."""
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


class Phone(msgspec.Struct, frozen=True, gc=False):
    """One row of the list, as the operator wrote it.

    `extra` keeps what the row held besides, so that a save loses nothing.
    """

    key: str
    number: str
    code: str = ""
    name: str = ""
    paused: bool = False
    extra: dict[str, object] | None = None


class CallForm(msgspec.Struct, frozen=True):
    """How a kind of call is made: the part of a call file that is the same for all of them. Times in seconds."""

    context: str
    caller_id: str = ""
    max_retries: int = 0
    retry_time: int = 60
    wait_time: int = 300
    extension: str = "play"
    priority: int = 1
    archive: bool = False


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A phone as a run sees it: what would be dialled, or why it is skipped."""

    phone: Phone
    number: str = ""
    code: str = ""
    skipped: Message | None = None


class Week(msgspec.Struct, frozen=True):
    """The start time of each weekday, Monday first, `None` = no run; `dates` overrides single days."""

    times: tuple[time | None, ...] = (None,) * 7
    dates: Mapping[date, time | None] = {}

    def start_on(self, day: date) -> time | None:
        """The time at which that day's run begins, or None."""
        if day in self.dates:
            return self.dates[day]
        return self.times[day.weekday()]


def candidates(phones: Iterable[Phone], plan: NumberingPlan, rung: Container[tuple[str, str]] = ()
               ) -> Iterator[Candidate]:
    """Each row with what to dial or why not; a number and code that stand twice, or are among `rung`, are called once.

    A number may stand several times with different extension codes: those are different people. A paused row has its
    number too, where it has one, so that it is known again on the days on which it is called.
    """
    seen: dict[tuple[str, str], str] = {}
    for phone in phones:
        try:
            number, code = plan.dial(phone.number), extension_code(phone.code)
        except Refused as refused:
            yield Candidate(phone, skipped=PAUSED if phone.paused else refused.reason)
            continue
        if phone.paused:
            yield Candidate(phone, number, code, PAUSED)
            continue
        first = seen.setdefault((number, code), phone.key)
        if first != phone.key:
            yield Candidate(phone, number, code, say("the same number as in row {key}", key=first))
        elif (number, code) in rung:
            yield Candidate(phone, number, code, RUNG_TODAY)
        else:
            yield Candidate(phone, number, code)


def struck_off(phones: Iterable[Phone], plan: NumberingPlan, waiting: Iterable[tuple[str, str]]
               ) -> dict[tuple[str, str], Message]:
    """Of the numbers and codes that wait in a run, those that the list, as it is now, no longer calls: and why not."""
    wanted: set[tuple[str, str]] = set()
    paused: set[tuple[str, str]] = set()
    for phone in phones:
        with contextlib.suppress(Refused):
            call = plan.dial(phone.number), extension_code(phone.code)
            (paused if phone.paused else wanted).add(call)
    return {call: say("paused in the list during the run") if call in paused
            else say("taken off the list or changed during the run")
            for call in waiting if call not in wanted}


def start_instant(week: Week, day: date, zone: tzinfo) -> datetime | None:
    """The moment (UTC) at which that day's run begins.

    A time that the clocks skip begins as much later, a time that comes twice begins at its first coming (PEP 495).
    """
    start = week.start_on(day)
    return None if start is None else datetime.combine(day, start, zone).astimezone(UTC)


def due(week: Week, now: datetime, done: Container[date], *, zone: tzinfo, lateness: timedelta | None = None,
        since: Mapping[date, datetime] | None = None) -> date | None:
    """The day whose run should begin at `now` (aware), or None.

    `done` are the days that have had their run. A start that was missed is made up for during `lateness`, which may
    reach past midnight, but not past the next start, whose run would ring the same people again at once; None = the
    rest of its day, 0 = never: who looks within a minute has not missed it. A start time that was set only when it had
    passed (`since`: from which moment the week has said so for a day) is not a missed one: nobody is rung because of an
    edit.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        if day in done:
            return None
        start = start_instant(week, day, zone)
        if start is None or now < start:
            continue
        in_time = day == today if lateness is None else now - start <= max(lateness, PROMPT)
        if in_time and (not since or day not in since or since[day] <= start):
            return day
    return None


def next_starts(week: Week, now: datetime, done: Container[date], *, zone: tzinfo, count: int = 7) -> list[datetime]:
    """The next `count` moments (in `zone`) at which a run begins, at most a year ahead."""
    today = now.astimezone(zone).date()
    starts: list[datetime] = []
    for ahead in range(366):
        day = today + timedelta(days=ahead)
        start = start_instant(week, day, zone)
        if start is not None and start > now and day not in done:
            starts.append(start.astimezone(zone))
            if len(starts) == count:
                break
    return starts


def closing_instant(day: date, latest: time | None, zone: tzinfo) -> datetime | None:
    """The moment (UTC) after which nothing of that day's run is handed over; None = none."""
    return None if latest is None else datetime.combine(day, latest, zone).astimezone(UTC)
