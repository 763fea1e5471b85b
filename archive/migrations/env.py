"""What Alembic runs: the steps, on the connection and in the transaction that archive/database.py has open."""

from __future__ import annotations

from alembic import context

from archive.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
