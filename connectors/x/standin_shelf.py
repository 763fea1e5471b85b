"""What there is on X's stand-in, as X would show it: the world's posts and comments, and what X alone has on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.standin.world import Person, WorldComment, WorldPost
from connectors.x import standin_shape
from connectors.x.standin_routes import PICTURES
from connectors.x.standin_shape import Medium, Shown

if TYPE_CHECKING:
    from connectors.standin.world import World, WorldAccount
    from connectors.x.standin_pitfalls import Turns

PLATFORM = "x"


class Shelf:
    """`shortens`: links in texts become t.co. Quotes and pictures are put up here, since the world knows of neither."""

    def __init__(self, world: World, pitfalls: Turns) -> None:
        """Show `world`, with what befalls it."""
        self.shortens = False
        self.pitfalls = pitfalls
        self._world = world
        self._quotes: set[str] = set()
        self._media: dict[str, list[Medium]] = {}

    def accounts(self) -> list[WorldAccount]:
        """The City's accounts."""
        return [account for (platform, _), account in self._world.accounts.items() if platform == PLATFORM]

    def medium(self, path: str) -> Medium | None:
        """The picture at a path."""
        hung = (medium for media in self._media.values() for medium in media)
        return next((medium for medium in hung if medium.url.endswith(path)), None)

    def quote(self, post: WorldPost, text: str, author: Person, parent: WorldComment | None = None) -> WorldComment:
        """Let somebody quote a post, or what the City said under it. The world keeps it as a comment there."""
        with self._world.lock:
            quote = self._world.add_comment(post, text, author=author, parent=parent, hideable=False)
            self._quotes.add(quote.id)
            return quote

    def picture(self, comment: WorldComment, body: bytes, alt: str = "") -> str:
        """Hang a picture on a comment; give its address."""
        with self._world.lock:
            hung = self._media.setdefault(comment.id, [])
            name = f"{comment.id}_{len(hung)}"
            medium = Medium(
                key=f"3_{comment.id}{len(hung)}", url=f"https://pbs.twimg.com{PICTURES}{name}.jpg", alt=alt, body=body
            )
            hung.append(medium)
            return medium.url

    def people(self) -> dict[str, Person]:
        """Everybody who wrote something, the City's accounts included."""
        people = {account.id: account.person for account in self.accounts()}
        for (platform, _), comment in self._world.comments.items():
            if platform == PLATFORM and comment.author:
                people[comment.author.id] = comment.author
        for (platform, _), post in self._world.posts.items():
            if platform == PLATFORM:
                people[post.author.id] = post.author
        return people

    def everything(self, after: int = 0) -> list[Shown]:
        """Everything that is there with an identifier after that one, in its present wording, newest first."""
        posts = [
            self._dressed(standin_shape.of_post(post))
            for (platform, _), post in self._world.posts.items()
            if platform == PLATFORM and post.deleted_by is None and int(post.id) > after
        ]
        comments = [
            self._shown(comment)
            for (platform, _), comment in self._world.comments.items()
            if platform == PLATFORM and comment.deleted_by is None and int(comment.wordings[-1].id) > after
        ]
        return sorted([*posts, *comments], key=lambda shown: int(shown.id), reverse=True)

    def _shown(self, comment: WorldComment, wording: int = -1) -> Shown:
        shape = standin_shape.of_quote if comment.id in self._quotes else standin_shape.of_comment
        return self._dressed(shape(comment, wording))

    def _dressed(self, shown: Shown) -> Shown:
        """With pictures and short links, and with what befalls it."""
        first = shown.history[0]
        direct = isinstance(shown.source, WorldComment) and shown.source.parent is None
        return replace(
            shown,
            media=tuple(self._media.get(first, ())),
            shortened=self.shortens,
            untagged=direct and self.pitfalls.meets("untagged", first),
            withheld=isinstance(shown.source, WorldComment) and self.pitfalls.meets("withheld", first),
        )

    def wording(self, identifier: str) -> Shown | None:
        """What an identifier names, in just that wording."""
        post = self._world.posts.get((PLATFORM, identifier))
        if post:
            return None if post.deleted_by else self._dressed(standin_shape.of_post(post))
        first = self._world.comments.get((PLATFORM, identifier))
        if first:
            return None if first.deleted_by else self._shown(first, 0)
        for (platform, _), comment in self._world.comments.items():
            if platform == PLATFORM and comment.edited and comment.deleted_by is None:
                for number, wording in enumerate(comment.wordings):
                    if wording.id == identifier:
                        return self._shown(comment, number)
        return None
