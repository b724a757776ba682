"""Let each call say under which boot of the machine it was handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column. Earlier hand-overs count as those of the current boot."""
    op.add_column("calls", sa.Column("boot", sa.Text))
