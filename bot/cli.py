"""The commands. Each prints what a person needs; ends with 0 (well), 1 (something is wrong) or 2 (called wrongly)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot import log
from bot.cli_appeals import appeal
from bot.cli_bucket import InBucket, bucket_commands, bucket_for
from bot.cli_by_hand import intake, tasks
from bot.cli_console import console
from bot.cli_database import database
from bot.cli_evidence import evidence
from bot.cli_followers import followers
from bot.cli_init import init
from bot.cli_keeping import gaps, hold, retention
from bot.cli_pause import pause, resume
from bot.cli_proof import proof
from bot.cli_publish import publish
from bot.cli_push import push
from bot.cli_registry import registry
from bot.cli_requests import export, request
from bot.cli_rules import rules
from bot.cli_search import search
from bot.cli_simulate import simulate
from bot.cli_watch import watch
from bot.settings import MissingCredential, load
from bot.sharing import NAMES, THE_ONLY_ONE
from bot.terminal import (
    DEFAULT_CONFIG,
    Config,
    Reason,
    Who,
    clock,
    day,
    err,
    fail,
    opened,
    out,
    reading,
    say,
    settings_from,
    writing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.cases import Case
    from archive.database import Tx
    from archive.spending import Cost
    from bot.domain.types import Category, Ref
    from bot.settings import Settings

app = typer.Typer(
    name="citymod",
    help="Lets a city moderate its own social media honestly: records first, captures evidence, then acts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
review = typer.Typer(help="What people decide on cases.", no_args_is_help=True)
app.add_typer(review, name="review")
app.add_typer(rules, name="rules")
app.add_typer(intake, name="intake")
app.add_typer(tasks, name="tasks")
app.add_typer(console, name="console")
app.add_typer(evidence, name="evidence")
app.add_typer(bucket_commands, name="bucket")
app.add_typer(push, name="push")
app.command()(init)
app.command()(followers)
app.command()(pause)
app.command()(resume)
for _name, _commands in (("gaps", gaps), ("hold", hold), ("retention", retention)):
    app.add_typer(_commands, name=_name)
app.add_typer(database, name="database")
app.command("search")(search)
app.command("simulate")(simulate)
app.add_typer(proof)
app.add_typer(watch)
app.add_typer(registry, name="registry")
app.add_typer(request, name="request")
app.add_typer(appeal, name="appeal")
app.command("export")(export)
app.command("publish")(publish)

DaemonName = Annotated[
    str, typer.Option("--name", envvar="CITYMOD_NAME", help="What this daemon is called, where several share the work.")
]
Clause = Annotated[str, typer.Option("--clause", help="Under which clause of the policy: C1 to C10.")]
CaseName = Annotated[str, typer.Argument(help="The case, as `citymod review list` prints it.")]


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line (or `words`); mistakes end in one clear sentence, not in a traceback."""
    from archive.database import Damaged, Unavailable, WrongDatabase
    from archive.dispositions import NotAllowed
    from archive.holds import HoldRefused
    from archive.leases import LeaseLost, NotTogether
    from archive.requests import NotPossibleNow
    from archive.staff import Taken
    from bot.intake import NotTaken
    from bot.lock import AlreadyRunning
    from bot.review import NotPossible
    from rules.source import FileProblems

    os.umask(0o077)  # whatever is written is for its owner alone, unless it says otherwise
    try:
        app(args=words)
    except FileProblems as problems:
        fail(str(problems), 2)
    except (MissingCredential, WrongDatabase, LookupError) as error:
        fail(str(error.args[0] if error.args else error), 2)
    except (
        *(AlreadyRunning, Damaged, HoldRefused, LeaseLost, NotAllowed, NotPossible, NotPossibleNow, NotTaken),
        *(NotTogether, Taken, Unavailable),
    ) as error:
        fail(str(error), 1)


# ------------------------------------------------------------------------------------------------------ working


@app.command()
def run(config: Config = DEFAULT_CONFIG, log_level: str = "info", name: DaemonName = THE_ONLY_ONE) -> None:
    """Run the daemon until it is told to stop (SIGTERM, Ctrl-C)."""
    from bot.daemon import Daemon
    from bot.lock import one_of
    from bot.parts import Parts

    log.start(level=log_level)
    settings = settings_from(config)
    if not NAMES.fullmatch(name):
        fail(f"{name!r} is no name for a daemon: up to 40 letters, digits, dots and dashes.", 2)
    with one_of(settings.data, name):
        parts = Parts.assemble(settings, daemon=name)
        try:
            Daemon(parts).run()
        finally:
            parts.close()


