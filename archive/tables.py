"""Every table of the database, and which of them may only grow.

Append-only tables (`APPEND_ONLY`, and the ledger itself) hold what was seen, decided and done. The database refuses to
change or delete their rows (archive/guards.py), each row names in `entry` the ledger line that was written with it, and
that line carries the row's hash: a row that was altered, removed or slipped in is found by archive/verify.py.

The other tables hold where things stand now. Whatever they say can be told again from the ledger.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from archive.stored import AgentText, JsonText, RefText, Stored, Utc, Verbatim, Word, YesNo, canonical
from bot.domain.states import State
from bot.domain.types import Action, Ask, Mode, OrderStatus, Outcome, Quality, Speaker, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


LATER = {"later": True}
"""Marks a column that an append-only table was given when it held rows already; NULL in those. See `row_sha256`."""


def _entry(*, key: bool = False) -> Column[int]:
    """The column that names the ledger line a row was written with."""
    return Column(
        "entry", Integer, ForeignKey("ledger.seq"), nullable=False, primary_key=key, autoincrement=False, index=not key
    )


# The ledger ----------------------------------------------------------------------------------------------------------

ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text),
    Column("agent", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("ix_ledger_ref_seq", "ref", "seq"),
    Index("ix_ledger_kind_seq", "kind", "seq"),
)

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# What platforms showed -----------------------------------------------------------------------------------------------

account = Table(
    "account",
    metadata,
    Column("key", Text, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("name", Verbatim, nullable=False),
    Column("mode", Word(Mode), nullable=False),
    Column("cursor", Verbatim),
    Column("polled_at", Utc),
    Column("poll_not_before", Utc),
    Column("act_not_before", Utc),
    Column("failures", Integer, nullable=False, default=0),
    Column("stopped_why", Verbatim),
    Column("stopped_at", Utc),
)

post = Table(
    "post",
    metadata,
    Column("ref", RefText, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("author_id", Verbatim),
    Column("author_name", Verbatim),
    Column("author_handle", Verbatim),
    Column("author_url", Verbatim),
    Column("text", Verbatim, nullable=False),
    Column("posted_at", Utc, nullable=False),
    Column("url", Verbatim, nullable=False),
    Column("attachments", JsonText, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("seen_at", Utc, nullable=False),
    _entry(),
    UniqueConstraint("ref", "number"),
)

comment = Table(
    "comment",
    metadata,
    Column("ref", RefText, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("post", RefText, nullable=False, index=True),
    Column("parent", RefText),
    Column("speaker", Word(Speaker), nullable=False),
    Column("posted_at", Utc, nullable=False),
    Column("first_seen_at", Utc, nullable=False),
    _entry(),
)

revision = Table(
    "revision",
    metadata,
    Column("ref", RefText, ForeignKey("comment.ref"), primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("author_id", Verbatim),
    Column("author_name", Verbatim),
    Column("author_handle", Verbatim),
    Column("author_url", Verbatim),
    Column("text", Verbatim, nullable=False),
    Column("url", Verbatim, nullable=False),
    Column("attachments", JsonText, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("seen_at", Utc, nullable=False),
    _entry(),
    UniqueConstraint("ref", "number"),
)

sighting = Table(
    "sighting",
    metadata,
    _entry(key=True),
    Column("ref", RefText, ForeignKey("comment.ref"), nullable=False, index=True),
    Column("visibility", Word(Visibility), nullable=False),
    Column("revision", Text),
    Column("seen_at", Utc, nullable=False),
    ForeignKeyConstraint(["ref", "revision"], ["revision.ref", "revision.revision"]),
)

payload = Table(
    "payload",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("kept_at", Utc, nullable=False),
    _entry(),
)

media = Table(
    "media",
    metadata,
    Column("ref", RefText, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("attachment", Verbatim, primary_key=True),
    Column("sha256", Text, index=True),
    Column("kind", Verbatim),
    Column("size", Integer, nullable=False),
    Column("why", Verbatim),
    Column("at", Utc, nullable=False),
    _entry(),
    CheckConstraint("(sha256 IS NULL) <> (why IS NULL)", name="kept_or_why"),
)

media_due = Table(
    "media_due",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("ref", RefText, nullable=False),
    Column("revision", Text, nullable=False),
    Column("attachment", Verbatim, nullable=False),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("kind", Verbatim, nullable=False),
    Column("url", Verbatim, nullable=False),
    Column("alt", Verbatim),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Utc),
    UniqueConstraint("ref", "revision", "attachment"),
    Index("ix_media_due_account_number", "account", "number"),
)

# What was decided ----------------------------------------------------------------------------------------------------

document = Table(
    "document",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("text", Verbatim, nullable=False),
    Column("kept_at", Utc, nullable=False),
    _entry(),
)

verdict = Table(
    "verdict",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", RefText, nullable=False),
    Column("revision", Text, nullable=False),
    Column("outcome", Word(Outcome), nullable=False),
    Column("action", Word(Action)),
    Column("why", Verbatim, nullable=False),
    Column("policy_sha256", Text, nullable=False),
    Column("packs", JsonText, nullable=False),
    Column("judged_at", Utc, nullable=False),
    _entry(),
    ForeignKeyConstraint(["ref", "revision"], ["revision.ref", "revision.revision"]),
    Index("ix_verdict_ref_entry", "ref", "entry"),
)

match_ = Table(
    "match_",
    metadata,
    Column("verdict", Text, ForeignKey("verdict.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("clause", Text, nullable=False),
    Column("pack", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("excerpt", Verbatim, nullable=False),
    Column("matcher", Verbatim, nullable=False),
    Column("ask", Word(Ask), nullable=False),
    Column("reason", Verbatim, nullable=False),
    Column("shadow", YesNo, nullable=False),
    Column("urgent", YesNo, info=LATER),
    _entry(),
)

decision = Table(
    "decision",
    metadata,
    _entry(key=True),
    Column("ref", RefText, nullable=False),
    Column("revision", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("at", Utc, nullable=False),
    ForeignKeyConstraint(["ref", "revision"], ["revision.ref", "revision.revision"]),
    CheckConstraint("kind IN ('uphold', 'dismiss', 'restore')", name="kind"),
    Index("ix_decision_ref_revision", "ref", "revision"),
)

case_ = Table(
    "case_",
    metadata,
    Column("ref", RefText, ForeignKey("comment.ref"), primary_key=True),
    Column("platform", Text, nullable=False),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("state", Word(State), nullable=False),
    Column("revision", Text, nullable=False),
    Column("visibility", Word(Visibility), nullable=False),
    Column("since", Utc, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("looked_at", Utc, nullable=False),
    Column("author_id", Verbatim),  # as the present wording has it
    Column("posted_at", Utc),  # as the comment has it; both stand here too for the sake of the last index below
    ForeignKeyConstraint(["ref", "revision"], ["revision.ref", "revision.revision"]),
    Index("ix_case__state_since", "state", "since"),
    Index("ix_case__state_looked_at", "state", "looked_at"),
    Index("ix_case__platform_author_id_posted_at", "platform", "author_id", "posted_at"),
)

# What was done -------------------------------------------------------------------------------------------------------

evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", RefText, nullable=False),
    Column("revision", Text, nullable=False),
    Column("captured_at", Utc, nullable=False),
    Column("quality", Word(Quality), nullable=False),
    Column("folder", Text, nullable=False, unique=True),
    Column("manifest", Text, nullable=False),
    Column("conditions", JsonText, nullable=False),
    _entry(),
    ForeignKeyConstraint(["ref", "revision"], ["revision.ref", "revision.revision"]),
    UniqueConstraint("id", "ref", "revision"),
    Index("ix_evidence_ref_revision", "ref", "revision"),
)

order_ = Table(
    "order_",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", RefText, nullable=False),
    Column("revision", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("action", Word(Action), nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("placed_at", Utc, nullable=False),
    Column("placed_by", Integer, ForeignKey("ledger.seq"), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Utc),
    Column("status", Word(OrderStatus), nullable=False),
    Column("ended_at", Utc),
    Column("basis", Text),
    Column("why", Verbatim),
    # The promise that nothing is ordered without sealed evidence of that very revision.
    ForeignKeyConstraint(["evidence", "ref", "revision"], ["evidence.id", "evidence.ref", "evidence.revision"]),
    CheckConstraint("(status = 'waiting') = (ended_at IS NULL)", name="ended"),
    Index("ix_order__status_placed_at", "status", "placed_at"),
    Index("ix_order__account_placed_at", "account", "placed_at"),
    Index("ix_order__ref_placed_by", "ref", "placed_by"),
)
_WAITING = text("status = 'waiting'")
Index("uq_order__one_waiting", order_.c.ref, unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING)

attempt = Table(
    "attempt",
    metadata,
    Column("order", Text, ForeignKey("order_.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("outcome", Verbatim),
    Column("answered", Word(Visibility)),
    _entry(),
    CheckConstraint("stage IN ('begun', 'ended')", name="stage"),
)

# What people bring and do by hand ------------------------------------------------------------------------------------

upload = Table(
    "upload",
    metadata,
    Column("ref", RefText, primary_key=True),
    Column("revision", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("name", Verbatim, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("kept_at", Utc, nullable=False),
    _entry(),
    ForeignKeyConstraint(["ref", "revision"], ["revision.ref", "revision.revision"]),
    CheckConstraint("purpose IN ('before', 'after')", name="purpose"),
)

attestation = Table(
    "attestation",
    metadata,
    _entry(key=True),
    Column("order", Text, ForeignKey("order_.id"), nullable=False, index=True),
    Column("deed", Text, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("second", AgentText),
    Column("done_at", Utc, nullable=False),
    Column("why", Verbatim, nullable=False),
)

received = Table(
    "received",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("account", Text),
    Column("sender", Verbatim),
    Column("title", Verbatim, nullable=False),
    Column("says", Verbatim, nullable=False),
    Column("trusted", YesNo, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
    CheckConstraint("source IN ('mail', 'file')", name="source"),
)

attended = Table(
    "attended",
    metadata,
    _entry(key=True),
    Column("task", Text, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("at", Utc, nullable=False),
)

# What people are told and say ----------------------------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("to", JsonText, nullable=False),
    Column("subject", Verbatim, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("queued_at", Utc, nullable=False),
    Column("not_before", Utc),
    Column("attempts", Integer, nullable=False),
    Column("begun_at", Utc),
    Column("failures", Integer, nullable=False),
    Column("failed_why", Verbatim),
    Column("sent_at", Utc),
    Column("response", Verbatim),
    Index("ix_outbox_sent_at_queued_at", "sent_at", "queued_at"),
)

digest_mark = Table(
    "digest_mark",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("through_seq", Integer, nullable=False),
    Column("at", Utc, nullable=False),
)

pause = Table(
    "pause",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("who", AgentText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc),
    Column("ended_at", Utc, index=True),
    Column("ended_by", AgentText),
    Column("ended_why", Verbatim),
)

# What else is kept: gaps, the City's own pages, holds and dispositions ------------------------------------------------

gap = Table(
    "gap",
    metadata,
    _entry(key=True),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc, nullable=False),
    Column("why", Verbatim, nullable=False),
    Index("ix_gap_account_since", "account", "since"),
)

profile = Table(
    "profile",
    metadata,
    _entry(key=True),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("name", Verbatim),
    Column("handle", Verbatim),
    Column("text", Verbatim),
    Column("links", JsonText, nullable=False),
    Column("picture", Verbatim),
    Column("picture_sha256", Text),
    Column("why", Verbatim),
    Column("raw", LargeBinary, nullable=False),
    Column("seen_at", Utc, nullable=False),
    CheckConstraint("(name IS NULL) <> (why IS NULL)", name="read_or_why"),
    Index("ix_profile_account_entry", "account", "entry"),
)

followers = Table(
    "followers",
    metadata,
    _entry(key=True),
    Column("account", Text, ForeignKey("account.key"), nullable=False),
    Column("number", Integer),
    Column("people", JsonText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("base", Integer, info=LATER),
    Column("gone", JsonText, info=LATER),
    Index("ix_followers_account_entry", "account", "entry"),
)

counted = Table(
    "counted",
    metadata,
    _entry(key=True),
    Column("ref", RefText, primary_key=True),
    Column("counts", JsonText, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Index("ix_counted_ref_entry", "ref", "entry"),
)

hold = Table(
    "hold",
    metadata,
    Column("id", Text, primary_key=True),
    Column("matter", Verbatim, nullable=False),
    Column("scope", JsonText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

hold_end = Table(
    "hold_end",
    metadata,
    Column("hold", Text, ForeignKey("hold.id"), primary_key=True),
    Column("why", Verbatim, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

disposition = Table(
    "disposition",
    metadata,
    Column("id", Text, primary_key=True),
    Column("series", Text, nullable=False),
    Column("authority", Verbatim, nullable=False),
    Column("schedule", Text, ForeignKey("document.sha256"), nullable=False),
    Column("units", JsonText, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

approval = Table(
    "approval",
    metadata,
    Column("disposition", Text, ForeignKey("disposition.id"), primary_key=True),
    Column("agent", AgentText, primary_key=True),
    Column("why", Verbatim, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("place", Text, primary_key=True),
    Column("line", Integer, ForeignKey("ledger.seq"), primary_key=True, autoincrement=False),
    Column("sha256", Text, primary_key=True),
    Column("remains", Text, nullable=False),
    Column("disposition", Text, ForeignKey("disposition.id"), nullable=False, index=True),
    _entry(),
)

certificate = Table(
    "certificate",
    metadata,
    Column("disposition", Text, ForeignKey("disposition.id"), primary_key=True),
    Column("text", Verbatim, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

# Copies in the bucket -------------------------------------------------------------------------------------------------

copied = Table(
    "copied",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("unit", Text, nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("retain_until", Utc, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

copy_due = Table(
    "copy_due",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("since", Utc, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Utc),
    Column("why", Verbatim),
    Index("ix_copy_due_bucket_since", "bucket", "since"),
)

copy_mark = Table(
    "copy_mark",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("through_seq", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Utc),
    Column("not_before", Utc),
    Column("why", Verbatim),
)

DESTROYED = "[destroyed under the retention schedule]"
"""What stands where words stood that were lawfully destroyed."""

DISPOSABLE: dict[Table, dict[str, str | int | bytes | None]] = {
    revision: dict.fromkeys(("author_id", "author_name", "author_handle", "author_url"))
    | {"text": DESTROYED, "url": "", "attachments": "[]", "raw": b""},
    media: {"sha256": None, "kind": None, "size": 0, "why": DESTROYED},
    received: {"sender": None, "title": DESTROYED, "says": DESTROYED, "body": b""},
    followers: {"people": "[]", "raw": b"", "gone": None},
}
"""What each column becomes, as stored, when a row's content is destroyed; all other columns stay as they were.

