"""Who wrote a comment, and when, beside its case: what one account said around a time is found by one index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Copy both from the records; they are the same text there and here."""
    op.add_column("case_", sa.Column("author_id", sa.Text(), nullable=True))
    op.add_column("case_", sa.Column("posted_at", sa.Text(), nullable=True))
    op.execute(
        'UPDATE "case_" SET "posted_at" = (SELECT "posted_at" FROM "comment" WHERE "comment"."ref" = "case_"."ref"),'
        ' "author_id" = (SELECT "author_id" FROM "revision"'
        ' WHERE "revision"."ref" = "case_"."ref" AND "revision"."revision" = "case_"."revision")'
    )
    op.create_index("ix_case__platform_author_id_posted_at", "case_", ["platform", "author_id", "posted_at"])
