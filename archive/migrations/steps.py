"""Goes the steps. Only here is Alembic imported: it takes ten megabytes, and most starts find nothing to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from sqlalchemy import Connection


def known() -> frozenset[str]:
    """Give the versions that the tables have had, this program's own among them."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def go(tx: Connection) -> None:
    """Go all steps that are left, in the transaction that is open."""
    config = _config()
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
