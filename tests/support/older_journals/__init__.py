"""Journals of older versions: two as their programs left them, and the tables that each state of 0.1.0 lacked.

Both files have a run of 40 calls of 27 November 2026, all handed over and none ended.
"""

import shutil
from pathlib import Path

from sqlalchemy import Connection, ForeignKeyConstraint, MetaData, Table, insert, text

from obzvon.journal.schema import meta, metadata

FILES = ("first.db", "last.db")

_Columns = dict[str, tuple[str, ...]]

_EVENTS = ("answered_at", "cause", "key", "listened", "rang_at", "tries")
_ROUNDS: _Columns = {"calls": ("not_before", "via")}
_BEFORE_EVENTS: _Columns = {"calls": (*_EVENTS, "not_before", "via")}
_SERVICE: _Columns = {"service": ("once", "readout")}
_ONCE: _Columns = {"commands": ("once",)}
_GAUGES: _Columns = {"service": ("readout",)}
_VIA: _Columns = {"calls": ("via",)}

#: What each state of 0.1.0 lacked: whole tables, and columns by their tables.
LACKS: dict[str, tuple[tuple[str, ...], _Columns]] = {
    "first tables": (("changes", "findings", "tallies"), _BEFORE_EVENTS | _SERVICE | _ONCE),
    "audit log": (("findings", "tallies"), _BEFORE_EVENTS | _SERVICE | _ONCE),
    "commands once": (("findings", "tallies"), _BEFORE_EVENTS | _SERVICE),
    "self-check": (("tallies",), _BEFORE_EVENTS | _SERVICE | _ONCE),
    "tallies": (("findings",), _BEFORE_EVENTS | _SERVICE | _ONCE),
    "events": (("findings", "tallies"), _ROUNDS | _SERVICE | _ONCE),
    "rounds": (("findings", "tallies"), _VIA | _SERVICE | _ONCE),
    "rounds, commands once": (("findings", "tallies"), _VIA | _SERVICE),
    "service once": (("findings", "tallies"), _BEFORE_EVENTS | _GAUGES | _ONCE),
    "all but tallies": (("tallies",), _VIA | _SERVICE),
    "all but tallies, service once": (("tallies",), _VIA | _GAUGES),
    "before the gauges": ((), _VIA | _GAUGES),
    "gauges": ((), _VIA),
    "transports": ((), _GAUGES),
    "nothing": ((), {}),
}

#: What came after 0.1.0.
_SINCE: _Columns = {"calls": ("boot",)}


def copy_older(name: str, target: Path) -> None:
    """Put one of the two files at `target`."""
    shutil.copyfile(Path(__file__).parent / name, target)


def create_older(connection: Connection, lacks: str) -> None:
    """Create the tables of that state of 0.1.0."""
    tables, columns = LACKS[lacks]
    older = MetaData()
    for table in metadata.sorted_tables:
        if table.name not in (*tables, "alembic_version"):
            dropped = (*columns.get(table.name, ()), *_SINCE.get(table.name, ()))
            kept = [column._copy() for column in table.columns if column.name not in dropped]
            rowid = table.dialect_options["sqlite"]["with_rowid"]
            references = [
                ForeignKeyConstraint(one.column_keys, [str(key.target_fullname) for key in one.elements])
                for one in table.foreign_key_constraints
            ]
            Table(table.name, older, *kept, *references, sqlite_with_rowid=rowid)
    older.create_all(connection)
    connection.execute(text("CREATE INDEX runs_by_day ON runs (campaign, day)"))
    connection.execute(insert(meta).values(key="schema", value="1"))


def make_older(connection: Connection) -> None:
    """Turn a journal of this version into one of 0.1.0, with its rows."""
    connection.execute(text("DROP TABLE alembic_version"))
    connection.execute(text("ALTER TABLE service DROP COLUMN readout"))
    connection.execute(text("ALTER TABLE calls DROP COLUMN via"))
    connection.execute(text("ALTER TABLE calls DROP COLUMN boot"))
    connection.execute(text("DELETE FROM meta WHERE key <> 'schema'"))
    connection.execute(text("UPDATE meta SET value = '1'"))
