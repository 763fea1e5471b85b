"""Platforms on which people act: the program records, reminds and checks, and never touches the platform itself.

Theory of operation
-------------------
Some platforms have no call with which a City can hide what others wrote (Nextdoor), or none to read it either
(Snapchat, Pinterest), and forbid driving their pages by a program. There the City's staff look, and staff act. All
else is as everywhere: what they see becomes a comment on record, the rules judge it, evidence is sealed before anything
is done, and an order says what is to be done and why. Only the last step differs: the order is not carried out by the
program but shown to staff as a task, and it ends with what a person says they did. That is *attested*; it is never
called confirmed, since the program saw nothing.

A platform's folder says in by_hand.py what its people can do, in the platform's own words (`BY_HAND`). Where there is
nothing else in it, its connector is made here and does nothing by itself (`looked_at_by_people`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import urlsplit, urlunsplit

from bot.domain.types import Action, Sighting, Visibility
from connectors.contract import Capabilities, Health, Refused

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from datetime import datetime

    from bot.domain.types import Account, Batch, Cursor, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that staff can do on a platform by hand; `name` is what they say they did, `how` where it is done.

    `does`: the action that it amounts to, None for a step that leaves the comment where it is (a report). `second`: a
    second person must agree before it is done, since it is for good or silences more than one speaker.
    """

    name: str
    how: str
    does: Action | None = None
    second: bool = False


def deleted(how: str) -> Deed:
    """What takes a comment away for good."""
    return Deed(name="deleted", how=how, does=Action.DELETE, second=True)


def reported(how: str) -> Deed:
    """What tells the platform of a comment and leaves it where it is."""
    return Deed(name="reported", how=how)


def closed(how: str) -> Deed:
    """What keeps everybody from writing there."""
    return Deed(name="closed", how=how, second=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The shape of one kind of mail by which a platform tells of something new.

    From an address that ends with `sender`, with a subject that `title` matches as a whole. `says` is what that means,
    with the names of the pattern's groups in braces; `place` is part of the address at which to look.
    """

    sender: str
    title: re.Pattern[str]
    says: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """How people work one platform.

    `reads`: there is an API that shows comments, so that only acting is by hand. `where`: how to look for comments.
    `senders`: the domains from which the platform sends its notifications; `notices`: what these look like, where a
    sample was seen.
    """

    deeds: tuple[Deed, ...]
    where: str
    reads: bool = False
    senders: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()

    def deed(self, name: str) -> Deed | None:
        """The deed of that name, if the platform has it."""
        return next((deed for deed in self.deeds if deed.name == name), None)

    def can(self, action: Action) -> bool:
        """Whether staff can do on the platform what an order asks for."""
        return any(deed.does is action for deed in self.deeds)


def without_query(address: str) -> str:
    """An address without query string, fragment and user: what stands there may open an account to whoever reads it.

    Raises ValueError for what is no address at all.
    """
    split = urlsplit(address.strip())
    return urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, "", ""))


class ActedByHand:
    """What every connector has in common whose platform lets a program change nothing."""

    platform: ClassVar[str]
    can: ClassVar[Capabilities]

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Refuse: `citymod tasks` shows staff what is to be done."""
        del now
        message = f"{ref.platform} lets no program {action} what others wrote; staff do it by hand (citymod tasks list)"
        raise Refused(message)


class Assisted(ActedByHand):
    """One account that only people look at. See connectors.contract.Connector."""

    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset(), sees_edits=False, sees_visibility=False, assisted=True, reads=False
    )

    def __init__(self, account: Account, by_hand: ByHand) -> None:
        """Stand for `account`, which people work as `by_hand` says."""
        self._account = account
        self._by_hand = by_hand

    def check(self, *, now: datetime) -> Health:
        """Say that there is nothing to ask the platform, and how staff look."""
        del now
        identity = f"{self._account.name} ({self._account.id}), looked at by staff"
        return Health(ok=True, identity=identity, notes=("no program reads this account", self._by_hand.where))

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give nothing: what there is comes in by `citymod intake`."""
        del cursor, now
        yield from ()

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Say UNKNOWN: a program that cannot look does not guess."""
        return Sighting(ref=ref, visibility=Visibility.UNKNOWN, seen_at=now)


def looked_at_by_people(account: Account, by_hand: ByHand) -> Assisted:
    """Give the connector of an account that only people look at; it needs no credentials, since it asks nothing."""
    kind = type(account.platform.capitalize(), (Assisted,), {"platform": account.platform})
    return cast("Assisted", kind(account, by_hand))
