"""The journal's tables: runs, calls, tallies, commands, audit log, seen schedule, heartbeat and findings.

A change of the tables is made here, for new journals, and as a revision in `migrations/`, for those that exist.
"""

import secrets
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    case,
    false,
)
from sqlalchemy.types import TypeDecorator

#: The only campaign so far; the tables have room for several.
CAMPAIGN = "main"
#: Grows by one with every change of the tables. It is stored in the journal, and every program compares it.
#: Alembic's revision is the same number with four digits. Both change in one transaction.
SCHEMA = 3

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. SQLite has no time zones and stores the same moment without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value as the database keeps it."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Return the aware moment that the database keeps."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# Alembic's own table, which it reads and writes under this name.
alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), primary_key=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("campaign", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('week', 'manual', 'test', 'former')"), nullable=False),
    # The claim: a campaign's day has one run of the week, however many processes try to begin it.
    Column("claim", Text, unique=True),
    Column("state", Text, CheckConstraint("state IN ('running', 'paused', 'done', 'stopped')"), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("started_by", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("total", Integer, nullable=False),
    # Ended, and nothing of it is on its way: the few runs that are not are all that a start has to look through.
    Column("settled", Boolean, nullable=False, server_default=false()),
    Index("runs_by_day", "campaign", "day"),
)

calls = Table(
    "calls",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("row", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("disposition", Text),
    Column("reason", Text),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("bundle", Integer),
    Column("handed_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    # Of a call that waits for a further attempt: not earlier than this. Its disposition is that of the last one.
    Column("not_before", UtcDateTime),
    Column("rang_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("listened", Float),
    Column("cause", Integer),
    Column("key", Text),
    Column("tries", Integer),
    # How it was handed over last: NULL = by the spool, else another transport's name.
    Column("via", Text),
    # The boot of the machine under which it was handed over last, by the kernel's boot id. After another one nothing
    # that Asterisk had not made durable by then is evidence.
    Column("boot", Text),
    # A run of a hundred thousand is written in a second: the rows are the index (SQLite), and there is no other.
    sqlite_with_rowid=False,
)

#: The result of a call: its disposition, or its state. A call that waits for a further attempt has both.
RESULT = case((calls.c.state == "ended", calls.c.disposition), else_=calls.c.state)

# How many calls of a settled run ended how, by the quarter of an hour (UTC, "2026-11-23 06:15") in which they were
# handed over: '' = not at all. It is written once, so that nobody goes through a month's calls to draw a chart.
tallies = Table(
    "tallies",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("quarter", Text, primary_key=True),
    Column("result", Text, primary_key=True),
    Column("calls", Integer, nullable=False),
    sqlite_with_rowid=False,
)

commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("name", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    # What a form carries that may be sent twice: one and the same is asked once.
    Column("once", Text, unique=True),
    Column("taken_at", UtcDateTime),
    Column("done", Boolean, nullable=False, server_default=false()),
    Column("ok", Boolean),
    Column("answer", Text),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
)

seen = Table(
    "seen",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("week", Text, nullable=False),
    Column("since", Text, nullable=False),
)

service = Table(
    "service",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("pid", BigInteger, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("stopped_at", UtcDateTime),
    Column("trouble", Text, nullable=False, server_default=""),
    # What it read last of the lines in use and the link to Asterisk, and its pace.
    Column("readout", Text, nullable=False, server_default=""),
    # One look, as from cron: between two of them no process lives, and nothing is wrong.
    Column("once", Boolean, nullable=False, server_default=false()),
)

# The last self-check; `errors` is a column of its own, so that every page can show how many there are.
findings = Table(
    "findings",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("host", Text, nullable=False),
    Column("once", Boolean, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("found", Text, nullable=False),
)


def new_values() -> dict[str, str]:
    """Return what a new journal knows about itself: its schema, its identity, and that it has handed nothing over."""
    return {"schema": str(SCHEMA), "identity": secrets.token_hex(16), "hand_overs": "0"}


def revision_name(schema: int) -> str:
    """Return the name of Alembic's revision for a schema."""
    return f"{schema:04d}"
