"""Records requests: each step of each, by whom, and every export."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, with the guards that all tables have which only grow."""
    op.create_table(
        "request_step",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('opened', 'extended', 'redacted', 'unredacted', 'exported', 'closed')",
            name=op.f("ck_request_step_step"),
        ),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_request_step_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_request_step")),
    )
    op.create_index(op.f("ix_request_step_request"), "request_step", ["request"])
    for statement in guards.append_only(op.get_context().dialect.name, "request_step"):
        op.execute(statement)
