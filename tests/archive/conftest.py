"""A real database for each test, ways to lead a comment through its life, and ways to attack from outside.

Whatever asks for `db` or `full` runs twice: on SQLite, and on PostgreSQL as a role that owns no table. Tests that are
about the file ask for `path`, and run on SQLite alone; those marked `server` run on PostgreSQL alone.
"""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import (
    AUTHORITY,
    NOON,
    PERSON,
    RULE,
    a_batch,
    a_comment,
    a_post,
    a_ref,
    a_sighting,
    a_verdict,
    an_account,
    later,
)
from destroying import SERIES, destroy
from postgres import OWNER

from archive import (
    access,
    accounts,
    cases,
    claims,
    copies,
    evidence,
    gaps,
    gauges,
    handwork,
    holds,
    jobs,
    leases,
    ledger,
    links_used,
    media,
    orders,
    outbox,
    pages,
    records,
    registry,
    requests,
    sessions,
    staff,
    stamps,
    uploads,
    withheld,
    witnesses,
)
from archive.capture import Capture, Step
from archive.database import Database
from archive.media import Kept
from archive.subject import Subject
from archive.uploads import Picture
from archive.witnesses import Stamp
from bot.domain.states import Event
from bot.domain.types import Action, Attachment, Author, Comment, Quality, Role, Visibility
from connectors.standin.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from postgres import Postgres

    from archive.database import Tx
    from bot.domain.types import Evidence, Order


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        server = metafunc.definition.get_closest_marker("server")
        engines = (
            ["postgresql"] if server else ["sqlite"] if "path" in metafunc.fixturenames else ["sqlite", "postgresql"]
        )
        metafunc.parametrize("engine", engines, scope="session")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has its tables and nothing else: made once, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's database lies, if it is a file."""
    return tmp_path / "citymod.db"


@dataclass(frozen=True)
class Place:
    """Where a database is: the URL that the program is given, and the one of whoever owns its tables."""

    url: str
    owner: str


