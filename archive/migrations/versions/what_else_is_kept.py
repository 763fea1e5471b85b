"""What else is kept: gaps in reading, the City's own pages, counts, holds, and what was lawfully destroyed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    *("gap", "profile", "followers", "counted"),
    *("hold", "hold_end", "disposition", "approval", "tombstone", "certificate"),
)
MARK = "[destroyed under the retention schedule]"
KEPT = {
    "revision": ("ref", "revision", "number", "seen_at", "entry"),
    "media": ("ref", "revision", "attachment", "at", "entry"),
    "received": ("id", "key", "source", "account", "trusted", "at", "entry"),
    "followers": ("entry", "account", "number", "why", "seen_at"),
}
BLANK: dict[str, dict[str, str | int | bytes | None]] = {
    "revision": {
        **dict.fromkeys(("author_id", "author_name", "author_handle", "author_url")),
        "text": MARK,
        "url": "",
        "attachments": "[]",
        "raw": b"",
    },
    "media": {"sha256": None, "kind": None, "size": 0, "why": MARK},
    "received": {"sender": None, "title": MARK, "says": MARK, "body": b""},
    "followers": {"people": "[]", "raw": b""},
}


def upgrade() -> None:
    """Make the tables and their guards; let the guards of what may be destroyed allow that, and nothing else."""
    _shown()
    _held()
    _destroyed()
    dialect = op.get_context().dialect.name
    for statement in _guards(dialect):
        op.execute(statement)


def _guards(dialect: str) -> list[str]:
    statements = guards.approved(dialect)
    for table in (table for table in TABLES if table not in BLANK):
        statements += guards.append_only(dialect, table)
    for table, blank in BLANK.items():
        if table not in TABLES:
            statements += [_dropped(dialect, table, attack) for attack in ("update", "delete")]
            statements += [_dropped(dialect, table, "truncate")] if dialect == "postgresql" else []
        statements += guards.disposable(dialect, table, KEPT[table], blank)
    return statements


def _dropped(dialect: str, table: str, attack: str) -> str:
    return f'DROP TRIGGER "{table}_no_{attack}"' + (f' ON "{table}"' if dialect == "postgresql" else "")


def _shown() -> None:
    """What the City's accounts show besides comments, and when nobody looked."""
    op.create_table(
        "gap",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_gap_account")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_gap_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_gap")),
    )
    op.create_index(op.f("ix_gap_account_since"), "gap", ["account", "since"])
    op.create_table(
        "profile",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=True),
        sa.Column("picture_sha256", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.CheckConstraint("(name IS NULL) <> (why IS NULL)", name=op.f("ck_profile_read_or_why")),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_profile_account")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_profile_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_profile")),
    )
    op.create_index(op.f("ix_profile_account_entry"), "profile", ["account", "entry"])
    op.create_table(
        "followers",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_followers_account")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_followers_entry")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_followers")),
    )
    op.create_index(op.f("ix_followers_account_entry"), "followers", ["account", "entry"])
    op.create_table(
        "counted",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_counted_entry")),
        sa.PrimaryKeyConstraint("entry", "ref", name=op.f("pk_counted")),
    )
    op.create_index(op.f("ix_counted_ref_entry"), "counted", ["ref", "entry"])


def _held() -> None:
    """What stops destruction."""
    op.create_table(
        "hold",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_hold_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_entry"), "hold", ["entry"])
    op.create_table(
        "hold_end",
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_hold_end_entry")),
        sa.ForeignKeyConstraint(["hold"], ["hold.id"], name=op.f("fk_hold_end_hold")),
        sa.PrimaryKeyConstraint("hold", name=op.f("pk_hold_end")),
    )
    op.create_index(op.f("ix_hold_end_entry"), "hold_end", ["entry"])


def _destroyed() -> None:
    """What allowed it, what it was done to, and the certificate."""
    op.create_table(
        "disposition",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_disposition_entry")),
        sa.ForeignKeyConstraint(["schedule"], ["document.sha256"], name=op.f("fk_disposition_schedule")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposition")),
    )
    op.create_index(op.f("ix_disposition_entry"), "disposition", ["entry"])
    op.create_table(
        "approval",
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["disposition"], ["disposition.id"], name=op.f("fk_approval_disposition")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_approval_entry")),
        sa.PrimaryKeyConstraint("disposition", "agent", name=op.f("pk_approval")),
    )
    op.create_index(op.f("ix_approval_entry"), "approval", ["entry"])
    op.create_table(
        "tombstone",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("remains", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["disposition"], ["disposition.id"], name=op.f("fk_tombstone_disposition")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_tombstone_entry")),
        sa.ForeignKeyConstraint(["line"], ["ledger.seq"], name=op.f("fk_tombstone_line")),
        sa.PrimaryKeyConstraint("place", "line", "sha256", name=op.f("pk_tombstone")),
    )
    op.create_index(op.f("ix_tombstone_disposition"), "tombstone", ["disposition"])
    op.create_index(op.f("ix_tombstone_entry"), "tombstone", ["entry"])
    op.create_table(
        "certificate",
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["disposition"], ["disposition.id"], name=op.f("fk_certificate_disposition")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_certificate_entry")),
        sa.PrimaryKeyConstraint("disposition", name=op.f("pk_certificate")),
    )
    op.create_index(op.f("ix_certificate_entry"), "certificate", ["entry"])
