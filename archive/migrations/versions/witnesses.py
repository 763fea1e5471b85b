"""Daily roots of the ledger, time stamps over them and over evidence, how the authorities stand; withheld comments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. Days that are over get their roots from the daemon, the oldest first."""
    op.create_table(
        "day_root",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("lines_sha256", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_day_root_entry")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_day_root")),
        sa.UniqueConstraint("last", name=op.f("uq_day_root_last")),
    )
    op.create_index(op.f("ix_day_root_entry"), "day_root", ["entry"])
    op.create_table(
        "stamp",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_stamp_entry")),
        sa.PrimaryKeyConstraint("subject", "authority", name=op.f("pk_stamp")),
    )
    op.create_index(op.f("ix_stamp_entry"), "stamp", ["entry"])
    op.create_table(
        "authority",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_authority")),
    )
    op.create_table(
        "withheld",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_withheld_entry")),
        sa.ForeignKeyConstraint(["ref"], ["comment.ref"], name=op.f("fk_withheld_ref")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_withheld")),
    )
    op.create_index(op.f("ix_withheld_entry"), "withheld", ["entry"])
    dialect = op.get_context().dialect.name
    for table in ("day_root", "stamp", "withheld"):
        for statement in guards.append_only(dialect, table):
            op.execute(statement)
