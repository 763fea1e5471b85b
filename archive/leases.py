"""Who works on what: leases, so that several daemons share one archive and no two of them do the same thing.

A daemon is a row that it renews every few seconds; a lease is a row that says which daemon's running process works an
account or does a job. It counts as long as the daemon's row does: one that was killed, hangs, or lost the database for
`LEASE` loses all its leases at once, and the others take them.

*Clocks.* Whether time is up is told by the database's own clock alone, so it does not matter what the daemons' clocks
say. Where that clock is moved, a daemon's row may seem out of date, or good for longer than any row is made: neither
counts then, until it is renewed. So a moved clock hands work over for nothing, or lets it rest for some seconds, and
that is all; because no safety rests on time.

*Fencing.* Each time that a lease changes hands its token grows. Whoever works under a lease asks in every writing
transaction whether it still has that very token (`guard`; `bot/sharing.py` sees to it). So a process that was
suspended and wakes up can write nothing of what it was about, neither what it read (cursors never move back) nor that
an attempt begins, which is written before each call to a platform.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, insert, select, update

from archive import ledger, tables
from archive.stored import read_utc

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from archive.database import Tx

LEASE = timedelta(seconds=30)
"""How long what a daemon holds stays its own after it was last heard of."""

_daemon = tables.daemon.c
_lease = tables.lease.c


class LeaseLost(Exception):
    """What somebody works on is another's by now: nothing was written, and what was begun is the other's to go on."""

    def __init__(self, names: Collection[str]) -> None:
        """Name what was lost."""
        super().__init__(f"{', '.join(sorted(names))}: another daemon works on it now, or this one was started anew")
        self.names = frozenset(names)


class NotTogether(Exception):
    """Two daemons that cannot work on one archive together. The text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A daemon as the database knows it. `run` names its running process, `folder` the data folder it works on.

    `alive`: it was heard of within the last `LEASE`; `ended`: it ended as it was told to; `gone`: it did not, and that
    is on record. `says`: why a pause file that it sees stops everything, if one does.
    """

    name: str
    run: str
    host: str
    pid: int
    folder: str
    since: datetime
    says: str | None
    alive: bool
    ended: bool
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease that counts: by whose running process it is held, its token, and how often others asked for something."""

    daemon: str
    run: str
    token: int
    asked: int


# A daemon's own row ---------------------------------------------------------------------------------------------------


def enter(  # noqa: PLR0913 - a process is all of this
    tx: Tx, *, name: str, run: str, host: str, pid: int, folder: str, now: datetime
) -> None:
    """Make a daemon's running process known. Whatever an earlier process of that name held is free from now on.

    Raises `NotTogether` if a daemon that is alive works on another data folder, or a SQLite file on another machine.
    """
    for other in daemons(tx):
        if other.alive:
            _check_together(tx, other, name, host, folder)
    said = {"run": run, "host": host, "pid": pid, "folder": folder, "since": now, "until": clock(tx) + LEASE}
    known = tx.execute(update(tables.daemon).where(_daemon.name == name).values(gone=False, **said))
    if known.rowcount == 0:
        tx.execute(insert(tables.daemon).values(name=name, gone=False, **said))


def _check_together(tx: Tx, other: Daemon, name: str, host: str, folder: str) -> None:
    if other.name == name:
        if other.host != host:
            message = f"a daemon named {name} is alive on {other.host}; give this one another name (citymod run --name)"
            raise NotTogether(message)
        return  # an earlier process of ours, which has ended: only one of a name can run in a data folder
    if tx.dialect.name == "sqlite" and other.host != host:
        message = (
            f"the daemon {other.name} on {other.host} works on this SQLite file; a file serves one machine. Stop it, "
            "or move the archive to a PostgreSQL server (`database` in the settings)"
        )
        raise NotTogether(message)
    if other.folder != folder:
        message = (
            f"the daemon {other.name} on {other.host} works on the same archive with another data folder. Evidence and "
            "media of one archive lie in one folder: let `data` be one that all machines mount, or stop that daemon"
        )
        raise NotTogether(message)


def renew(tx: Tx, run: str) -> bool:
    """Put off the end of everything that a running process holds; give whether it is still the one of its name."""
    renewed = tx.execute(update(tables.daemon).where(_daemon.run == run).values(until=clock(tx) + LEASE, gone=False))
    return renewed.rowcount == 1


def leave(tx: Tx, run: str) -> None:
    """Give up everything that a running process holds, since it ends."""
    tx.execute(update(tables.lease).where(_lease.run == run).values(run=None))
    tx.execute(update(tables.daemon).where(_daemon.run == run).values(until=None, says=None))


def say(tx: Tx, run: str, why: str | None) -> None:
    """Let all daemons know that one sees a pause file, which stops everything for all of them, or that it is gone."""
    tx.execute(update(tables.daemon).where(_daemon.run == run).values(says=why))


def forget_said(tx: Tx) -> int:
    """Take for gone the pause files that only daemons saw which are not alive; give how many."""
    silent = [other.name for other in daemons(tx) if other.says and not other.alive]
    tx.execute(update(tables.daemon).where(_daemon.name.in_(silent)).values(says=None))
    return len(silent)


