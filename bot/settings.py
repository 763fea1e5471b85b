"""The City's settings: one YAML file, read strictly, every mistake told with its line and a remedy.

Secrets are never in the file. It names credentials, and `credential` finds them where the administrator put them:
systemd's credentials directory, an environment variable, or a file that nobody else may read (P12).
"""

from __future__ import annotations

import json
import os
import stat
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from archive.embeds import EMBEDS
from bot.domain.types import Account, Action, Mode
from connectors import find
from connectors.moderation import is_own
from rules.source import read_typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.assisted import ByHand

HERE = Path(__file__).resolve().parent
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"
Source = Literal["page", "embed", "record"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BUSINESS_DAYS = WEEK[:5]
TOOLS = ("x", "facebook", "instagram", "youtube", "nextdoor", "snapchat", "pinterest")
"""The social media tools that AR 1-27 7.0.A.1 approves, in its order."""
LOOKS = (time(10), time(16))
"""When staff are asked to look at an account that no program reads, unless the settings say otherwise."""


class MissingCredential(Exception):
    """A credential that the settings name is not there, not readable as JSON, or readable by others."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        message = f"{name!r} is not a time zone; write one such as America/Chicago"
        raise ValueError(message) from None
    return name


def _platform(name: str) -> str:
    if name not in find.platforms():
        message = f"no platform {name!r}; there are: {', '.join(find.platforms())}"
        raise ValueError(message)
    return name


def _address(text: str) -> str:
    local, at, host = text.partition("@")
    if not (local and at and host) or any(sign in text for sign in " \r\n,;<>"):
        message = f"{text!r} is not one e-mail address"
        raise ValueError(message)
    return text


def _own_server(address: str) -> str:
    if not is_own(address):
        message = f"{address!r} is no address that anything may be sent to; write https://… or http://127.0.0.1:…"
        raise ValueError(message)
    return address.rstrip("/")


def _without_password(url: str) -> str:
    if urlsplit(url).password is not None or "password=" in urlsplit(url).query:
        message = "a password has no place in this file; take it out, and name a credential as database_credential"
        raise ValueError(message)
    return url


Address = Annotated[str, AfterValidator(_address)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class City(_Strict):
    """Whose program this is. `comment_policy`: the address that every page of the City must link (AR 1-27 5.C.1.f).

    `sites`: the hosts of the City's own site, to one of which its posts should link (AR 1-27 5.A.2.b). `known_as`:
    other names that only the City and its departments go by; whoever else uses one is told of in the digest.
    """

    name: str
    time_zone: Annotated[str, AfterValidator(_zone)] = "America/Chicago"
    comment_policy: str | None = None
    known_as: tuple[Annotated[str, Field(min_length=4)], ...] = ()
    sites: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")], ...] = ()


class Mail(_Strict):
    """Where mail goes out, and to whom. `credential` names a JSON object with `user` and `password`.

    `evidence`: each piece of evidence in a mail of its own, or what came within `bundle_minutes` in one. `reply_to`:
    where an answer that acknowledges it is to go: the address of `mailbox`. `language`: of alarms and of what the
    Social Media Manager gets, English or Spanish.
    """

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    credential: str | None = None
    sender: Address
    social_media_manager: Address
    on_call: Annotated[tuple[Address, ...], Field(min_length=1)]
    evidence: Literal["each", "bundle"] = "each"
    bundle_minutes: int = Field(default=60, ge=1, le=1440)
    reply_to: Address | None = None
    language: Literal["en", "es"] = "en"
    timeout_seconds: float = Field(default=30, gt=0)


class Pio(_Strict):
    """A public information officer who gets the e-mail digest at `hour`; no accounts named: all of them.

    `days`: every day, or on the City's business days alone (by the file `holidays`). `time_zone`: the clock that `hour`
    is of; the City's unless one is named. `language`: of the digest, English or Spanish.
    """

    name: str
    email: Address
    accounts: tuple[str, ...] = ()
    hour: int = Field(default=7, ge=0, le=23)
    days: Literal["daily", "business"] = "daily"
    time_zone: Annotated[str, AfterValidator(_zone)] | None = None
    language: Literal["en", "es"] = "en"


class SignedIn(_Strict):
    """That pages of an account are pictured signed in. Platforms' terms mostly forbid it, so somebody must permit it.

    `permission`: who permitted it in writing, the platform or counsel, and when. `credential` names a JSON object with
    `key`, 32 bytes in base64, which opens the stored sign-in (`citymod evidence sign-in`).
    """

    permission: Annotated[str, Field(min_length=1)]
    credential: str


class AccountSettings(_Strict):
    """One approved account of the City.

    `looks`: at what hours of which days (`look_on`) staff are asked to look at it; None: twice a business day where no
    program reads it, else never. `credential` may be left out where no program reads. `units_a_day`: what the platform
    grants a day where that is more than everybody gets (YouTube, after an audit). `notice`: authors are told when their
    comment was hidden, where the platform lets the City do so; on some of them that can only be done in public.
    """

    platform: Annotated[str, AfterValidator(_platform)]
    id: str
    name: str
    mode: Mode = Mode.OBSERVE
    credential: str | None = None
    poll_seconds: float = Field(default=60, gt=0)
    units_a_day: int | None = Field(default=None, gt=0)
    evidence: Annotated[tuple[Source, ...], Field(min_length=1)] = ("record",)
    sign_in: SignedIn | None = None
    api: str | None = None
    web: str | None = None
    looks: tuple[time, ...] | None = None
    look_on: Annotated[tuple[Day, ...], Field(min_length=1)] = BUSINESS_DAYS
    notice: bool = False

    @model_validator(mode="after")
    def _can_be_worked(self) -> AccountSettings:
        by_hand = self.by_hand
        if self.credential is None and by_hand is None:
            message = f"account {self.platform}:{self.id} names no credential; add one (connectors/{self.platform})"
            raise ValueError(message)
        if self.sign_in and "page" not in self.evidence:
            message = f"account {self.platform}:{self.id} has a sign_in, which only evidence from page uses"
            raise ValueError(message)
        if "embed" in self.evidence and self.platform not in EMBEDS:
            message = f"{self.platform} has no embed that shows one comment; take embed out of `evidence`"
            raise ValueError(message)
        if self.mode is Mode.ENFORCE and by_hand and by_hand.can(Action.DELETE) and not by_hand.can(Action.HIDE):
            message = (
                f"on {self.platform} nothing can be hidden, only deleted for good, and no rule deletes: "
                "write review instead of enforce, so that a person decides each time"
            )
            raise ValueError(message)
        return self

    @property
    def by_hand(self) -> ByHand | None:
        """How people act on this account; None where the program does."""
        return find.by_hand(self.platform)

    @property
    def is_read(self) -> bool:
        """Whether the program reads this account, or people look at it."""
        return self.by_hand is None or (self.by_hand.reads and self.credential is not None)

    @property
    def look_hours(self) -> tuple[time, ...]:
        """At what hours of the City's clock staff are asked to look."""
        if self.looks is not None:
            return self.looks
        return () if self.is_read else LOOKS

    @property
    def account(self) -> Account:
        """The noun."""
        return Account(platform=self.platform, id=self.id, name=self.name, mode=self.mode)


class Rules(_Strict):
    """Which policy, rule packs and ballot list hold, where link lists lie, and who approved which exact wording."""

    policy: Path
    packs: tuple[Path, ...] = ()
    lists: Path | None = None
    ballot: Path | None = None
    approvals: Path | None = None


class Moderation(_Strict):
    """A model server of the City's own that speaks the OpenAI moderation format; comments are sent to it.

    `url` is what stands before ``/v1/moderations``. `credential` names a JSON object with `token`. `categories` are
    those that every answer must have; none named: whatever the server gives.
    """

    url: Annotated[str, AfterValidator(_own_server)]
    model: Annotated[str, Field(min_length=1)]
    credential: str | None = None
    timeout_seconds: float = Field(default=5, gt=0, le=60)
    categories: tuple[str, ...] = ()


class Mailbox(_Strict):
    """The mailbox to which staff and platforms send what has been seen; read by IMAP.

    `staff`: the addresses by which comments may be entered. `mail_server`: the name by which the City's mail server
    signs its Authentication-Results; without it no mail counts as a platform's. `credential` names a JSON object with
    `user` and `password`. Mails are read from `folder` and then moved to `taken`.
    """

    host: str
    port: int = Field(default=993, ge=1, le=65535)
    tls: Literal["tls", "starttls", "none"] = "tls"
    credential: str
    folder: str = "INBOX"
    taken: str = "Taken"
    staff: tuple[Address, ...] = ()
    mail_server: str | None = None
    poll_seconds: float = Field(default=120, gt=0)
    timeout_seconds: float = Field(default=30, gt=0)


class Appeals(_Strict):
    """How a comment's hiding is appealed: by mail to `address` (that of `mailbox`), within `window_days`.

    `days`: business days until the decision. `most_a_day` and `most_each`: appeals that mails open by themselves in a
    day, in all and from one address; what comes beyond it is a task for staff.
    """

    address: Address | None = None
    days: int = Field(default=3, ge=1, le=30)
    window_days: int = Field(default=30, ge=1)
    most_a_day: int = Field(default=50, ge=0)
    most_each: int = Field(default=5, ge=0)


class Retention(_Strict):
    """The retention schedule, and whether anything is ever destroyed under it (`destroy`); it is not unless said."""

    schedule: Path
    destroy: bool = False


class EvidenceStore(_Strict):
    """An S3-compatible bucket with object lock, to which all sealed evidence and media are copied.

    `endpoint`: the server's address; none: Amazon's own. `credential` names a JSON object with `access_key` and
    `secret_key`. `mode`: under COMPLIANCE nobody at all can remove a copy before `retain_days` are over. `ca_file`:
    certificates to trust instead of the system's.
    """

    bucket: Annotated[str, Field(min_length=3)]
    region: Annotated[str, Field(min_length=1)]
    endpoint: Annotated[str, AfterValidator(_own_server)] | None = None
    credential: str
    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    retain_days: int = Field(ge=1, le=36500)
    prefix: str = ""
    media: bool = True
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=30, gt=0)


