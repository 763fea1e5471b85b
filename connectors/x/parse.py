"""Reads X's answers into our nouns. Understands both spellings of API v2: `tweet.*` (to 2.166) and `post.*` (2.167 on).

X leaves out what is empty, gives identifiers as text, cuts `text` at about 280 characters (the whole is in the note),
and answers unknown or withdrawn field names with silence and status 200. What we cannot do without is therefore
looked for in every item, and its absence is Malformed.

History: 2.166 named things tweet.*, 2.167 (seen from 2026-08-07) post.*.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed, Profile, Transient
from connectors.counting import counts
from connectors.x import snowflake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.domain.types import Account

WEB = "https://x.com"
_GONE_TYPES = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable", "disallowed-resource")
_POST_TYPES = ("tweet", "post")
_DIGITS = 19
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, OverflowError)
_HICCUPS = ("internal-error", "field-hydration-failure", "service-unavailable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tweet:
    """One wording of something written on X: the City's post or anybody's reply, before we know which.

    `history` names all wordings, oldest first; its first is the name we keep. `replied_to` may be any wording of the
    parent, `quoted` of what is quoted. `conversation` names the post that everything hangs under. `named` are the
    identifiers of the accounts it mentions. `reposted`: it only passes on what somebody else wrote.
    """

    id: str
    history: tuple[str, ...]
    conversation: str
    replied_to: str | None
    quoted: str | None
    reposted: bool
    named: frozenset[str]
    author: Author
    text: str
    posted_at: datetime
    url: str
    attachments: tuple[Attachment, ...]
    raw: bytes
    counts: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def first(self) -> str:
        """The identifier of the first wording, which names the whole thing for ever."""
        return self.history[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: what is in it, which identifiers X says it will not show, where the next page is, whom it holds.

    `failed`: X says that something of its own went wrong on the way, so what is missing may be there next time.
    """

    tweets: tuple[Tweet, ...]
    gone: frozenset[str]
    next_token: str | None
    raw: bytes
    users: frozenset[str] = frozenset()
    failed: bool = False


def page(body: bytes, web: str = WEB, *, listed: bool = False) -> Page:
    """Read a look-up, or a list (`listed`), which always says how long it is, even when it is empty.

    Raises Malformed if it is not one, or if a field that we asked for is missing in any item.
    """
    whole = document(body)
    try:
        users = {user["id"]: user for user in _includes(whole, "users")}
        media = {medium["media_key"]: medium for medium in _includes(whole, "media")}
        tweets = tuple(_tweet(item, raw, users, media, web) for item, raw in verbatim.items(body, "data"))
        problems = whole.get("errors", [])
        gone = frozenset(_gone(problems))
        failed = any(_kind(problem) in _HICCUPS for problem in problems)
        token = _token(whole["meta"]) if listed else None
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error
    return Page(tweets=tweets, gone=gone, next_token=token, raw=body, users=frozenset(users), failed=failed)


def people(body: bytes, web: str = WEB) -> dict[str, Author]:
    """Read an answer that holds users: each as an author, by identifier. Users that X shows no more are left out."""
    whole = document(body)
    try:
        found = whole.get("data", [])
        return {_identifier(user["id"]): _known(user, web) for user in found}
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error


def signed(tweet: Tweet, author: Author, web: str = WEB) -> Tweet:
    """The same with its author's name, which X did not give along with it."""
    return replace(tweet, author=author, url=_permalink(web, author, tweet.id))


def profile(body: bytes) -> Profile:
    """Read what the account's own page says. Addresses are those that X's short links lead to."""
    whole = document(body)
    try:
        user = whole["data"]
        entities = user.get("entities", {})
        shown = [link for part in ("url", "description") for link in entities.get(part, {}).get("urls", ())]
        links = [_text(link.get("unwound_url") or link.get("expanded_url") or link["url"]) for link in shown]
        return Profile(
            name=_text(user["name"]),
            handle=_text(user["username"]),
            text=_text(user.get("description", "")),
            links=tuple(dict.fromkeys(links)) or ((_text(user["url"]),) if user.get("url") else ()),
            picture=_text(user["profile_image_url"]) if user.get("profile_image_url") else None,
            raw=verbatim.member(body, "data"),
        )
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error


