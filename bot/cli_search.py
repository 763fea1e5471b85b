"""The command that finds what was recorded by its words: `citymod search`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from bot.domain.states import State  # noqa: TC001  typer reads annotations at run time
from bot.domain.types import Visibility  # noqa: TC001
from bot.terminal import DEFAULT_CONFIG, Config, day, fail, out, reading, say, settings_from

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from archive.search import Found, Snippet


def search(  # noqa: PLR0913  each is an option
    words: Annotated[
        list[str] | None, typer.Argument(help="Words that are all there; street* for all that begin so.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    phrase: Annotated[bool, typer.Option("--phrase", help="The words stand in a row, as given.")] = False,
    account: Annotated[str, typer.Option("--account", help="Only on this account: platform:id.")] = "",
    author: Annotated[str, typer.Option("--author", help="Only by authors of this name, handle or identifier.")] = "",
    clause: Annotated[
        str, typer.Option("--clause", help="Only if matched or named under this clause: C1 to C10.")
    ] = "",
    state: Annotated[State | None, typer.Option("--state", help="Only cases that stand there now.")] = None,
    visibility: Annotated[Visibility | None, typer.Option("--visibility", help="Only what was last seen so.")] = None,
    since: Annotated[str, typer.Option("--from", help="Only what was written on this day or later: 2026-11-28.")] = "",
    until: Annotated[str, typer.Option("--to", help="Only what was written on this day or earlier.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="As many at most.")] = 25,
    before: Annotated[
        int | None, typer.Option("--before", help="The next page: the key that the last one named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one object.")] = False,
) -> None:
    """Find comments and posts by their words, in every wording they ever had, the last recorded first."""
    from archive.search import NothingToFind, Query, search

    settings = settings_from(config)
    query = Query(
        words=" ".join(words or ()),
        phrase=phrase,
        author=author,
        account=account or None,
        clause=clause.upper() or None,
        state=state,
        visibility=visibility,
        since=_midnight(since, settings.zone) if since else None,
        until=_midnight(until, settings.zone, days=1) if until else None,
        before=before,
        limit=limit,
    )
    try:
        with reading(settings) as tx:
            page = search(tx, query)
    except NothingToFind as nothing:
        fail(f"Nothing to look for: {nothing}.", 2)
    if as_json:
        out.print_json(json.dumps({"found": [_as_json(one) for one in page.found], "next": page.next}))
        return
    for one in page.found:
        _print(one, settings.zone)
    if not page.found:
        out.print("Nothing on record has these words.")
    elif page.next is not None:
        out.print(f"There is more: add --before {page.next} to see it.", highlight=False)


def _midnight(text: str, zone: ZoneInfo, days: int = 0) -> datetime:
    """The beginning of a day on the City's clock, or of the day so many days later."""
    return datetime.combine(day(text) + timedelta(days=days), time(), tzinfo=zone).astimezone(UTC)


def _print(one: Found, zone: ZoneInfo) -> None:
    # The name stands on a line of its own and is never broken, so that it can be copied.
    out.print(str(one.ref), style="bold", markup=False, highlight=False, soft_wrap=True)
    author = one.author_name or one.author_handle or one.author_id or "name not available"
    stands = f"{one.state}, {one.visibility}" if one.state else "post of the City"
    wording = "" if one.present else f", in wording {one.number}, which it has no more"
    at = f"{one.posted_at.astimezone(zone):%Y-%m-%d %H:%M}"
    say(f"  {at} by {author} ({stands}{wording})")
    out.print(_shown(one.snippet), highlight=False, soft_wrap=True)


def _shown(snippet: Snippet) -> Text:
    """The words in one line, what matched in bold."""
    before, after = snippet.cut
    words = Text("    " + "… " * before)
    at = len(words)
    words.append(snippet.text)
    for start, end in snippet.places:
        words.stylize("bold reverse", at + start, at + end)
    words.append(" …" * after)
    return Text(" ").join(words.split()) if "\n" in words.plain else words


def _as_json(one: Found) -> dict[str, Any]:
    shown = one.snippet
    return {
        "key": one.key,
        "ref": str(one.ref),
        "post": str(one.post),
        "kind": "post" if one.is_post else "comment",
        "account": one.account,
        "author": {"id": one.author_id, "name": one.author_name, "handle": one.author_handle},
        "posted_at": one.posted_at.isoformat(),
        "seen_at": one.seen_at.isoformat(),
        "revision": one.revision,
        "number": one.number,
        "present": one.present,
        "state": one.state,
        "visibility": one.visibility,
        "url": one.url,
        "snippet": shown.text,
        "places": [list(place) for place in shown.places],
        "cut": list(shown.cut),
    }
