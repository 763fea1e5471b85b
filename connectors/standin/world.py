"""The shared little world behind all stand-ins: City accounts, their posts, and what people write under them.

It knows nothing of any platform's API. Each stand-in shows it in its platform's own words and brings the way in which
that platform makes identifiers. What people and staff do here (edit, delete, hide by hand) is what the program must
notice; `effects` remembers everything that was hidden, shown again or deleted, and by whom, so that the program can be
judged from outside.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

APP = "app"
STAFF = "staff"
AUTHOR = "author"
PLATFORM = "platform"


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with a profile on one platform."""

    id: str
    name: str
    handle: str


@dataclass(slots=True, kw_only=True)
class WorldAccount:
    """A City account on one platform; its `person` is what it writes as."""

    platform: str
    id: str
    name: str
    handle: str

    @property
    def person(self) -> Person:
        """The account as an author."""
        return Person(id=self.id, name=self.name, handle=self.handle)


@dataclass(slots=True, kw_only=True)
class WorldPost:
    """Something published on a City account, by the City or (on some platforms) by a visitor."""

    id: str
    account: WorldAccount
    author: Person
    text: str
    at: datetime
    deleted_by: str | None = None


@dataclass(slots=True, kw_only=True)
class Wording:
    """One exact wording of a comment, from `at` on."""

    text: str
    at: datetime
    id: str