class Push(_Strict):
    """Where platforms may push; the City's own web server passes ``/push/<platform>`` on to `host` and `port`."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)


class Local(_Strict):
    """Where the daemon tells a monitoring system how it is; nothing of it is secret, and nothing is for the public."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)


class SignIn(_Strict):
    """The City's own sign-in service (OpenID Connect), such as Entra ID or Keycloak.

    `credential` names a JSON object with `client_secret`. `claim`: what it says of a person that is their login here.
    `scope`: what is asked for; it must bring a refresh token, with which the service is asked again later.
    """

    issuer: Annotated[str, AfterValidator(_own_server)]
    client_id: Annotated[str, Field(min_length=1)]
    credential: str
    claim: Literal["email", "preferred_username", "upn", "sub"] = "email"
    scope: str = "openid email profile offline_access"
    timeout_seconds: float = Field(default=10, gt=0, le=30)


class ConsoleSettings(_Strict):
    """Where people decide in a browser. The City's own web server stands in front and passes `address` on to `port`.

    `credential` names a JSON object with `key`, a text of 32 characters or more that `citymod console key` makes: with
    it codes are encrypted and links signed. Who is idle for `idle_minutes` signs in again, and so does everybody after
    `longest_hours`. One person gets `requests_a_minute`, one network address as many tries to sign in.
    """

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    address: Annotated[str, AfterValidator(_own_server)]
    credential: str = "console"
    idle_minutes: float = Field(default=30, gt=0, le=480)
    longest_hours: float = Field(default=12, gt=0, le=24)
    requests_a_minute: int = Field(default=600, ge=10)
    tries_in_ten_minutes: int = Field(default=30, ge=3)
    sign_in: SignIn | None = None


