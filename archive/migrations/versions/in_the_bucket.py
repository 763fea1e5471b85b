"""Copies of evidence and media in a bucket: what is there, and what is still to be copied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEPT = ("entry", "account", "number", "why", "seen_at", "base")
BLANK: dict[str, str | int | bytes | None] = {"people": "[]", "raw": b"", "gone": None}


def upgrade() -> None:
    """Make the three tables; let lists of followers say who left since the list they rest on.

    What is recorded as stored is never changed, and who proposed destruction does not count among those who approve.
    """
    op.create_table(
        "copied",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("retain_until", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_copied_entry")),
        sa.PrimaryKeyConstraint("bucket", "key", "version", name=op.f("pk_copied")),
    )
    op.create_index(op.f("ix_copied_entry"), "copied", ["entry"])
    op.create_index(op.f("ix_copied_unit"), "copied", ["unit"])
    op.create_table(
        "copy_due",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("bucket", "unit", name=op.f("pk_copy_due")),
    )
    op.create_index("ix_copy_due_bucket_since", "copy_due", ["bucket", "since"])
    op.create_table(
        "copy_mark",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("through_seq", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.Text(), nullable=True),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_copy_mark")),
    )
    op.add_column("followers", sa.Column("base", sa.Integer(), nullable=True))
    op.add_column("followers", sa.Column("gone", sa.Text(), nullable=True))
    dialect = op.get_context().dialect.name
    for attack in ("update", "delete", *(("truncate",) if dialect == "postgresql" else ())):
        op.execute(f'DROP TRIGGER "followers_no_{attack}"' + (" ON followers" if dialect == "postgresql" else ""))
    for statement in guards.disposable(dialect, "followers", KEPT, BLANK):
        op.execute(statement)
    op.execute('DROP TRIGGER "tombstone_no_insert"' + (" ON tombstone" if dialect == "postgresql" else ""))
    for statement in (*guards.append_only(dialect, "copied"), *guards.approved(dialect)):
        op.execute(statement)
