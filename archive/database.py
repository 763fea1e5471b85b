"""Opens the database, brings it to this version's tables, and hands out transactions.

SQLite's journal is chosen by the linked version: WAL where the WAL-reset bug is fixed (3.51.3 and the backports 3.50.7
and 3.44.6; see sqlite.org/wal.html), otherwise TRUNCATE. With the bug, two connections on a WAL database can lose a
commit that was already reported as done, and a lost commit here may be the record of an act. TRUNCATE costs about a
millisecond per commit and lets readers wait for writers; nothing else changes.

Every commit is on disk before it counts (synchronous=FULL). Our own connections refuse to drop triggers or tables and
to switch a guard off; only the migrations' connection may.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from archive.migrations import NEWEST
from archive.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

Tx = Connection
"""An open transaction. Functions of the archive take it first and never end it."""

_fences: ContextVar[tuple[Callable[[Tx], None], ...]] = ContextVar("fences", default=())

BUSY_MILLISECONDS = 10_000
ASLEEP_MILLISECONDS = 8_000
"""How long a PostgreSQL server waits for a process that sleeps in the middle of a transaction; all others wait, too."""
_TURN = 0x6369_7479  # "city": the advisory lock that lets one transaction write at a time on PostgreSQL
_READ_ONLY = "25006"  # PostgreSQL's word for writing in a transaction that reads; SQLite says OperationalError
_DENIED = {
    sqlite3.SQLITE_DROP_VTABLE: "the index is dropped by migrations alone",
    sqlite3.SQLITE_ALTER_TABLE: "tables are altered by migrations alone",
    sqlite3.SQLITE_DROP_TABLE: "tables are dropped by migrations alone",
    sqlite3.SQLITE_DROP_TRIGGER: "guards are dropped by migrations alone",
}
_SWITCHES = {
    "defer_foreign_keys",
    "foreign_keys",
    "ignore_check_constraints",
    "journal_mode",
    "recursive_triggers",
    "synchronous",
    "writable_schema",
}


class WrongDatabase(Exception):
    """The database is not one that this version of the program can work with. The text says what to do."""


class Unavailable(Exception):
    """The database cannot be used at this moment: locked by another, disk full, connection lost. Nothing was written.

    The next pass tries again; nothing seen is lost, since cursors only move with what they cover.
    """


class Damaged(Exception):
    """The database holds bytes that cannot be read as what they ought to be: a bad disk, or somebody's hand.

    Stop, keep the file as it is, and restore a backup beside it; `citymod verify` says what is affected.
    """


class Database:
    """One database, used from several threads. Each transaction has a connection to itself."""

    def __init__(self, writer: Engine, reader: Engine) -> None:
        """Take the two engines; `Database.open` makes them."""
        self._writer = writer
        self._turns = Turns()
        self._reader = reader

    @classmethod
    def open(cls, url: str, *, migrate: bool = True, patience: int = BUSY_MILLISECONDS) -> Self:
        """Open ``sqlite:////path/x.db`` or ``postgresql+psycopg://…`` and bring it to this version's tables.

        With `migrate` False nothing is changed. `patience`: how long to wait for one's turn (ms). Raises
        `WrongDatabase` for a database that is newer than the program, for an older one that may not be migrated, and
        for a file that is none; `Unavailable` if it cannot be reached.
        """
        with bring_up(url, migrate=migrate):
            pass
        return cls(_engine(url, patience=patience), _engine(url, read_only=True, patience=patience))

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Give a transaction that may write; commit at the end, roll back on any error. Raises `Unavailable`.

        One writes at a time, from its beginning: what it reads nobody changes until it ends. Keep it short, and call
        no platform in it. Within `fenced` it may raise what the fence raises, too.
        """
        with _told(), self._turns.next(BUSY_MILLISECONDS / 1000), self._writer.begin() as tx:
            for fence in _fences.get():
                fence(tx)
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Give a transaction that sees one moment and cannot write. Keep it short: on SQLite it may hold up writers."""
        with _told(), self._reader.begin() as tx:
            yield tx

    @property
    def journal_mode(self) -> str:
        """How the database keeps commits safe, as it says itself: ``wal``, ``truncate`` or ``server``."""
        if self._reader.dialect.name != "sqlite":
            return "server"
        with self.read() as tx:
            return str(tx.exec_driver_sql("PRAGMA journal_mode").scalar_one())

    @property
    def journal_reason(self) -> str:
        """Why it is that mode, for people."""
        if self._reader.dialect.name != "sqlite":
            return "the PostgreSQL server keeps its own write-ahead log"
        fixed = "has" if wal_is_safe(sqlite3.sqlite_version_info) else "lacks"
        return f"the linked SQLite {sqlite3.sqlite_version} {fixed} the fix of the WAL-reset bug"


@contextmanager
def fenced(fence: Callable[[Tx], None]) -> Iterator[None]:
    """Ask `fence` at the beginning of each writing transaction that this thread opens in here; it may refuse it."""
    token = _fences.set((*_fences.get(), fence))
    try:
        yield
    finally:
        _fences.reset(token)


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this version of SQLite has the fix of the WAL-reset bug."""
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


