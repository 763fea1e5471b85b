"""`citymod rules …`: check, explain, count, compare, replay and approve policy and packs. Nothing here acts."""

from __future__ import annotations

import json
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.settings import Settings, load
from bot.terminal import DEFAULT_CONFIG, Config, clock, err, fail, out, reading, say, settings_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Match, Policy, Verdict
    from bot.parts import Rulebook
    from bot.replays import Differs, RuleStats
    from bot.rulebooks import Changed, Checked
    from bot.settings import Rules
    from rules.ballot import Ballot
    from rules.model import Approval, Pack
    from rules.replay import Change

rules = typer.Typer(help="Check, try out, compare and approve the policy and its rule packs.", no_args_is_help=True)

MaybeConfig = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="CITYMOD_CONFIG", help="The settings file; without it the shipped policy and packs."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As one object.")]
MOST_LISTED = 20


@rules.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Packs to check in place of those in the settings.")
    ] = None,
    config: MaybeConfig = None,
) -> None:
    """Check policy, packs, lists and approvals; say what is in force, what is not, and why."""
    from bot import rulebooks

    checked = rulebooks.check(_rules(config), files or ())
    for problem in checked.problems:
        err.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
    if checked.policy:
        _say(_standing(checked))
    if checked.problems:
        err.print(f"{len(checked.problems)} problem(s); what is wrong has no effect until it is right.", style="red")
        raise typer.Exit(1)
    inert = any(not one.in_force for one in (checked.policy, *checked.packs) if one)
    _say("Nothing is wrong." + (" What is INERT has no effect until a named person approves it." if inert else ""))


def _standing(checked: Checked) -> str:
    """What is in force and what is not, one line each."""
    policy = checked.policy
    lines = [_approval("policy", policy.id, policy)] if policy else []
    if checked.ballot:
        lines.append(_approval("ballot", checked.ballot.name, checked.ballot))
    for pack in checked.packs:
        wait = f", {len(pack.waiting)} wait for a ballot list" if pack.waiting else ""
        lines.append(_approval("pack  ", f"{pack.name} ({len(pack.rules)} rules{wait})", pack))
        shadow = [rule.id for rule in pack.rules if rule.shadow]
        if shadow:
            lines.append(f"          on trial, recorded and without effect: {', '.join(shadow)}")
        empty = [name for name, domains in pack.lists.items() if not domains]
        lines += [f"          the list {name} is empty, so nothing is ever found in it" for name in empty]
    return "\n".join(lines)


def _approval(what: str, name: str, one: Policy | Pack | Ballot) -> str:
    if one.in_force:
        return f"in force  {what} {name}: approved by {one.approved_by} on {one.approved_on}"
    return f"INERT     {what} {name}: nobody has approved it in this wording (SHA-256 {one.sha256})"