def followers(body: bytes) -> int:
    """How many follow the user in the answer."""
    try:
        count = document(body)["data"]["public_metrics"]["followers_count"]
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        message = "X's count of followers is no count"
        raise Malformed(message, payload=body)
    return count


def identifier_in(body: bytes) -> str:
    """The identifier of the one thing in an answer: a user, or what was posted."""
    try:
        return _identifier(document(body)["data"]["id"])
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error


def next_token(body: bytes) -> str | None:
    """Where a list of users goes on."""
    try:
        return _token(document(body)["meta"])
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error


def hidden(body: bytes, identifier: str) -> bool | None:
    """Read the answer to hiding or showing: whether it is hidden now, None if X says there is no such reply."""
    whole = document(body)
    try:
        if "data" in whole:
            return _truth(whole["data"]["hidden"])
        if identifier in _gone(whole["errors"]):
            return None
    except _UNREADABLE as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error
    if any(_kind(problem) in _HICCUPS for problem in whole["errors"]):
        message = "X says that something of its own went wrong"
        raise Transient(message)
    message = "X's answer does not say whether the reply is hidden"
    raise Malformed(message, payload=body)


def document(body: bytes) -> dict[str, Any]:
    """The answer as a JSON object, or Malformed."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = "X's answer is not JSON"
        raise Malformed(message, payload=body) from error
    if not isinstance(whole, dict):
        message = "X's answer is not a JSON object"
        raise Malformed(message, payload=body)
    return whole


def post(tweet: Tweet, account: Account) -> Post:
    """A post of the City."""
    return Post(
        ref=_ref(account, tweet.first),
        author=tweet.author,
        text=tweet.text,
        posted_at=tweet.posted_at,
        url=tweet.url,
        attachments=tweet.attachments,
        raw=tweet.raw,
        counts=tweet.counts,
    )


def comment(tweet: Tweet, account: Account, *, root: str, parent: str | None) -> Comment:
    """A reply in the conversation under the City's post `root`; `parent` is None for a reply to the post itself."""
    return Comment(
        ref=_ref(account, tweet.first),
        post=_ref(account, root),
        parent=_ref(account, parent) if parent else None,
        author=tweet.author,
        speaker=Speaker.CITY if tweet.author.id == account.id else Speaker.PUBLIC,
        text=tweet.text,
        posted_at=tweet.posted_at,
        url=tweet.url,
        visibility=Visibility.UNKNOWN,
        attachments=tweet.attachments,
        raw=tweet.raw,
        counts=tweet.counts,
    )


def _tweet(
    item: Mapping[str, Any],
    raw: bytes,
    users: Mapping[str, Mapping[str, Any]],
    media: Mapping[str, Mapping[str, Any]],
    web: str,
) -> Tweet:
    history = tuple(_either(item, "edit_history_tweet_ids", "edit_history_post_ids"))
    references = _either(item, "referenced_tweets", "referenced_posts", default=())
    note = _either(item, "note_tweet", "note_post", default=None)
    identifier = _identifier(item["id"])
    author = _author(item, users, web)
    mentions = (note or item).get("entities", {}).get("mentions", ())
    return Tweet(
        id=identifier,
        history=tuple(map(_identifier, history)) or (identifier,),
        conversation=_identifier(item["conversation_id"]),
        replied_to=_referred(references, "replied_to"),
        quoted=_referred(references, "quoted"),
        reposted=_referred(references, "retweeted") is not None,
        named=frozenset(_text(mention["id"]) for mention in mentions if "id" in mention),
        author=author,
        text=_text(note["text"] if note else item["text"]),
        posted_at=_posted_at(item["created_at"], history),
        url=_permalink(web, author, identifier),
        attachments=(*_media(item, media), *_links(item, note)),
        raw=raw,
        counts=_counts(item),
    )


def _counts(item: Mapping[str, Any]) -> dict[str, int]:
    """How often people reacted when it was read; X bills nothing more for saying so, and we read nothing again."""
    said = item.get("public_metrics")
    metrics = said if isinstance(said, dict) else {}
    found = counts(metrics, likes="like_count", replies="reply_count", quotes="quote_count", reposts="repost_count")
    return counts(metrics, reposts="retweet_count") | found


