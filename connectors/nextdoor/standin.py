"""Nextdoor's partner API over the shared world, for the demo and for tests.

It answers as published for the token, "Get your posts" and the profiles, and refuses what is not published. What bites:
each member of staff sees their own posts alone, the newest 50 of them; a comment has no name, no title and no state of
being hidden; whatever was removed is simply not there; access tokens end.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.nextdoor.standin_pitfalls import PITFALLS
from connectors.standin import faults, page, world
from connectors.standin.server import PAGE, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connectors.standin.world import Person, World, WorldAccount, WorldComment, WorldPost

TOKEN = "/v2/token"  # noqa: S105  a path
BASE = "/external/api/partner/v1"
CLIENT_ID = "standin-client"
CLIENT_SECRET = "standin-nextdoor-secret"  # noqa: S105  opens nothing but this stand-in
NEWEST = 50
LASTS = timedelta(hours=1)
_LATE = timedelta(minutes=5)


class StandIn:
    """See connectors.standin.server.StandIn. Settings that a test may change are the attributes set in __init__."""

    platform: ClassVar[str] = "nextdoor"

    def __init__(self, world: World) -> None:
        """Show `world`.

        `staff`: who posts for an account, by its identifier (default: one person of the account's own identifier).
        `newest`: how many posts are listed. `author_ids`: whether it is told who wrote a comment. `revoked`: members of
        staff who took their grant back. `login_tokens`: whether addresses carry tokens, as they do in mails.
        """
        self.world = world
        self.base = ""
        self.staff: dict[str, list[Person]] = {}
        self.newest = NEWEST
        self.author_ids = True
        self.revoked: set[str] = set()
        self.login_tokens = False
        self.pitfalls = faults.Pitfalls(PITFALLS)
        self._asked = 0
        self._tokens: dict[str, tuple[str, str, datetime]] = {}
        world.minters[self.platform] = self

    def switch(self, names: Iterable[str], *, seed: int | None = None) -> None:
        """Switch these pitfalls on and all others off. Raises ValueError if one is unknown."""
        self.pitfalls.switch(names, seed=seed)

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:  # noqa: ARG002  the world's protocol
        """A number, as a text."""
        return str(300_000_000 + number)

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """A number, under its post."""
        return f"{post.id}-{700_000_000 + number}"

    def verb(self, request: Request) -> str:
        """``token``, ``list`` or ``me``; there is nothing else that the API does for us."""
        known = {TOKEN: "token", f"{BASE}/post/": "list", f"{BASE}/me/profiles/": "me"}
        return known.get(request.path) or ("other" if request.path.startswith(BASE) else PAGE)

    def handle(self, request: Request) -> Response:
        """Answer as Nextdoor would."""
        with self.world.lock:
            if request.path == TOKEN:
                return self._token(request)
            if not request.path.startswith(BASE):
                return self._page(request)
            if trouble := self._trouble(request):
                return trouble
            found = self._tokens.get(_bearer(request))
            if found is None or found[2] <= self.world.clock() or found[1] in self.revoked:
                return self.fault(faults.UNAUTHORISED, request)
            return self._called(request, self.world.accounts[self.platform, found[0]], found[1])

    def _called(self, request: Request, account: WorldAccount, staff: str) -> Response:
        """Answer a call of that member of staff."""
        if request.method == "GET" and request.path == f"{BASE}/post/":
            return self._posts(request, account, staff)
        if request.method == "GET" and request.path == f"{BASE}/me/profiles/" and not request.query:
            profile = {"secure_profile_id": account.id, "name": account.name, "type": "agency"}
            return Response.of({"profiles": [profile]})
        return _error(404, "not found")

    def _trouble(self, request: Request) -> Response | None:
        """What may be answered instead of what was asked for."""
        self._asked += 1
        asked, strikes = str(self._asked), self.pitfalls.strikes
        if strikes("out_of_order", asked):
            return _error(500, "internal server error")
        if strikes("busy", asked):
            return self.fault(faults.RATE_LIMITED_NO_RESET, request)
        token = _bearer(request)
        held = token in self._tokens and self._tokens[token][2] - self.world.clock() < LASTS - _LATE
        if held and strikes("token_ends_early", asked):
            del self._tokens[token]
        return None

    def fault(self, name: str, request: Request) -> Response:
        """Answer as Nextdoor does when that goes wrong."""
        if name == faults.UNAUTHORISED:
            return _error(400, "invalid_grant") if request.path == TOKEN else _error(401, "unauthorized")
        if name == faults.RATE_LIMITED:
            return _error(429, "too many requests", {"retry-after": "120"})
        if name == faults.RATE_LIMITED_NO_RESET:
            return _error(429, "too many requests")
        return _error(403, "lack of scope")

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """One grant for each member of staff who posts."""
        grants = {f"refresh_token.{person.handle}": _grant(account.id, person.id) for person in self._staff(account)}
        return {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **grants}

    def post_url(self, post: WorldPost) -> str:
        """The address of a post. Only neighbours who are signed in can open it."""
        return f"{self.base}/p/{post.id}"

    def comment_url(self, comment: WorldComment) -> str:
        """That of its post: comments have none of their own."""
        return self.post_url(comment.post)

    def forget_tokens(self) -> None:
        """Make every access token given out so far invalid."""
        self._tokens.clear()

    def _staff(self, account: WorldAccount) -> list[Person]:
        return self.staff.get(account.id) or [account.person]

    def _token(self, request: Request) -> Response:
        """Trade a refresh token for an access token."""
        if self.pitfalls.strikes("grant_taken_back"):
            return self.fault(faults.UNAUTHORISED, request)
        form = {name: values[0] for name, values in request.form.items()}
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.method != "POST" or request.headers.get("authorization") != f"Basic {basic}":
            return _error(401, "invalid_client")
        if form.get("grant_type") != "refresh_token":
            return _error(400, "unsupported_grant_type")
        for (platform, ident), account in self.world.accounts.items():
            if platform != self.platform:
                continue
            for person in self._staff(account):
                if form.get("refresh_token") == _grant(ident, person.id) and person.id not in self.revoked:
                    token = hashlib.sha256(f"{ident} {person.id} {len(self._tokens)}".encode()).hexdigest()
                    self._tokens[token] = (ident, person.id, self.world.clock() + LASTS)
                    lasts = int(LASTS.total_seconds())
                    return Response.of({"access_token": token, "token_type": "Bearer", "expires_in": lasts})
        return _error(400, "invalid_grant")

    def _posts(self, request: Request, account: WorldAccount, staff: str) -> Response:
        """The newest posts of one member of staff, newest first, each with all its comments in one flat list."""
        if request.one("secure_profile_id") != account.id or set(request.query) - {"secure_profile_id"}:
            return _error(400, "bad input")
        own = [post for post in self.world.posts_of(account) if post.author.id == staff and post.deleted_by is None]
        own = [post for post in own if not self.pitfalls.strikes("gone_from_the_list", post.id)]
        newest = sorted(own, key=lambda post: post.at, reverse=True)[: self.newest]
        return Response.of({"posts": [self._post(post) for post in newest], "posts_length": len(newest)})

    def _post(self, post: WorldPost) -> dict[str, Any]:
        tokens = self.login_tokens or self.pitfalls.strikes("login_tokens")
        token = "?auto_token=loginloginlogin&s=mne" if tokens else ""
        self._remove(post)
        shown = [comment for comment in self.world.under(post) if comment.deleted_by is None]
        return {
            "id": post.id,
            "author_id": int(post.author.id),
            "title": "",
            "body": post.text,
            "url": f"{self.post_url(post)}{token}",
            "embed_url": f"{self.base}/embed/{post.id}{token}",
            "creation_date_epoch_seconds": int(post.at.timestamp()),
            "media": [],
            "reactions": [],
            "comments": [self._comment(comment) for comment in shown],
        }

    def _remove(self, post: WorldPost) -> None:
        """What Nextdoor takes away by itself."""
        for comment in self.world.under(post):
            old = self.world.clock() - comment.at >= _LATE
            if old and comment.deleted_by is None and self.pitfalls.strikes("removed_by_nextdoor", comment.id):
                self.world.delete(comment, world.PLATFORM)

    def _comment(self, comment: WorldComment) -> dict[str, Any]:
        told = {
            "id": int(comment.id.rpartition("-")[2]),
            "body": comment.text,
            "creation_date_epoch_seconds": int(comment.at.timestamp()),
            "parent_comment_id": int(comment.parent.id.rpartition("-")[2]) if comment.parent else None,
        }
        if self.author_ids and comment.author and not self.pitfalls.strikes("authors_missing", comment.id):
            told["author_id"] = int(comment.author.id)
        return told

    def _page(self, request: Request) -> Response:
        """What somebody sees who is not signed in: nothing."""
        del request
        return Response.page(page.not_available("Nextdoor"), status=403)


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _grant(account: str, person: str) -> str:
    return f"nd-refresh-{hashlib.sha256(f'{account} {person}'.encode()).hexdigest()[:24]}"


def _error(status: int, word: str, headers: dict[str, str] | None = None) -> Response:
    return Response.of({"error": word}, status=status, headers=headers)