@rules.command()
def explain(
    text: Annotated[str, typer.Argument(help="The comment; - reads standard input.")],
    post: Annotated[str, typer.Option(help="The City's post above it.")] = "",
    config: MaybeConfig = None,
    as_json: AsJson = False,
) -> None:
    """Show what the rules make of one comment: every match, its clause, and why it is decided so."""
    from bot import rulebooks
    from bot.judging import as_json as values
    from bot.judging import rulebook_for_judging
    from rules.normal import Forms

    if text == "-":
        text = sys.stdin.read().removesuffix("\n")
    rulebook = rulebook_for_judging(load(config) if config else None)
    verdict = rulebooks.verdict_on(rulebook, text, post)
    forms = Forms(text)
    if as_json:
        found = {"text": text, "plain": forms.plain, "folded": forms.folded} | values(verdict)
        for match in found["matches"]:
            category = rulebook.policy.categories[match["clause"]]
            match |= {"clause_name": category.clause, "clause_text": category.text}
        sys.stdout.write(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n")
        return
    marked = Text(text, overflow="fold")
    for match in verdict.matches:
        marked.stylize("yellow" if match.shadow else "bold red reverse", match.start, match.end)
    out.print(marked)
    _say(f"\nread plainly  {forms.plain}\nread folded   {' / '.join(forms.folded.splitlines())}\n")
    for match in verdict.matches:
        _say(_match_in_words(match, rulebook))
    _say(f"Verdict: {verdict.outcome}{f', {verdict.action}' if verdict.action else ''}: {verdict.why}")


def _match_in_words(match: Match, rulebook: Rulebook) -> str:
    category = rulebook.policy.categories[match.clause]
    title = next(rule.title for pack in rulebook.engine.packs for rule in pack.rules if rule.id == match.rule)
    asks = f"is on trial, would ask for {match.ask}" if match.shadow else f"asks for {match.ask}"
    return (
        f"{match.rule}: {title}\n"
        f"  met       {match.excerpt!r}, characters {match.start + 1} to {match.end}, by {match.matcher}\n"
        f"  under     {category.code}, {category.clause}: “{category.text}”\n"
        f"  because   {match.reason}\n"
        f"  therefore {asks} (pack {match.pack})\n"
    )


@rules.command()
def stats(
    file: Annotated[Path | None, typer.Argument(help='{"text": …} lines to count on, in place of the archive.')] = None,
    config: MaybeConfig = None,
    since: Annotated[str, typer.Option(help="Only verdicts since this day, such as 2026-11-01.")] = "",
    as_json: AsJson = False,
) -> None:
    """Count per rule: matches, what followed, and how people decided afterwards; which rules never matched."""
    from bot import replays
    from bot.judging import rulebook_for_judging

    rulebook = rulebook_for_judging(load(config) if config else None)
    if file:
        number, found = replays.stats_of_texts(_lines(file), rulebook)
    else:
        with reading(_needed(config)) as tx:
            number, found = replays.stats_of_archive(tx, rulebook, since=_day(since, config))
    if as_json:
        out.print_json(json.dumps({"comments": number, "rules": [_as_values(each) for each in found]}))
        return
    table = Table("Rule", "Clause", "Matched", "Share", "Led to", "Upheld", "Let stand", "Right")
    for each in sorted(found, key=lambda each: -each.matched):
        if each.matched:
            share = f"{each.matched / number:.2%}"
            right = "" if each.precision is None else f"{each.precision:.0%}"
            table.add_row(
                each.rule,
                each.clause,
                str(each.matched),
                share,
                _led(each),
                str(each.upheld),
                str(each.let_stand),
                right,
            )
    out.print(table)
    idle = [each.rule for each in found if not each.matched]
    _say(f"{number} wordings judged. Rules that never matched: {', '.join(idle) or 'none'}.")


def _led(each: RuleStats) -> str:
    led = ", ".join(f"{times} {what}" for what, times in each.led_to.most_common())
    would = ", ".join(f"{times} {what}" for what, times in each.would.most_common())
    languages = ", ".join(f"{language} {times}" for language, times in each.languages.most_common())
    return led + (f"; would have: {would}" if would else "") + (f" ({languages})" if languages else "")


def _as_values(each: RuleStats) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "clause": each.clause,
        "shadow": each.shadow,
        "matched": each.matched,
        "led_to": dict(each.led_to),
        "would": dict(each.would),
        "languages": dict(each.languages),
        "upheld": each.upheld,
        "let_stand": each.let_stand,
        "precision": each.precision,
    }


@rules.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A pack as it was.", exists=True, dir_okay=False)],
    new: Annotated[Path, typer.Argument(help="The pack as it is to be.", exists=True, dir_okay=False)],
    on: Annotated[Path | None, typer.Option(help='Decide these {"text": …} lines by both.', exists=True)] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Decide all stored comments by both.")] = False,
    config: MaybeConfig = None,
) -> None:
    """Show which rules two packs have otherwise, and which comments they would decide otherwise."""
    from bot import replays, rulebooks
    from bot.judging import rulebook_for_judging
    from rules.ballot import specimen
    from rules.replay import rule_changes

    settings = load(config) if config else None
    rulebook = rulebook_for_judging(settings)
    ballot = rulebook.ballot or specimen()
    before, after = (rulebooks.on_trial(path, _rules(config), rulebook.policy, ballot) for path in (old, new))
    _say(_changes(rule_changes([before], [after])))
    ids = (before.id, after.id)
    books = rulebooks.swapped(rulebook, [before], out=ids), rulebooks.swapped(rulebook, [after], out=ids)
    if on:
        with on.open(encoding="utf-8", errors="surrogateescape") as lines:
            _tell_changed(list(rulebooks.decided_otherwise(_texts(lines), *books)))
    if archive:
        with reading(_needed(config)) as tx:
            _tell_changed(list(replays.rehearse(tx, *books)))