def tell_gone(tx: Tx, now: datetime) -> list[Daemon]:
    """Write down, once, which daemons went silent without having ended; give them."""
    gone = [other for other in daemons(tx) if not (other.alive or other.ended or other.gone)]
    for other in gone:
        tx.execute(update(tables.daemon).where(_daemon.name == other.name).values(gone=True))
        why = f"the daemon {other.name} on {other.host} has not been heard of for {LEASE.seconds} s; others do its work"
        detail = {"daemon": other.name, "host": other.host, "why": why}
        ledger.append(tx, kind="daemon.gone", agent=ledger.DAEMON, at=now, detail=detail)
    return gone


# Leases ---------------------------------------------------------------------------------------------------------------


def held(tx: Tx) -> dict[str, Held]:
    """Give every lease that counts, by name."""
    now = clock(tx)
    query = select(_lease.name, _lease.run, _lease.token, _lease.asked, _daemon.name.label("daemon"))
    rows = tx.execute(query.join_from(tables.lease, tables.daemon, _daemon.run == _lease.run).where(_counts(now)))
    return {row.name: Held(daemon=row.daemon, run=row.run, token=row.token, asked=row.asked) for row in rows}


def share(tx: Tx, run: str, names: Sequence[str], ready: Collection[str]) -> list[str]:
    """Take a fair share of `names` for a running process, and give up what is too much, if it is `ready` to be.

    Each daemon that is alive gets as many as each other, or one more. Gives what else is to be given up, once nothing
    of it is under way any more.
    """
    have, living = held(tx), [other for other in daemons(tx) if other.alive]
    mine = [name for name in names if name in have and have[name].run == run]
    free = [name for name in names if name not in have]
    least, more = divmod(len(names), len(living))
    most = least + bool(more)
    taken = free[: max(0, most - len(mine))]
    for name in taken:
        _take(tx, run, name)
    counted = Counter(have[name].run for name in names if name in have)
    waits = any(counted[other.run] < least for other in living)
    too_many = max(0, len(mine) - (least if waits else most))
    spare = sorted(mine, key=lambda name: name not in ready)[:too_many]
    given = [name for name in spare if name in ready]
    tx.execute(update(tables.lease).where(_lease.name.in_(given), _lease.run == run).values(run=None))
    return [name for name in spare if name not in ready]


def guard(tx: Tx, run: str, tokens: Mapping[str, int]) -> None:
    """Refuse to go on unless a running process still holds these leases by these very tokens. Raises `LeaseLost`.

    What nobody has taken meanwhile is still its own, and is renewed when a third of its time has gone; so a call that
    follows this transaction has two thirds of `LEASE` at least.
    """
    query = select(_lease.name, _lease.token, _daemon.until).join_from(
        tables.lease, tables.daemon, _daemon.run == _lease.run
    )
    rows = tx.execute(query.where(_lease.run == run)).all()
    have = {row.name: row.token for row in rows}
    lost = [name for name, token in tokens.items() if have.get(name) != token]
    if lost:
        raise LeaseLost(lost)
    now = clock(tx)
    if any(row.until is None or not LEASE * 2 / 3 <= row.until - now <= LEASE for row in rows[:1]):
        renew(tx, run)


def ask(tx: Tx, name: str) -> None:
    """Let whoever holds a lease know that there is something to do."""
    tx.execute(update(tables.lease).where(_lease.name == name).values(asked=_lease.asked + 1))


# Asking ---------------------------------------------------------------------------------------------------------------


def daemons(tx: Tx) -> list[Daemon]:
    """Give every daemon that ever worked on this archive, by name; one that ended as told is not alive."""
    now = clock(tx)
    rows = tx.execute(select(tables.daemon).order_by(_daemon.name)).all()
    return [
        Daemon(
            **{name: getattr(row, name) for name in ("name", "run", "host", "pid", "folder", "since", "says", "gone")},
            alive=row.until is not None and now < row.until <= now + LEASE,
            ended=row.until is None,
        )
        for row in rows
    ]


def files_say(tx: Tx) -> str | None:
    """Why a pause file that some daemon sees stops everything, or None. What a silent one said counts, too."""
    row = tx.execute(select(_daemon.name, _daemon.says).where(_daemon.says.is_not(None)).limit(1)).first()
    return f"{row.says} (says the daemon {row.name})" if row else None


def clock(tx: Tx) -> datetime:
    """What time it is by the database's own clock."""
    if tx.dialect.name == "sqlite":
        return read_utc(str(tx.execute(select(func.strftime("%Y-%m-%dT%H:%M:%fZ", "now"))).scalar_one()))
    found: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def _take(tx: Tx, run: str, name: str) -> None:
    taken = tx.execute(update(tables.lease).where(_lease.name == name).values(run=run, token=_lease.token + 1))
    if taken.rowcount == 0:
        tx.execute(insert(tables.lease).values(name=name, run=run, token=1, asked=0))


def _counts(now: datetime) -> ColumnElement[bool]:
    return and_(_daemon.until > now, _daemon.until <= now + LEASE)
