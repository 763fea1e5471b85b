"""One City account on Snapchat, worked by staff. See connectors/assisted.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connectors.assisted import Assisted
from connectors.snapchat.by_hand import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.types import Account
    from connectors.transport import Transport


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> SnapchatConnector:
    """Make the connector of one account; it needs no credentials, since it asks Snapchat nothing."""
    del credentials, transport
    return SnapchatConnector(account, BY_HAND)


class SnapchatConnector(Assisted):
    """See connectors.assisted.Assisted."""

    platform: ClassVar[str] = "snapchat"
