"""One call of the stand-in's API: what it may name, which world it sees, and how lists come in pages."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.youtube.standin_errors import No, Reason, answer
from connectors.youtube.standin_show import (
    Quirks,
    Show,
    closed,
    in_chat,
    public_replies,
    shown,
    tagged_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.standin.faults import Pitfalls
    from connectors.standin.server import Response
    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost
    from connectors.youtube.standin_show import Resource

PLATFORM_NAME = "youtube"
MOST_IDS = 50
LAG = timedelta(minutes=10)
"""How old counts are that lag."""

T = TypeVar("T")
Allowed = tuple[str, ...] | range | None
Parameters = dict[str, Allowed]
"""By name: the values or the range allowed, None for any."""

STATES: Allowed = ("published", "heldForReview", "likelySpam", "rejected")
FORMATS: Allowed = ("textFormatUnspecified", "html", "plainText")
ORDERS: Allowed = ("orderUnspecified", "time", "relevance")
SWITCH: Allowed = ("true", "false")
_COMMON = frozenset({"alt", "key", "prettyPrint", "quotaUser"})
THREADS_OF = ("allThreadsRelatedToChannelId", "videoId", "id", "channelId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the API: which channel's owner asks, with which parameters, of which stand-in."""

    world: World
    quirks: Quirks
    pitfalls: Pitfalls
    later: Callable[[Callable[[], None]], None]
    """Lets something happen: now, or in some seconds where moderation lags."""
    base: str
    viewer: str
    query: Mapping[str, list[str]]
    body: Any = None
    answered: dict[str, list[WorldComment]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def one(self, name: str, default: str = "") -> str:
        """A parameter's first value."""
        return self.query.get(name, [default])[0]

    def many(self, name: str) -> list[str]:
        """A list parameter: repeated, or separated by commas, or both."""
        return [value for text in self.query.get(name, []) for value in text.split(",") if value]

    def chosen(self, *filters: str) -> str:
        """Which of the filters is given. Exactly one must be."""
        given = [name for name in filters if name in self.query]
        if not given:
            raise No(Reason.MISSING_REQUIRED_PARAMETER)
        if len(given) > 1:
            raise No(Reason.INCOMPATIBLE_PARAMETERS)
        return given[0]

    def show(self) -> Show:
        """The world as it is to be shown to the caller."""
        return Show(
            world=self.world,
            quirks=self.quirks,
            pitfalls=self.pitfalls,
            base=self.base,
            viewer=self.viewer,
            parts=frozenset(self.many("part")),
            plain=self.one("textFormat") == "plainText",
            by_id="id" in self.query,
            replies=self.replies,
            count=self.count,
        )

    def comment(self, name: str) -> WorldComment | None:
        """A comment that has not been deleted, nor its video."""
        comment = self.world.comments.get((PLATFORM_NAME, name))
        there = comment and comment.deleted_by is None and comment.post.deleted_by is None and not in_chat(comment)
        return comment if there else None

    def video(self, name: str) -> WorldPost | None:
        """A video that has not been deleted."""
        video = self.world.posts.get((PLATFORM_NAME, name))
        return video if video and video.deleted_by is None else None

    def closed(self, video: WorldPost) -> bool:
        """Whether nobody can comment under a video."""
        return closed(video, self.quirks, self.pitfalls)

    def replies_of(self, top: WorldComment) -> list[WorldComment]:
        """The replies that the public sees, in the order of the day."""
        return public_replies(self.replies(top), self.quirks, self.pitfalls)

    def channel(self, name: str) -> WorldAccount:
        """A channel by its identifier."""
        account = self.world.accounts.get((PLATFORM_NAME, name))
        if account is None:
            raise No(Reason.CHANNEL_NOT_FOUND)
        return account

    def replies(self, top: WorldComment) -> list[WorldComment]:
        """The replies to a comment, oldest first; all of the world's are sorted out once for a request."""
        if not self.answered:
            for comment in self.world.comments.values():
                if comment.parent is not None:
                    self.answered.setdefault(comment.parent.id, []).append(comment)
        return self.answered.get(top.id, [])

    def count(self, video: WorldPost) -> int:
        """How many comments a video says it has; all of the world's are counted once for a request."""
        if not self.counted:
            until = self.world.clock() - (LAG if self.pitfalls.strikes("counts_lag") else timedelta())
            seen = (one for one in self.world.comments.values() if shown(one) and not in_chat(one) and one.at <= until)
            self.counted.update(comment.post.id for comment in seen)
        return max(0, self.counted[video.id] - (2 if self.pitfalls.strikes("counts_low", video.id) else 0))

    def channels(self) -> list[WorldAccount]:
        """All channels of the City."""
        return [account for account in self.world.accounts.values() if account.platform == PLATFORM_NAME]


MAIN = "units"
STATS = "stats"
"""The quota buckets that a day has; each holds the same number of units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of the API; `name` is the discovery document's."""

    name: str
    cost: int
    answer: Callable[[Call], Response]
    parameters: Parameters
    required: tuple[str, ...] = ("part",)
    bucket: str = MAIN

    def check(self, query: Mapping[str, list[str]]) -> None:
        """Look at every parameter, as YouTube does before it looks at anything else."""
        if any(name not in self.parameters and name not in _COMMON for name in query):
            raise No(Reason.UNEXPECTED_PARAMETER)
        if any(not query.get(name, [""])[0] for name in self.required):
            raise No(Reason.MISSING_REQUIRED_PARAMETER)
        for name, allowed in self.parameters.items():
            if not all(_fits(value, allowed) for value in query.get(name, ())):
                raise No(Reason.INVALID_PARAMETER)


def _fits(value: str, allowed: Allowed) -> bool:
    if isinstance(allowed, range):
        return value.isdigit() and int(value) in allowed
    return allowed is None or value in allowed


def page(call: Call, kind: str, found: Sequence[T], show: Callable[[T], Resource]) -> Response:
    """One page of a list. Its token is a position, so what is added above meanwhile shifts everything."""
    asked = len(found) if "id" in call.query else int(call.one("maxResults", "20" if "comment" in kind else "5"))
    size = min(asked, call.quirks.page_size or asked)
    if "id" not in call.query and call.pitfalls.strikes("short_pages"):
        size = max(1, size // 5)
    empty = call.quirks.empty_first or call.pitfalls.strikes("empty_pages")
    if empty and "comment" in kind and not {"pageToken", "id"} & call.query.keys():
        size = 0
    start = position(call)
    if start and size > 1 and call.pitfalls.strikes("duplicates"):
        start -= 1
    items = [show(one) for one in found[start : start + size]]
    more: Resource = {}
    if start + size < len(found):
        more["nextPageToken"] = token(call, start + size)
    more["pageInfo"] = {"totalResults": len(items), "resultsPerPage": asked}
    return answer(tagged_list(kind, items, **more))


def mark(call: Call) -> str:
    """Names what makes a list the same list on its next page."""
    same = {name: values for name, values in call.query.items() if name not in ("pageToken", "maxResults", *_COMMON)}
    return hashlib.sha256(repr(sorted(same.items())).encode()).hexdigest()[:8]


def token(call: Call, place: int) -> str:
    """Names a place in the list that is asked for."""
    return base64.urlsafe_b64encode(f"{mark(call)}:{place}".encode()).decode()


def position(call: Call) -> int:
    """Where the page that is asked for begins."""
    named = call.one("pageToken")
    if not named:
        return 0
    try:
        marked, _, place = base64.urlsafe_b64decode(named.encode()).decode().partition(":")
    except ValueError:
        raise No(Reason.INVALID_PAGE_TOKEN) from None
    if marked != mark(call) or not place.isdigit():
        raise No(Reason.INVALID_PAGE_TOKEN)
    return int(place)
