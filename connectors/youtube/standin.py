"""YouTube's Data API v3 and watch page over the shared world, for the demo and for tests.

It answers as published for the methods that moderation needs, and with the quirks that bite: at most five replies come
with a thread, held comments are in no public list, page tokens are positions, the id filter tells no moderation status,
comments.list names no video, `rejected` is for good, and everything costs quota until midnight in California.
"""

from __future__ import annotations

import base64
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from connectors.standin import faults, page
from connectors.standin.faults import Pitfalls
from connectors.standin.server import PAGE, Request, Response
from connectors.standin.world import PLATFORM, STAFF, Wording, WorldComment
from connectors.youtube.standin_call import MAIN, PLATFORM_NAME, Call, Method
from connectors.youtube.standin_errors import No, Reason, answer, error
from connectors.youtube.standin_methods import METHODS
from connectors.youtube.standin_pitfalls import PITFALLS
from connectors.youtube.standin_show import Live, Quirks, closed, in_chat, scramble, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date, datetime

    from connectors.standin.world import Person, World, WorldAccount, WorldPost

PREFIX = "/youtube/v3/"
TOKEN = "/token"  # noqa: S105  a path
WATCH = "/watch"
CHAT = "/live_chat"
IMAGE = "/image/"
SCOPE = "https://www.googleapis.com/auth/youtube.force-ssl"
CLIENT_ID = "000000000000-standin.apps.googleusercontent.com"
CLIENT_SECRET = "standin-client-secret"  # noqa: S105  opens nothing but this stand-in
DAILY_QUOTA = 10_000
MODERATION_LAG = timedelta(seconds=3)

_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
_EXPIRED = Response(status=403, body=b"", headers={"content-type": "text/plain"})
_PACIFIC = ZoneInfo("America/Los_Angeles")
_FAULTS = {
    faults.UNAUTHORISED: Reason.AUTH_ERROR,
    faults.RATE_LIMITED: Reason.QUOTA_EXCEEDED,
    faults.RATE_LIMITED_NO_RESET: Reason.RATE_LIMIT_EXCEEDED,
    faults.REFUSED: Reason.FORBIDDEN,
}
_TOKEN_FAULTS = {
    faults.UNAUTHORISED: (400, "invalid_grant", "Token has been expired or revoked."),
    faults.RATE_LIMITED: (429, "rate_limit_exceeded", "Rate Limit Exceeded"),
    faults.RATE_LIMITED_NO_RESET: (429, "rate_limit_exceeded", "Rate Limit Exceeded"),
    faults.REFUSED: (403, "access_denied", "Access denied"),
}