Nothing else is ever destroyed. A tombstone keeps what the row hashed to, so that the ledger still vouches for it, and
what is left of it hashes to (`remains`).
"""

# What vouches for the ledger from outside, and what nobody may see ----------------------------------------------------

day_root = Table(
    "day_root",
    metadata,
    Column("day", Text, primary_key=True),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False, unique=True),
    Column("root", Text, nullable=False),
    Column("lines_sha256", Text, nullable=False),
    Column("taken_at", Utc, nullable=False),
    _entry(),
)

stamp = Table(
    "stamp",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("authority", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("stamped_at", Utc, nullable=False),
    Column("kept_at", Utc, nullable=False),
    _entry(),
)

withheld = Table(
    "withheld",
    metadata,
    Column("ref", RefText, ForeignKey("comment.ref"), primary_key=True),
    Column("agent", AgentText, nullable=False),
    Column("why", Verbatim, nullable=False),
    Column("at", Utc, nullable=False),
    _entry(),
)

authority = Table(
    "authority",
    metadata,
    Column("url", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("not_before", Utc, nullable=False),
    Column("why", Verbatim, nullable=False),
)

# What it cost --------------------------------------------------------------------------------------------------------

spending = Table(
    "spending",
    metadata,
    Column("account", Text, ForeignKey("account.key"), primary_key=True),
    Column("day", Text, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("mills", Integer, nullable=False),
    Column("told", YesNo, nullable=False),
    Index("ix_spending_day", "day"),
)

# Who works on what: see archive/leases.py ----------------------------------------------------------------------------

daemon = Table(
    "daemon",
    metadata,
    Column("name", Text, primary_key=True),
    Column("run", Text, nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("folder", Text, nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc),
    Column("gone", YesNo, nullable=False),
    Column("says", Verbatim),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("run", Text, index=True),
    Column("token", Integer, nullable=False),
    Column("asked", Integer, nullable=False),
)

# How the daemon works -------------------------------------------------------------------------------------------------

job = Table(
    "job",
    metadata,
    Column("name", Text, primary_key=True),
    Column("every", Float, nullable=False),
    Column("began_at", Utc, nullable=False),
    Column("ended_at", Utc),  # NULL: it runs, or was cut off
    Column("next_at", Utc),
    Column("why", Verbatim),  # NULL: it went well
    Column("noted_at", Utc, nullable=False),
)

gauge = Table(
    "gauge",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Float, nullable=False),
    Column("said", Verbatim, nullable=False),
    Column("at", Utc, nullable=False),
)

# Records requests ----------------------------------------------------------------------------------------------------

request_step = Table(
    "request_step",
    metadata,
    _entry(key=True),
    Column("request", Text, index=True),  # NULL: an export that nobody's request asked for
    Column("step", Text, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
    Column("detail", JsonText, nullable=False),
    CheckConstraint("step IN ('opened', 'extended', 'redacted', 'unredacted', 'exported', 'closed')", name="step"),
)

# The registry --------------------------------------------------------------------------------------------------------

registry_step = Table(
    "registry_step",
    metadata,
    _entry(key=True),
    Column("site", Text, index=True),  # NULL: somebody left, which may be about several
    Column("step", Text, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
    Column("detail", JsonText, nullable=False),
    CheckConstraint(
        "step IN ('asked', 'modified', 'approved', 'denied', 'revoked', 'launched', 'named', 'adopted', 'credentials',"
        " 'left')",
        name="step",
    ),
)

action_plan = Table(
    "action_plan",
    metadata,
    _entry(key=True),
    Column("site", Text, nullable=False, unique=True),
    Column("name", Verbatim, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# The console ---------------------------------------------------------------------------------------------------------

staff = Table(
    "staff",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Verbatim, nullable=False),
    Column("roles", JsonText, nullable=False),
    Column("accounts", JsonText, nullable=False),  # keys; none: all of them
    Column("password", Text),  # as argon2 hashed it; NULL: signs in with the City's own sign-in service
    Column("totp", Text),  # encrypted under a key that is not in the database
    Column("totp_used", Integer),  # the last time step whose code was taken, so that none is taken twice
    Column("subject", Verbatim),  # how the sign-in service names the person, from the first sign-in on
    Column("failures", Integer, nullable=False),
    Column("locked_until", Utc),
    Column("added_at", Utc, nullable=False),
    Column("disabled_at", Utc),
)

session_ = Table(
    "session_",
    metadata,
    Column("id", Text, primary_key=True),  # the SHA-256 of what the browser holds
    Column("login", Text, ForeignKey("staff.login"), nullable=False, index=True),
    Column("begun_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("asked_at", Utc),  # when the sign-in service was last asked whether the person is still welcome
    Column("grant", Text),  # what it is asked with, encrypted under a key that is not in the database
)

claim = Table(
    "claim",
    metadata,
    Column("ref", RefText, ForeignKey("case_.ref"), primary_key=True),
    Column("login", Text, ForeignKey("staff.login"), nullable=False, index=True),
    Column("until", Utc, nullable=False),
)

link_used = Table(
    "link_used",
    metadata,
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("agent", AgentText, nullable=False),
    Column("at", Utc, nullable=False),
)

access = Table(
    "access",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("login", Verbatim, nullable=False),
    Column("what", Text, nullable=False),
    Column("ref", RefText),
    Column("said", Verbatim),
    Column("origin", Verbatim),
    Index("ix_access_login_number", "login", "number"),
    Index("ix_access_ref_number", "ref", "number"),
)

APPEND_ONLY = (
    *(post, comment, revision, sighting, payload, media),
    *(document, verdict, match_, decision, evidence, attempt),
    *(upload, attestation, received, attended),
    *(gap, profile, followers, counted),
    *(hold, hold_end, disposition, approval, tombstone, certificate),
    *(day_root, stamp, withheld, request_step),
    *(copied, registry_step, action_plan),
)
"""The tables that only grow, whose every row a ledger line vouches for."""

ADDED_TO = (link_used, access)
"""Tables that only grow, too, whose rows no ledger line vouches for one by one: there would be too many lines."""

FIXED = {
    staff: ("login", "added_at"),
    case_: ("ref", "platform", "account"),
    order_: ("ref", "revision", "evidence", "account", "action", "agent", "placed_at", "placed_by"),
    outbox: ("key", "kind", "to", "subject", "message", "queued_at"),
}
"""Columns of other tables that never change once written; the rows of these tables are never deleted."""


def row_sha256(table: Table, row: Mapping[str, Any]) -> str:
    """Hash one row of an append-only table (hex): SHA-256 of the canonical JSON of its stored values.

    `row` holds the values as Python has them, by column name; a missing column counts as NULL. Bytes count by their
    own SHA-256. `entry` is left out: the line that carries the hash says it; so is a `LATER` column that is NULL, since
    rows from before it was there have been hashed without it.
    """
    return stored_sha256(table, stored_row(table, row))


def stored_sha256(table: Table, values: Mapping[Any, Any]) -> str:
    """Hash one row as `row_sha256` does, from its values as the database holds them."""
    absent = _later(table)
    plain = {
        name: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for name, value in values.items()
        if name != "entry" and not (value is None and name in absent)
    }
    return hashlib.sha256(canonical([table.name, plain]).encode()).hexdigest()


def stored_row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of a row as the database will hold them, in the order of the columns; what is missing is None."""
    stored = {}
    for name, write in _writers(table):
        value = row.get(name)
        stored[name] = value if value is None or write is None else write(value)
    return stored


def insert_stored(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows whose values are as `stored_row` gives them.

    Straight through the driver, since recording is what the program does most: what is hashed is what is written, and
    nothing is turned into it a second time.
    """
    if rows:
        tx.exec_driver_sql(_insertion(table, tx.dialect.name), [tuple(row.values()) for row in rows])


@cache
def _insertion(table: Table, dialect: str) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    places = ", ".join(["?" if dialect == "sqlite" else "%s"] * len(table.c))
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608 - names of ours


@cache
def _writers(table: Table) -> tuple[tuple[str, Callable[[Any], str] | None], ...]:
    return tuple((one.name, one.type.write if isinstance(one.type, Stored) else None) for one in table.c)


@cache
def _later(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.c if column.info == LATER)
