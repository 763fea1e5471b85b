"""What a platform's own notification mail says: who wrote, where, and the address at which to look.

The shapes are the platforms' and stand in each one's by_hand.py, with where a sample of it was seen. Such a mail says
at most that there is something: it is a task to look, and never a comment. A mail of no known shape is a task as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.intake import addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.assisted import Notice


def told(notices: Sequence[Notice], *, sender: str, title: str, words: str) -> str | None:
    """What a mail says, in one sentence for staff; None if it has none of these shapes.

    `words` is its text, from which the first address is taken that the shape allows.
    """
    for notice in notices:
        found = notice.title.fullmatch(title) if sender.endswith(notice.sender) else None
        if found:
            said = notice.says.format(**found.groupdict(""))
            place = next((address for address in addresses(words) if notice.place in address), None)
            return f"{said}: look at {place}" if place else said
    return None
