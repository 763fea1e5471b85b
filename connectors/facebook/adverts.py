"""Posts that show only as advertisements and may stand in no list of the Page: the City's ad account names them.

``/act_{id}/ads`` gives the creative of each ad, and that the post it shows ("Ad Account, Ads" and "Ad Creative", Graph
API reference). A Page's token does not reach an ad account; it takes a token with `ads_read`, and that one is asked for
nothing else. What the posts are, and what is said under them, is read with the Page's own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.contract import Malformed, RateLimited, Unauthorised
from connectors.facebook import parse
from connectors.graph_errors import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Account
    from connectors.graph import Graph

WAITS = timedelta(days=1)
"""How long an ad account that the token does not reach is left alone."""

_RUNS = ("ACTIVE",)
_EVER = (
    *_RUNS,
    "PAUSED",
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "ARCHIVED",
    "DISAPPROVED",
    "PENDING_REVIEW",
    "WITH_ISSUES",
)
_PAGE = "100"


class Adverts:
    """The ads of one ad account, as far as they show posts of one Page. `why`: why they cannot be read, if so."""

    def __init__(self, account: Account, ident: str, graph: Graph) -> None:
        """Take the Page, the ad account's number, with ``act_`` before it or not, and the way to it."""
        self.why = ""
        self._account = account
        self._ident = f"act_{ident.removeprefix('act_')}"
        self._graph = graph
        self._again = datetime.min.replace(tzinfo=UTC)

    def posts(self, now: datetime, *, ever: bool) -> list[str]:
        """The posts that the running ads show, or all there `ever` were; none while the ad account is out of reach.

        What is wrong with the ad account is no reason not to read the Page: it is kept in `why`. Raises Transient and
        Malformed.
        """
        if now < self._again:
            return []
        try:
            found = [post for body in self._pages(now, ever=ever) for post in self._read(body)]
        except RateLimited as error:
            self.why, self._again = str(error), error.until
            return []
        except (Unauthorised, Missing) as error:
            self.why, self._again = str(error), now + WAITS
            return []
        self.why = ""
        return list(dict.fromkeys(found))

    def probe(self, now: datetime) -> None:
        """See whether the ad account can be read; `why` tells."""
        self._again = now
        self.posts(now, ever=False)

    def _pages(self, now: datetime, *, ever: bool) -> Iterator[bytes]:
        wanted = json.dumps(_EVER if ever else _RUNS)
        asked = {"fields": parse.ADVERT_FIELDS, "effective_status": wanted, "limit": _PAGE}
        for page in self._graph.pages(self._ident, "ads", now=now, **asked):
            yield page.body

    def _read(self, body: bytes) -> list[str]:
        try:
            return parse.advertised(body, self._account)
        except ValueError as error:
            raise Malformed(str(error), payload=body) from None
