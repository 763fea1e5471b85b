"""What a person should know of an Instagram account's token, its media, and Graph itself, in notes of one line each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connectors.graph import Graph
    from connectors.instagram.parse import Listed

NEEDED = frozenset({"instagram_basic", "instagram_manage_comments", "pages_read_engagement"})
"""Permissions without which comments cannot be moderated ("Comment Moderation", Instagram Platform)."""

SOON = timedelta(days=14)
"""How long before a token's end a person is told."""

_MUCH_USED = 80  # percent of what we may ask


def of_token(graph: Graph, credentials: Mapping[str, str], now: datetime) -> tuple[bool, tuple[str, ...]]:
    """Whether the token reaches far enough, and what is to be known of it. Raises the five errors."""
    app_id, app_secret = credentials.get("app_id"), credentials.get("app_secret")
    if not (app_id and app_secret):
        return True, ("the token's permissions and end are not known: give app_id and app_secret to have them told",)
    token = graph.inspect(app_id, app_secret, now=now)
    lacking = sorted(NEEDED - set(token.get("scopes") or ()))
    notes = [f"the token lacks {', '.join(lacking)}"] if lacking else []
    if token.get("type") != "PAGE":
        notes.append("the token is not the Page's own, and no private answer can be sent with it")
    for name, what in (("expires_at", "the token ends"), ("data_access_expires_at", "its access to data ends")):
        seconds = token.get(name)
        if isinstance(seconds, int) and 0 < seconds <= (now + SOON).timestamp():
            notes.append(f"{what} on {datetime.fromtimestamp(seconds, UTC):%d %B %Y}")
    return not lacking and token.get("is_valid") is True, tuple(notes)


def of_media(media: Sequence[Listed]) -> Iterator[str]:
    """Where the City switched comments off: nothing can be written there, and what was written is not shown."""
    closed = [listed for listed in media if not listed.open_to_comments]
    if closed:
        yield f"comments are switched off under {len(closed)} of the {len(media)} newest media: {closed[0].post.url} …"


def of_service(graph: Graph) -> Iterator[str]:
    """Whether Graph answers in the version we asked for, and how much of what we may ask is used."""
    if graph.served and graph.served != graph.version:
        yield f"asked for {graph.version} of the Graph API, served {graph.served}"
    if (used := graph.usage()) >= _MUCH_USED:
        yield f"{used} % of the calls we may make are used"
