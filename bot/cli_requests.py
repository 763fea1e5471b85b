"""The commands of the custodian of records: `citymod request` and `citymod export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import (
    DEFAULT_CONFIG,
    Config,
    Reason,
    Who,
    clock,
    fail,
    moment,
    out,
    reading,
    say,
    settings_from,
    writing,
)

if TYPE_CHECKING:
    from archive.selection import Filter
    from bot.settings import Settings

request = typer.Typer(help="Records requests (RSMo chapter 610), from the asking to the answer.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The request, as `citymod request list` prints it.")]
Account = Annotated[str, typer.Option("--account", help="Only this account: platform:id.")]
PostName = Annotated[str, typer.Option("--post", help="Only under this post: platform:account:item.")]
Author = Annotated[str, typer.Option("--author", help="Only by this author: name, handle or identifier.")]
Clause = Annotated[str, typer.Option("--clause", help="Only what a rule or person put under this clause: C1 to C10.")]
StateName = Annotated[str, typer.Option("--state", help="Only cases that stand here, such as ENFORCED.")]
Words = Annotated[str, typer.Option("--words", help="Only where these words stand, as `citymod search` finds them.")]
Removed = Annotated[bool, typer.Option("--removed", help="Only what was hidden or deleted by order.")]
Start = Annotated[str, typer.Option("--from", help="Written at or after this time (the City's clock).")]
End = Annotated[str, typer.Option("--to", help="Written before this time (the City's clock).")]
Comments = Annotated[list[str] | None, typer.Option("--comment", help="Only this comment; may be given repeatedly.")]


@request.command("open")
def request_open(  # noqa: PLR0913  each is an option
    wanted: Annotated[str, typer.Option("--for", help="What is asked for, in the words of who asks.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    asker: Annotated[str, typer.Option("--from", help="Who asks, as given; nobody has to say.")] = "anonymous",
    contact: Annotated[str, typer.Option("--contact", help="How to reach them, as given.")] = "",
    received: Annotated[str, typer.Option("--received", help="When the custodian got it; default: now.")] = "",
    referred_by: Annotated[str, typer.Option("--referred-by", help="The department that passed it on.")] = "",
    first_asked: Annotated[str, typer.Option("--first-asked", help="When that department got it.")] = "",
) -> None:
    """Put a request on record; its time begins when the custodian received it."""
    from bot.requests import begin
    from bot.review import person

    settings = settings_from(config)
    now = clock()
    try:
        with writing(settings) as tx:
            begun = begin(
                tx,
                settings,
                who=asker,
                contact=contact,
                wanted=wanted,
                received_at=moment(settings, received) or now,
                agent=person(who),
                now=now,
                referred_by=referred_by,
                first_asked_at=moment(settings, first_asked),
            )
    except ValueError as error:
        fail(str(error), 2)
    due_at = begun.due_at.astimezone(settings.zone)
    out.print(begun.id, style="bold", markup=False, highlight=False)
    out.print(f"An answer is due by {due_at:%A, %Y-%m-%d %H:%M %Z} (RSMo 610.023.3).", highlight=False)


@request.command("list")
def request_list(
    config: Config = DEFAULT_CONFIG,
    every: Annotated[bool, typer.Option("--all", help="Those that were answered, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List what waits for an answer, due first; ends with 1 if something is overdue."""
    from archive import requests
    from bot.requests import standing

    settings = settings_from(config)
    now = clock()
    with reading(settings) as tx:
        found = requests.every(tx, closed=every)
    if as_json:
        out.print_json(json.dumps([asdict(one) for one in found], default=str))
    else:
        for one in found:
            line = f"{one.id}  {standing(one, settings.zone, now)}  {one.who}: {one.wanted}"
            say(line)
        if not found:
            out.print("No records request waits for an answer.")
    raise typer.Exit(1 if any(one.is_overdue(now) for one in found) else 0)


