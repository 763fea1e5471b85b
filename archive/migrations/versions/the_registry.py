"""The registry of the City's social media sites: each step of each, by whom, and the forms that came with requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, with the guards that all tables have which only grow."""
    op.create_table(
        "registry_step",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('asked', 'modified', 'approved', 'denied', 'revoked', 'launched', 'named', 'adopted',"
            " 'credentials', 'left')",
            name=op.f("ck_registry_step_step"),
        ),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_registry_step_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_registry_step")),
    )
    op.create_index(op.f("ix_registry_step_site"), "registry_step", ["site"])
    op.create_table(
        "action_plan",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_action_plan_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_action_plan")),
        sa.UniqueConstraint("site", name=op.f("uq_action_plan_site")),
    )
    for table in ("registry_step", "action_plan"):
        for statement in guards.append_only(op.get_context().dialect.name, table):
            op.execute(statement)
