"""What people bring and do by hand: screenshots, what they say they did, mails and files, and that they looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("upload", "attestation", "received", "attended")


def upgrade() -> None:
    """Make the tables, with the guards that all tables have which only grow."""
    _comments()
    _tasks()
    dialect = op.get_context().dialect.name
    for table in TABLES:
        for statement in guards.append_only(dialect, table):
            op.execute(statement)


def _comments() -> None:
    """About comments and orders."""
    op.create_table(
        "upload",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.CheckConstraint("purpose IN ('before', 'after')", name=op.f("ck_upload_purpose")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_upload_entry")),
        sa.ForeignKeyConstraint(
            ["ref", "revision"], ["revision.ref", "revision.revision"], name=op.f("fk_upload_ref_revision")
        ),
        sa.PrimaryKeyConstraint("ref", "revision", "purpose", "sha256", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_entry"), "upload", ["entry"])
    op.create_table(
        "attestation",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("second", sa.Text(), nullable=True),
        sa.Column("done_at", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_attestation_entry")),
        sa.ForeignKeyConstraint(["order"], ["order_.id"], name=op.f("fk_attestation_order")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_attestation")),
    )
    op.create_index(op.f("ix_attestation_order"), "attestation", ["order"])


def _tasks() -> None:
    """About what waits for somebody to attend to it."""
    op.create_table(
        "received",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("trusted", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.CheckConstraint("source IN ('mail', 'file')", name=op.f("ck_received_source")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_received_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        sa.UniqueConstraint("key", name=op.f("uq_received_key")),
    )
    op.create_index(op.f("ix_received_entry"), "received", ["entry"])
    op.create_table(
        "attended",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_attended_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_attended")),
    )
    op.create_index(op.f("ix_attended_task"), "attended", ["task"])
