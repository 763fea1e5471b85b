"""The first tables, with the guards that let most of them only grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archive import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "ledger",
    "post",
    "comment",
    "revision",
    "sighting",
    "payload",
    "document",
    "verdict",
    "match_",
    "decision",
    "evidence",
    "attempt",
)
FIXED = {
    "case_": ("ref", "platform", "account"),
    "order_": ("ref", "revision", "evidence", "account", "action", "agent", "placed_at", "placed_by"),
    "outbox": ("key", "kind", "to", "subject", "message", "queued_at"),
}


def upgrade() -> None:
    """Make everything. There is no way back: records are not dropped."""
    _ledger()
    _records()
    _decisions()
    _acts()
    _people()
    _guards()


def _ledger() -> None:
    """The diary and its head."""
    op.create_table(
        "ledger",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_kind_seq", "ledger", ["kind", "seq"], unique=False)
    op.create_index("ix_ledger_ref_seq", "ledger", ["ref", "seq"], unique=False)
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])


def _records() -> None:
    """What platforms show."""
    op.create_table(
        "account",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("polled_at", sa.Text(), nullable=True),
        sa.Column("poll_not_before", sa.Text(), nullable=True),
        sa.Column("act_not_before", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("stopped_why", sa.Text(), nullable=True),
        sa.Column("stopped_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_account")),
    )
    op.create_table(
        "post",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("author_handle", sa.Text(), nullable=True),
        sa.Column("author_url", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_post_account")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_post_entry")),
        sa.PrimaryKeyConstraint("ref", "revision", name=op.f("pk_post")),
        sa.UniqueConstraint("ref", "number", name=op.f("uq_post_ref_number")),
    )
    op.create_index(op.f("ix_post_entry"), "post", ["entry"], unique=False)
    op.create_table(
        "comment",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_comment_account")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_comment_entry")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_comment")),
    )
    op.create_index(op.f("ix_comment_entry"), "comment", ["entry"], unique=False)
    op.create_index(op.f("ix_comment_post"), "comment", ["post"], unique=False)
    op.create_table(
        "revision",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("author_handle", sa.Text(), nullable=True),
        sa.Column("author_url", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_revision_entry")),
        sa.ForeignKeyConstraint(["ref"], ["comment.ref"], name=op.f("fk_revision_ref")),
        sa.PrimaryKeyConstraint("ref", "revision", name=op.f("pk_revision")),
        sa.UniqueConstraint("ref", "number", name=op.f("uq_revision_ref_number")),
    )
    op.create_index(op.f("ix_revision_entry"), "revision", ["entry"], unique=False)
    op.create_table(
        "sighting",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_sighting_entry")),
        sa.ForeignKeyConstraint(
            ["ref", "revision"], ["revision.ref", "revision.revision"], name=op.f("fk_sighting_ref_revision")
        ),
        sa.ForeignKeyConstraint(["ref"], ["comment.ref"], name=op.f("fk_sighting_ref")),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_sighting")),
    )
    op.create_index(op.f("ix_sighting_ref"), "sighting", ["ref"], unique=False)
    op.create_table(
        "payload",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_payload_account")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_payload_entry")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_payload")),
    )
    op.create_index(op.f("ix_payload_entry"), "payload", ["entry"], unique=False)


def _decisions() -> None:
    """What is decided."""
    op.create_table(
        "document",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_document_entry")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_entry"), "document", ["entry"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("policy_sha256", sa.Text(), nullable=False),
        sa.Column("packs", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_verdict_entry")),
        sa.ForeignKeyConstraint(
            ["ref", "revision"], ["revision.ref", "revision.revision"], name=op.f("fk_verdict_ref_revision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_entry"), "verdict", ["entry"], unique=False)
    op.create_index("ix_verdict_ref_entry", "verdict", ["ref", "entry"], unique=False)
    op.create_table(
        "match_",
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("matcher", sa.Text(), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shadow", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_match__entry")),
        sa.ForeignKeyConstraint(["verdict"], ["verdict.id"], name=op.f("fk_match__verdict")),
        sa.PrimaryKeyConstraint("verdict", "number", name=op.f("pk_match_")),
    )
    op.create_index(op.f("ix_match__entry"), "match_", ["entry"], unique=False)
    op.create_table(
        "decision",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('uphold', 'dismiss', 'restore')", name=op.f("ck_decision_kind")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_decision_entry")),
        sa.ForeignKeyConstraint(
            ["ref", "revision"], ["revision.ref", "revision.revision"], name=op.f("fk_decision_ref_revision")
        ),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_ref_revision", "decision", ["ref", "revision"], unique=False)
    op.create_table(
        "case_",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_case__account")),
        sa.ForeignKeyConstraint(
            ["ref", "revision"], ["revision.ref", "revision.revision"], name=op.f("fk_case__ref_revision")
        ),
        sa.ForeignKeyConstraint(["ref"], ["comment.ref"], name=op.f("fk_case__ref")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_case_")),
    )
    op.create_index("ix_case__state_looked_at", "case_", ["state", "looked_at"], unique=False)
    op.create_index("ix_case__state_since", "case_", ["state", "since"], unique=False)


def _acts() -> None:
    """What is done, and on which evidence."""
    op.create_table(
        "evidence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("captured_at", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_evidence_entry")),
        sa.ForeignKeyConstraint(
            ["ref", "revision"], ["revision.ref", "revision.revision"], name=op.f("fk_evidence_ref_revision")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("folder", name=op.f("uq_evidence_folder")),
        sa.UniqueConstraint("id", "ref", "revision", name=op.f("uq_evidence_id_ref_revision")),
    )
    op.create_index(op.f("ix_evidence_entry"), "evidence", ["entry"], unique=False)
    op.create_index("ix_evidence_ref_revision", "evidence", ["ref", "revision"], unique=False)
    op.create_table(
        "order_",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'waiting') = (ended_at IS NULL)", name=op.f("ck_order__ended")),
        sa.ForeignKeyConstraint(["account"], ["account.key"], name=op.f("fk_order__account")),
        sa.ForeignKeyConstraint(
            ["evidence", "ref", "revision"],
            ["evidence.id", "evidence.ref", "evidence.revision"],
            name=op.f("fk_order__evidence_ref_revision"),
        ),
        sa.ForeignKeyConstraint(["placed_by"], ["ledger.seq"], name=op.f("fk_order__placed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_")),
    )
    op.create_index("ix_order__account_placed_at", "order_", ["account", "placed_at"], unique=False)
    op.create_index("ix_order__ref_placed_by", "order_", ["ref", "placed_by"], unique=False)
    op.create_index("ix_order__status_placed_at", "order_", ["status", "placed_at"], unique=False)
    op.create_index(
        "uq_order__one_waiting",
        "order_",
        ["ref"],
        unique=True,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "attempt",
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answered", sa.Text(), nullable=True),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.CheckConstraint("stage IN ('begun', 'ended')", name=op.f("ck_attempt_stage")),
        sa.ForeignKeyConstraint(["entry"], ["ledger.seq"], name=op.f("fk_attempt_entry")),
        sa.ForeignKeyConstraint(["order"], ["order_.id"], name=op.f("fk_attempt_order")),
        sa.PrimaryKeyConstraint("order", "number", "stage", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_entry"), "attempt", ["entry"], unique=False)


def _people() -> None:
    """What people are told and say."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("queued_at", sa.Text(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_why", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index("ix_outbox_sent_at_queued_at", "outbox", ["sent_at", "queued_at"], unique=False)
    op.create_table(
        "digest_mark",
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("through_seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_digest_mark")),
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index(op.f("ix_pause_ended_at"), "pause", ["ended_at"], unique=False)


def _guards() -> None:
    """What may only grow, or never change."""
    dialect = op.get_context().dialect.name
    statements = guards.setting_up(dialect)
    statements += guards.forward_only(dialect, "ledger_head", "seq")
    for table in APPEND_ONLY:
        statements += guards.append_only(dialect, table)
    for table, columns in FIXED.items():
        statements += guards.fixed(dialect, table, columns)
    for statement in statements:
        op.execute(statement)