class Authority(_Strict):
    """A time-stamping authority (RFC 3161) and the file with the certificates (PEM) that its stamps are checked by."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
    certificate: Path
    timeout_seconds: float = Field(default=20, gt=0, le=120)


class Timestamps(_Strict):
    """Who stamps each day's root of the ledger; with `each_manifest` every piece of evidence, too."""

    authorities: Annotated[tuple[Authority, ...], Field(min_length=1, max_length=2)]
    each_manifest: bool = False

    @model_validator(mode="after")
    def _are_two(self) -> Timestamps:
        if len({authority.url for authority in self.authorities}) < len(self.authorities):
            message = "the same time-stamping authority is named twice; name another one, or one only"
            raise ValueError(message)
        return self


class Nightly(_Strict):
    """What happens each night: at `at` (the City's clock) the last `days` of the archive are checked.

    Once a week, on `whole_on`, all of it is.
    """

    at: time = time(2, 30)
    days: int = Field(default=2, ge=1)
    whole_on: Day = "sun"


class Backup(_Strict):
    """A backup each night at `at` (the City's clock), into a new folder of `folder`, and how many of them are kept.

    Kept are those of the last `days` days, and the first of each of the last `weeks` weeks and `months` months.
    """

    folder: Path
    at: time = time(3, 30)
    days: int = Field(default=7, ge=1)
    weeks: int = Field(default=5, ge=0)
    months: int = Field(default=12, ge=0)


class Canary(_Strict):
    """The daily trial of the whole line with a harmless comment on a stand-in: `at` is the City's clock."""

    at: time = time(6)
    seconds: float = Field(default=180, gt=0)


