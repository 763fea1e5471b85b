"""One City agency on Nextdoor: read through the partner API, one grant for each member of staff who posts.

Nextdoor lists the newest 50 posts of each, with all comments under them. What was listed before and is missing now was
removed by its author or by Nextdoor. Nothing can be hidden or deleted by a program: staff act (by_hand.py). Without
credentials people look, too, as on any platform without an API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bot.domain.types import Batch, Ref, Sighting, Visibility
from connectors.assisted import ActedByHand, Assisted
from connectors.contract import Capabilities, Health, Malformed
from connectors.nextdoor import parse
from connectors.nextdoor.api import Api
from connectors.nextdoor.by_hand import BY_HAND
from connectors.nextdoor.cursor import NEWEST, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.domain.types import Account, Cursor
    from connectors.nextdoor.parse import Listed
    from connectors.transport import Transport

PLATFORM = "nextdoor"


def connect(
    account: Account, credentials: Mapping[str, str], transport: Transport
) -> NextdoorConnector | NextdoorByHand:
    """Make the connector of one agency, whose identifier is its `secure_profile_id`; KeyError if a credential lacks.

    Credentials: `client_id`, `client_secret` and `refresh_token.NAME` for each member of staff who posts. None at all:
    the account is looked at by staff alone.
    """
    if not credentials:
        return NextdoorByHand(account, BY_HAND)
    transport.secrets = (*transport.secrets, *credentials.values())
    return NextdoorConnector(account, Api(credentials, transport))


class NextdoorByHand(Assisted):
    """An agency without access to the API. See connectors.assisted.Assisted."""

    platform: ClassVar[str] = PLATFORM


class NextdoorConnector(ActedByHand):
    """See connectors.contract.Connector."""

    platform: ClassVar[str] = PLATFORM
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset(), sees_edits=True, sees_visibility=False, assisted=True
    )

    def __init__(self, account: Account, api: Api) -> None:
        """Read `account` through `api`."""
        self._account = account
        self._api = api

    def check(self, *, now: datetime) -> Health:
        """Ask for each member of staff whether they may use the agency's profile, and say what is out of sight."""
        name, notes = "", []
        for staff in self._api.staff:
            known = parse.profiles(self._api.profiles(staff, now))
            if self._account.id not in known:
                found = ", ".join(known) or "none"
                note = f"{staff} may not use the profile {self._account.id}; theirs are: {found}"
                return Health(ok=False, identity=f"staff {staff}", notes=(note,))
            name = known[self._account.id]
            if len(parse.listing(self._api.posts(staff, self._account.id, now), self._account)) >= NEWEST:
                notes.append(f"comments under posts of {staff} before the newest {NEWEST} are out of sight")
        identity = f"{name} ({self._account.id}), read as {', '.join(self._api.staff)}"
        return Health(ok=True, identity=identity, notes=("Nextdoor lets no program act; staff do it by hand", *notes))

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give every listed post with all its comments, oldest post first, and what is missing since last time."""
        try:
            mark = Mark.read(cursor)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            message = "the kept cursor is not one of Nextdoor's; start again without it"
            raise Malformed(message, payload=cursor.text.encode() if cursor else b"") from error
        listings = self._listings(mark.city, now)
        every = [(staff, listed) for staff, listing in listings.items() for listed in listing]
        for staff, listed in sorted(every, key=lambda pair: (pair[1].post.posted_at, pair[1].post.ref.item)):
            gone = self._refs(mark.take(staff, listed))
            yield Batch(posts=(listed.post,), comments=listed.comments, cursor=mark.cursor(), gone=gone)
        known = len(mark.posts)
        gone = self._refs(mark.drop_missing(listings))
        if len(mark.posts) < known:
            yield Batch(posts=(), comments=(), cursor=mark.cursor(), gone=gone)

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Look for a comment under its post. GONE if that is listed without it; UNKNOWN if the post may be too old."""
        full = False
        post = parse.post_of(ref.item)
        for listing in self._listings(set(), now).values():
            full = full or len(listing) >= NEWEST
            for listed in listing:
                if listed.post.ref.item == post:
                    return _sighting(ref, listed, now)
        lost = full or not post
        return Sighting(ref=ref, visibility=Visibility.UNKNOWN if lost else Visibility.GONE, seen_at=now)

    def _listings(self, city: set[str], now: datetime) -> dict[str, list[Listed]]:
        """What is listed of each member of staff; whoever published a post is added to `city`."""
        bodies = {staff: self._api.posts(staff, self._account.id, now) for staff in self._api.staff}
        for body in bodies.values():
            city |= parse.authors(body)
        return {staff: parse.listing(body, self._account, city) for staff, body in bodies.items()}

    def _refs(self, items: list[str]) -> tuple[Ref, ...]:
        return tuple(Ref(platform=self._account.platform, account=self._account.id, item=item) for item in items)


def _sighting(ref: Ref, listed: Listed, now: datetime) -> Sighting:
    for comment in listed.comments:
        if comment.ref == ref:
            return Sighting(ref=ref, visibility=comment.visibility, seen_at=now, comment=comment)
    return Sighting(ref=ref, visibility=Visibility.GONE, seen_at=now)
