"""Works one Facebook Page through the Graph API: lists posts and comments, hides, shows again, deletes.

What a Page token may do, and what Facebook does not show, is in README.md beside this file.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from bot.domain.types import Action, Sighting, Visibility
from connectors import push
from connectors.contract import Capabilities, Followers, Health, Refused
from connectors.facebook import parse
from connectors.facebook.notice import How, Notices
from connectors.facebook.reading import Reader, named
from connectors.graph import Graph
from connectors.graph_errors import Missing
from connectors.media import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Account, Attachment, Batch, Cursor, Ref
    from connectors.contract import Delivery, Heard, Media, Profile
    from connectors.transport import Transport

NEEDED = frozenset({"pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"})
"""Permissions without which a Page cannot be moderated ("Comment" and "Page Feed", Graph API reference)."""

TELLING = "pages_messaging"
"""The permission for private replies; without it authors are told in public, or not at all."""

MEDIA_HOSTS = ("fbcdn.net", "fbsbx.com")
"""Where Facebook keeps the pictures and videos that were put on it."""

SOON = timedelta(days=14)
"""How long before a token's end a person is told."""

_MUCH_USED = 80  # percent of what we may ask


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> Facebook:
    """Make the connector of a Page; `account.id` is the Page's id.

    Credentials: `page_token`; `app_secret` where the app has "Require App Secret" on (better always); `app_id` with
    it lets `check` tell the token's permissions and end. `verify_token`, a word of the City's own, and `app_secret` let
    Facebook push. `notify` is how authors are told: `private`, `public` or `either` (the default). KeyError without
    `page_token`, or where `notify` is anything else.
    """
    if not credentials.get("page_token"):
        name = "page_token"
        raise KeyError(name)
    if credentials.get("notify", How.EITHER) not in set(How):
        name = f"notify as one of {', '.join(How)}"
        raise KeyError(name)
    return Facebook(account, credentials, transport)


