"""A Bluesky server and its public pages over the little world.

Kept: sessions by signed tokens that end, app.bsky reading (author feed, notifications, threads with depth, posts),
repository records with versions (`swapRecord`), the threadgate as the only place that says what is hidden. Left out:
likes, reposts, follows, labels, blocks, lists, media, posts that only mention the City elsewhere.

What the world calls not hideable is shown as what on Bluesky cannot be hidden: a quote of the City's post.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.bluesky.standin_pitfalls import LAG, PITFALLS
from connectors.standin import faults, page
from connectors.standin.server import PAGE, Request, Response
from connectors.standin.world import APP, WorldComment, WorldPost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connectors.standin.world import Person, World, WorldAccount

POST = "app.bsky.feed.post"
GATE = "app.bsky.feed.threadgate"
ACCESS_LASTS, REFRESH_LASTS = timedelta(hours=2), timedelta(days=60)
MOST_HIDDEN, MOST_ALLOWED, MOST_AT_ONCE = 300, 5, 25
NOTIFIED_ABOVE = 5
"""How many ancestors' authors a reply is told to."""
_KEY = b"opens nothing but the stand-in"
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_PERMALINK = re.compile(r"/profile/(?P<did>did:[^/]+)/post/(?P<key>[^/]+)")
_XRPC = "/xrpc/"
_VERBS = {
    "app.bsky.feed.getAuthorFeed": "list",
    "app.bsky.notification.listNotifications": "list",
    "app.bsky.feed.getPostThread": "list",
    "app.bsky.feed.getPosts": "look",
    "com.atproto.repo.getRecord": "record",
}


class Declined(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, error: str, message: str = "") -> None:
        """Take status, XRPC's name for the error, and words."""
        super().__init__(error)
        self.response = Response.of({"error": error, "message": message or error}, status=status)


def did_of(identifier: str) -> str:
    """The DID of somebody: the one they have (with dots for colons), or one made of their identifier."""
    if identifier.startswith("did."):
        return ":".join(identifier.split(".", 2))
    letters = re.sub("[^a-z2-7]", "", identifier.lower().translate(str.maketrans("0189", "abcd")))
    return f"did:plc:{letters[-24:].rjust(24, 'z')}"


def handle_of(handle: str) -> str:
    """A handle as Bluesky's are: a host name."""
    return f"{handle.replace('_', '-').lower()}.bsky.example"


def version_of(record: object) -> str:
    """A content identifier (CIDv1, SHA-256); over JSON here, where Bluesky takes DAG-CBOR."""
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return "b" + base64.b32encode(b"\x01\x71\x12\x20" + digest).decode().lower().rstrip("=")