@pytest.fixture
def place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A database that has its tables and nothing else."""
    if engine == "sqlite":
        target = tmp_path / "citymod.db"
        target.write_bytes(request.getfixturevalue("empty").read_bytes())
        yield Place(url=f"sqlite:///{target}", owner=f"sqlite:///{target}")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.prepared()
    yield Place(url=server.url(name), owner=server.url(name, OWNER))
    server.drop(name)


@pytest.fixture
def db(place: Place) -> Iterator[Database]:
    """A database in which one account is registered."""
    with Database.open(place.url) as database:
        with database.begin() as tx:
            accounts.register(tx, an_account(), NOON)
        yield database


@dataclass(frozen=True)
class Life:
    """Leads comments through their life as the shell does, with sealed files on disk."""

    db: Database
    store: Path
    spool: Path

    def observed(self, comment: Comment | None = None) -> Comment:
        comment = comment or a_comment()
        with self.db.begin() as tx:
            records.observe(tx, a_batch(comment), account=an_account(), now=NOON)
        return comment

    def marked(self, comment: Comment | None = None) -> Comment:
        comment = self.observed(comment)
        with self.db.begin() as tx:
            for sha256, name in (("ab" * 32, "policy"), ("ef" * 32, "city-threat")):
                cases.keep_document(tx, sha256, name, f"the text of {name}", now=NOON)
            packs = {"city-threat": "ef" * 32}
            cases.record_verdict(
                tx, comment.ref, comment.revision, a_verdict(), policy_sha256="ab" * 32, packs=packs, now=later(10)
            )
            cases.advance(tx, comment.ref, Event.MARKED, agent=RULE, now=later(10), why="city.threat.01 (C4)")
        return comment

    def sealed(self, comment: Comment, name: str = "") -> Evidence:
        """Seal files for a comment and record them."""
        spool = self.spool / comment.ref.item
        spool.mkdir(parents=True)
        (spool / "comment.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
        capture = Capture(
            quality=Quality.FULL,
            source="record",
            steps=(Step(source="record", name="render", ok=True, seconds=0.1, detail="drawn"),),
            conditions={"rendition": "a record", "tool": "citymod test"},
            captured_at=later(20),
        )
        subject = Subject(
            comment=comment, post=a_post(), thread=(), account=an_account(), findings=(), zone="America/Chicago"
        )
        with self.db.read() as tx:
            head = ledger.head(tx)
        name = name or f"ev-{comment.ref.item}-{comment.revision[:8]}"
        anchor = head.anchor if head else None
        found = evidence.seal(spool, self.store, id=name, subject=subject, capture=capture, now=later(21), head=anchor)
        with self.db.begin() as tx:
            evidence.record(tx, found, later(21))
        return found

    def secured(self, comment: Comment | None = None, action: Action = Action.HIDE) -> Order:
        comment = self.marked(comment)
        found = self.sealed(comment)
        with self.db.begin() as tx:
            cases.advance(tx, comment.ref, Event.CAPTURED, agent=ledger.DAEMON, now=later(22), why="evidence sealed")
            return orders.place(
                tx,
                ref=comment.ref,
                revision=comment.revision,
                evidence_id=found.id,
                action=action,
                agent=RULE,
                now=later(22),
            )

    def attempted(self, comment: Comment | None = None, action: Action = Action.HIDE) -> Order:
        order = self.secured(comment, action)
        with self.db.begin() as tx:
            orders.begin_attempt(tx, order, later(25))
            shows = Visibility.GONE if action is Action.DELETE else Visibility.HIDDEN
            orders.end_attempt(tx, order, later(26), "taken", shows)
        return order

    def enforced(self, comment: Comment | None = None, action: Action = Action.HIDE) -> Order:
        order = self.attempted(comment, action)
        with self.db.begin() as tx:
            orders.confirm(tx, order, basis="look", now=later(30))
            cases.advance(tx, order.ref, Event.ENFORCED, agent=RULE, now=later(30), why="the platform shows it so")
        return order


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


@pytest.fixture
def life(db: Database, store: Path, tmp_path: Path) -> Life:
    return Life(db=db, store=store, spool=tmp_path / "spool")


@dataclass(frozen=True)
class Lived:
    """An archive that has a past: the folder of its evidence, and its database by name and by URL."""

    folder: Path
    name: str
    owner: str


@pytest.fixture(scope="session")
def lived(engine: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Lived:
    """An archive in which every table has rows: hidden, waiting, edited, gone, stopped. Made once."""
    folder = tmp_path_factory.mktemp("lived")
    if engine == "sqlite":
        live(f"sqlite:///{folder}/citymod.db", folder)
        return Lived(folder=folder, name="citymod.db", owner=f"sqlite:///{folder}/citymod.db")
    server: Postgres = request.getfixturevalue("postgres")
    name = server.prepared()
    live(server.url(name), folder)
    return Lived(folder=folder, name=name, owner=server.url(name, OWNER))


def live(url: str, folder: Path) -> None:
    """Fill a database, and a folder with its evidence."""
    with Database.open(url) as db:
        with db.begin() as tx:
            accounts.register(tx, an_account(), NOON)
        life = Life(db=db, store=folder / "evidence", spool=folder / "spool")
        order = life.enforced(a_comment("c1", text="When is my street due? 🚧"))
        life.secured(a_comment("c2"))
        life.observed(a_comment("c3", text="first"))
        pictured = life.observed(
            a_comment("c4", attachments=(Attachment(id="p", kind="photo", url="https://p.example/"),))
        )
        with db.begin() as tx:
            (due,) = media.due_of(tx, pictured.ref, pictured.revision)
            media.conclude(tx, due, Kept(why="no longer there"), later(50))
            records.observe(tx, a_batch(a_comment("c3", text="second")), account=an_account(), now=later(60))
            look = a_sighting(a_comment("c3"), visibility=Visibility.GONE, seen_at=later(70))
            records.sight(tx, look, account=an_account(), now=later(70))
            cases.record_decision(tx, order.ref, order.revision, "uphold", PERSON, "it is a threat", later(80))
            accounts.stop(tx, "youtube:UCcity", "unreadable", later(81), payload=b"<html>")
            shot = Picture.of("shot.gif", b"GIF89a and so on")
            of = {"seen_at": later(5), "agent": PERSON, "now": later(83)}
            uploads.keep(tx, order.ref, order.revision, (shot,), purpose=uploads.BEFORE, **of)
            handwork.attest(
                tx, order, "reported", agent=PERSON, second=None, done_at=later(84), why="as agreed", now=later(84)
            )
            handwork.receive(
                tx, key="<1@x>", source="mail", title="t", says="s", body=b"raw", trusted=False, now=later(85)
            )
            handwork.attend(tx, "look:youtube:UCcity", outcome="nothing", agent=PERSON, why="", now=later(86))
            requests.exported(tx, None, {"why": "asked by counsel"}, PERSON, later(87))
            _asked_for(tx)
            withheld.withhold(tx, pictured.ref, agent=PERSON, why="a person says so", now=later(90))
            _signed_in(tx)
            _kept_besides(tx)
            _witnessed(tx, folder, later(11 * 366 * 86_400))
            run = {"every": 60.0, "began_at": later(82), "ended_at": None, "next_at": later(142), "why": "cut off"}
            jobs.note(tx, [jobs.Run(name="work", noted_at=later(83), **run)])
            gauges.keep(tx, [gauges.Gauge(name="quota:youtube:UCcity", value=0.5, said="of it", at=later(82))])
            outbox.put(tx, kind="alarm", key="a", to=("a@city.example",), subject="s", message=b"m", now=later(82))


def _asked_for(tx: Tx) -> None:
    """A department asks for a site."""
    registry.ask(
        tx,
        year=2026,
        platform="youtube",
        name="City of Example",
        department="Water",
        purpose="to tell of works",
        account=an_account().key,
        plan=registry.Plan.of("plan.pdf", b"%PDF-1.7"),
        agent=PERSON,
        now=later(87),
    )


def _signed_in(tx: Tx) -> None:
    """Somebody uses the console, and somebody else a link."""
    login = "kim@city.example"
    roles = [Role.REVIEWER]
    staff.add(tx, login, name="Kim", roles=roles, accounts=[], password="h", totp="t", agent=PERSON, now=later(88))
    sessions.begin(tx, login, later(88))
    claims.take(tx, a_ref(), login, later(88))
    access.note(tx, login, "case", now=later(88), ref=a_ref(), origin="127.0.0.1")
    links_used.use(tx, "ab" * 16, "pause", PERSON, later(88))


def _kept_besides(tx: Tx) -> None:
    """A gap, the City's page, its followers, counts, a hold that was released, and an old comment destroyed."""
    key = an_account().key
    gaps.note(tx, key, interval=timedelta(minutes=1), began=later(900), now=later(900))
    pages.record(tx, pages.Page(account=key, seen_at=later(901), name="City", text="We answer."), b"{}")
    pages.count_followers(tx, key, number=2, people=[Author(id="f1", name="Pat")], why="", raw=b"{}", now=later(902))
    records.count(tx, {a_ref("c1"): {"likes": 3}}, later(903))
    file = copies.File(file=Path("comment.png"), path="evidence/2026/11/e/comment.png", sha256="ab" * 32)
    held = copies.Held(
        key=file.path, version="v1", size=9, sha256=None, mode="COMPLIANCE", retain_until=later(9_000_000)
    )
    unit = copies.Unit(name="evidence/e", sha256="cd" * 32, ref=a_ref("c1"), folder="2026/11/e")
    copies.conclude(tx, "bucket.example/city", unit, [(file, held)], later(904))
    old = a_comment("c5", text="an old question")
    records.observe(tx, a_batch(old), account=an_account(), now=later(904))
    cases.advance(tx, old.ref, Event.CLEARED, agent=ledger.DAEMON, now=later(905), why="no rule asks for anything")
    held = holds.add(tx, holds.Scope(case=old.ref), matter="M-1", why="a claim", agent=PERSON, now=later(906))
    holds.release(tx, held.id, why="settled", agent=PERSON, now=later(907))
    destroy(tx, SERIES, now=later(10 * 366 * 86_400))
    leases.enter(tx, name="one", run="r1", host="h", pid=1, folder="f", now=later(908))
    leases.share(tx, "r1", [key], ready=())


