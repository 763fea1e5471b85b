"""YouTube: reads a channel's comments, looks at one, holds it for review, publishes it again, or rejects it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

from bot.domain.types import Action, Sighting, Visibility
from connectors.contract import (
    Capabilities,
    ConnectorError,
    Health,
    RateLimited,
    Refused,
    Transient,
    Unauthorised,
)
from connectors.media import fetch
from connectors.youtube import besides, costs, parse
from connectors.youtube.api import Api, Declined
from connectors.youtube.chat import Chats, in_chat
from connectors.youtube.lists import HELD, Lists
from connectors.youtube.parse import EMBEDDED, WEB, Parser
from connectors.youtube.progress import Progress
from connectors.youtube.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.domain.types import Account, Attachment, Batch, Comment, Cursor, Ref
    from connectors.contract import Followers, Media, Profile
    from connectors.transport import Transport
    from connectors.youtube.parse import Thread

LOOK_PAGES = 10
"""How many pages of each list of held comments one look reads."""

TELLING = 3
"""How many comments, each refused alone and none taken, tell that YouTube refuses the caller and not the comments."""

LARGEST_PAGE = 80 * 1024 * 1024
"""Bytes: 100 threads with 5 replies, each of 10,000 characters sent twice, at most 6 bytes a character, and some more.

