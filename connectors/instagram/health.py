"""What a person should know of an Instagram account's token and its media, in notes of one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connectors.instagram.parse import Listed

NEEDED = frozenset({"instagram_basic", "instagram_manage_comments", "pages_read_engagement"})
"""Permissions without which comments cannot be moderated ("Comment Moderation", Instagram Platform)."""


def of_kind(token: Mapping[str, Any], _: set[str]) -> Iterator[str]:
    """Whether it is the Page's token, as it should be."""
    if token.get("type") != "PAGE":
        yield "the token is not the Page's own, and no private answer can be sent with it"


def of_media(media: Sequence[Listed]) -> Iterator[str]:
    """Where the City switched comments off: nothing can be written there, and what was written is not shown."""
    closed = [listed for listed in media if not listed.open_to_comments]
    if closed:
        yield f"comments are switched off under {len(closed)} of the {len(media)} newest media: {closed[0].post.url} …"
