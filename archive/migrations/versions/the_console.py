"""The console: who may sign in, who is signed in, who has which case in hand, and who looked at what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. People are never removed, and what was looked at is never changed."""
    _people()
    op.create_table(
        "claim",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["case_.ref"], name=op.f("fk_claim_ref")),
        sa.ForeignKeyConstraint(["login"], ["staff.login"], name=op.f("fk_claim_login")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_login"), "claim", ["login"])
    op.create_table(
        "link_used",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_used")),
    )
    op.create_table(
        "access",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access")),
    )
    op.create_index("ix_access_login_number", "access", ["login", "number"])
    op.create_index("ix_access_ref_number", "access", ["ref", "number"])
    dialect = op.get_context().dialect.name
    for table in ("link_used", "access"):
        for statement in guards.append_only(dialect, table):
            op.execute(statement)
    for statement in guards.fixed(dialect, "staff", ("login", "added_at")):
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "staff",
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("totp", sa.Text(), nullable=True),
        sa.Column("totp_used", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.Text(), nullable=True),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_staff")),
    )
    op.create_table(
        "session_",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=True),
        sa.Column("grant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["login"], ["staff.login"], name=op.f("fk_session__login")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_")),
    )
    op.create_index(op.f("ix_session__login"), "session_", ["login"])