class Registry(_Strict):
    """What City Communications has to have approved (AR 1-27 5.A.1).

    `required`: an account that no approval covers is neither read nor acted on; else the e-mail digest names it.
    `tools`: the approved social media tools (7.0), also those of which the program knows nothing else.
    """

    required: bool = False
    tools: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")], ...] = TOOLS


class Webhook(_Strict):
    """Where alarms go besides mail: `url` takes a POST of JSON, signed with the `secret` of the credential."""

    url: Annotated[str, AfterValidator(_own_server)]
    credential: str
    timeout_seconds: float = Field(default=10, gt=0, le=60)


class Settings(_Strict):
    """Everything the City decides. `folder` is where the file lies: relative paths count from there.

    `database` names a PostgreSQL server and the role that the program works as; `database_owner` is the role that owns
    the tables there. Their credentials each name a JSON object with `password`; none, if the server asks for none.
    """

    city: City
    data: Path
    database: Annotated[str, AfterValidator(_without_password)] | None = None
    database_credential: str | None = None
    database_owner: str | None = None
    database_owner_credential: str | None = None
    pause_file: Path | None = None
    credentials: Path | None = None
    acts_a_day: int = Field(default=50, ge=0)
    dollars_a_month: float | None = Field(default=None, gt=0)
    browser: Path | None = None
    capture_seconds: float = Field(default=45, gt=0)
    rules: Rules
    moderation: Moderation | None = None
    push: Push | None = None
    health: Local | None = None
    console: ConsoleSettings | None = None
    retention: Retention | None = None
    evidence_store: EvidenceStore | None = None
    mail: Mail
    mailbox: Mailbox | None = None
    drop_folder: Path | None = None
    timestamps: Timestamps | None = None
    nightly: Nightly = Nightly()
    backup: Backup | None = None
    canary: Canary | None = Canary()
    webhook: Webhook | None = None
    registry: Registry = Registry()
    holidays: Path | None = None
    appeals: Appeals = Appeals()
    notices_an_hour: int = Field(default=20, ge=1)
    pios: Annotated[tuple[Pio, ...], Field(min_length=1)]
    accounts: Annotated[tuple[AccountSettings, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _accounts_are_known(self) -> Settings:
        keys = [entry.account.key for entry in self.accounts]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            message = f"accounts listed more than once: {', '.join(sorted(twice))}; keep one entry of each"
            raise ValueError(message)
        for pio in self.pios:
            unknown = set(pio.accounts) - set(keys)
            if unknown:
                message = f"{pio.name} is to get a digest of {', '.join(sorted(unknown))}, which are not among accounts"
                raise ValueError(message)
        orphans = set(keys) - {key for pio in self.pios for key in (pio.accounts or keys)}
        if orphans:
            message = f"no public information officer gets a digest of {', '.join(sorted(orphans))}; name one in pios"
            raise ValueError(message)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The City's time zone."""
        return ZoneInfo(self.city.time_zone)

    @property
    def database_url(self) -> str:
        """Where the archive's tables are, password included; a SQLite file in the data folder unless another is named.

        Raises MissingCredential.
        """
        if self.database is None:
            return f"sqlite:///{self.data / 'citymod.db'}"
        return _signed(self.database, None, _password(self, self.database_credential))

    @property
    def database_owner_url(self) -> str:
        """The same database as `database_owner`, who makes and alters tables. Raises MissingCredential."""
        if self.database is None or self.database_owner is None:
            message = "the settings name no `database` on a PostgreSQL server with a `database_owner`; add both"
            raise MissingCredential(message)
        return _signed(self.database, self.database_owner, _password(self, self.database_owner_credential))

    @property
    def database_worker(self) -> str:
        """The role that the program works as on a PostgreSQL server; empty if the address names none."""
        return unquote(urlsplit(self.database or "").username or "")

    @property
    def evidence_folder(self) -> Path:
        """Where sealed evidence is kept."""
        return self.data / "evidence"

    @property
    def spool_folder(self) -> Path:
        """Where captures are made before they are sealed."""
        return self.data / "spool"

    @property
    def media_folder(self) -> Path:
        """Where files that came with posts and comments are kept."""
        return self.data / "media"

    @property
    def sign_in_folder(self) -> Path:
        """Where stored sign-ins are kept, encrypted."""
        return self.data / "sign-ins"

    @property
    def packs_passed(self) -> Path:
        """The file that remembers which rule packs have passed all checks."""
        return self.data / "packs-passed"

    @property
    def switch_file(self) -> Path:
        """The file whose mere presence pauses all acting (P4)."""
        return self.pause_file or self.data / "PAUSE"

    @property
    def trusted(self) -> dict[str, Path]:
        """For each time-stamping authority, by its address, the file with the certificates it is checked by."""
        authorities = self.timestamps.authorities if self.timestamps else ()
        return {authority.url: authority.certificate for authority in authorities}

    def entry(self, key: str) -> AccountSettings:
        """The settings of the account with that key; KeyError if there is none."""
        for entry in self.accounts:
            if entry.account.key == key:
                return entry
        raise KeyError(key)

    def poll_every(self, key: str) -> timedelta:
        """How often an account is polled."""
        return timedelta(seconds=self.entry(key).poll_seconds)


def load(path: Path) -> Settings:
    """Read the settings file. Raises rules.source.FileProblems, which names every mistake with its line."""
    settings = read_typed(path, Settings)
    return _anchored(settings, path.resolve().parent)


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Let relative paths count from the folder of the settings file, wherever the program was started."""
    rules = settings.rules.model_copy(
        update={
            "policy": folder / settings.rules.policy,
            "packs": tuple(folder / pack for pack in settings.rules.packs),
            "lists": settings.rules.lists and folder / settings.rules.lists,
            "ballot": settings.rules.ballot and folder / settings.rules.ballot,
            "approvals": settings.rules.approvals and folder / settings.rules.approvals,
        }
    )
    return settings.model_copy(
        update={
            "rules": rules,
            "retention": settings.retention
            and settings.retention.model_copy(update={"schedule": folder / settings.retention.schedule}),
            "evidence_store": settings.evidence_store
            and settings.evidence_store.model_copy(
                update={"ca_file": settings.evidence_store.ca_file and folder / settings.evidence_store.ca_file}
            ),
            "data": folder / settings.data,
            "pause_file": settings.pause_file and folder / settings.pause_file,
            "credentials": settings.credentials and folder / settings.credentials,
            "drop_folder": settings.drop_folder and folder / settings.drop_folder,
            "timestamps": settings.timestamps and _stamped(settings.timestamps, folder),
            "holidays": settings.holidays and folder / settings.holidays,
            "backup": settings.backup
            and settings.backup.model_copy(update={"folder": folder / settings.backup.folder}),
        }
    )


def _stamped(timestamps: Timestamps, folder: Path) -> Timestamps:
    authorities = tuple(
        one.model_copy(update={"certificate": folder / one.certificate}) for one in timestamps.authorities
    )
    return timestamps.model_copy(update={"authorities": authorities})


def credential(settings: Settings, name: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find a named credential: a JSON object of texts. Raises MissingCredential, which says where it was looked for.

    Looked for in this order: systemd's credentials directory, the variable ``CITYMOD_CREDENTIAL_<NAME>``, a file in
    the folder that `credentials` names, which only its owner may read.
    """
    environment = os.environ if environment is None else environment
    variable = f"CITYMOD_CREDENTIAL_{name.upper().replace('-', '_')}"
    directory = environment.get(CREDENTIALS_DIRECTORY)
    if directory and (Path(directory) / name).is_file():
        return _object(name, (Path(directory) / name).read_text(encoding="utf-8"))
    if variable in environment:
        return _object(name, environment[variable])
    if settings.credentials and (settings.credentials / name).is_file():
        return _object(name, _private(settings.credentials / name))
    message = (
        f"credential {name!r} is not to be found: not in systemd's credentials directory, not in the variable "
        f"{variable}, and no file of that name in {settings.credentials or 'the folder `credentials` (not set)'}"
    )
    raise MissingCredential(message)


def _password(settings: Settings, name: str | None) -> str:
    if name is None:
        return ""
    found = credential(settings, name)
    if "password" not in found:
        message = f"credential {name!r} of the database lacks 'password'"
        raise MissingCredential(message)
    return found["password"]


def _signed(url: str, role: str | None, password: str) -> str:
    """The address with a role (or the one it names) and a password, if there is one."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    user = quote(role, safe="") if role else user
    signed = f"{user}:{quote(password, safe='')}" if password else user
    netloc = f"{signed}@{host}" if at or signed else host
    return urlunsplit(parts._replace(netloc=netloc))


def _private(path: Path) -> str:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path} may be read by others than its owner; run: chmod 600 {path}"
        raise MissingCredential(message)
    return path.read_text(encoding="utf-8")


def _object(name: str, text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        message = f'credential {name!r} is not a JSON object of texts, such as {{"user": "…", "password": "…"}}'
        raise MissingCredential(message)
    return found
