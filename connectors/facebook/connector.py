"""Works one Facebook Page through the Graph API: lists posts and comments, hides, shows again, deletes.

What a Page token may do, and what Facebook does not show, is in README.md beside this file.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from bot.domain.types import Action, Sighting, Visibility
from connectors.contract import Capabilities, Health, Refused
from connectors.facebook import parse
from connectors.facebook.reading import Reader, named
from connectors.graph import Graph, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Account, Batch, Cursor, Ref
    from connectors.transport import Transport

NEEDED = frozenset({"pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"})
"""Permissions without which a Page cannot be moderated ("Comment" and "Page Feed", Graph API reference)."""

SOON = timedelta(days=14)
"""How long before a token's end a person is told."""

_MUCH_USED = 80  # percent of what we may ask


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> Facebook:
    """Make the connector of a Page; `account.id` is the Page's id.

    Credentials: `page_token`; `app_secret` where the app has "Require App Secret" on (better always); `app_id` with
    it lets `check` tell the token's permissions and end. KeyError without `page_token`.
    """
    if not credentials.get("page_token"):
        name = "page_token"
        raise KeyError(name)
    return Facebook(account, credentials, transport)


class Facebook:
    """One Page."""

    platform: ClassVar[str] = "facebook"
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.HIDE, Action.DELETE, Action.RESTORE}), sees_edits=True, sees_visibility=True
    )

    def __init__(self, account: Account, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take the Page, its keys and the way to Facebook."""
        self._account = account
        self._app_id = credentials.get("app_id")
        self._app_secret = credentials.get("app_secret")
        self._graph = Graph(transport, credentials["page_token"], app_secret=self._app_secret)
        self._reader = Reader(account, self._graph)

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
        lacking = sorted(NEEDED - set(token.get("scopes") or ()))
        notes = [f"the token lacks {', '.join(lacking)}"] if lacking else []
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
        for edge, why in sorted(self._reader.closed.items()):
            yield f"{edge} are not read, the token does not reach them: {why}"
        if unreadable := self._reader.unreadable:
            yield f"the comments of {len(unreadable)} posts in the feed cannot be read: {min(unreadable)} …"
