"""Finds platforms by listing the folders here: a new platform is one folder and touches nothing else."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.types import Account
    from connectors.assisted import ByHand
    from connectors.contract import Connector
    from connectors.transport import Transport

HERE = Path(__file__).parent


def platforms() -> list[str]:
    """The names of all platforms that have a connector, in alphabetical order."""
    return sorted(path.parent.name for path in HERE.glob("*/connector.py"))


def by_hand(platform: str) -> ByHand | None:
    """How people work a platform that lets no program act; None where the program acts."""
    if not (HERE / platform / "by_hand.py").exists():
        return None
    return cast("ByHand", importlib.import_module(f"connectors.{platform}.by_hand").BY_HAND)


def automated() -> list[str]:
    """The platforms on which the program acts, in alphabetical order."""
    return [platform for platform in platforms() if by_hand(platform) is None]


def with_api() -> list[str]:
    """The platforms that the program can at least read, in alphabetical order."""
    return [platform for platform in platforms() if (how := by_hand(platform)) is None or how.reads]


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> Connector:
    """Make the connector of an account. Raises LookupError for an unknown platform, KeyError for a missing credential.

    Each platform folder's README names the credentials it needs.
    """
    if account.platform not in platforms():
        message = f"no platform {account.platform!r}; there are: {', '.join(platforms())}"
        raise LookupError(message)
    module = importlib.import_module(f"connectors.{account.platform}.connector")
    return cast("Connector", module.connect(account, credentials, transport))
