"""What the self-check finds, and the journal's memory of the last one, for the editor may not look into the spool."""

import enum
import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, select

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message
from obzvon.journal.runs import CAMPAIGN, Journal
from obzvon.journal.schema import findings

HOURLY = timedelta(hours=1)
"""How often the service looks."""
_MOST = 200
"""So many of one level are kept; a list with a note for each of its rows has no more to say than that."""


class Level(enum.StrEnum):
    """How bad it is: an error keeps calls from being made as they should, a warning may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at: where, what was found, and what to do about it if it is not good."""

    level: Level
    where: str
    what: Message
    remedy: Message = Message("")

    def __str__(self) -> str:
        return str(Problem(self.where, self.what, self.remedy))


class CheckReport(msgspec.Struct, frozen=True):
    """One self-check: when, by which service (`once`: by one that cron calls), and everything that it found."""

    at: datetime
    pid: int
    host: str
    once: bool
    findings: tuple[Finding, ...]

    def of(self, level: Level) -> list[Finding]:
        """What is as bad as that."""
        return [finding for finding in self.findings if finding.level is level]


class CheckSummary(msgspec.Struct, frozen=True):
    """One self-check in short: when, whether by a service that cron calls, and how many errors it found."""

    at: datetime
    once: bool
    errors: int


class FindingsStore:
    """The last self-check in a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def keep(self, found: Iterable[Finding], *, at: datetime, once: bool = False) -> None:
        """Takes the place of what was found before."""
        found = list(found)
        kept = [one for level in Level for one in [one for one in found if one.level is level][:_MOST]]
        errors = sum(one.level is Level.ERROR for one in kept)
        with self._journal.write() as connection:
            connection.execute(delete(findings).where(findings.c.campaign == CAMPAIGN))
            connection.execute(
                insert(findings).values(
                    campaign=CAMPAIGN,
                    at=at,
                    pid=os.getpid(),
                    host=socket.gethostname(),
                    once=once,
                    errors=errors,
                    found=msgspec.json.encode(kept).decode(),
                )
            )

    def latest(self) -> CheckReport | None:
        """What was found last; None if nobody has looked yet."""
        with self._journal.read() as connection:
            row = connection.execute(select(findings).where(findings.c.campaign == CAMPAIGN)).first()
        if row is None:
            return None
        return CheckReport(
            row.at, row.pid, row.host, row.once, msgspec.json.decode(row.found, type=tuple[Finding, ...])
        )

    def brief(self) -> CheckSummary | None:
        """The same in short, for those who ask at every page."""
        with self._journal.read() as connection:
            row = connection.execute(
                select(findings.c.at, findings.c.once, findings.c.errors).where(findings.c.campaign == CAMPAIGN)
            ).first()
        return None if row is None else CheckSummary(row.at, row.once, row.errors)


def worst(found: Iterable[Finding]) -> Level:
    """The worst level among them."""
    levels = {finding.level for finding in found}
    return next((level for level in (Level.ERROR, Level.WARNING) if level in levels), Level.OK)