@contextmanager
def _told() -> Iterator[None]:
    """Say in our own words that the database cannot be used, so that nobody else need know the library."""
    try:
        yield
    except TimeoutError as error:
        message = "the database cannot be used now: others of this process are writing, and none gave way"
        raise Unavailable(message) from error
    except OperationalError as error:
        if "Could not decode" in str(error.orig):
            raise Damaged(_what_is_damaged(error)) from error
        message = f"the database cannot be used now: {error.orig}"
        raise Unavailable(message) from error
    except DatabaseError as error:
        if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
            message = f"the database cannot be used now: {error.orig}"
            raise Unavailable(message) from error
        if type(error) is DatabaseError:  # its subclasses tell of wrong use, it itself of a wrong file
            raise Damaged(_what_is_damaged(error)) from error
        raise


def _what_is_damaged(error: DatabaseError) -> str:
    return f"the database is damaged: {error.orig}. Keep the file, run `citymod verify`, and restore a backup"


def _engine(url: str, *, read_only: bool = False, guarded: bool = True, patience: int = BUSY_MILLISECONDS) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url, read_only=read_only, guarded=guarded, patience=patience)
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if read_only else {}
    engine = create_engine(url, execution_options=options, pool_pre_ping=True)
    if not read_only:
        event.listen(engine, "begin", partial(_take_turn, patience))
    return engine


def _take_turn(patience: int, connection: Connection) -> None:
    """Wait until no other transaction writes, as SQLite does by itself: the ledger has one end, and all write to it."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience}")
    connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {ASLEEP_MILLISECONDS}")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


def _sqlite_engine(url: str, *, read_only: bool, guarded: bool, patience: int) -> Engine:
    """An engine whose connections are set up for keeping records, and that begins transactions itself.

    Python's driver would begin them late and as readers; a writer says so at once (BEGIN IMMEDIATE), so that it waits
    for its turn instead of failing in the middle.
    """
    engine = create_engine(url)

    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        # First the time-out: setting the journal mode needs a lock and would fail at once without it.
        connection.execute(f"PRAGMA busy_timeout={patience}")
        mode = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "TRUNCATE"
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # INSERT OR REPLACE deletes without firing delete triggers unless this is on.
        connection.execute("PRAGMA recursive_triggers=ON")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        if guarded:
            connection.set_authorizer(_authorise)

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)
    return engine


def _authorise(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    """Deny what would take a guard away. SQLite asks once for each statement that it compiles."""
    if action in _DENIED:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and second is not None and (first or "").lower() in _SWITCHES:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def compare(url: str) -> Literal["none", "older", "same", "newer"]:
    """How the version of a database's tables stands to this program's; ``none``: it has no tables yet.

    Changes nothing. Raises `Unavailable` if it cannot be reached and `WrongDatabase` for a file that is no database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        return "none"
    engine = _engine(url, read_only=True)
    try:
        with _told(), engine.begin() as tx:
            present = _version(tx)
    except Damaged as error:
        message = f"{parsed.render_as_string()} is not a database that this program can read: {error}"
        raise WrongDatabase(message) from error
    finally:
        engine.dispose()
    if present is None or present == NEWEST:
        return "none" if present is None else "same"
    from archive.migrations import steps

    return "older" if present in steps.known() else "newer"


def _version(tx: Connection) -> str | None:
    """The version of the tables, as Alembic has noted it; None where there are none yet."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    noted = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if noted is None else str(noted)


@contextmanager
def bring_up(url: str, *, migrate: bool = True) -> Iterator[Tx]:
    """Bring a database to this version's tables, in a transaction in which whoever asks may do more of the kind.

    Its connection is the only one that may alter tables. Raises what `Database.open` raises.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        message = f"{url} is a database in memory, and the archive must survive; name a file"
        raise WrongDatabase(message)
    migrator = _engine(url, guarded=False)
    try:
        with _told(), migrator.begin() as tx:
            _bring_up(tx, migrate=migrate)
            yield tx
    except Damaged as error:
        message = f"{parsed.render_as_string()} is not a database that this program can read: {error}"
        raise WrongDatabase(message) from error
    finally:
        migrator.dispose()


def _bring_up(tx: Connection, *, migrate: bool) -> None:
    """Bring the tables to this version's, in the one transaction that is open."""
    present = _version(tx)
    if present == NEWEST:
        return
    from archive.migrations import steps

    if present is not None and present not in steps.known():
        message = (
            f"the database is at version {present}, which this program does not know: it was written by a newer one. "
            "Install that version of citymod again; older programs must not touch newer records"
        )
        raise WrongDatabase(message)
    if not migrate:
        message = (
            f"the database is at version {present or 'none'}, this program needs {NEWEST}: "
            "start the daemon or run any writing command once, which brings it up to date"
        )
        raise WrongDatabase(message)
    if not _may_alter(tx):
        message = (
            f"the database is at version {present or 'none'}, this program needs {NEWEST}, and the "
            "role it works as may not alter tables, as it should be: stop the daemon and run `citymod database prepare`"
        )
        raise WrongDatabase(message)
    steps.go(tx)


def _may_alter(tx: Connection) -> bool:
    """Whether tables can be made and altered: on PostgreSQL by their owner alone (archive/roles.py)."""
    if tx.dialect.name == "sqlite":
        return True
    return bool(tx.exec_driver_sql("SELECT has_schema_privilege(current_schema(), 'CREATE')").scalar_one())
