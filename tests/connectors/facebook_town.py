"""A Page with a few posts on a stand-in of Facebook, for the tests beside this file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from graph_town import NOON, Clock, GraphTown, comments, oracle_of

from connectors.facebook.standin import StandIn
from connectors.standin import faults
from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NOON", "PAT", "SAM", "Clock", "Town", "a_town", "comments", "oracle"]

PAT = Person(id="24110000000000007", name="Pat Q. Public", handle="pat.public")
SAM = Person(id="24110000000000008", name="Sam Visitor", handle="sam.visitor")


class Town(GraphTown):
    """The world, its stand-in, and a connector of its Page."""

    platform: ClassVar[str] = "facebook"
    ident: ClassVar[str] = "1020000000000001"
    made: ClassVar[Any] = StandIn


@contextmanager
def a_town() -> Iterator[Town]:
    """A running town; what it was asked and answered is held against Meta's tables in the end."""
    town = Town()
    with town.server:
        yield town
    whole = [line for line in town.server.log if line.fault != faults.GARBLED]
    problems = [problem for line in whole for problem in oracle().check(line)]
    assert not problems, "\n".join(problems)


def oracle() -> Any:
    return oracle_of("facebook")
