"""Findings of the last self-check. The service stores them in the journal, for the editor may not read the spool."""

import enum
import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, insert, select

from obzvon.common.errors import Problem
from obzvon.common.i18n import Message
from obzvon.journal.database import Database
from obzvon.journal.schema import CAMPAIGN, findings

#: How often the service runs the self-check.
CHECK_INTERVAL = timedelta(hours=1)
#: The number of findings kept for each level. A list may have a note for each of its rows.
_MAX_PER_LEVEL = 200

_SUMMARY = select(findings.c.at, findings.c.once, findings.c.errors).where(findings.c.campaign == CAMPAIGN)


class Level(enum.StrEnum):
    """The severity of a finding: an error keeps calls from being made as they should, a warning may."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one check: where, what it found, and a remedy if that is not good."""

    level: Level
    where: str
    what: Message
    remedy: Message = Message("")

    def __str__(self) -> str:
        return str(Problem(self.where, self.what, self.remedy))


class CheckReport(msgspec.Struct, frozen=True):
    """A self-check: when, by which service (`once`: by one that cron calls), and everything that it found."""

    at: datetime
    pid: int
    host: str
    once: bool
    findings: tuple[Finding, ...]

    def with_level(self, level: Level) -> list[Finding]:
        """Return the findings of one level."""
        return [finding for finding in self.findings if finding.level is level]


class CheckSummary(msgspec.Struct, frozen=True):
    """A self-check in short: when, whether by a service that cron calls, and how many errors it found."""

    at: datetime
    once: bool
    errors: int


class FindingsStore:
    """The last self-check in a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, found: Iterable[Finding], *, at: datetime, once: bool = False) -> None:
        """Write these findings in place of the last ones."""
        found = list(found)
        kept = [finding for level in Level for finding in [one for one in found if one.level is level][:_MAX_PER_LEVEL]]
        errors = sum(finding.level is Level.ERROR for finding in kept)
        with self._database.write_transaction() as connection:
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
        """Return the last self-check; None before the first."""
        with self._database.read_transaction() as connection:
            row = connection.execute(select(findings).where(findings.c.campaign == CAMPAIGN)).first()
        if row is None:
            return None
        return CheckReport(
            row.at, row.pid, row.host, row.once, msgspec.json.decode(row.found, type=tuple[Finding, ...])
        )

    def latest_summary(self) -> CheckSummary | None:
        """Return the last self-check in short, without decoding its findings: every page asks for it."""
        with self._database.read_transaction() as connection:
            row = connection.execute(_SUMMARY).first()
        return None if row is None else CheckSummary(row.at, row.once, row.errors)


def worst_level(found: Iterable[Finding]) -> Level:
    """Return the worst level among the findings; OK if there are none."""
    levels = {finding.level for finding in found}
    return next((level for level in (Level.ERROR, Level.WARNING) if level in levels), Level.OK)