@request.command("show")
def request_show(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Show one request: what was asked, what is withheld, and every step."""
    from archive import requests
    from bot.requests import place_in_words, standing

    settings = settings_from(config)
    with reading(settings) as tx:
        one, done = requests.request(tx, name), requests.steps(tx, name)
    lines = [
        f"{one.id}: {standing(one, settings.zone, clock())}",
        f"Asked by  {one.who}" + (f" ({one.contact})" if one.contact else ""),
        f"Wanted    {one.wanted}",
        f"Received  {one.received_at.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}",
        *([f"Referred  by {one.referred_by}, asked {one.first_asked_at}"] if one.referred_by else []),
        *(f"Withheld  {at.number}: {place_in_words(at)}, {at.authority}: {at.why}" for at in one.withheld),
        *([f"Delivered {one.delivered}"] if one.delivered else []),
        "What happened",
        *(
            f"  {s.at.astimezone(settings.zone):%Y-%m-%d %H:%M}  {s.step:<10} {s.agent}  {_said(s.detail)}"
            for s in done
        ),
    ]
    say("\n".join(lines))


@request.command("extend")
def request_extend(
    name: Name,
    until: Annotated[str, typer.Option("--until", help="The earliest day and time at which the records are there.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Name the cause of a delay and when the records will be there (RSMo 610.023.3)."""
    from archive import requests
    from bot.review import person

    settings = settings_from(config)
    due_at = moment(settings, until)
    if due_at is None:
        fail("Name the day and time with --until.", 2)
    with writing(settings) as tx:
        requests.extend(tx, name, due_at=due_at, why=reason, agent=person(who), now=clock())
    out.print(f"Recorded: due {due_at.astimezone(settings.zone):%A, %Y-%m-%d %H:%M %Z}.", highlight=False)


@request.command("redact")
def request_redact(  # noqa: PLR0913  each is an option
    name: Name,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    comment: Annotated[str, typer.Option("--comment", help="The comment: platform:account:item.")] = "",
    words: Annotated[str, typer.Option("--words", help="These words of its text, wherever they stand in it.")] = "",
    field: Annotated[str, typer.Option("--field", help="All of: text, author, address, attachments, alt.")] = "",
    authority: Annotated[str, typer.Option("--authority", help="The statute, such as RSMo 610.021(27).")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; the export says it. Do not repeat the words.")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="Many at once: a YAML list of the same.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Leave words or fields out of the copies for a request, everywhere in them. The record stays as it is."""
    from archive import requests
    from bot.redacting import Wanted, places, read_file
    from bot.requests import place_in_words
    from bot.review import person

    settings = settings_from(config)
    single = Wanted(comment=comment, words=words, field=field, authority=authority, reason=reason)
    wanted = read_file(file) if file else [single]
    with writing(settings) as tx:
        for place in places(tx, wanted):
            number = requests.withhold(tx, name, place, person(who), clock())
            say(f"{number}: {place_in_words(place)}, {place.authority}")


@request.command("unredact")
def request_unredact(
    name: Name,
    number: Annotated[int, typer.Argument(help="The number of the redaction, as `citymod request show` has it.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Take a redaction back."""
    from archive import requests
    from bot.review import person

    with writing(settings_from(config)) as tx:
        requests.give_back(tx, name, number, reason, person(who), clock())
    out.print("Recorded: later copies show it again.")


@request.command("propose")
def request_propose(  # noqa: PLR0913  each is an option
    config: Config = DEFAULT_CONFIG,
    account: Account = "",
    post: PostName = "",
    author: Author = "",
    clause: Clause = "",
    state: StateName = "",
    words: Words = "",
    removed: Removed = False,
    start: Start = "",
    end: End = "",
    comment: Comments = None,
) -> None:
    """Propose personal numbers and addresses as a file for `citymod request redact --file`; complete it."""
    from archive.selection import selected
    from bot.redacting import proposals

    settings = settings_from(config)
    wanted = _filter(settings, account, post, author, clause, state, words, start, end, comment, removed=removed)
    with reading(settings) as tx:
        found = [line for one in selected(tx, wanted) for line in proposals(one)]
    for line in found:
        say(json.dumps(line, ensure_ascii=False))
    if not found:
        out.print("# The rules found no personal number or address.")


@request.command("close")
def request_close(  # noqa: PLR0913  each is an option
    name: Name,
    outcome: Annotated[str, typer.Option("--outcome", help="granted, granted in part, denied, withdrawn, no records.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    delivered: Annotated[str, typer.Option("--delivered", help="What was handed over, how and to whom.")] = "",
) -> None:
    """Put on record how a request was answered."""
    from archive import requests
    from bot.review import person

    if outcome not in requests.OUTCOMES:
        fail(f"{outcome!r} is no outcome; there are: {', '.join(requests.OUTCOMES)}.", 2)
    with writing(settings_from(config)) as tx:
        requests.close(tx, name, outcome=outcome, delivered=delivered, why=reason, agent=person(who), now=clock())
    out.print(f"{name} is closed.", highlight=False)


def export(  # noqa: PLR0913  each is an option
    target: Annotated[Path, typer.Argument(help="Where to: a new folder, or a new file that ends in .zip.")],
    who: Who,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    for_request: Annotated[str, typer.Option("--request", help="For this request, with its redactions.")] = "",
    account: Account = "",
    post: PostName = "",
    author: Author = "",
    clause: Clause = "",
    state: StateName = "",
    words: Words = "",
    removed: Removed = False,
    start: Start = "",
    end: End = "",
    comment: Comments = None,
    raw: Annotated[bool, typer.Option("--raw", help="With the platform's own bytes.")] = False,
    pdf: Annotated[bool, typer.Option(help="With PDF for printing.")] = True,
) -> None:
    """Make copies of comments with all that is on record about them: HTML, PDF, CSV, JSON Lines, media, evidence."""
    from archive.evidence import SealBroken
    from archive.printing import NoBrowser
    from bot.exporting import Options, on_record
    from bot.review import person

    settings = settings_from(config)
    wanted = _filter(settings, account, post, author, clause, state, words, start, end, comment, removed=removed)
    try:
        made = on_record(
            lambda: reading(settings),
            lambda: writing(settings),
            settings,
            wanted,
            target,
            Options(raw=raw, pdf=pdf, request=for_request),
            why=reason,
            agent=person(who),
            clock=clock,
        )
    except (NoBrowser, SealBroken, FileExistsError) as error:
        fail(f"Nothing was exported: {error}.", 1)
    say(f"{made.comments} comment(s) in {target}.")
    out.print(f"SHA-256 of SHA256SUMS: {made.sha256}", highlight=False, soft_wrap=True)


def _filter(  # noqa: PLR0913  a filter is all of this
    settings: Settings,
    account: str,
    post: str,
    author: str,
    clause: str,
    state: str,
    words: str,
    start: str,
    end: str,
    comments: list[str] | None,
    *,
    removed: bool,
) -> Filter:
    from archive.search import terms
    from archive.selection import Filter
    from bot.domain.states import State
    from bot.domain.types import Ref

    if state and state.upper() not in State.__members__:
        fail(f"No case stands at {state!r}; there are: {', '.join(State.__members__)}.", 2)
    try:
        for name in (post, *(comments or ())):
            if name:
                Ref.parse(name)
    except ValueError as error:
        fail(f"{error}.", 2)
    if words and not terms(words):
        fail(f"There is no word in {words!r} to look for.", 2)
    return Filter(
        account=account,
        post=post,
        author=author,
        clause=clause.upper(),
        state=str(State[state.upper()]) if state else "",
        words=words,
        removed=removed,
        start=moment(settings, start),
        end=moment(settings, end),
        comments=tuple(comments or ()),
    )


def _said(detail: object) -> str:
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)
