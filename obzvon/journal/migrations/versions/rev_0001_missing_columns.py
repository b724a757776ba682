"""Give a journal of 0.1.0 what it lacks.

The tables grew while the version and the number in `meta` stayed the same: which tables and columns are missing has to
be seen in each journal.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the missing tables and add the missing columns."""
    present = sa.inspect(op.get_bind())
    tables = set(present.get_table_names())
    for name, columns in _new_tables().items():
        if name not in tables:
            op.create_table(name, *columns, sqlite_with_rowid=name != "tallies")
    for table, added in _new_columns().items():
        columns_there = {column["name"] for column in present.get_columns(table)}
        for column in added:
            if column.name not in columns_there:
                op.add_column(table, column)
    if "once" not in {column["name"] for column in present.get_columns("commands")}:
        with op.batch_alter_table("commands") as commands:  # SQLite adds no unique column: it writes the table again
            commands.add_column(sa.Column("once", sa.Text))
            commands.create_unique_constraint("commands_once_key", ["once"])


def _new_tables() -> dict[str, list[sa.Column[object]]]:
    return {
        "changes": [
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("at", _MOMENT, nullable=False),
            sa.Column("who", sa.Text, nullable=False),
            sa.Column("what", sa.Text, nullable=False),
        ],
        "findings": [
            sa.Column("campaign", sa.Text, primary_key=True),
            sa.Column("at", _MOMENT, nullable=False),
            sa.Column("pid", sa.BigInteger, nullable=False),
            sa.Column("host", sa.Text, nullable=False),
            sa.Column("once", sa.Boolean, nullable=False),
            sa.Column("errors", sa.Integer, nullable=False),
            sa.Column("found", sa.Text, nullable=False),
        ],
        "tallies": [
            sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), primary_key=True),
            sa.Column("quarter", sa.Text, primary_key=True),
            sa.Column("result", sa.Text, primary_key=True),
            sa.Column("calls", sa.Integer, nullable=False),
        ],
    }


def _new_columns() -> dict[str, list[sa.Column[object]]]:
    return {
        "service": [
            sa.Column("readout", sa.Text, nullable=False, server_default=""),
            sa.Column("once", sa.Boolean, nullable=False, server_default=sa.false()),
        ],
        "calls": [
            sa.Column("not_before", _MOMENT),
            sa.Column("rang_at", _MOMENT),
            sa.Column("answered_at", _MOMENT),
            sa.Column("listened", sa.Float),
            sa.Column("cause", sa.Integer),
            sa.Column("key", sa.Text),
            sa.Column("tries", sa.Integer),
            sa.Column("via", sa.Text),
        ],
    }