def stamp(at: datetime) -> str:
    """A time in Bluesky's spelling."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class StandIn:
    """See connectors.standin.server.StandIn. `page_most`: a page may be shorter than was asked for."""

    platform: ClassVar[str] = "bluesky"

    def __init__(self, world: World) -> None:
        """Show `world`."""
        self.world = world
        self.base = ""
        self.page_most = 100
        self.pitfalls = faults.Pitfalls(PITFALLS)
        self._gates: dict[str, dict[str, Any]] = {}
        world.minters[self.platform] = self
        world.replies_outlive.add(self.platform)

    # What the server and the demo ask

    def switch(self, names: Iterable[str], *, seed: int | None = None) -> None:
        """Switch these pitfalls on and all others off. Raises ValueError if one is unknown."""
        self.pitfalls.switch(names, seed=seed)

    def verb(self, request: Request) -> str:
        """Name the kind of request."""
        name = request.path.removeprefix(_XRPC)
        if name == "com.atproto.repo.putRecord" and isinstance(request.json, dict):
            gate = request.json.get("record", {})
            with self.world.lock:
                before = self._gate(str(gate.get("post"))) or {}
            fewer = len(gate.get("hiddenReplies", ())) < len(before.get("hiddenReplies", ()))
            return "unhide" if fewer else "hide"
        return _VERBS.get(name, "session" if request.path.startswith(_XRPC) else PAGE)

    def handle(self, request: Request) -> Response:
        """Answer as a Bluesky server would."""
        with self.world.lock:
            if not request.path.startswith(_XRPC):
                return self._page(request)
            name = request.path.removeprefix(_XRPC)
            try:
                return Response.of(self._answer(name, request), headers=self._limits())
            except Declined as declined:
                return declined.response

    def fault(self, name: str, request: Request) -> Response:
        """Answer as a Bluesky server does when that goes wrong."""
        if name == faults.UNAUTHORISED:
            return Declined(401, "AuthenticationRequired", "Invalid identifier or password").response
        if name in (faults.RATE_LIMITED, faults.RATE_LIMITED_NO_RESET):
            response = Declined(429, "RateLimitExceeded", "Rate Limit Exceeded").response
            headers = self._limits(left=0) if name == faults.RATE_LIMITED else {}
            return Response(status=429, body=response.body, headers={**response.headers, **headers})
        return Declined(400, "InvalidRequest", f"not {self.verb(request)}").response

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the connector needs."""
        return {"identifier": handle_of(account.handle), "app_password": self._password(account)}

    def post_url(self, post: WorldPost) -> str:
        """The permalink of a post."""
        return self._url(post.id)

    def comment_url(self, comment: WorldComment) -> str:
        """The permalink of a reply."""
        return self._url(comment.id)

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:
        """An address in the account's own repository; keys tell their time (atproto.com/specs/tid)."""
        return f"at://{did_of(account.id)}/{POST}/{_key(at, number)}"

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """An address in the repository of whoever writes."""
        writer = self.world.writer
        return f"at://{did_of(writer.id if writer else f'nobody{number}')}/{POST}/{_key(at, number)}"

    # Answers

    def _answer(self, name: str, request: Request) -> dict[str, Any]:
        if name == "com.atproto.server.createSession":
            return self._opened(request.json or {})
        if name == "com.atproto.server.refreshSession":
            return self._session(self._caller(request, "com.atproto.refresh"))
        caller = self._caller(request, "com.atproto.access")
        answers: dict[str, Callable[[Request, WorldAccount], dict[str, Any]]] = {
            "com.atproto.server.getSession": lambda _, who: self._who(who),
            "app.bsky.feed.getAuthorFeed": self._feed,
            "app.bsky.notification.listNotifications": self._notifications,
            "app.bsky.feed.getPostThread": self._thread,
            "app.bsky.feed.getPosts": self._posts,
            "com.atproto.repo.getRecord": self._record,
            "com.atproto.repo.putRecord": self._put,
        }
        if name not in answers:
            raise Declined(501, "MethodNotImplemented")
        return answers[name](request, caller)

    def _opened(self, wish: dict[str, Any]) -> dict[str, Any]:
        for account in self._accounts():
            if wish.get("identifier") in (handle_of(account.handle), did_of(account.id)) and hmac.compare_digest(
                str(wish.get("password")), self._password(account)
            ):
                return self._session(account)
        raise Declined(401, "AuthenticationRequired", "Invalid identifier or password")

    def _session(self, account: WorldAccount) -> dict[str, Any]:
        tokens = {
            "accessJwt": self._token(account, "com.atproto.access", ACCESS_LASTS),
            "refreshJwt": self._token(account, "com.atproto.refresh", REFRESH_LASTS),
        }
        return {**tokens, **self._who(account)}

    def _who(self, account: WorldAccount) -> dict[str, Any]:
        return {"handle": handle_of(account.handle), "did": did_of(account.id), "active": True}

    def _feed(self, request: Request, _: WorldAccount) -> dict[str, Any]:
        posts = [
            post
            for post in reversed(self._all_posts())
            if request.one("actor") in (did_of(post.account.id), handle_of(post.account.handle))
        ]
        given, cursor = self._cut(posts, request)
        return {"feed": [{"post": self._view(post)} for post in given], **cursor}

    def _notifications(self, request: Request, caller: WorldAccount) -> dict[str, Any]:
        told = sorted(
            (comment for comment in self._all_comments() if self._is_told(comment, caller)),
            key=lambda comment: (comment.at, comment.id),
            reverse=True,
        )
        given, cursor = self._cut(told, request)
        return {"notifications": [self._notification(comment) for comment in given], **cursor}

    def _is_told(self, comment: WorldComment, caller: WorldAccount) -> bool:
        if comment.account is not caller or (comment.author and comment.author.id == caller.id):
            return False
        above, steps = comment.parent, 1
        while above and steps < NOTIFIED_ABOVE and above.deleted_by is None:
            above, steps = above.parent, steps + 1
        late = self._fresh(comment) and self.pitfalls.strikes("late_notifications", comment.id)
        return above is None and not late

    def _fresh(self, comment: WorldComment) -> bool:
        return self.world.clock() - comment.at < LAG

    def _notification(self, comment: WorldComment) -> dict[str, Any]:
        view = self._view(comment)
        kept = {name: view[name] for name in ("uri", "cid", "author", "record", "indexedAt")}
        subject = (comment.parent or comment.post).id
        return {**kept, "reason": "reply" if comment.hideable else "quote", "reasonSubject": subject, "isRead": False}

    def _thread(self, request: Request, _: WorldAccount) -> dict[str, Any]:
        found = self._find(request.one("uri"))
        if found is None:
            raise Declined(400, "NotFound", f"Post not found: {request.one('uri')}")
        depth = int(request.one("depth", "6"))
        if not 0 <= depth <= 1000:  # noqa: PLR2004  the lexicon's bounds
            raise Declined(400, "InvalidRequest", "depth")
        return {"thread": self._node(found, depth)}

    def _node(self, of: WorldPost | WorldComment, depth: int) -> dict[str, Any]:
        node: dict[str, Any] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": self._view(of)}
        if depth:
            node["replies"] = [self._node(reply, depth - 1) for reply in self._replies(of)]
        return node

    def _posts(self, request: Request, _: WorldAccount) -> dict[str, Any]:
        uris = request.query.get("uris", [])
        if not 1 <= len(uris) <= MOST_AT_ONCE:
            raise Declined(400, "InvalidRequest", "uris")
        return {"posts": [self._view(found) for uri in uris if (found := self._find(uri))]}

    def _record(self, request: Request, _: WorldAccount) -> dict[str, Any]:
        root = f"at://{request.one('repo')}/{POST}/{request.one('rkey')}"
        gate = self._gate(root) if request.one("collection") == GATE else None
        if gate is None:
            raise Declined(400, "RecordNotFound", "Could not locate record")
        return {"uri": root.replace(POST, GATE), "cid": version_of(gate), "value": gate}

    def _put(self, request: Request, caller: WorldAccount) -> dict[str, Any]:
        wish = request.json if isinstance(request.json, dict) else {}
        record = wish.get("record") or {}
        if wish.get("repo") != did_of(caller.id) or wish.get("collection") != GATE:
            raise Declined(400, "InvalidRequest", "Could not find repo")
        if not _sound(record) or record["post"] != f"at://{wish['repo']}/{POST}/{wish.get('rkey')}":
            raise Declined(400, "InvalidRequest", f"Invalid {GATE} record")
        before = self._gate(record["post"])
        if "swapRecord" in wish and wish["swapRecord"] != (version_of(before) if before else None):
            raise Declined(400, "InvalidSwap", "Record was not at the version that was named")
        self._gates[record["post"]] = {name: value for name, value in record.items() if name != "hiddenReplies"}
        wanted = set(record.get("hiddenReplies", ()))
        for comment in self._all_comments():
            if comment.post.id == record["post"] and comment.hideable:
                (self.world.hide if comment.id in wanted else self.world.unhide)(comment, APP)
        after = self._gate(record["post"])
        commit = {"cid": version_of(["commit", after]), "rev": _key(self.world.clock(), 0)}
        uri = record["post"].replace(POST, GATE)
        return {"uri": uri, "cid": version_of(after), "commit": commit, "validationStatus": "valid"}

    # What they share

    def _gate(self, root: str) -> dict[str, Any] | None:
        """The threadgate record of a thread, as the City's repository has it now; staff change it with their app."""
        post = self.world.posts.get((self.platform, root))
        if post is None:
            return None
        hides = [comment.id for comment in self.world.under(post) if comment.hidden_by]
        if not hides and root not in self._gates:
            return None
        fresh = {"$type": GATE, "post": root, "createdAt": stamp(post.at)}
        return {**self._gates.get(root, fresh), "hiddenReplies": hides}

    def _view(self, of: WorldPost | WorldComment) -> dict[str, Any]:
        record: dict[str, Any] = {"$type": POST, "text": of.text, "createdAt": stamp(of.at), "langs": ["en"]}
        view: dict[str, Any] = {"uri": of.id, "author": self._author(of), "indexedAt": stamp(of.at)}
        if isinstance(of, WorldPost):
            if gate := self._gate(of.id):
                uri = of.id.replace(POST, GATE)
                view["threadgate"] = {"uri": uri, "cid": version_of(gate), "record": gate, "lists": []}
        elif of.hideable:
            record["reply"] = {"root": self._strong(of.post), "parent": self._strong(of.parent or of.post)}
        else:
            record["embed"] = {"$type": "app.bsky.embed.record", "record": self._strong(of.post)}
        quotes = [other for other in self.world.under(of) if not other.hideable] if isinstance(of, WorldPost) else []
        counts = {"repostCount": 0, "likeCount": 0}
        for name, found in (("replyCount", self._replies(of)), ("quoteCount", quotes)):
            lags = any(map(self._fresh, found)) and self.pitfalls.strikes("counts_lag")
            counts[name] = sum(not (lags and self._fresh(one)) for one in found)
        return {**view, "cid": version_of(record), "record": record, **counts, "labels": [], "viewer": {}}

    def _strong(self, of: WorldPost | WorldComment) -> dict[str, str]:
        return {"uri": of.id, "cid": version_of([of.id, of.text])}

    def _author(self, of: WorldPost | WorldComment) -> dict[str, Any]:
        person: Person | None = of.author
        if person is None or self.pitfalls.strikes("nobody_named", of.id):
            return {"did": of.id.split("/")[2], "handle": "handle.invalid"}
        return {"did": did_of(person.id), "handle": handle_of(person.handle), "displayName": person.name}

    def _replies(self, of: WorldPost | WorldComment) -> list[WorldComment]:
        if isinstance(of, WorldPost):
            return [one for one in self.world.under(of) if one.parent is None and one.hideable and not one.deleted_by]
        return [one for one in self.world.replies(of) if not one.deleted_by]

    def _find(self, uri: str) -> WorldPost | WorldComment | None:
        key = (self.platform, uri)
        found = self.world.posts.get(key) or self.world.comments.get(key)
        return None if found is None or found.deleted_by else found

    def _all_posts(self) -> list[WorldPost]:
        return [post for (name, _), post in self.world.posts.items() if name == self.platform and not post.deleted_by]

    def _all_comments(self) -> list[WorldComment]:
        every = self.world.comments.items()
        return [comment for (name, _), comment in every if name == self.platform and not comment.deleted_by]

    def _accounts(self) -> list[WorldAccount]:
        return [account for (platform, _), account in self.world.accounts.items() if platform == self.platform]

    def _cut(self, every: list[Any], request: Request) -> tuple[list[Any], dict[str, str]]:
        """A page of a list, newest first; the cursor names the last item's time, as Bluesky's do."""
        limit = int(request.one("limit", "50"))
        if not 1 <= limit <= 100:  # noqa: PLR2004  the lexicon's bounds
            raise Declined(400, "InvalidRequest", "limit")
        limit = min(limit, 3 if self.pitfalls.strikes("short_pages") else self.page_most)
        time, _, last = request.one("cursor", "~").partition("::")
        rest = [one for one in every if (stamp(one.at), one.id) < (time, last or "~")]
        given = rest[:limit]
        cursor = {"cursor": f"{stamp(given[-1].at)}::{given[-1].id}"} if given else {}
        return given, cursor

    def _page(self, request: Request) -> Response:
        """The public page of whatever the permalink names; what is hidden is left out."""
        permalink = _PERMALINK.fullmatch(request.path)
        found = self._find(f"at://{permalink['did']}/{POST}/{permalink['key']}") if permalink else None
        if found is None:
            return Response.page(page.not_available(self.platform), status=404)
        post, linked = (found.post, found) if isinstance(found, WorldComment) else (found, None)
        return Response.page(page.render(self.platform, post, self.world.under(post), linked))

    def _url(self, uri: str) -> str:
        did, _, key = uri.removeprefix("at://").split("/")
        return f"{self.base}/profile/{did}/post/{key}"

    def _limits(self, left: int = 2990) -> dict[str, str]:
        reset = int((self.world.clock() + timedelta(minutes=5)).timestamp())
        return {"ratelimit-limit": "3000", "ratelimit-remaining": str(left), "ratelimit-reset": str(reset)}

    # Sessions

    def _password(self, account: WorldAccount) -> str:
        made = hashlib.sha256(_KEY + account.id.encode()).hexdigest()
        return "-".join(made[start : start + 4] for start in range(0, 16, 4))

    def _token(self, account: WorldAccount, scope: str, lasts: timedelta) -> str:
        claims = {"scope": scope, "sub": did_of(account.id), "exp": int((self.world.clock() + lasts).timestamp())}
        signed = f"{_base64({'typ': 'at+jwt', 'alg': 'HS256'})}.{_base64(claims)}"
        return f"{signed}.{_signature(signed)}"

    def _caller(self, request: Request, scope: str) -> WorldAccount:
        signed, _, signature = request.headers.get("authorization", "").removeprefix("Bearer ").rpartition(".")
        if not signed:
            raise Declined(401, "AuthMissing", "Authentication Required")
        if not hmac.compare_digest(signature, _signature(signed)):
            raise Declined(400, "InvalidToken", "Token could not be verified")
        middle = signed.partition(".")[2]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        if claims["scope"] != scope:
            raise Declined(400, "InvalidToken", "Bad token scope")
        if claims["exp"] <= self.world.clock().timestamp():
            raise Declined(400, "ExpiredToken", "Token has expired")
        return next(account for account in self._accounts() if did_of(account.id) == claims["sub"])


def _sound(record: dict[str, Any]) -> bool:
    """Whether a threadgate record is as its lexicon says."""
    hides, allow = record.get("hiddenReplies", []), record.get("allow", [])
    uris = all(isinstance(uri, str) and uri.startswith("at://") for uri in hides)
    return (
        {"$type", "post", "createdAt"} <= record.keys() <= {"$type", "post", "createdAt", "allow", "hiddenReplies"}
        and record["$type"] == GATE
        and len(hides) <= MOST_HIDDEN
        and len(allow) <= MOST_ALLOWED
        and uris
    )


def _key(at: datetime, number: int) -> str:
    value = int(at.timestamp() * 1_000_000) << 10 | (number & 1023)
    return "".join(_LETTERS[value >> shift & 31] for shift in range(60, -1, -5))


def _base64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _signature(signed: str) -> str:
    return base64.urlsafe_b64encode(hmac.new(_KEY, signed.encode(), hashlib.sha256).digest()).decode().rstrip("=")