class Facebook:
    """One Page."""

    platform: ClassVar[str] = "facebook"
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.HIDE, Action.DELETE, Action.RESTORE}),
        sees_edits=True,
        sees_visibility=True,
        push=True,
    )

    def __init__(self, account: Account, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take the Page, its keys and the way to Facebook."""
        self._account = account
        self._app_id = credentials.get("app_id")
        self._app_secret = credentials.get("app_secret")
        self._verify_token = credentials.get("verify_token")
        self._how = How(credentials.get("notify", How.EITHER))
        self._transport = transport
        self._graph = Graph(transport, credentials["page_token"], app_secret=self._app_secret)
        self._reader = Reader(account, self._graph)
        self._notices = Notices(self._graph, account, self._how)

    def check(self, *, now: datetime) -> Health:
        """Whose token it is, whether the feed can be read, and what is to be known of token, version and limits."""
        me = self._graph.get("me", now=now, fields="id,name").value
        identity = f"{me.get('name')} ({me.get('id')})"
        if me.get("id") != self._account.id:
            note = f"the token is of {identity}, not of the Page {self._account.id}; a person's token reads as empty"
            return Health(ok=False, identity=identity, notes=(note,))
        self._reader.first_post(now)
        self._reader.probe(now)
        ok, notes = self._token_notes(now)
        return Health(ok=ok, identity=identity, notes=(*notes, *self._other_notes()))

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give the comments of everything where something changed, or whose time to be read again has come.

        A batch is a post with one page of its comments. See `reading` for what is read, and `place` for when.
        """
        return self._reader.poll(cursor, now)

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Read one comment. What Graph calls missing is GONE only after we have seen that we may read around it."""
        try:
            answer = self._graph.get(ref.item, now=now, fields=parse.COMMENT_FIELDS)
        except Missing:
            self._confirm_missing(ref, now)
            return Sighting(ref=ref, visibility=Visibility.GONE, seen_at=now)
        comment = named(parse.comment(answer.value, answer.body, self._account), ref.item)
        return Sighting(ref=ref, visibility=comment.visibility, seen_at=now, comment=comment)

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Hide, show again or delete. GONE if there is no such comment any more, whatever was to be done to it.

        Graph's answer to a change says only that it was taken, so a change gives UNKNOWN; where nothing had to be
        changed, what Graph shows is given.
        """
        try:
            if action is Action.DELETE:
                self._graph.delete(ref.item, now=now)
                return Visibility.UNKNOWN
            return self._set_hidden(ref, hide=action is Action.HIDE, now=now)
        except Missing as missing:
            # Graph says so, too, of what a token may not touch.
            if self.look(ref, now=now).visibility is Visibility.GONE:
                return Visibility.GONE
            raise Refused(str(missing)) from None

    def profile(self, *, now: datetime) -> Profile:
        """Read what the Page says of itself."""
        answer = self._graph.get(self._account.id, now=now, fields=parse.PROFILE_FIELDS)
        return parse.profile(answer.value, answer.body)

    def followers(self, *, now: datetime) -> Followers:
        """Count the followers; who they are Facebook tells no program ("Page", Graph API reference)."""
        answer = self._graph.get(self._account.id, now=now, fields="id,followers_count")
        count = answer.value.get("followers_count")
        why = "Facebook tells how many follow a Page, and not who"
        return Followers(count=count if isinstance(count, int) else None, why=why, raw=answer.body)

    def media(self, attachment: Attachment, *, now: datetime) -> Media:  # noqa: ARG002  the protocol's
        """Fetch a picture or video; the address of one holds for some days only."""
        return fetch(attachment, self._transport, MEDIA_HOSTS)

    def notify(self, ref: Ref, text: str, *, now: datetime) -> str:
        """Tell the author privately or in public, as the credentials say."""
        return self._notices.tell(ref, text, now)

    def hear(self, delivery: Delivery) -> Heard:
        """Answer what Facebook sends to the app's web hook."""
        secret, word = self._app_secret, self._verify_token
        return push.hear(delivery, platform=self.platform, kind="page", app_secret=secret, verify_token=word)

    def _set_hidden(self, ref: Ref, *, hide: bool, now: datetime) -> Visibility:
        """Look first: what is so already needs no call, and Facebook says of some comments that they cannot be hidden.

        `can_hide` is not always sent; only an outspoken no is one.
        """
        shown = self._graph.get(ref.item, now=now, fields="id,is_hidden,can_hide").value
        if shown.get("is_hidden") is hide:
            return parse.visibility(shown)
        if hide and shown.get("can_hide") is False:
            message = "Facebook says that this comment cannot be hidden (can_hide)"
            raise Refused(message)
        self._graph.write(ref.item, now=now, is_hidden=hide)
        return Visibility.UNKNOWN

    def _confirm_missing(self, ref: Ref, now: datetime) -> None:
        """Tell a missing comment from missing permission: read beside it. Raises what that raises."""
        thing = ref.item.partition("_")[0]
        for post in (f"{self._account.id}_{thing}", thing):
            try:
                next(self._graph.pages(post, "comments", now=now, fields="id", limit="1"), None)
            except Missing:
                continue
            return
        self._reader.first_post(now)

    def _token_notes(self, now: datetime) -> tuple[bool, tuple[str, ...]]:
        """Whether the token reaches far enough, and what a person should know of it."""
        if not (self._app_id and self._app_secret):
            return True, (
                "the token's permissions and end are not known: give app_id and app_secret to have them told",
            )
        token = self._graph.inspect(self._app_id, self._app_secret, now=now)
        told = token.get("scopes")
        scopes = {scope for scope in told if isinstance(scope, str)} if isinstance(told, list) else set()
        lacking = sorted(NEEDED - scopes)
        notes = [f"the token lacks {', '.join(lacking)}"] if lacking else []
        if self._how is not How.PUBLIC and TELLING not in scopes:
            notes.append(f"authors cannot be written to privately: the token lacks {TELLING}")
        for name, what in (("expires_at", "the token ends"), ("data_access_expires_at", "its access to data ends")):
            seconds = token.get(name)
            if isinstance(seconds, int) and 0 < seconds <= (now + SOON).timestamp():
                notes.append(f"{what} on {datetime.fromtimestamp(seconds, UTC):%d %B %Y}")
        return not lacking and token.get("is_valid") is True, tuple(notes)

    def _other_notes(self) -> Iterator[str]:
        if self._graph.served and self._graph.served != self._graph.version:
            yield f"asked for {self._graph.version} of the Graph API, served {self._graph.served}"
        if (used := self._graph.usage()) >= _MUCH_USED:
            yield f"{used} % of the calls we may make are used"
        if self._verify_token and not self._app_secret:
            yield "what Facebook pushes cannot be believed without app_secret, and is refused"
        for edge, why in sorted(self._reader.closed.items()):
            yield f"{edge} are not read, the token does not reach them: {why}"
        if unreadable := self._reader.unreadable:
            yield f"the comments of {len(unreadable)} posts in the feed cannot be read: {min(unreadable)} …"
