"""What rules may know of a comment besides its words: what stands above it, never who wrote it.

The one thing known of the author's other words is `earlier`, and only `rules.match.repeat` looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_QUOTATION = 3  # words; fewer may be anybody's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another comment of the same account on the City's posts, by its printed ref.

    `answers`: it was written in answer to somebody else's comment. `shown`: the public can see it, and nothing is on
    its way to hide it.
    """

    ref: str
    text: str
    posted_at: datetime
    answers: bool = False
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScore:
    """What the City's own model server made of the words: category to a number from 0 to 1, and which model said so."""

    model: str
    version: str
    categories: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What stands above a comment: the City's post, and in `thread` the comments that this one answers.

    `ref` and `posted_at` are the comment's own; `answers` tells whether it answers somebody else's comment. `earlier`
    holds the other comments of its account from around that time, before and after, in the order in which they were
    written; `scores` what the City's own model server said, if it has one; `links` where the addresses in the comment
    lead, whole and in their order, if the platform shortens them and tells.
    """

    parent_post: str = ""
    thread: tuple[str, ...] = ()
    ref: str = ""
    posted_at: datetime | None = None
    answers: bool = False
    earlier: tuple[Earlier, ...] = ()
    scores: Mapping[str, ModelScore] = field(default_factory=dict)
    links: tuple[str, ...] = ()

    def is_quoted(self, excerpt: str) -> bool:
        """Tell whether these words repeat the City's own, or a whole phrase of a comment that is being answered."""
        words = excerpt.casefold()
        if words in self.parent_post.casefold():
            return True
        return len(words.split()) >= _QUOTATION and any(words in above.casefold() for above in self.thread)


NO_CONTEXT = Context()