@dataclass(slots=True, kw_only=True)
class WorldComment:
    """What somebody wrote under a post. `wordings` grow with edits; `hidden_by` and `deleted_by` tell whose doing."""

    id: str
    post: WorldPost
    parent: WorldComment | None
    author: Person | None
    wordings: list[Wording]
    hidden_by: str | None = None
    deleted_by: str | None = None
    hideable: bool = True

    @property
    def account(self) -> WorldAccount:
        """The City account under whose post this stands."""
        return self.post.account

    @property
    def at(self) -> datetime:
        """When it was first written."""
        return self.wordings[0].at

    @property
    def text(self) -> str:
        """The present wording."""
        return self.wordings[-1].text

    @property
    def edited(self) -> bool:
        """Whether it ever read differently."""
        return len(self.wordings) > 1

    @property
    def public(self) -> bool:
        """Whether a member of the public can read it now."""
        return self.hidden_by is None and self.deleted_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something that changed what the public sees of a comment: `what` is hide, unhide or delete."""

    at: datetime
    platform: str
    account: str
    comment: str
    what: str
    by: str
    text: str


class Minter(Protocol):
    """How one platform makes identifiers."""

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:
        """Make the identifier of a new post; `number` is different for everything in the world."""

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:
        """Make the identifier of a new comment or, where the platform makes one, of a new wording."""


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class World:
    """Everything there is. Every method is safe to call from several threads."""

    clock: Callable[[], datetime] = utc_now
    accounts: dict[tuple[str, str], WorldAccount] = field(default_factory=dict)
    posts: dict[tuple[str, str], WorldPost] = field(default_factory=dict)
    comments: dict[tuple[str, str], WorldComment] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    minters: dict[str, Minter] = field(default_factory=dict)
    replies_outlive: set[str] = field(default_factory=set)
    writer: Person | None = None  # who is writing while a comment's identifier is made: on some platforms it names them
    lock: threading.RLock = field(default_factory=threading.RLock)
    _number: int = 0

    def add_account(self, platform: str, id: str, name: str, handle: str) -> WorldAccount:  # noqa: A002
        """Open a City account."""
        with self.lock:
            account = WorldAccount(platform=platform, id=id, name=name, handle=handle)
            self.accounts[platform, id] = account
            return account

    def add_post(
        self, account: WorldAccount, text: str, *, author: Person | None = None, at: datetime | None = None
    ) -> WorldPost:
        """Publish a post, by the City unless `author` is a visitor."""
        with self.lock:
            at = at or self.clock()
            minted = self.minters[account.platform].mint_post(account, at, self._next())
            post = WorldPost(id=minted, account=account, author=author or account.person, text=text, at=at)
            self.posts[account.platform, minted] = post
            return post

    def add_comment(  # noqa: PLR0913  a comment has that many sides
        self,
        post: WorldPost,
        text: str,
        *,
        author: Person | None,
        parent: WorldComment | None = None,
        at: datetime | None = None,
        hideable: bool = True,
    ) -> WorldComment:
        """Write a comment under a post, or a reply to `parent`. `author` None: the platform does not say who."""
        with self.lock:
            at = at or self.clock()
            self.writer = author
            minted = self.minters[post.account.platform].mint_comment(post, parent, at, self._next())
            comment = WorldComment(
                id=minted,
                post=post,
                parent=parent,
                author=author,
                wordings=[Wording(text=text, at=at, id=minted)],
                hideable=hideable,
            )
            self.comments[post.account.platform, minted] = comment
            return comment

    def edit(self, comment: WorldComment, text: str) -> None:
        """Let the author change the wording."""
        with self.lock:
            at = self.clock()
            self.writer = comment.author
            minted = self.minters[comment.account.platform].mint_comment(comment.post, comment.parent, at, self._next())
            comment.wordings.append(Wording(text=text, at=at, id=minted))

    def hide(self, comment: WorldComment, by: str) -> None:
        """Hide from the public. Hiding what is hidden changes nothing, as on the platforms."""
        with self.lock:
            if comment.hidden_by is None and comment.deleted_by is None:
                comment.hidden_by = by
                self._remember(comment, "hide", by)

    def unhide(self, comment: WorldComment, by: str) -> None:
        """Show to the public again."""
        with self.lock:
            if comment.hidden_by is not None:
                comment.hidden_by = None
                self._remember(comment, "unhide", by)

    def delete(self, comment: WorldComment, by: str) -> None:
        """Delete for good, replies included, but on platforms where `replies_outlive` what they answer."""
        with self.lock:
            if comment.deleted_by is not None:
                return
            comment.deleted_by = by
            self._remember(comment, "delete", by)
            if comment.account.platform not in self.replies_outlive:
                for reply in self.replies(comment):
                    self.delete(reply, by)

    def delete_post(self, post: WorldPost, by: str) -> None:
        """Take a post away. What was written under it stays in the world; each stand-in knows what becomes of it."""
        with self.lock:
            post.deleted_by = post.deleted_by or by

    def replies(self, comment: WorldComment) -> list[WorldComment]:
        """The direct replies, oldest first."""
        with self.lock:
            return [other for other in self.comments.values() if other.parent is comment]

    def under(self, post: WorldPost) -> list[WorldComment]:
        """Everything ever written under a post, deleted or not, oldest first."""
        with self.lock:
            return [comment for comment in self.comments.values() if comment.post is post]

    def posts_of(self, account: WorldAccount) -> list[WorldPost]:
        """The posts of an account, oldest first."""
        with self.lock:
            return [post for post in self.posts.values() if post.account is account]

    def comments_of(self, account: WorldAccount) -> list[WorldComment]:
        """Everything ever written under an account's posts, oldest first."""
        with self.lock:
            return [comment for comment in self.comments.values() if comment.account is account]

    def effects_by(self, who: Iterable[str]) -> list[Effect]:
        """What was hidden, shown or deleted by the parties named."""
        with self.lock:
            named = set(who)
            return [effect for effect in self.effects if effect.by in named]

    def _remember(self, comment: WorldComment, what: str, by: str) -> None:
        account = comment.account
        effect = Effect(
            at=self.clock(),
            platform=account.platform,
            account=account.id,
            comment=comment.id,
            what=what,
            by=by,
            text=comment.text,
        )
        self.effects.append(effect)

    def _next(self) -> int:
        self._number += 1
        return self._number
