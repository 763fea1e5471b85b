"""A trial installation over stand-ins: the files an administrator would write, and a mail server that keeps all mail.

The demo and the tests work with it; nothing in it is different from a real installation but the addresses.
"""

from __future__ import annotations

import hashlib
import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller
from ruamel.yaml import YAML

from archive.registry import Plan
from bot import registry
from bot.domain.types import Capacity, Document
from bot.judging import shipped_rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

    from archive.database import Tx
    from bot.settings import Settings
    from bot.standins import StandIns
    from connectors.standin.world import WorldAccount

SETTINGS = "citymod.yaml"
COMMUNICATIONS = "Demo City Communications"
ACTS_A_DAY = 1000
DOMAIN = "fountains.example"
POLL_SECONDS = 3.5
"""As often as X allows for hours on end: 300 readings of mentions in 15 minutes."""


class MailSink:
    """A mail server on loopback that keeps every mail as a file: ``with MailSink(folder) as sink: sink.port``."""

    def __init__(self, folder: Path) -> None:
        """Keep mails in `folder`, numbered in the order in which they came."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = _free_port()
        self._controller = Controller(_Keeper(folder), hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Self:
        """Start taking mail."""
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop taking mail."""
        self._controller.stop()


def _free_port() -> int:
    """A port that is free at this moment; the controller cannot take "any" and say which it got."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Keep the bytes that came, as they came."""
        del server, session
        number = sum(1 for _ in self._folder.glob("*.eml")) + 1
        (self._folder / f"{number:04}.eml").write_bytes(envelope.original_content or b"")
        return "250 Message accepted for delivery"


def lay_out(
    folder: Path,
    standins: StandIns,
    accounts: Mapping[str, WorldAccount],
    smtp_port: int,
    /,
    **changes: Any,
) -> Path:
    """Write settings, credentials and approvals into `folder`; `changes` replace top-level settings. Gives the file."""
    secrets = folder / "credentials"
    secrets.mkdir(parents=True, exist_ok=True)
    secrets.chmod(0o700)
    for platform, account in accounts.items():
        path = secrets / platform
        path.touch(mode=0o600)
        path.write_text(json.dumps(standins.credentials(account)), encoding="utf-8")
    _write(folder / "approvals.yaml", _approvals())
    _write(folder / SETTINGS, _settings(standins, accounts, smtp_port) | changes)
    return folder / SETTINGS


def approve_accounts(tx: Tx, settings: Settings, now: datetime) -> list[str]:
    """Let City Communications approve every account of the settings, with a form that says nothing; give the sites."""
    sites = []
    form = Plan.of("Social Media Action Plan.pdf", b"%PDF-1.4\n%%EOF\n")
    for entry in settings.accounts:
        site = registry.ask(
            tx,
            settings,
            platform=entry.platform,
            name=entry.name,
            department="City Communications",
            purpose="to tell residents what the City does",
            plan=form,
            who="Demo PIO",
            now=now,
            account=entry.account.key,
        )
        registry.approve(tx, settings, site, who=COMMUNICATIONS, why="for the demonstration", now=now)
        sites.append(site)
    return sites


def enter_what_is_asked_for(tx: Tx, site: str, now: datetime) -> None:
    """Enter for an approved site the people, documents and whereabouts that AR 1-27 asks for."""
    told: dict[str, Any] = {"who": COMMUNICATIONS, "now": now}
    for capacity, name in ((Capacity.PIO, "Demo PIO"), (Capacity.BACK_UP, "Demo Back-up")):
        registry.name_person(tx, site, name, capacity, **told)
    registry.name_person(tx, site, "Demo Administrator", Capacity.ADMINISTRATOR, **told)
    for document in Document:
        where = f"the City's intranet, under Social Media, {document}"
        registry.adopt(tx, site, document, where=where, adopted_on=now.date(), **told)
    registry.keep_credentials(tx, site, where="the vault of City Communications", known_to=["Demo PIO"], **told)


def _approvals() -> list[dict[str, str]]:
    rules = shipped_rules()
    return [
        {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "approved_by": "Demo Administrator (demonstration only)",
            "approved_on": datetime.now(UTC).date().isoformat(),
        }
        for path in (rules.policy, *rules.packs)
    ]


def _settings(standins: StandIns, accounts: Mapping[str, WorldAccount], smtp_port: int) -> dict[str, Any]:
    rules = shipped_rules()
    return {
        "city": {"name": "City of Fountains", "time_zone": "America/Chicago"},
        "data": "data",
        "credentials": "credentials",
        "acts_a_day": ACTS_A_DAY,
        "rules": {
            "policy": str(rules.policy),
            "packs": [str(pack) for pack in rules.packs],
            "approvals": "approvals.yaml",
        },
        "mail": {
            "host": "127.0.0.1",
            "port": smtp_port,
            "tls": "none",
            "sender": f"citymod@{DOMAIN}",
            "social_media_manager": f"social@{DOMAIN}",
            "on_call": [f"oncall@{DOMAIN}"],
        },
        "pios": [{"name": "Public Information Officer", "email": f"pio@{DOMAIN}", "hour": 7}],
        "accounts": [
            {
                "platform": platform,
                "id": account.id,
                "name": account.name,
                "mode": "enforce",
                "credential": platform,
                "poll_seconds": POLL_SECONDS,
                # X forbids driving its pages with a browser; there the record alone is drawn, as a city would have it.
                "evidence": ["record"] if platform == "x" else ["page", "record"],
                "api": standins.servers[platform].url,
                "web": standins.servers[platform].url,
            }
            for platform, account in accounts.items()
        ],
    }


def _write(path: Path, content: object) -> None:
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)
