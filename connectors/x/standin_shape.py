"""How X's stand-in shows something written: gathered from the world, and spelt in the dialect that was asked for.

X has two spellings of the same thing, `tweet.*` and `post.*`. Field names of the other one, like any X does not know,
are passed over in silence.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from connectors.standin.server import Request
    from connectors.standin.world import Person, WorldComment, WorldPost

SHORT = 280
"""Most characters X gives in `text`; the whole of what is longer is in the note."""
EDITABLE = timedelta(hours=1)
_EDITS = 5
_LINK = re.compile(r"https?://\S+")
_HANDLE = re.compile(r"@(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One of the two spellings. In `post.*` some fields come only by way of an expansion (`by_expansion`)."""

    fields: str
    many: str
    one: str
    references: str
    history: str
    note: str
    reposts: str
    problems: str
    by_expansion: bool

    def not_found(self, parameter: str, value: str, kind: str = "") -> dict[str, Any]:
        """The problem of asking for something (`kind`, a post unless said) that is not there."""
        kind = kind or self.one
        return {
            "value": value,
            "detail": f"Could not find {kind} with {parameter}: [{value}].",
            "title": "Not Found Error",
            "resource_type": kind,
            "parameter": parameter,
            "resource_id": value,
            "type": f"{self.problems}resource-not-found",
        }

    def not_authorized(self, parameter: str, value: str) -> dict[str, Any]:
        """The problem of asking for a post of somebody who protected their account."""
        return self.not_found(parameter, value) | {
            "detail": f"Sorry, you are not authorized to see the Post with {parameter}: [{value}].",
            "title": "Authorization Error",
            "type": f"{self.problems}not-authorized-for-resource",
        }


