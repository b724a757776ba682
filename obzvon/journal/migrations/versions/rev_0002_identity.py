"""Give the journal an identity, and a count of its hand-overs; see `obzvon.journal.identity`.

The last measurements and findings of the service are removed. It writes new ones at its start, perhaps in another form.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Write the two values, and empty what the service writes at its start."""
    meta = sa.table("meta", sa.column("key", sa.Text), sa.column("value", sa.Text))
    op.bulk_insert(meta, [{"key": "identity", "value": secrets.token_hex(16)}, {"key": "hand_overs", "value": "0"}])
    op.execute(sa.text("DELETE FROM findings"))
    op.execute(sa.text("UPDATE service SET readout = ''"))
