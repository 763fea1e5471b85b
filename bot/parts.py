"""Puts the parts together as the settings say: the only place where archive, rules and connectors meet by name."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

from archive.capture import BrowserSettings, Camera
from archive.database import Database
from archive.sign_ins import KEY_BYTES, SignIn, file_of
from bot.log import logger
from bot.pause import Switch
from bot.settings import MissingCredential, credential
from bot.sharing import ACCOUNT, JOB, JOBS, LINE, THE_ONLY_ONE, Share
from connectors.contract import Streams
from connectors.find import connect
from connectors.meter import Meter
from connectors.moderation import ModerationServer
from connectors.transport import Transport, Wire
from rules.engine import Engine
from rules.load import Approvals, load_ballot, load_pack, load_policy, shipped_packs
from rules.match.atoms import forget
from rules.passed import Passed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Self

    from bot.domain.types import Policy
    from bot.settings import AccountSettings, Rules, Settings
    from connectors.contract import Connector
    from rules.ballot import Ballot
    from rules.model import Pack

VERSION = version("citymod")
LIST = "list "
"""How a pinned list is told from a pinned pack."""

log = logger("parts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The policy, the engine and the ballot list that were read together. `documents` are the files' text, by SHA-256.

    `pins` says by SHA-256 on what a verdict rests besides the policy: the packs in force by their labels, the lists
    they name as ``list NAME``, and the ballot list that filled one by its label. `packs` are all that were read, in
    force or not.
    """

    policy: Policy
    engine: Engine
    documents: Mapping[str, tuple[str, str]]
    pins: Mapping[str, str]
    packs: tuple[Pack, ...] = ()
    ballot: Ballot | None = None

    @classmethod
    def read(cls, rules: Rules, approvals: Approvals | None = None, *, passed: Path | None = None) -> Self:
        """Read policy, packs and (unless given) approvals from their files. Raises rules.load.FileProblems.

        The file `passed` remembers which packs need not be tried out again; if it cannot, that costs time alone.
        """
        approvals = approvals or Approvals.load(rules.approvals)
        policy = load_policy(rules.policy, approvals)
        ballot = load_ballot(rules.ballot, approvals) if rules.ballot else None
        known = Passed(passed)
        paths = rules.packs or shipped_packs()
        packs = [load_pack(path, policy, rules.lists, approvals, ballot, known) for path in paths]
        known.save()
        if known.why:
            log.warning("not remembered", why=known.why)
        documents = {policy.sha256: (policy.id, rules.policy.read_bytes().decode("utf-8"))}
        documents |= {pack.sha256: (pack.name, pack.source) for pack in packs}
        engine = Engine(packs)
        pins = {pack.label: pack.sha256 for pack in engine.packs}
        for listed in (listed for pack in engine.packs for listed in pack.lists.values()):
            pins[f"{LIST}{listed.name}"] = listed.sha256
            documents[listed.sha256] = (listed.name, listed.body.decode("utf-8"))
        if ballot:
            documents[ballot.sha256] = (ballot.name, ballot.source)
            if any(pack.ballot for pack in engine.packs):
                pins[ballot.label] = ballot.sha256
        return cls(policy=policy, engine=engine, documents=documents, pins=pins, packs=tuple(packs), ballot=ballot)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The rules that match nothing because no ballot list with the names they need is in force."""
        return tuple(rule for pack in self.engine.packs for rule in pack.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a pass works with.

    Connectors are used by one thread each, hence two for every account, and a third (`listeners`) where the platform
    keeps a line open on which it says what is new. They share a meter (`meters`), which counts what they cost.
    """

    settings: Settings
    database: Database
    rulebook: Rulebook
    camera: Camera
    switch: Switch
    readers: Mapping[str, Connector]
    actors: Mapping[str, Connector]
    listeners: Mapping[str, Connector] = field(default_factory=dict)
    meters: Mapping[str, Meter]
    moderation: ModerationServer | None = None
    share: Share
    spool: Path

    @classmethod
    def assemble(  # noqa: PLR0913  what may be at hand already
        cls,
        settings: Settings,
        *,
        daemon: str = THE_ONLY_ONE,
        rulebook: Rulebook | None = None,
        camera: Camera | None = None,
        database: Database | None = None,
        wire: Wire | None = None,
    ) -> Self:
        """Open and connect everything. Raises what the parts raise; each error says what to do.

        `daemon` is the name under which it shares the work with others. A `rulebook`, `camera` or `database` that is
        at hand already is taken as it is; `wire`: see `Transport`.
        """
        spool = settings.spool_folder / daemon  # captures of two daemons must not meet before they are sealed
        for folder in (settings.data, settings.evidence_folder, spool):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if rulebook is None:
            rulebook = Rulebook.read(settings.rules, passed=settings.packs_passed)
            forget()  # now, so that what is made from here on takes the room
        meters = {entry.account.key: Meter() for entry in settings.accounts}
        listeners = {
            key: one for key, one in _connected(settings, meters, wire) if isinstance(one, Streams) and one.line
        }
        database = database or Database.open(settings.database_url)
        return cls(
            settings=settings,
            database=database,
            share=Share(database, daemon=daemon, folder=settings.data, names=_shared(settings, listeners)),
            spool=spool,
            rulebook=rulebook,
            camera=camera or _camera(settings),
            switch=Switch(settings.switch_file),
            readers=dict(_connected(settings, meters, wire)),
            actors=dict(_connected(settings, meters, wire)),
            listeners=listeners,
            meters=meters,
            moderation=moderation_server(settings),
        )

    def close(self) -> None:
        """Give back browser and database."""
        self.camera.close()
        self.database.close()


