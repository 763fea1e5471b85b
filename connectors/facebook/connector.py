"""Works one Facebook Page through the Graph API: lists posts and comments, hides, shows again, deletes.

What a Page token may do, and what Facebook does not show, is in README.md beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from bot.domain.types import Sighting, Visibility
from connectors.contract import Health, Refused
from connectors.facebook import parse
from connectors.facebook.adverts import Adverts
from connectors.facebook.notice import How, Notices
from connectors.facebook.reading import Reader, named
from connectors.graph import Graph
from connectors.graph_account import GraphAccount, ends
from connectors.graph_errors import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.domain.types import Account, Batch, Cursor, Ref
    from connectors.contract import Profile
    from connectors.transport import Transport

NEEDED = frozenset({"pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"})
"""Permissions without which a Page cannot be moderated ("Comment" and "Page Feed", Graph API reference)."""

TELLING = "pages_messaging"
"""The permission for private replies; without it authors are told in public, or not at all."""

MEDIA_HOSTS = ("fbcdn.net", "fbsbx.com")
"""Where Facebook keeps the pictures and videos that were put on it."""


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> Facebook:
    """Make the connector of a Page; `account.id` is the Page's id.

    Credentials: `page_token`; `app_secret` where the app has "Require App Secret" on (better always); `app_id` with
    it lets `check` tell the token's permissions and end. `verify_token`, a word of the City's own, and `app_secret` let
    Facebook push. `notify` is how authors are told: `private`, `public` or `either` (the default). `ad_account` with
    `ads_token`, a token that may read it, finds posts that show only as advertisements. KeyError without `page_token`,
    with one of the last two alone, or where `notify` is anything else.
    """
    for one, other in (("ad_account", "ads_token"), ("ads_token", "ad_account")):
        if credentials.get(one) and not credentials.get(other):
            raise KeyError(other)
    if credentials.get("notify", How.EITHER) not in set(How):
        name = f"notify as one of {', '.join(How)}"
        raise KeyError(name)
    return Facebook(account, credentials, transport)


class Facebook(GraphAccount):
    """One Page."""

    platform: ClassVar[str] = "facebook"
    hosts: ClassVar[tuple[str, ...]] = MEDIA_HOSTS
    kind: ClassVar[str] = "page"
    who: ClassVar[str] = "Facebook tells how many follow a Page, and not who"

    def __init__(self, account: Account, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take the Page, its keys and the way to Facebook."""
        super().__init__(account, credentials, transport)
        self._how = How(credentials.get("notify", How.EITHER))
        token, secret = credentials.get("ads_token"), credentials.get("app_secret")
        self._ads = Graph(transport, token, app_secret=secret) if token else None
        adverts = Adverts(account, credentials["ad_account"], self._ads) if self._ads else None
        self._reader = Reader(account, self._graph, adverts)
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
        ok, notes = self._token_notes(NEEDED, self._note_on_telling, now)
        notes = (*notes, *self._note_on_ads_token(now), *self._note_on_pushing(now), *self._other_notes())
        return Health(ok=ok, identity=identity, notes=notes)

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

    def profile(self, *, now: datetime) -> Profile:
        """Read what the Page says of itself."""
        answer = self._graph.get(self._account.id, now=now, fields=parse.PROFILE_FIELDS)
        return parse.profile(answer.value, answer.body)

    def notify(self, ref: Ref, text: str, *, now: datetime) -> str:
        """Tell the author privately or in public, as the credentials say."""
        return self._notices.tell(ref, text, now)

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

    def _note_on_ads_token(self, now: datetime) -> Iterator[str]:
        """When the ad account's token ends; whether it reaches the account, the reader has tried."""
        app_id, app_secret = self._credentials.get("app_id"), self._credentials.get("app_secret")
        if self._ads and app_id and app_secret:
            yield from ends(self._ads.inspect(app_id, app_secret, now=now), "ads_token", now)

    def _note_on_telling(self, _: Mapping[str, Any], scopes: set[str]) -> Iterator[str]:
        if self._how is not How.PUBLIC and TELLING not in scopes:
            yield f"authors cannot be written to privately: the token lacks {TELLING}"

    def _other_notes(self) -> Iterator[str]:
        yield from self._service_notes()
        for edge, why in sorted(self._reader.closed.items()):
            yield f"{edge} are not read, the token does not reach them: {why}"
        if unreadable := self._reader.unreadable:
            yield f"the comments of {len(unreadable)} posts cannot be read: {min(unreadable)} …"
