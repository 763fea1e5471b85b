"""One City account on Pinterest, worked by staff. See connectors/assisted.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from connectors.assisted import Assisted
from connectors.pinterest.by_hand import BY_HAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.types import Account
    from connectors.transport import Transport


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> PinterestConnector:
    """Make the connector of one account; it needs no credentials, since it asks Pinterest nothing."""
    del credentials, transport
    return PinterestConnector(account, BY_HAND)


class PinterestConnector(Assisted):
    """See connectors.assisted.Assisted."""

    platform: ClassVar[str] = "pinterest"