def _shared(settings: Settings, listeners: Iterable[str]) -> Iterator[str]:
    """The names of all that daemons share: each account, each job, each line that a platform keeps open."""
    yield from (f"{ACCOUNT}{entry.account.key}" for entry in settings.accounts)
    yield from (f"{JOB}{job}" for job in JOBS)
    yield from (f"{LINE}{key}" for key in listeners)


def _camera(settings: Settings) -> Camera:
    browser = BrowserSettings(
        executable=str(settings.browser) if settings.browser else None,
        deadline=settings.capture_seconds,
        sign_ins={entry.account.key: sign_in(settings, entry) for entry in settings.accounts if entry.sign_in},
    )
    return Camera(browser, VERSION)


def sign_in(settings: Settings, entry: AccountSettings) -> SignIn:
    """The stored sign-in of an account and its key. Raises MissingCredential; LookupError if it is to have none."""
    if entry.sign_in is None:
        message = f"account {entry.account.key} has no sign_in in the settings, so none is stored for it"
        raise LookupError(message)
    name = entry.sign_in.credential
    try:
        key = b64decode(credential(settings, name).get("key", ""), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"credential {name!r} needs a `key` of {KEY_BYTES} bytes in base64: openssl rand -base64 {KEY_BYTES}"
        raise MissingCredential(message)
    return SignIn(account=entry.account.key, file=file_of(settings.sign_in_folder, entry.account.key), key=key)


def _connected(settings: Settings, meters: Mapping[str, Meter], wire: Wire | None) -> Iterator[tuple[str, Connector]]:
    for entry in settings.accounts:
        yield entry.account.key, connector(settings, entry, meters[entry.account.key], wire)


def moderation_server(settings: Settings) -> ModerationServer | None:
    """The City's own model server, if the settings name one. Raises MissingCredential, LookupError without a token."""
    wanted = settings.moderation
    if wanted is None:
        return None
    secrets = credential(settings, wanted.credential) if wanted.credential else {}
    if wanted.credential and "token" not in secrets:
        message = f"credential {wanted.credential!r} of the model server lacks 'token'"
        raise LookupError(message)
    seconds = wanted.timeout_seconds
    transport = Transport(api=wanted.url, connect=seconds, read=seconds, total=seconds, secrets=tuple(secrets.values()))
    return ModerationServer(transport, model=wanted.model, token=secrets.get("token"), categories=wanted.categories)


def connector(settings: Settings, entry: AccountSettings, meter: Meter, wire: Wire | None = None) -> Connector:
    """Connect one account with its credential; what it costs goes to `meter`. Raises MissingCredential."""
    secrets = credential(settings, entry.credential) if entry.credential else {}
    transport = Transport(api=entry.api, web=entry.web, secrets=tuple(secrets.values()), meter=meter, wire=wire)
    granted = {"units_a_day": str(entry.units_a_day)} if entry.units_a_day else {}
    try:
        return connect(entry.account, secrets | granted, transport)
    except KeyError as missing:
        where = f"see connectors/{entry.platform}/README.md"
        message = f"credential {entry.credential!r} of {entry.account.key} lacks {missing}; {where}"
        raise LookupError(message) from None