Less, and somebody could stop the reading of a channel by writing long comments.
"""

_STATUS: Mapping[Action, Literal["heldForReview", "published", "rejected"]] = {
    Action.HIDE: "heldForReview",
    Action.RESTORE: "published",
    Action.DELETE: "rejected",  # for good: YouTube lets nobody publish what was rejected
}


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> YouTube:
    """Make the connector of a channel. KeyError if `client_id`, `client_secret` or `refresh_token` is missing."""
    transport.most = max(transport.most, LARGEST_PAGE)
    return YouTube(account, Api(credentials, transport), transport)


class YouTube:
    """One channel of the City, as its owner."""

    platform: ClassVar[str] = "youtube"
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset(_STATUS),
        sees_edits=True,
        sees_visibility=True,
    )
    most: ClassVar[int] = costs.MOST_IDS

    def __init__(self, account: Account, api: Api, transport: Transport) -> None:
        """Take the channel, the API, and the way to it, which names where the public sees YouTube."""
        self._account = account
        self._api = api
        self._transport = transport
        self._parser = Parser(account=account, web=(transport.web or WEB).rstrip("/"))

    def check(self, *, now: datetime) -> Health:
        """Ask whose channel this is, and read one page of held comments, which only those who may moderate can.

        Notes say under which of the newest fifty videos comments are switched off, and what is spent of the quota.
        """
        mine = self._api.youtube.channels().list(part="snippet", mine=True)
        channels = dict(parse.identities(self._api.read(mine, now=now)))
        identity = ", ".join(f"{title} ({name})" for name, title in channels.items())
        if self._account.id not in channels:
            note = f"access was granted for another channel than {self._account.id}: choose it when granting"
            return Health(ok=False, identity=identity or "no channel", notes=(note,))
        lists = self._lists(now)
        next(lists.threads("heldForReview"), None)
        return Health(ok=True, identity=identity, notes=(*_closed(lists), self._api.ledger.told(now)))

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give what is new since `cursor`; see connectors/youtube/reading.py for how."""
        return Reading(replace(self._lists(now), yielding=True), Progress.of(cursor)).batches()

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Look for a comment where the public sees it, then among what is held back.

        GONE if it is in neither place (deleted or rejected: YouTube tells them apart to nobody). UNKNOWN if the lists
        of what is held back are longer than a look can read.
        """
        lists = self._lists(now)
        if in_chat(ref):
            return Chats(lists=lists).look(ref)
        if shown := lists.comment(ref.item):
            return Sighting(ref=ref, visibility=Visibility.VISIBLE, seen_at=now, comment=shown)
        complete = True
        for status in HELD:
            unread = None
            for page in islice(lists.threads(status), LOOK_PAGES):
                for thread in page.threads:
                    if held := _find(thread, ref):
                        return Sighting(ref=ref, visibility=Visibility.HIDDEN, seen_at=now, comment=held)
                    complete = complete and not _may_hold_more_than_it_shows(thread, ref)
                unread = page.after
            complete = complete and unread is None
        return Sighting(ref=ref, visibility=Visibility.GONE if complete else Visibility.UNKNOWN, seen_at=now)

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Hold for review (HIDE), publish (RESTORE) or reject for good (DELETE). Each costs 50 units of quota.

        Messages of a live chat can only be deleted: Refused for all else.
        YouTube's "done" has no content, so the answer is UNKNOWN; GONE if the comment turns out not to be there.
        """
        if in_chat(ref):
            if action is not Action.DELETE:
                message = "YouTube cannot hide a message of a live chat, only delete it for good: a person decides"
                raise Refused(message)
            return Chats(lists=self._lists(now)).delete(ref)
        try:
            self._set((ref,), action, now=now)
        except Declined as no:
            return self._declined(no, ref, action, now=now)
        return Visibility.UNKNOWN

    def act_on(
        self, refs: Sequence[Ref], action: Action, *, now: datetime
    ) -> Mapping[Ref, Visibility | ConnectorError]:
        """Do it to up to 50 comments with each call; a call costs 50 units however many it names.

        YouTube says no to a call for any one of those it names, so a call that it says no to is halved until the bad
        ones stand alone. When three have been refused alone and none was taken, it is not for what they are: the rest
        is refused unasked, for each further call would cost 50 units, too.
        """
        answers: dict[Ref, Visibility | ConnectorError] = {}
        comments = [ref for ref in refs if not in_chat(ref)]
        waiting = deque(comments[at : at + self.most] for at in range(0, len(comments), self.most))
        refused = 0
        while waiting:
            some = waiting.popleft()
            try:
                answers |= dict.fromkeys(some, self._act_on(some, action, now=now))
            except Declined:
                half = len(some) // 2
                waiting.extendleft((some[half:], some[:half]))
            except Refused as error:
                answers |= dict.fromkeys(some, error)
                refused += 1
                if refused == TELLING and refused == len(answers):
                    answers |= dict.fromkeys((ref for rest in waiting for ref in rest), error)
                    break
            except (RateLimited, Unauthorised) as error:
                answers |= dict.fromkeys((ref for rest in (some, *waiting) for ref in rest), error)
                break
            except ConnectorError as error:
                answers |= dict.fromkeys(some, error)
        return answers | {ref: self._one(ref, action, now=now) for ref in refs if in_chat(ref)}

    def _one(self, ref: Ref, action: Action, *, now: datetime) -> Visibility | ConnectorError:
        """Act on one; an error is given, not raised."""
        try:
            return self.act(ref, action, now=now)
        except ConnectorError as error:
            return error

    def _act_on(self, refs: Sequence[Ref], action: Action, *, now: datetime) -> Visibility:
        """One call. Raises Declined where YouTube says no to one of several."""
        if len(refs) == 1:
            return self.act(refs[0], action, now=now)
        self._set(refs, action, now=now)
        return Visibility.UNKNOWN

    def _set(self, refs: Sequence[Ref], action: Action, *, now: datetime) -> None:
        names = [ref.item for ref in refs]
        request = self._api.youtube.comments().setModerationStatus(id=names, moderationStatus=_STATUS[action])
        self._api.ask(request, now=now)

    def profile(self, *, now: datetime) -> Profile:
        """What the channel's own page says."""
        return besides.profile(self._api, self._account.id, now=now)

    def followers(self, *, now: datetime) -> Followers:
        """How many subscribe to the channel."""
        return besides.followers(self._api, self._account.id, now=now)

    def notify(self, ref: Ref, text: str, *, now: datetime) -> str:
        """Answer a comment in public: there is no other way to write to its author."""
        return besides.notify(self._api, ref, text, now=now)

    def media(self, attachment: Attachment, *, now: datetime) -> Media:  # noqa: ARG002  no limit to reckon with
        """Fetch the picture that came with a comment; its address holds for six hours."""
        return fetch(attachment, self._transport, besides.IMAGE_HOSTS)

    def _declined(self, no: Declined, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Find out what a "no" means: YouTube says the same of what is forbidden and of what is gone.

        https://developers.google.com/youtube/v3/docs/comments/setModerationStatus (errors)
        """
        if self.look(ref, now=now).visibility is Visibility.GONE:
            return Visibility.GONE
        if no.reason == "processingFailure":
            raise Transient(str(no)) from None
        message = f"YouTube will not set this comment to {_STATUS[action]}: {no.status} {no.reason}".rstrip()
        raise Refused(message) from None

    def _lists(self, now: datetime) -> Lists:
        return Lists(api=self._api, parser=self._parser, now=now)


def _closed(lists: Lists) -> Iterator[str]:
    """Say where nobody can comment: a state, which the City may want to know of."""
    newest = next(lists.uploads(lists.playlist()), [])
    closed = [video for video in newest if video not in lists.comment_counts(newest)] if newest else []
    if closed:
        yield f"comments are switched off, or the video is not there any more: {', '.join(closed)}"


def _find(thread: Thread, ref: Ref) -> Comment | None:
    """The comment in a thread of held ones. It is hidden whatever it says of itself: the public does not get it."""
    for comment in thread.comments:
        if comment.ref == ref:
            return replace(comment, visibility=Visibility.HIDDEN)
    return None


def _may_hold_more_than_it_shows(thread: Thread, ref: Ref) -> bool:
    """Whether the reply `ref` may be held in this thread and be left out: only some replies come with a thread."""
    return ref.item.startswith(f"{thread.top.ref.item}.") and len(thread.replies) >= EMBEDDED