@dataclass(slots=True)
class StandIn:
    """YouTube as one Google project sees it. `quota` is in units a day, for all channels together."""

    platform: ClassVar[str] = PLATFORM_NAME
    world: World
    quota: int = DAILY_QUOTA
    quirks: Quirks = field(default_factory=Quirks)
    failing: list[Reason] = field(default_factory=list)
    """How the next requests to the API fail; for tests."""
    revoked: set[str] = field(default_factory=set)
    """Channels that have taken back the access they granted; for tests."""
    base: str = ""
    spent: dict[date, int] = field(default_factory=dict)
    spent_on_stats: dict[date, int] = field(default_factory=dict)
    booked: dict[date, Counter[str]] = field(default_factory=dict)
    """Units by day in California and by method, of both buckets."""
    pitfalls: Pitfalls = field(default_factory=lambda: Pitfalls(PITFALLS))
    _asked: int = 0
    _known: int = 0
    _due: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Become the one who makes YouTube's identifiers in this world."""
        self.world.minters[self.platform] = self

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:  # noqa: ARG002  the world's protocol
        """Eleven characters, as videos have."""
        return scramble(account.id, number)[:11]

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """``Ugx…4AaABAg`` for a top-level comment; that, a dot and 22 characters for a reply."""
        scrambled = scramble(post.id, number)
        return f"{parent.id}.9{scrambled[:21]}" if parent else f"Ugx{scrambled[:16]}4AaABAg"

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the connector needs to work this channel."""
        return {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": _refresh_token(account.id)}

    def go_live(self, video: WorldPost, at: datetime | None = None) -> Live:
        """Make a video a live stream that begins now, or at a time."""
        live = self.quirks.streams[video.id] = Live(begins=at or self.world.clock())
        return live

    def say(self, video: WorldPost, text: str, *, author: Person | None) -> WorldComment:
        """Write into the chat of a stream."""
        with self.world.lock:
            at, number = self.world.clock(), next(self._serial)
            name = f"chat/{video.id}/LCC.{scramble(video.id, number)}"
            wording = Wording(text=text, at=at, id=name)
            said = WorldComment(id=name, post=video, parent=None, author=author, wordings=[wording])
            self.world.comments[self.platform, name] = said
            return said

    def post_url(self, post: WorldPost) -> str:
        """The watch page of a video."""
        return f"{self.base}{WATCH}?v={post.id}"

    def comment_url(self, comment: WorldComment) -> str:
        """The watch page with the comment on top, or the chat of the stream."""
        if in_chat(comment):
            return f"{self.base}{CHAT}?is_popout=1&v={comment.post.id}"
        return f"{self.post_url(comment.post)}&lc={comment.id}"

    def forget_tokens(self) -> None:
        """Make every access token given out so far invalid."""
        self._tokens.clear()

    def verb(self, request: Request) -> str:
        """``page``, ``token``, ``hide``, ``unhide``, ``delete``, ``answer``, ``chat``, ``look`` or ``list``."""
        if request.path == TOKEN:
            return "token"
        if not request.path.startswith(PREFIX):
            return PAGE
        method, query = _unwrapped(request)
        name = request.path.removeprefix(PREFIX)
        if name == "comments/setModerationStatus":
            state = query.get("moderationStatus", [""])[0]
            return {"published": "unhide", "rejected": "delete"}.get(state, "hide")
        if method != "GET":
            return "delete" if method == "DELETE" else "answer"
        looked = name in ("comments", "commentThreads") and "id" in query
        return "chat" if name == "liveChat/messages" else "look" if looked else "list"

    def fault(self, name: str, request: Request) -> Response:
        """What YouTube, or for tokens Google, answers when that goes wrong."""
        if request.path != TOKEN:
            return error(_FAULTS[name])
        status, word, description = _TOKEN_FAULTS[name]
        return answer({"error": word, "error_description": description}, status=status)

    def handle(self, request: Request) -> Response:
        """Answer a request to the API, for a token, or for a page."""
        with self.world.lock:
            self._let_happen()
            if request.path == TOKEN:
                return self._token(request)
            if not request.path.startswith(PREFIX):
                return self._page(request)
            try:
                return self._api(request)
            except No as no:
                return error(no.reason)

    def _token(self, request: Request) -> Response:
        """Trade a refresh token for an access token."""
        form = {name: values[0] for name, values in request.form.items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return answer({"error": "invalid_client", "error_description": "Unauthorized"}, status=401)
        if request.method != "POST" or form.get("grant_type") != "refresh_token":
            return answer({"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}, status=400)
        for platform, channel in () if self.pitfalls.strikes("grant_expired") else self.world.accounts:
            granted = platform == self.platform and channel not in self.revoked
            if granted and form.get("refresh_token") == _refresh_token(channel):
                token = f"ya29.{scramble(channel, next(self._serial))}"
                self._tokens[token] = channel
                return answer({"access_token": token, "expires_in": 3599, "scope": SCOPE, "token_type": "Bearer"})
        return self.fault(faults.UNAUTHORISED, request)

    def _api(self, request: Request) -> Response:
        verb, query = _unwrapped(request)
        viewer = self._viewer(request)
        if self.failing:
            raise No(self.failing.pop(0))
        method = METHODS.get((verb, request.path.removeprefix(PREFIX)))
        if method is None:
            raise No(Reason.NOT_FOUND)
        self._charge(1, method)  # also what is wrongly asked
        method.check(query)
        self._charge(method.cost - 1, method)
        self._stumble(query)
        call = Call(
            world=self.world,
            quirks=self.quirks,
            pitfalls=self.pitfalls,
            later=self._later,
            base=self.base,
            viewer=viewer,
            query=query,
            body=request.json,
        )
        return method.answer(call)

    def _stumble(self, query: Mapping[str, list[str]]) -> None:
        """Fail at some requests, which work the next time."""
        self._asked += 1
        request = str(self._asked)
        if self.pitfalls.strikes("too_fast", request):
            raise No(Reason.RATE_LIMIT_EXCEEDED)
        if self.pitfalls.strikes("processing_failure", request):
            raise No(Reason.PROCESSING_FAILURE)
        if "pageToken" in query and self.pitfalls.strikes("page_lost", request):
            raise No(Reason.INVALID_PAGE_TOKEN)

    def _later(self, happens: Callable[[], None]) -> None:
        """Let something happen, at once or after some seconds."""
        if self.pitfalls.strikes("moderation_lag"):
            self._due.append((self.world.clock() + MODERATION_LAG, happens))
        else:
            happens()

    def _let_happen(self) -> None:
        """What is due by now, and what YouTube does by itself to what was written since."""
        now = self.world.clock()
        due = [happens for at, happens in self._due if at <= now]
        self._due = [one for one in self._due if one[0] > now]
        for happens in due:
            happens()
        new = list(islice(self.world.comments.values(), self._known, None))
        self._known += len(new)
        for comment in new:
            ours = comment.account.platform == self.platform and not in_chat(comment)
            for name, whose in (("held_by_youtube", PLATFORM), ("held_by_settings", STAFF)):
                if ours and self.pitfalls.strikes(name, comment.id):
                    self.world.hide(comment, whose)

    def _viewer(self, request: Request) -> str:
        """The channel whose access token was sent."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise No(Reason.REQUIRED)
        channel = self._tokens.get(token)
        if channel is None or channel in self.revoked:
            raise No(Reason.AUTH_ERROR)
        return channel

    def _charge(self, units: int, method: Method) -> None:
        """Take units from the project's day, which ends at midnight in California."""
        spent = self.spent if method.bucket == MAIN else self.spent_on_stats
        day = self.world.clock().astimezone(_PACIFIC).date()
        total = spent.get(day, 0) + units
        if total > self.quota:
            raise No(Reason.QUOTA_EXCEEDED)
        spent[day] = total
        self.booked.setdefault(day, Counter())[method.name] += units

    def switch(self, names: Iterable[str], *, seed: int | None = None) -> None:
        """Switch these pitfalls on and all others off. Raises ValueError if one is unknown."""
        self.pitfalls.switch(names, seed=seed)

    def ledger(self) -> dict[str, dict[str, int]]:
        """The quota ledger: units by day in California, and by method."""
        return {f"units {day}": dict(sorted(spent.items())) for day, spent in sorted(self.booked.items())}

    def _page(self, request: Request) -> Response:
        """The watch page. As on YouTube, it only lacks the linked comment when that is not to be seen."""
        if request.path.startswith(IMAGE):
            fresh = self.world.clock().timestamp() < int(request.one("expire", "0"))
            return Response(status=200, body=_PICTURE, headers={"content-type": "image/png"}) if fresh else _EXPIRED
        if request.path not in (WATCH, CHAT):
            return Response.page(page.not_available("YouTube"), status=404)
        video = self.world.posts.get((self.platform, request.one("v")))
        if video is None or video.deleted_by is not None:
            return Response.page(page.not_available("YouTube"))
        off = closed(video, self.quirks, self.pitfalls)
        said = request.path == CHAT
        visible = [one for one in self.world.under(video) if shown(one) and in_chat(one) is said and (said or not off)]
        linked = next((comment for comment in visible if comment.id == request.one("lc")), None)
        return Response.page(page.render(self.platform, video, visible, linked))


def _unwrapped(request: Request) -> tuple[str, Mapping[str, list[str]]]:
    """Method and parameters, also of a request too long for an address, which comes as a form."""
    if request.method == "POST" and (method := request.headers.get("x-http-method-override")):
        return method, {**request.query, **request.form}
    return request.method, request.query


def _refresh_token(channel: str) -> str:
    return f"1//0{scramble(channel, 0)}"
