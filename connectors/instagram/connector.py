"""Works one Instagram professional account through the Graph API: lists media and comments, hides, shows, deletes.

What a token may do, and what Instagram does not show, is in README.md beside this file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from bot.domain.types import Batch, Sighting, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Health, Malformed, Profile, Refused, Transient, Unauthorised
from connectors.graph_account import GraphAccount
from connectors.graph_errors import LostPlace, Missing, NotPermitted
from connectors.graph_place import Due
from connectors.instagram import health, parse
from connectors.instagram.place import Place, key
from connectors.instagram.silence import Complaints, counts, under

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.domain.types import Account, Comment, Cursor, Post, Ref
    from connectors.graph import Page
    from connectors.instagram.parse import Listed
    from connectors.transport import Transport

MEDIA_HOSTS = ("cdninstagram.com", "fbcdn.net")
"""Where Instagram keeps pictures and videos (`media_url` in the samples of "IG Media", Graph API reference)."""

_PAGE_OF_MEDIA = "100"
_PAGE_OF_COMMENTS = "50"  # the most that Instagram gives at once ("IG Media Comments", Graph API reference)
_PROBED = 3
_PROFILE_FIELDS = "id,username,name,biography,website,profile_picture_url"


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> Instagram:
    """Make the connector of a professional account; `account.id` is its identifier in Graph (17841…).

    Credentials: `page_token` of the Page that the account is linked to; `app_secret` where the app has "Require App
    Secret" on (better always); `app_id` with it lets `check` tell the token's permissions and end; `verify_token` with
    it lets Instagram push. KeyError without `page_token`.
    """
    return Instagram(account, credentials, transport)


class Instagram(GraphAccount):
    """One professional account."""

    platform: ClassVar[str] = "instagram"
    hosts: ClassVar[tuple[str, ...]] = MEDIA_HOSTS
    kind: ClassVar[str] = "instagram"
    who: ClassVar[str] = "Instagram tells programs how many follow an account, and not who"

    def check(self, *, now: datetime) -> Health:
        """Whether the token reaches the account and its comments, and what is to be known of token, media and limits.

        Not `ok`, too, where media count comments and none of those looked into shows any.
        """
        me = self._graph.get("me", now=now, fields="id,name").value
        holder = f"{me.get('name')} ({me.get('id')})"
        try:
            found = self._graph.get(self._account.id, now=now, fields="id,username,name").value
            media = self._newest(now)
        except Missing:
            note = f"the token is of {holder} and reaches no Instagram account {self._account.id}"
            return Health(ok=False, identity=holder, notes=(note,))
        identity = f"@{found.get('username')} ({found.get('id')})"
        ok, notes = self._token_notes(health.NEEDED, health.of_kind, now)
        if silent := self._silent(media, now):
            notes = (*notes, f"comments are counted and not shown {under(silent)}; README.md says why that may be")
        notes = (
            *notes,
            *self._note_on_pushing(now),
            *self._note_on_tags(now),
            *health.of_media(media),
            *self._service_notes(),
        )
        return Health(ok=ok and not silent, identity=identity, notes=notes)

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give the comments of every medium that counts others than before, and of those whose turn it is again.

        A batch is a medium with one page of its comments and their replies. See `place` for what is read when. What
        could not be read to the end, and media that count comments and show none, do not keep the others from being
        read; they are complained of after them.
        """
        place = Place.of(cursor)
        reached, full = place.cursor, place.due(now) is Due.FULL
        complaints = Complaints(told=place.silent, full=full)
        for listed in sorted(self._listed(place, now), key=lambda one: (not place.changed(one), *key(one))):
            if not place.wants(listed, now):
                continue
            self._graph.relent(now=now)
            shown = False
            try:
                for comments in self._comments(listed, now):
                    shown = True
                    yield Batch(posts=(listed.post,), comments=comments, cursor=reached)
            except LostPlace as error:
                place = place.broken(listed, now)
                complaints.broken.append(f"{listed.post.ref}: {error}")
                complaints.note(listed, shown=True)
                continue
            silent = complaints.note(listed, shown=shown)
            place = place.after(listed, now, shown=not silent)
            reached = place.cursor
            yield Batch(posts=(listed.post,), comments=(), cursor=reached)
        if full:
            yield from self._tagged(reached, now)
        place = place if complaints.broken else place.done(place.due(now), now)
        if place.cursor != reached:
            yield Batch(posts=(), comments=(), cursor=place.cursor)
        complaints.make()

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Read one comment. What Graph calls missing is GONE only after we have seen that we may read around it."""
        try:
            answer = self._graph.get(ref.item, now=now, fields=parse.LOOK_FIELDS)
        except Missing:
            self._confirm_missing(now)
            return Sighting(ref=ref, visibility=Visibility.GONE, seen_at=now)
        comment = parse.comment(answer.value, answer.body, self._account)
        if comment.ref != ref:
            message = f"asked for {ref}, and {comment.ref} came"
            raise Malformed(message, payload=answer.body)
        return Sighting(ref=ref, visibility=comment.visibility, seen_at=now, comment=comment)

    def profile(self, *, now: datetime) -> Profile:
        """Read the account's own page."""
        answer = self._graph.get(self._account.id, now=now, fields=_PROFILE_FIELDS)
        return parse.profile(answer.value, answer.body)

    def notify(self, ref: Ref, text: str, *, now: datetime) -> str:
        """Write to a comment's author privately, once and within 7 days (Instagram Platform, "Private Replies").

        It goes through the Page, since with Facebook Login Instagram's own account cannot send. An answer below the
        comment would be public, and would vanish with the comment once that is hidden; so there is none.
        """
        recipient, message = json.dumps({"comment_id": ref.item}), json.dumps({"text": text})
        answer = self._graph.send("me", "messages", now=now, recipient=recipient, message=message)
        sent = answer.value.get("message_id")
        if not isinstance(sent, str):
            problem = "the answer does not name the message that was sent"
            raise Malformed(problem, payload=answer.body)
        return sent

    def mentioned_comment(self, ident: str, *, now: datetime) -> Comment:
        """Read somebody's comment under somebody's medium that mentions the account. Only web hooks name such comments.

        It is not under the City's media, and cannot be acted on. Raises Refused if there is no such mention.
        """
        asked = f"mentioned_comment.comment_id({ident}){{id,text,timestamp,username,media{{id,permalink,username}}}}"
        value, raw = self._mention("mentioned_comment", asked, now)
        return parse.comment(value, raw, self._account)

    def mentioned_media(self, ident: str, *, now: datetime) -> Post:
        """Read somebody's medium whose caption mentions the account. Only web hooks name such media. As above."""
        asked = f"mentioned_media.media_id({ident}){{{parse.OTHERS_FIELDS}}}"
        value, raw = self._mention("mentioned_media", asked, now)
        return parse.medium(value, raw, self._account, own=False)

    def _mention(self, name: str, asked: str, now: datetime) -> tuple[object, bytes]:
        answer = self._graph.get(self._account.id, now=now, fields=asked)
        try:
            return answer.value[name], verbatim.member(answer.body, name)
        except KeyError:
            message = f"Instagram shows no such {name.replace('_', ' ')}"
            raise Refused(message) from None

    def _set_hidden(self, ref: Ref, *, hide: bool, now: datetime) -> Visibility:
        """Look first: what is so already needs no call, and Instagram takes the hiding of own comments and does not."""
        shown = self.look(ref, now=now)
        if shown.comment is None or shown.visibility is (Visibility.HIDDEN if hide else Visibility.VISIBLE):
            return shown.visibility
        if hide and shown.comment.speaker is Speaker.CITY:
            message = "the account's own comments stay shown, whatever Instagram answers"
            raise Refused(message)
        self._graph.write(ref.item, now=now, hide=hide)
        return Visibility.UNKNOWN

    def _listed(self, place: Place, now: datetime) -> list[Listed]:
        """The account's media: all of them when a sweep is due, else the latest."""
        found: dict[str, Listed] = {}
        for page in self._pages_of_media(now):
            found |= {listed.post.ref.item: listed for listed in self._read_media(page)}
            if found and place.due(now) is Due.NEWS:
                break
        return list(found.values())

    def _newest(self, now: datetime) -> list[Listed]:
        """A page of the account's media."""
        page = next(self._pages_of_media(now), None)
        return self._read_media(page) if page else []

    def _read_media(self, page: Page) -> list[Listed]:
        return [parse.listed(value, raw, self._account) for value, raw in parse.items(page.body, "data")]

    def _pages_of_media(self, now: datetime) -> Iterator[Page]:
        """The account's media page by page, newest first. Raises Unauthorised if there is no such account for us."""
        try:
            yield from self._graph.pages(
                self._account.id, "media", now=now, fields=parse.MEDIA_FIELDS, limit=_PAGE_OF_MEDIA
            )
        except Missing as missing:
            message = f"the Instagram account {self._account.id} cannot be read with this token: {missing}"
            raise Unauthorised(message) from None

    def _comments(self, listed: Listed, now: datetime) -> Iterator[tuple[Comment, ...]]:
        """All comments of a medium, a helping for each page of comments or of replies that holds any.

        Replies come only below their comment, and not all of them if there are many: then they are listed by
        themselves. A medium deleted since it was listed has none.
        """
        ident, place = listed.post.ref.item, parse.place_of(listed.post)
        asked = {"fields": parse.THREAD_FIELDS, "limit": _PAGE_OF_COMMENTS}
        try:
            for page in self._graph.pages(ident, "comments", now=now, **asked):
                threads = list(parse.items(page.body, "data"))
                if threads:
                    yield _in_order(
                        one for value, raw in threads for one in parse.thread(value, raw, self._account, place)
                    )
                for value, _ in threads:
                    if parse.more_replies(value):
                        yield from self._replies(value["id"], place, now)
        except Missing:
            return

    def _replies(self, above: str, place: parse.Place, now: datetime) -> Iterator[tuple[Comment, ...]]:
        """All replies to a comment, a helping for each page."""
        asked = {"fields": parse.COMMENT_FIELDS, "limit": _PAGE_OF_COMMENTS}
        for page in self._graph.pages(above, "replies", now=now, **asked):
            replies = parse.items(page.body, "data")
            yield _in_order(parse.comment(value, raw, self._account, place, above) for value, raw in replies)

    def _tagged(self, reached: Cursor, now: datetime) -> Iterator[Batch]:
        """Media of others in which the account is tagged: recorded, and never acted on.

        They are nobody's duty, so a token that does not reach them stops nothing; `check` says so.
        """
        try:
            yield from self._tags(reached, now)
        except (Missing, NotPermitted):
            return

    def _tags(self, reached: Cursor, now: datetime) -> Iterator[Batch]:
        for page in self._graph.pages(self._account.id, "tags", now=now, fields=parse.OTHERS_FIELDS):
            found = (
                parse.medium(value, raw, self._account, own=False) for value, raw in parse.items(page.body, "data")
            )
            posts = tuple(sorted(found, key=lambda post: post.posted_at))
            if posts:
                yield Batch(posts=posts, comments=(), cursor=reached)

    def _note_on_tags(self, now: datetime) -> Iterator[str]:
        try:
            next(self._graph.pages(self._account.id, "tags", now=now, fields="id", limit="1"), None)
        except (Missing, NotPermitted) as error:
            yield f"media in which the account is tagged cannot be read: {error}"

    def _confirm_missing(self, now: datetime) -> None:
        """Tell a missing comment from one that the token is kept from: read others. Raises what that raises."""
        if silent := self._silent(self._newest(now), now):
            message = f"whether a comment is gone cannot be told: comments are counted and not shown {under(silent)}"
            raise Transient(message)

    def _silent(self, media: Sequence[Listed], now: datetime) -> list[Listed]:
        """Those looked into of the media that count comments, if none of them shows any."""
        counting = [listed for listed in media if counts(listed)][:_PROBED]
        for listed in counting or media[:1]:
            pages = self._graph.pages(listed.post.ref.item, "comments", now=now, fields="id", limit="1")
            if any(list(parse.items(page.body, "data")) for page in pages):
                return []
        return counting


def _in_order(comments: Iterable[Comment]) -> tuple[Comment, ...]:
    """Oldest first, and a comment before what answers it."""
    return tuple(sorted(comments, key=lambda comment: (comment.posted_at, comment.parent is not None)))
