"""Finds platforms by listing the folders here: a new platform is one folder and touches nothing else.

A folder with a connector.py brings a connector of its own; one with a by_hand.py alone is worked by people, and gets
the connector that all such platforms have (connectors/assisted.py).
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from connectors.assisted import looked_at_by_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.types import Account
    from connectors.assisted import ByHand
    from connectors.contract import Connector
    from connectors.transport import Transport

HERE = Path(__file__).parent


def platforms() -> list[str]:
    """The names of all platforms that have a connector, in alphabetical order."""
    return sorted({path.parent.name for name in ("connector", "by_hand") for path in HERE.glob(f"*/{name}.py")})


def by_hand(platform: str) -> ByHand | None:
    """How people work a platform that lets no program act; None where the program acts."""
    if not (HERE / platform / "by_hand.py").exists():
        return None
    return _by_hand(platform)


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
    if not (HERE / account.platform / "connector.py").exists():
        return looked_at_by_people(account, _by_hand(account.platform))
    module = importlib.import_module(f"connectors.{account.platform}.connector")
    return cast("Connector", module.connect(account, credentials, transport))


def _by_hand(platform: str) -> ByHand:
    return cast("ByHand", importlib.import_module(f"connectors.{platform}.by_hand").BY_HAND)
