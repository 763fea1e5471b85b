"""Who may do what on a PostgreSQL server: one role owns the tables, another works in them and cannot alter any.

The owner makes the tables, brings them up to a new version, and grants the working role just what the program does:
reading, adding, and changing the columns that say where things stand. What only grows it can neither change nor delete,
whatever mistake the program makes; and since it owns nothing, it can drop no table, no guard and no column, nor switch
a trigger off. An administrator of the server can do all that; what they change is found by archive/verify.py.

SQLite knows no roles: there a connection refuses the same things by itself (archive/database.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from archive import full_text, tables
from archive.database import WrongDatabase, bring_up

if TYPE_CHECKING:
    from sqlalchemy import Table

    from archive.database import Tx

MOVES = {"ledger_head"}
"""Tables of one row, which moves and is neither added nor removed."""
EMPTIED = {"media_due", "copy_due", "session_", "claim"}
"""Tables of what is still to be done, or holds for a while, whose rows go when it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who this program is on the server. `alters`: the tables it could alter or drop; none is as it should be."""

    name: str
    alters: tuple[str, ...]
    superuser: bool

    @property
    def safe(self) -> bool:
        """Whether the server itself keeps the role from altering what only grows."""
        return not (self.alters or self.superuser)


def of(tx: Tx) -> Role | None:
    """Give the role that a transaction works as; None on SQLite."""
    if tx.dialect.name != "postgresql":
        return None
    role = tx.execute(text("SELECT current_user AS name, rolsuper FROM pg_roles WHERE rolname = current_user")).one()
    owned = text(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
        " AND pg_has_role(relowner, 'MEMBER') ORDER BY relname"
    )
    return Role(name=role.name, superuser=role.rolsuper, alters=tuple(tx.execute(owned).scalars()))


def prepare(url: str, *, worker: str) -> str:
    """Bring the tables up as their owner, whom `url` names, and grant the role `worker` what the program needs.

    Gives the name of the owner. Raises `WrongDatabase` as `Database.open` does, and if both are the same role or the
    worker could alter tables all the same; `Unavailable` if the server cannot be reached.
    """
    with bring_up(url) as tx:
        if tx.dialect.name != "postgresql":
            message = "only a PostgreSQL server has roles; a SQLite file is brought up by any writing command"
            raise WrongDatabase(message)
        owner = str(tx.execute(text("SELECT current_user")).scalar_one())
        _check(tx, owner, worker)
        for statement in grants(worker, str(tx.execute(text("SELECT current_schema()")).scalar_one())):
            tx.execute(text(statement))
    return owner


def grants(worker: str, schema: str) -> list[str]:
    """The statements that take everything from the role `worker` and give it what the program needs."""
    role, where = _quoted(worker), _quoted(schema)
    return [
        f"REVOKE CREATE ON SCHEMA {where} FROM PUBLIC",
        f"REVOKE ALL ON SCHEMA {where} FROM {role}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {where} FROM {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {where} FROM {role}",
        f"GRANT USAGE ON SCHEMA {where} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {where} TO {role}",
        f"GRANT SELECT ON alembic_version TO {role}",
        f"GRANT SELECT, INSERT, UPDATE (words, author) ON {full_text.NAME} TO {role}",
        *(f"GRANT {_privileges(table)} ON {_quoted(table.name)} TO {role}" for table in tables.metadata.sorted_tables),
    ]


def _privileges(table: Table) -> str:
    if table in tables.DISPOSABLE:  # and there the guards let only what was lawfully destroyed be blanked
        blanked = ", ".join(_quoted(name) for name in tables.DISPOSABLE[table])
        return f"SELECT, INSERT, UPDATE ({blanked})"
    if table is tables.ledger or table in (*tables.APPEND_ONLY, *tables.ADDED_TO):
        return "SELECT, INSERT"
    if table in tables.FIXED:
        moving = ", ".join(_quoted(column.name) for column in table.c if column.name not in tables.FIXED[table])
        return f"SELECT, INSERT, UPDATE ({moving})"
    if table.name in MOVES:
        return "SELECT, UPDATE"
    return "SELECT, INSERT, UPDATE" + (", DELETE" if table.name in EMPTIED else "")


def _check(tx: Tx, owner: str, worker: str) -> None:
    """Refuse a worker that could do as the owner does."""
    known = tx.execute(
        text(
            "SELECT rolsuper, pg_has_role(rolname, current_user, 'MEMBER') AS member FROM pg_roles WHERE rolname = :r"
        ),
        {"r": worker},
    ).one_or_none()
    if known is None:
        message = f"the server knows no role {worker}: make it first (CREATE ROLE {worker} LOGIN …)"
        raise WrongDatabase(message)
    if worker == owner or known.rolsuper or known.member:
        message = (
            f"the role {worker} could alter tables, being {owner} itself, a member of it, or a superuser: let the "
            "program work as another role, which owns nothing"
        )
        raise WrongDatabase(message)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
