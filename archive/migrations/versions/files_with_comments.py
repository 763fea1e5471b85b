"""Files that came with comments are fetched and kept: what became of each, and what is still to be fetched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables. Files of what was recorded before are not fetched: their addresses have run out."""
    op.create_table(
        "media",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.CheckConstraint("(sha256 IS NULL) <> (why IS NULL)", name=op.f("ck_media_kept_or_why")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_media_entry")),
        sa.PrimaryKeyConstraint("ref", "revision", "attachment", name=op.f("pk_media")),
    )
    op.create_index(op.f("ix_media_entry"), "media", ["entry"], unique=False)
    op.create_index(op.f("ix_media_sha256"), "media", ["sha256"], unique=False)
    op.create_table(
        "media_due",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("alt", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_media_due_account")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_media_due")),
        sa.UniqueConstraint("ref", "revision", "attachment", name=op.f("uq_media_due_ref_revision_attachment")),
    )
    op.create_index("ix_media_due_account_number", "media_due", ["account", "number"], unique=False)
    for statement in guards.append_only(op.get_bind().dialect.name, "media"):
        op.execute(statement)