TWEET = Dialect(
    fields="tweet.fields",
    many="tweets",
    one="tweet",
    references="referenced_tweets",
    history="edit_history_tweet_ids",
    note="note_tweet",
    reposts="retweet_count",
    problems="https://api.twitter.com/2/problems/",
    by_expansion=False,
)
POST = Dialect(
    fields="post.fields",
    many="posts",
    one="post",
    references="referenced_posts",
    history="edit_history_post_ids",
    note="note_post",
    reposts="repost_count",
    problems="https://api.x.com/2/problems/",
    by_expansion=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A picture that hangs on something."""

    key: str
    url: str
    alt: str
    body: bytes
    kind: str = "image/jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One wording of a post or comment as X would show it.

    `answers` are the identifiers of what it replies to, the wording that stood there at the time first; `quoted` is
    what it quotes. `untagged`: its author took out the City's name. `withheld`: X does not even say whose it is.
    """

    source: WorldPost | WorldComment
    id: str
    history: tuple[str, ...]
    conversation: str
    author: Person | None
    answers: tuple[str, ...]
    answered: Person | None
    text: str
    at: datetime
    quoted: str = ""
    untagged: bool = False
    withheld: bool = False
    media: tuple[Medium, ...] = ()
    shortened: bool = False

    @property
    def author_id(self) -> str:
        """The author's identifier; X gives one even for authors that it shows no more."""
        return self.author.id if self.author else f"9{self.conversation}"

    @property
    def author_handle(self) -> str:
        """The author's handle, empty if X does not show the author."""
        return self.author.handle if self.author else ""

    @property
    def answered_id(self) -> str:
        """Whom it replies to, empty if it is no reply."""
        return self.answered.id if self.answered else ""

    @property
    def answered_handle(self) -> str:
        """The handle of whom it replies to."""
        return self.answered.handle if self.answered else ""

    def says(self, handle: str) -> bool:
        """Whether its text names the handle."""
        return handle.casefold() in {found.casefold() for found in _HANDLE.findall(self.text)}

    def mentions(self, handle: str) -> bool:
        """Whether it names the handle: in its text, or by being a direct reply whose author left the name in."""
        by_answering = not self.untagged and self.answered_handle.casefold() == handle.casefold()
        return by_answering or self.says(handle)


def of_post(post: WorldPost) -> Shown:
    """A post."""
    return Shown(
        source=post,
        id=post.id,
        history=(post.id,),
        conversation=post.id,
        author=post.author,
        answers=(),
        answered=None,
        text=post.text,
        at=post.at,
    )


def of_quote(comment: WorldComment, wording: int = -1) -> Shown:
    """A quote of a post, which the world keeps as a comment under it: it begins a conversation of its own."""
    chosen = comment.wordings[wording]
    return Shown(
        source=comment,
        id=chosen.id,
        history=tuple(other.id for other in comment.wordings),
        conversation=comment.id,
        author=comment.author,
        answers=(),
        answered=None,
        text=chosen.text,
        at=chosen.at,
        quoted=(comment.parent or comment.post).id,
    )


def of_comment(comment: WorldComment, wording: int = -1) -> Shown:
    """A comment in one of its wordings, the latest unless said."""
    above = comment.parent or comment.post
    answers = _wordings_until(comment.parent, comment.at) if comment.parent else (comment.post.id,)
    chosen = comment.wordings[wording]
    return Shown(
        source=comment,
        id=chosen.id,
        history=tuple(other.id for other in comment.wordings),
        conversation=comment.post.id,
        author=comment.author,
        answers=answers,
        answered=above.author,
        text=chosen.text,
        at=chosen.at,
    )


def _wordings_until(parent: WorldComment, moment: datetime) -> tuple[str, ...]:
    """The wordings of a parent that stood before `moment`, latest first; its first at least."""
    first, *edits = parent.wordings
    return (*(edit.id for edit in reversed(edits) if edit.at <= moment), first.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request wants to see, and in which dialect."""

    dialect: Dialect
    fields: frozenset[str]
    expansions: frozenset[str]
    user_fields: frozenset[str]
    media_fields: frozenset[str]
    named: Mapping[str, str]
    profiles: Mapping[str, Mapping[str, Any]]

    @classmethod
    def by(
        cls,
        request: Request,
        withheld: Iterable[str] = (),
        named: Mapping[str, str] | None = None,
        profiles: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Asked:
        """Read the field parameters; `withheld` fields are silently not known any more.

        `named` are the identifiers of known handles (in lower case), `profiles` what more there is to users.
        """
        dialect = TWEET if TWEET.fields in request.query else POST
        expansions = _list(request, "expansions")
        fields = _list(request, dialect.fields) | {"id", "text"}
        if dialect.by_expansion:
            only_expanded = {"author_id", "in_reply_to_user_id", dialect.references, dialect.history}
            fields = (fields - only_expanded) | (expansions & only_expanded)
        else:
            fields |= {dialect.history} | (expansions & {"author_id", "in_reply_to_user_id"})
        return cls(
            dialect=dialect,
            fields=frozenset(fields - set(withheld)),
            expansions=frozenset(expansions),
            user_fields=frozenset(_list(request, "user.fields") | {"id", "name", "username"}),
            media_fields=frozenset(_list(request, "media.fields") | {"media_key", "type"}),
            named=named or {},
            profiles=profiles or {},
        )

    def shape(self, shown: Shown) -> dict[str, Any]:
        """One item of an answer. What is empty is left out, but for the text, which X always sends."""
        dialect = self.dialect
        written = _shortened(shown.text) if shown.shortened else shown.text
        cut = len(written) > SHORT
        text = written[: SHORT - 1] + "…" if cut else written
        targets = {short: long for long, short in _short_forms(shown.text)} if shown.shortened else {}
        whole: dict[str, Any] = {
            "id": shown.id,
            "text": text,
            "attachments": {"media_keys": [medium.key for medium in shown.media]} if shown.media else None,
            "author_id": shown.author_id,
            "conversation_id": shown.conversation,
            "created_at": stamp(shown.at),
            "edit_controls": _edit_controls(shown),
            dialect.history: list(shown.history),
            "entities": _entities(text, targets, self.named),
            "in_reply_to_user_id": shown.answered_id,
            "lang": "und",
            dialect.note: _note(written, targets, self.named) if cut else None,
            "possibly_sensitive": False,
            "public_metrics": _metrics(dialect),
            dialect.references: _references(shown),
            "withheld": {"copyright": False, "country_codes": ["XY"]} if shown.withheld else None,
        }
        present = {name: value for name, value in whole.items() if name == "text" or value not in (None, "", {})}
        item = {name: value for name, value in present.items() if name in self.fields}
        return item | {"author_id": None} if shown.withheld and "author_id" in item else item

    def includes(self, items: Iterable[Shown]) -> dict[str, Any]:
        """The users and media that the expansions call for, each once; empty if there are none."""
        people: dict[str, Person] = {}
        media: dict[str, Medium] = {}
        for shown in items:
            if "author_id" in self.expansions and shown.author:
                people[shown.author.id] = shown.author
            if "in_reply_to_user_id" in self.expansions and shown.answered:
                people[shown.answered.id] = shown.answered
            if "attachments.media_keys" in self.expansions:
                media |= {medium.key: medium for medium in shown.media}
        found = {
            "users": [self.user(person) for person in people.values()],
            "media": [self._medium(medium) for medium in media.values()],
        }
        return {name: value for name, value in found.items() if value}

    def _medium(self, medium: Medium) -> dict[str, Any]:
        whole = {"media_key": medium.key, "type": "photo", "url": medium.url, "alt_text": medium.alt}
        return {name: value for name, value in whole.items() if name in self.media_fields}

    def user(self, person: Person) -> dict[str, Any]:
        """One user."""
        whole = {
            "id": person.id,
            "name": person.name,
            "username": person.handle,
            "protected": False,
            "verified": False,
            "verified_type": "none",
            "public_metrics": {
                "followers_count": 0,
                "following_count": 0,
                f"{self.dialect.one}_count": 0,
                "listed_count": 0,
            },
            **(self.profiles.get(person.id) or {}),
        }
        return {name: value for name, value in whole.items() if name in self.user_fields}

    def hidden_authors(self, items: Iterable[Shown]) -> list[dict[str, Any]]:
        """The partial errors for authors that X shows no more."""
        nameless = [shown.author_id for shown in items if shown.author is None and not shown.withheld]
        if "author_id" not in self.expansions:
            return []
        return [self.dialect.not_found("author_id", identifier, "user") for identifier in nameless]


def stamp(moment: datetime) -> str:
    """A time in X's form, to the millisecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _list(request: Request, name: str) -> set[str]:
    return {part for value in request.query.get(name, []) for part in value.split(",") if part}


def _references(shown: Shown) -> list[dict[str, str]] | None:
    found = [{"type": "replied_to", "id": shown.answers[0]}] if shown.answers else []
    if shown.quoted:
        found.append({"type": "quoted", "id": shown.quoted})
    return found or None


def _short_forms(text: str) -> list[tuple[str, str]]:
    """Each address in a text with X's short form of it."""
    links = dict.fromkeys(match[0] for match in _LINK.finditer(text))
    return [(link, f"https://t.co/{hashlib.sha256(link.encode()).hexdigest()[:10]}") for link in links]


def _shortened(text: str) -> str:
    for long, short in sorted(_short_forms(text), key=lambda pair: len(pair[0]), reverse=True):
        text = text.replace(long, short)
    return text


def _note(text: str, targets: Mapping[str, str], named: Mapping[str, str]) -> dict[str, Any]:
    entities = _entities(text, targets, named)
    return {"text": text, "entities": entities} if entities else {"text": text}


def _entities(text: str, targets: Mapping[str, str], named: Mapping[str, str]) -> dict[str, Any]:
    """Links and names in the text, counted in code points. `targets` are what short links lead to."""
    links = [
        {
            "start": match.start(),
            "end": match.end(),
            "url": match[0],
            "expanded_url": targets.get(match[0], match[0]),
            "display_url": targets.get(match[0], match[0]).partition("//")[2],
        }
        for match in _LINK.finditer(text)
    ]
    names = [
        {"start": match.start(), "end": match.end(), "username": match[1]}
        | ({"id": named[match[1].casefold()]} if match[1].casefold() in named else {})
        for match in _HANDLE.finditer(text)
    ]
    return {name: value for name, value in (("urls", links), ("mentions", names)) if value}


def _edit_controls(shown: Shown) -> dict[str, Any]:
    first = shown.source.at
    left = _EDITS - (len(shown.history) - 1)
    return {"edits_remaining": max(0, left), "is_edit_eligible": left > 0, "editable_until": stamp(first + EDITABLE)}


def _metrics(dialect: Dialect) -> dict[str, int]:
    names = (dialect.reposts, "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count")
    return dict.fromkeys(names, 0)