def _referred(references: Iterable[Mapping[str, Any]], kind: str) -> str | None:
    return next((_identifier(other["id"]) for other in references if other["type"] == kind), None)


def _author(item: Mapping[str, Any], users: Mapping[str, Mapping[str, Any]], web: str) -> Author:
    """Who wrote it; mostly X gives the identifier alone, and of what it withholds somewhere not even that."""
    identifier = item["author_id"]
    if identifier is None and item.get("withheld"):
        return Author()
    user = users.get(_text(identifier))
    return _known(user, web) if user else Author(id=identifier, url=f"{web}/i/user/{identifier}")


def _known(user: Mapping[str, Any], web: str) -> Author:
    name, handle = _text(user["name"]), _text(user["username"])
    return Author(id=_text(user["id"]), name=name, handle=handle, url=f"{web}/{handle}")


def _permalink(web: str, author: Author, identifier: str) -> str:
    return f"{web}/{author.handle or 'i'}/status/{identifier}"


def _posted_at(created_at: str, history: tuple[str, ...]) -> datetime:
    """When the first wording appeared: X dates each wording on its own, but every identifier tells its time."""
    if len(history) > 1:
        return snowflake.time_of(history[0])
    try:
        written = datetime.fromisoformat(created_at)
    except ValueError:  # whose words repeat the text
        message = "a time, where there is another text"
        raise ValueError(message) from None
    if written.tzinfo is None:
        message = "a time without its zone"
        raise ValueError(message)
    return written.astimezone(UTC)


def _media(item: Mapping[str, Any], media: Mapping[str, Mapping[str, Any]]) -> Iterable[Attachment]:
    for key in item.get("attachments", {}).get("media_keys", ()):
        medium = media.get(key, {})
        url = _perhaps(medium.get("url") or medium.get("preview_image_url"))
        kind = _text(medium.get("type", "media"))
        yield Attachment(id=_text(key), kind=kind, url=url, alt=_perhaps(medium.get("alt_text")))


def _links(item: Mapping[str, Any], note: Mapping[str, Any] | None) -> Iterable[Attachment]:
    """The places that shortened links lead to, each once, in the order of the text, which itself shows t.co alone."""
    entities = (note or item).get("entities", {})
    seen: set[str] = set()
    for link in sorted(entities.get("urls", ()), key=lambda link: _whole(link.get("start", 0))):
        short, target = _text(link["url"]), _perhaps(link.get("unwound_url") or link.get("expanded_url"))
        if target != short and short not in seen and "media_key" not in link:
            seen.add(short)
            yield Attachment(id=short, kind="link", url=target or short)


def _gone(errors: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for error in errors:
        if _kind(error) in _GONE_TYPES and error.get("resource_type") in _POST_TYPES:
            yield _text(error.get("resource_id") or error["value"])


def _kind(problem: Mapping[str, Any]) -> str:
    """The last part of a problem's type: X spells what stands before it in two ways."""
    return str(problem.get("type", "")).rpartition("/")[2]


def _token(meta: Mapping[str, Any]) -> str | None:
    token = meta.get("next_token")
    return None if token is None else _text(token)


def _includes(whole: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = whole.get("includes", {}).get(kind, [])
    return found


_REQUIRED: Any = object()


def _either(item: Mapping[str, Any], old: str, new: str, *, default: Any = _REQUIRED) -> Any:
    """The field under its tweet.* or its post.* name."""
    if old in item:
        return item[old]
    if new not in item and default is _REQUIRED:
        raise KeyError(old)
    return item.get(new, default)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        message = f"a number, where there is {type(value).__name__}"
        raise TypeError(message)
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        message = f"true or false, where there is {type(value).__name__}"
        raise TypeError(message)
    return value


def _identifier(value: object) -> str:
    text = _text(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        message = "an identifier, where there is another text"
        raise ValueError(message)
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"a text, where there is {type(value).__name__}"
        raise TypeError(message)
    return value


def _perhaps(value: object) -> str | None:
    return None if value is None else _text(value)


def _ref(account: Account, item: str) -> Ref:
    return Ref(platform=account.platform, account=account.id, item=item)
