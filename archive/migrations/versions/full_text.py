"""An index of all words on record, so that comments and posts are found by them; PostgreSQL's guards in one wording."""

from __future__ import annotations

from alembic import op

from archive import full_text, guards

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index and fill it from the record. On SQLite guards refuse as broken constraints; so now everywhere."""
    for statement in guards.setting_up(op.get_context().dialect.name):
        op.execute(statement)
    full_text.create(op.get_bind())
    full_text.rebuild(op.get_bind())
