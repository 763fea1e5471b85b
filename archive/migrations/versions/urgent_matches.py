"""A match says whether its rule asks for a person at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Rows that are there keep no value in it, and so keep their hashes."""
    op.add_column("match_", sa.Column("urgent", sa.Text(), nullable=True))