def _witnessed(tx: Tx, folder: Path, now: datetime) -> None:
    """Let a day's root be taken and stamped."""
    root = witnesses.root_next(tx, now)
    assert root is not None
    with Authority(folder / "authority") as authority:
        answer = authority.stamp(stamps.question(root.document).as_bytes())
        at = stamps.stamped_at(answer, root.sha256, stamps.certificates(authority.certificate))
    stamp = Stamp(subject=root.subject, authority=AUTHORITY, sha256=root.sha256, answer=answer, stamped_at=at)
    witnesses.keep(tx, stamp, now)


@pytest.fixture
def past(engine: str, lived: Lived, tmp_path: Path, store: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A copy of the archive in which every table has rows."""
    shutil.copytree(lived.folder / "evidence", store)
    shutil.copytree(lived.folder / "authority", store.parent / "authority")
    if engine == "sqlite":
        url = f"sqlite:///{shutil.copy(lived.folder / lived.name, tmp_path)}"
        yield Place(url=url, owner=url)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create(lived.name)
    yield Place(url=server.url(name), owner=server.url(name, OWNER))
    server.drop(name)


@pytest.fixture
def full(past: Place) -> Iterator[Database]:
    """That archive, opened as the program opens it."""
    with Database.open(past.url) as database:
        yield database


@pytest.fixture
def tx(db: Database) -> Iterator[Tx]:
    """One writing transaction for the whole test."""
    with db.begin() as open_tx:
        yield open_tx


@pytest.fixture
def tamper(engine: str, request: pytest.FixtureRequest) -> Callable[..., int]:
    """Change the database from outside, as an administrator could: guards off, the statement, guards on again."""
    place = request.getfixturevalue("past" if "past" in request.fixturenames else "place")
    change = _on_the_server if engine == "postgresql" else _in_the_file
    return lambda sql, *values: change(place, sql, values, request)


def _in_the_file(place: Place, sql: str, values: tuple[object, ...], _request: pytest.FixtureRequest) -> int:
    outside = sqlite3.connect(place.url.removeprefix("sqlite:///"))
    outside.execute("PRAGMA ignore_check_constraints=ON")
    outside.execute("PRAGMA synchronous=OFF")
    triggers = outside.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        outside.execute(f'DROP TRIGGER "{name}"')
    changed = outside.execute(sql, values).rowcount
    for _, trigger in triggers:
        outside.execute(trigger)
    outside.commit()
    outside.close()
    return changed


def _on_the_server(place: Place, sql: str, values: tuple[object, ...], request: pytest.FixtureRequest) -> int:
    """As a superuser, to whom neither triggers nor foreign keys apply; checks are taken away for good."""
    server: Postgres = request.getfixturevalue("postgres")
    with server.admin(place.url.split("@/")[1].split("?")[0]) as outside:
        outside.execute("SET session_replication_role = replica")
        checks = outside.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
        ).fetchall()
        for table, name in checks:
            outside.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        return outside.execute(sql.replace("%", "%%").replace("?", "%s"), values or None).rowcount
