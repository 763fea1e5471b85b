"""An Instagram account with a few media on a stand-in, for the tests beside this file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from graph_town import NOON, Clock, GraphTown, comments, oracle_of

from connectors.instagram import standin_keys as keys
from connectors.instagram.standin import StandIn
from connectors.instagram.standin_show import Shape
from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from connectors.standin.world import WorldComment, WorldPost

__all__ = ["NOON", "PAT", "SAM", "Clock", "Town", "a_town", "comments", "keys", "oracle"]

PAT = Person(id="6200000000000007", name="Pat Q. Public", handle="pat.public")
SAM = Person(id="6200000000000008", name="Sam Visitor", handle="sam.visitor")


class Town(GraphTown):
    """The world, its stand-in, and a connector of its account."""

    platform: ClassVar[str] = "instagram"
    ident: ClassVar[str] = "17841405309211844"
    made: ClassVar[Any] = StandIn
    wrong_on_purpose = False

    @property
    def token(self) -> str:
        return keys.page_token(self.page)

    def post(self, text: str = "The library opens at nine.", *, at: datetime | None = None, **shape: Any) -> WorldPost:
        """A medium; `shape` says what kind of one."""
        made = self.world.add_post(self.page, text, at=at)
        self.standin.shapes[made.id] = Shape(**shape)
        return made

    def comment(self, post: WorldPost | None = None, text: str = "words", **more: Any) -> WorldComment:
        return self.world.add_comment(post or self.post(), text, **{"author": PAT} | more)


@contextmanager
def a_town() -> Iterator[Town]:
    """A running town; what it was asked and answered is held against Meta's tables in the end."""
    town = Town()
    with town.server:
        yield town
    if not town.wrong_on_purpose:
        problems = [problem for line in town.server.log if line.fault is None for problem in oracle().check(line)]
        assert not problems, "\n".join(problems)


def oracle() -> Any:
    return oracle_of("instagram")