@app.command("pass")
def pass_(config: Config = DEFAULT_CONFIG, log_level: str = "warning") -> None:
    """Do everything there is to do once, and exit."""
    from archive import accounts
    from bot.daemon import single_pass
    from bot.lock import one_of
    from bot.parts import Parts

    log.start(level=log_level)
    settings = settings_from(config)
    with one_of(settings.data, THE_ONLY_ONE):
        parts = Parts.assemble(settings)
        try:
            single_pass(parts)
            parts.share.leave()
            with parts.database.read() as tx:
                stopped = [entry for entry in accounts.all_standing(tx) if entry.stopped_why]
        finally:
            parts.close()
    for entry in stopped:
        err.print(f"{entry.account.key} is stopped: {entry.stopped_why}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1 if stopped else 0)


# ------------------------------------------------------------------------------------------------------- deciding


@review.command("list")
def review_list(
    config: Config = DEFAULT_CONFIG,
    limit: int = 50,
    by_score: Annotated[bool, typer.Option("--by-score", help="What a model thinks likeliest first.")] = False,
) -> None:
    """List the cases that wait for a person: urgent ones first, then the oldest."""
    from archive import records
    from bot.review import waiting

    settings = settings_from(config)
    with reading(settings) as tx:
        cases = waiting(tx, limit, by_score=by_score)
        rows = [(case, records.comment(tx, case.ref, case.revision)) for case in cases]
    for case, comment in rows:
        # A case's name stands on a line of its own and is never broken, so that it can be copied.
        out.print(str(case.ref), style="bold", markup=False, highlight=False, soft_wrap=True)
        out.print(
            f"  since {case.since.astimezone(settings.zone):%Y-%m-%d %H:%M}: {case.why}", markup=False, highlight=False
        )
        out.print(Padding(Text(comment.text), (0, 0, 1, 4)))
    out.print(f"{len(rows)} waiting." if rows else "Nothing waits.")


@review.command("show")
def review_show(case: CaseName, config: Config = DEFAULT_CONFIG) -> None:
    """Show one case: the comment, the verdict with its matches, the evidence, and everything that happened."""
    from bot.status import case_as_text

    settings = settings_from(config)
    with reading(settings) as tx:
        _found(tx, case)
        say(case_as_text(tx, settings, _ref(case)))


@review.command("second")
def review_second(
    who: Who,
    case: Annotated[str, typer.Argument(help="The case on whose decision you have an opinion; none: list them.")] = "",
    agree: Annotated[bool | None, typer.Option("--agree/--disagree", help="Would you have decided so?")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the record.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Give a second opinion on one decision in twenty, chosen by chance; it changes nothing about the case."""
    from archive import records
    from bot import consistency

    settings = settings_from(config)
    if not case:
        with reading(settings) as tx:
            listed = [(one, records.comment(tx, one.ref, one.revision)) for one in consistency.waiting(tx, clock())]
        for one, comment in listed:
            say(str(one.ref))
            say(f"  {comment.text}")
        say(f"{len(listed)} waiting." if listed else "Nothing waits.")
        return
    if agree is None or not reason.strip():
        fail("Say --agree or --disagree, and why with --reason.", 2)
    with writing(settings) as tx:
        consistency.give_opinion(tx, _ref(case), agrees=agree, who=who, why=reason, now=clock())
    say("Recorded.")


@review.command("raise")
def review_raise(
    case: Annotated[str, typer.Argument(help="The comment: platform:account:item.")],
    clause: Clause,
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Ask for a decision on a comment under a clause of the policy, whether a rule met it or not."""
    from bot.review import refer

    settings = settings_from(config)
    category = _category(settings, clause)
    with writing(settings) as tx:
        refer(tx, _ref(case), category=category, who=who, why=_said(reason), now=clock())
    out.print(f"Raised under {category.code} ({category.title}): it waits for a decision.", highlight=False)


@review.command("uphold")
def review_uphold(  # noqa: PLR0913  each is an option
    case: CaseName,
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    clause: Annotated[str, typer.Option("--clause", help="Under which clause, if not the one that stands there.")] = "",
    counsel: Annotated[str, typer.Option("--counsel", help="Who agreed for the City Attorney (C8, C10).")] = "",
) -> None:
    """Decide that the comment is to be hidden. It is captured and sealed first."""
    from bot.review import uphold

    settings = settings_from(config)
    category = _category(settings, clause) if clause else None
    with writing(settings) as tx:
        uphold(tx, _ref(case), who=who, why=_said(reason), now=clock(), category=category, counsel=counsel)
    ref = _ref(case)
    if any(entry.by_hand for entry in settings.accounts if entry.account.key == f"{ref.platform}:{ref.account}"):
        out.print("Upheld: when a picture of it is sealed, staff are asked to act (citymod tasks list).")
    else:
        out.print("Upheld: it is captured, sealed and then hidden by the daemon.")


@review.command("dismiss")
def review_dismiss(case: CaseName, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Decide that the comment stands. No rule will act on this wording again."""
    from bot.review import dismiss

    with writing(settings_from(config)) as tx:
        dismiss(tx, _ref(case), who=who, why=reason, now=clock())
    out.print("Dismissed: the comment stands.")


@review.command("restore")
def review_restore(case: CaseName, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Order that a comment which was hidden is shown again."""
    from bot.review import restore

    with writing(settings_from(config)) as tx:
        restore(tx, _ref(case), who=who, why=reason, now=clock())
    out.print("Ordered: the daemon shows it again and checks that the platform does.")


def _category(settings: Settings, clause: str) -> Category:
    from rules.load import Approvals, load_policy

    categories = load_policy(settings.rules.policy, Approvals.load(settings.rules.approvals)).categories
    if clause.upper() not in categories:
        fail(f"There is no clause {clause}; the policy has {', '.join(categories)}.", 2)
    return categories[clause.upper()]


def _said(reason: str) -> str:
    if not reason.strip():
        fail("--reason is empty; say why, it goes into the record.", 2)
    return reason.strip()


def _ref(text: str) -> Ref:
    from bot.domain.types import Ref

    try:
        return Ref.parse(text)
    except ValueError as error:
        fail(f"{error}; `citymod review list` prints cases as they are written.", 2)


def _found(tx: Tx, text: str) -> Case:
    from archive import cases

    case = cases.case(tx, _ref(text))
    if case is None:
        fail(f"There is no case {text}; `citymod review list` names those that wait.", 1)
    return case


# -------------------------------------------------------------------------------------------------------- checking


@app.command("judge")
def judge_file(
    file: Annotated[
        Path, typer.Argument(help='One JSON object a line: {"id": …, "text": …}.', exists=True, dir_okay=False)
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="CITYMOD_CONFIG", help="Judge by these settings' policy and packs."),
    ] = None,
    ballot: Annotated[
        Path | None, typer.Option(help="Fill the rules of campaign speech from this ballot list.", dir_okay=False)
    ] = None,
) -> None:
    """Judge texts from outside, as an account in enforce mode would; nothing is recorded and nothing is done."""
    from bot.judging import judge_lines, rulebook_for_judging

    rulebook = rulebook_for_judging(load(config) if config else None, ballot)
    bad = 0
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for answer in judge_lines(rulebook, lines):
            bad += "error" in answer
            sys.stdout.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n")
    if bad:
        err.print(f'{bad} line(s) could not be read; each has an "error" in its place.', highlight=False)
        raise typer.Exit(1)


@app.command()
def verify(
    config: Config = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="As one object.")] = False,
    since: Annotated[str, typer.Option("--since", help="Only what was written on that day (UTC) or later.")] = "",
    bucket: Annotated[
        InBucket, typer.Option("--bucket", help="Also the copies in the bucket: look (two requests a file) or read.")
    ] = InBucket.NO,
) -> None:
    """Check the whole archive: the chain, every row against it, every evidence file against its manifest."""
    from archive.verify import verify as check

    settings = settings_from(config)
    asked = bucket_for(settings) if bucket is not InBucket.NO else None
    folders = (settings.evidence_folder, settings.media_folder)
    with opened(settings) as database:
        report = check(
            database,
            *folders,
            now=clock(),
            since=day(since) if since else None,
            trusted=settings.trusted,
            bucket=asked,
            read_bucket=bucket is InBucket.READ,
        )
    if as_json:
        answer: dict[str, Any] = {
            "passed": report.passed,
            "since": str(report.since) if report.since else None,
            "checked": report.checked,
            "problems": report.problems,
            "not_checked": report.not_checked,
        }
        out.print_json(json.dumps(answer))
    else:
        for problem in report.problems:
            err.print(problem, style="red", markup=False, soft_wrap=True)
        for gap in report.not_checked:
            err.print(f"not checked: {gap}", style="yellow", markup=False, soft_wrap=True)
        counted = ", ".join(f"{number} {what}" for what, number in report.checked.items())
        out.print(("Passed" if report.passed else "FAILED") + f": checked {counted}.", highlight=False)
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def digest(
    config: Config = DEFAULT_CONFIG,
    preview: Annotated[bool, typer.Option("--preview", help="Only print it; nothing is sent or marked.")] = False,
    to: Annotated[str, typer.Option("--to", help="Only this recipient's (e-mail address).")] = "",
    number: Annotated[int | None, typer.Option("--number", help="Make none; write this one to --file.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Where to write it, as it was sent (.eml).")] = None,
) -> None:
    """Make the e-mail digest now, for everybody or one recipient; the outbox delivers it."""
    from archive import outbox
    from bot import digest as digests

    settings = settings_from(config)
    chosen = [pio for pio in settings.pios if not to or pio.email == to]
    if not chosen:
        fail(f"Nobody with the address {to} gets a digest; there are: {', '.join(p.email for p in settings.pios)}.", 2)
    if (number is None) != (file is None) or (number is not None and len(chosen) != 1):
        fail("To write a digest that was sent, name --number, --file and one recipient --to.", 2)
    for pio in chosen:
        if number is not None and file is not None:
            with reading(settings) as tx:
                kept = outbox.kept(tx, digests.key_of(pio, number))
            if kept is None:
                fail(f"There is no digest no. {number} to {pio.email}.", 2)
            file.write_bytes(kept)
            say(f"Digest no. {number} to {pio.email}, as it was sent: {file}")
        elif preview:
            with reading(settings) as tx:
                out.print(
                    digests.fold(tx, settings, pio, clock()).as_text(), markup=False, highlight=False, soft_wrap=True
                )
        else:
            with writing(settings) as tx:
                number = digests.make(tx, settings, pio, clock())
            out.print(f"Digest no. {number} for {pio.name} is in the outbox.", highlight=False)


# ------------------------------------------------------------------------------------------------------- trying it


@app.command()
def plan(
    config: Config = DEFAULT_CONFIG,
    posts: Annotated[float, typer.Option(help="Posts a month on each platform.")] = 200,
    comments: Annotated[float, typer.Option(help="Comments a month on each platform.")] = 5000,
    ads: Annotated[float, typer.Option(help="Ads that run at a time, where an ad account is read.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what polling the accounts will cost, and refuse (1) what would run dry before midnight."""
    from bot.planner import estimates

    settings = settings_from(config)
    found = list(estimates(settings, posts=posts, comments=comments, ads=ads, so_far=_cost_so_far(settings)))
    if as_json:
        out.print_json(json.dumps([estimate.told() for estimate in found]))
    else:
        table = Table(
            "platform", "accounts", "calls a day", "units a day", "$ a day", "$ a month", "$ this month", "seen within"
        )
        for estimate in found:
            figures = (f"{estimate.calls:,.0f}", f"{estimate.units:,.0f}" if estimate.units else "–")
            money = (f"{estimate.dollars / 30:,.2f}", f"{estimate.dollars:,.2f}") if estimate.dollars else ("–", "–")
            booked = f"{estimate.so_far:,.2f}" if estimate.so_far else "–"
            within = f"{estimate.detection:.0f} s"
            table.add_row(estimate.platform, str(estimate.accounts), *figures, *money, booked, within)
        out.print(table)
    refused = [estimate.refused for estimate in found if estimate.refused]
    for sentence in refused:
        err.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)
    if refused:
        sys.exit(1)


def _cost_so_far(settings: Settings) -> Mapping[str, Cost]:
    """What this month has cost by now; nothing where the program has never run."""
    from bot.spending import this_month

    if settings.database is None and not (settings.data / "citymod.db").exists():
        return {}
    with reading(settings) as tx:
        return this_month(tx, clock())


@app.command()
def demo(  # noqa: PLR0913  each is an option
    comments: Annotated[Path | None, typer.Option(help='Feed this file of {"text": …} lines.', exists=True)] = None,
    seconds: Annotated[float, typer.Option(min=10, help="How long to run.")] = 120,
    exit_: Annotated[bool, typer.Option("--exit", help="End by itself after --seconds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON summary and nothing else.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Where evidence, mails and database are left.")] = None,
    seed: Annotated[int, typer.Option(help="Which order of events.")] = 1,
) -> None:
    """The whole product on stand-in platforms: no keys, no questions."""
    from bot.demo import Demo

    show = Demo(comments=comments, seconds=seconds, ends=exit_, quiet=as_json, folder=folder, seed=seed)
    summary = show.run()
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    raise typer.Exit(1 if summary["broken_promises"] else 0)


@app.command()
def standin(
    port: Annotated[int, typer.Option(help="The first port; each platform takes the next. 0: any free ones.")] = 0,
    world: Annotated[Path | None, typer.Option(help="A world file: accounts, posts, comments.", exists=True)] = None,
    seed: Annotated[int, typer.Option(help="Which world, if no file is given, and what faults strike.")] = 1,
    fault: Annotated[list[str] | None, typer.Option(help="Switch this on: NAME, or PLATFORM:NAME.")] = None,
    faults: Annotated[bool, typer.Option("--faults", help="List what can be switched on.")] = False,
) -> None:
    """Run the stand-in platforms alone and print their addresses as one JSON line, and their ledgers when they end."""
    from bot.standins import fault_list, serve

    if faults:
        for line in fault_list():
            say(line)
        return
    try:
        serve(port=port, world_file=world, seed=seed, wanted=fault or ())
    except ValueError as error:
        fail(str(error), 2)


if __name__ == "__main__":
    main()