def _changes(changes: Sequence[Change]) -> str:
    lines = []
    for change in changes:
        lines.append(f"{change.what:<8} {change.name}")
        lines += [f"         {detail}" for detail in change.details]
    return "\n".join(lines) or "Nothing is otherwise."


@rules.command()
def replay(
    packs: Annotated[
        list[Path] | None,
        typer.Option("--with", help="Instead: what would change if this pack took effect (may be repeated)."),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    since: Annotated[str, typer.Option(help="Only verdicts since this day; without it those of the last 30.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All verdicts there are.")] = False,
) -> None:
    """Judge stored comments again: under the rules of their time, or under new ones. Nothing is recorded or done."""
    from bot import replays, rulebooks
    from bot.judging import rulebook_for_judging
    from rules.load import shipped_models

    settings = settings_from(config)
    if packs:
        rulebook = rulebook_for_judging(settings)
        tried = [rulebooks.on_trial(p, settings.rules, rulebook.policy, rulebook.ballot) for p in packs]
        new = rulebooks.swapped(rulebook, tried)
        with reading(settings) as tx:
            _tell_changed(list(replays.rehearse(tx, rulebook, new)))
        return
    start = None if everything else _day(since, config) or clock() - timedelta(days=30)
    with reading(settings) as tx:
        done = replays.replay(tx, models=shipped_models(), since=start)
    _tell_replayed("came out otherwise", done.different)
    _tell_replayed("is not replayable", done.not_replayable)
    _say(
        f"{done.identical} verdict(s) came out as they were, {len(done.different)} otherwise, "
        f"{len(done.not_replayable)} cannot be replayed."
    )
    raise typer.Exit(1 if done.different or done.not_replayable else 0)


def _tell_replayed(what: str, found: Sequence[Differs]) -> None:
    for each in found[:MOST_LISTED]:
        stored = each.verdict
        err.print(
            f"{stored.ref}: verdict {stored.id} {what}: {'; '.join(each.why)}",
            style="red",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if len(found) > MOST_LISTED:
        err.print(f"and {len(found) - MOST_LISTED} more", style="red")


def _tell_changed(changed: Sequence[Changed]) -> None:
    """List comments that would be decided otherwise, after how many there are of each kind."""
    kinds: dict[str, int] = {}
    for each in changed:
        kind = f"{_decided(each.before)} → {_decided(each.after)}"
        kinds[kind] = kinds.get(kind, 0) + 1
    _say(f"\n{len(changed)} comment(s) would be decided otherwise.")
    _say("\n".join(f"  {number:>6}  {kind}" for kind, number in sorted(kinds.items())))
    for each in changed[:MOST_LISTED]:
        _say(f"\n{each.name}: {_decided(each.before)} → {_decided(each.after)} ({each.after.why})")
        out.print(Padding(Text(each.text), (0, 0, 0, 4)))
    if len(changed) > MOST_LISTED:
        _say(f"\nand {len(changed) - MOST_LISTED} more")


def _decided(verdict: Verdict) -> str:
    return str(verdict.action or verdict.outcome)


@rules.command()
def approve(
    file: Annotated[
        Path, typer.Argument(help="The policy, pack or ballot list, exactly as it is to have effect.", exists=True)
    ],
    by: Annotated[str, typer.Option("--by", help="Who approves it; it goes into the record.")],
    config: Config = DEFAULT_CONFIG,
    on: Annotated[str, typer.Option("--on", help="The day, such as 2026-11-30; without it today.")] = "",
    sha256: Annotated[
        str, typer.Option("--sha256", help="Only if the file has this SHA-256, as somebody saw it.")
    ] = "",
) -> None:
    """Let a policy, pack or ballot list take effect in exactly its present bytes, in a person's name."""
    from bot import rulebooks
    from rules.assemble import sha256_of

    settings = settings_from(config)
    if settings.rules.approvals is None:
        fail(f"{config} names no approvals file; add a line 'approvals: approvals.yaml' under rules.", 2)
    if not by.strip():
        fail("--by is empty; write the name of the person who approves.", 2)
    day = _date(on) if on else clock().astimezone(settings.zone).date()
    present = sha256_of(file.read_bytes())
    if sha256 and sha256 != present:
        fail(f"{file.name} is not what --sha256 names; its SHA-256 is {present}. Nothing was approved.", 1)
    is_policy = file.resolve() == settings.rules.policy.resolve()
    is_pack = not is_policy and (settings.rules.ballot is None or file.resolve() != settings.rules.ballot.resolve())
    checked = rulebooks.check(settings.rules, [file] if is_pack else ())
    if checked.problems:
        for problem in checked.problems:
            err.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
        fail(f"{file.name} is not approved: it has to be right first.", 1)
    read = checked.policy if is_policy else checked.packs[0] if is_pack else None
    if read:
        _say(_since_last_approved(settings, file, read, checked.ballot))
    given = rulebooks.approve(file, settings.rules.approvals, by=by.strip(), on=day)
    _say(f"{file.name} is approved by {given.approved_by} on {given.approved_on} (SHA-256 {given.sha256}).")
    _say("The daemon takes it up when it is started again.")
    packs = settings.rules.packs
    if is_pack and packs and file.resolve() not in {pack.resolve() for pack in packs}:
        _say(f"Note: {file.name} is not among the packs that {config} names, so it has no effect yet.")


def _since_last_approved(settings: Settings, file: Path, one: Pack | Policy, ballot: Ballot | None) -> str:
    """What is otherwise since the last wording of this file that somebody approved, as far as that is still kept."""
    from bot.rulebooks import last_approved
    from rules.model import Pack

    last = last_approved(file, settings.rules.approvals)
    if last is None:
        return f"{file.name} is approved for the first time" + (
            f", with {len(one.rules)} rules." if isinstance(one, Pack) else "."
        )
    if last.sha256 == one.sha256:
        return f"{file.name} is as {last.approved_by} approved it on {last.approved_on}."
    said = f"Since {last.approved_by} approved {file.name} on {last.approved_on}:"
    with reading(settings) as tx:
        changes = _changed_since(tx, last, one, ballot)
    if changes is None:
        return f"{said} that wording is not kept, or cannot be read any more, so what changed cannot be shown."
    return f"{said}\n{_changes(changes)}"


def _changed_since(tx: Tx, last: Approval, one: Pack | Policy, ballot: Ballot | None) -> list[Change] | None:
    from bot.rulebooks import as_approved, policy_as_approved
    from rules.model import Pack
    from rules.replay import policy_changes, rule_changes

    if isinstance(one, Pack):
        pack = as_approved(tx, last, ballot)
        return rule_changes([pack], [one]) if pack else None
    policy = policy_as_approved(tx, last)
    return policy_changes(policy, one) if policy else None


# What the commands share ----------------------------------------------------------------------------------------------


def _rules(config: Path | None) -> Rules:
    from bot.judging import shipped_rules

    return load(config).rules if config else shipped_rules()


def _needed(config: Path | None) -> Settings:
    if config is None:
        fail("There is no archive without settings; name them with --config or CITYMOD_CONFIG.", 2)
    return settings_from(config)


def _lines(file: Path) -> Iterable[dict[str, Any]]:
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _given(number, line)


def _given(number: int, line: str) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except ValueError as wrong:
        fail(f"Line {number} is not JSON: {wrong}.", 2)
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        fail(f'Line {number} is not an object with a "text".', 2)
    return given


def _texts(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            given = _given(number, line)
            yield str(given.get("id", f"line {number}")), given["text"]


def _date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        fail(f"{text!r} is no day; write it as 2026-11-30.", 2)
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        fail(f"{text!r} is no day: {wrong}.", 2)


def _day(text: str, config: Path | None) -> datetime | None:
    """The beginning of a day on the City's clock, or None if none is named."""
    from datetime import datetime

    return datetime.combine(_date(text), datetime.min.time(), _needed(config).zone) if text else None


def _say(text: str) -> None:
    if text:
        say(text)
