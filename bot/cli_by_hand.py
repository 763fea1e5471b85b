"""The commands of staff on platforms where people look and act: `citymod intake` and `citymod tasks`."""

from __future__ import annotations

from pathlib import Path
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
    from archive.uploads import Picture
    from bot.domain.types import Ref
    from bot.settings import Settings
    from bot.tasks import Task

intake = typer.Typer(help="What staff saw on platforms that no program may read.", no_args_is_help=True)
tasks = typer.Typer(help="What staff are to do by hand, and what they did.", no_args_is_help=True)

Screenshots = Annotated[
    list[Path] | None, typer.Option("--screenshot", help="A picture; may be given more than once.", dir_okay=False)
]
SeenAt = Annotated[str, typer.Option("--seen-at", help="When, such as 2026-11-28T10:05; default: now.")]
TaskName = Annotated[str, typer.Argument(help="The task, as `citymod tasks list` prints it.")]


@intake.command("add")
def intake_add(  # noqa: PLR0913  each is an option
    account: Annotated[str, typer.Option("--account", help="The City's account: platform:id.")],
    url: Annotated[str, typer.Option("--url", help="The address of the post; its query string is dropped.")],
    author: Annotated[str, typer.Option("--author", help="Who wrote it, as the platform shows it.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    text: Annotated[str, typer.Option("--text", help="What it says, word for word.")] = "",
    text_file: Annotated[
        Path | None, typer.Option("--text-file", help="A file with what it says.", exists=True, dir_okay=False)
    ] = None,
    screenshot: Screenshots = None,
    seen_at: SeenAt = "",
    posted_at: Annotated[str, typer.Option("--posted-at", help="When it was written, if the platform shows it.")] = "",
    post_text: Annotated[str, typer.Option("--post-text", help="What the City's post says.")] = "",
    case: Annotated[str, typer.Option("--case", help="The comment on record that now reads like this.")] = "",
) -> None:
    """Enter a comment that you saw. It is recorded, and the rules judge it as any other."""
    from bot.intake import Seen, add

    settings = settings_from(config)
    now = clock()
    seen = Seen(
        url=url,
        author=author,
        text=_words(text, text_file),
        seen_at=moment(settings, seen_at) or now,
        pictures=_pictures(screenshot),
        post_text=post_text,
        posted_at=moment(settings, posted_at),
        case=_ref(case) if case else None,
    )
    with writing(settings) as tx:
        taken = add(tx, settings, account, seen, who=who, now=now)
    state = "Recorded" if taken.new else "Recorded with other words than before" if taken.edited else "Known already"
    out.print(f"{state}, with {taken.pictures} new picture(s):", highlight=False)
    out.print(str(taken.ref), style="bold", markup=False, highlight=False, soft_wrap=True)
    if not seen.pictures:
        out.print("There is no picture of it: if it is to be acted on, somebody will be asked for one.")


@intake.command("picture")
def intake_picture(
    case: Annotated[str, typer.Argument(help="The comment: platform:account:item.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    screenshot: Screenshots = None,
    seen_at: SeenAt = "",
) -> None:
    """Hand in a picture of a comment on record: before anything is done, or of afterwards once it was."""
    from bot.intake import add_pictures

    settings = settings_from(config)
    now = clock()
    pictures = _pictures(screenshot)
    if not pictures:
        fail("Name at least one picture with --screenshot.", 2)
    at = moment(settings, seen_at) or now
    with writing(settings) as tx:
        purpose = add_pictures(tx, settings, _ref(case), pictures, seen_at=at, who=who, now=now)
    told = {"before": "It is sealed with the evidence if the comment is acted on.", "after": "It shows it afterwards."}
    out.print(f"Kept {len(pictures)} picture(s). {told[purpose]}", highlight=False)


@intake.command("gone")
def intake_gone(
    case: Annotated[str, typer.Argument(help="The comment: platform:account:item.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    seen_at: SeenAt = "",
) -> None:
    """Say that a comment is not there any more, though nobody of the City took it away."""
    from bot.intake import gone

    settings = settings_from(config)
    now = clock()
    at = moment(settings, seen_at) or now
    with writing(settings) as tx:
        gone(tx, settings, _ref(case), who=who, why=reason, seen_at=at, now=now)
    out.print("Recorded: it is gone, as you saw. Its words and pictures are kept.")


@tasks.command("list")
def tasks_list(config: Config = DEFAULT_CONFIG) -> None:
    """List what there is to do by hand, and what rests on somebody's word alone."""
    from archive import handwork
    from bot.tasks import waiting

    settings = settings_from(config)
    with reading(settings) as tx:
        found = waiting(tx, settings, clock())
        unverified = handwork.unverified(tx, [entry.account.key for entry in settings.accounts])
    for task in found:
        _print(settings, task, steps=not task.held)
    out.print(f"{len(found)} to do." if found else "Nothing is to be done by hand.")
    for order in unverified:
        line = f"Attested, not verified: {order.action} {order.ref} (citymod intake picture {order.ref})"
        say(line)


@tasks.command("show")
def tasks_show(task: TaskName, config: Config = DEFAULT_CONFIG) -> None:
    """Show one task."""
    from bot.tasks import waiting

    settings = settings_from(config)
    with reading(settings) as tx:
        found = next((each for each in waiting(tx, settings, clock()) if each.name == task), None)
    if found is None:
        fail(f"No task {task} waits; `citymod tasks list` names those that do.", 1)
    _print(settings, found, steps=not found.held)


@tasks.command("done")
def tasks_done(  # noqa: PLR0913  each is an option
    task: TaskName,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    did: Annotated[str, typer.Option("--did", help="What you did, as the task names it (tasks act:…).")] = "",
    second: Annotated[str, typer.Option("--second", help="Who agreed, where the task asks for that.")] = "",
    at: Annotated[str, typer.Option("--at", help="When you did it; default: now.")] = "",
    screenshot: Screenshots = None,
    nothing: Annotated[bool, typer.Option("--nothing", help="You looked and found nothing (tasks look:…).")] = False,
    found: Annotated[int, typer.Option("--found", min=0, help="How many comments you found and entered.")] = 0,
    reason: Annotated[str, typer.Option("--reason", help="What else is to be on record.")] = "",
) -> None:
    """Say that you did it: it is recorded as attested by you."""
    from bot.tasks import act_done, dealt_with, looked

    settings = settings_from(config)
    kind, _, name = task.partition(":")
    now = clock()
    if kind == "look":
        if nothing == bool(found):
            fail("Say either --nothing or --found NUMBER: that you found nothing is on record, too.", 2)
        with writing(settings) as tx:
            looked(tx, settings, name, found=found, who=who, why=reason, now=now)
        out.print("Recorded that you looked.")
    elif kind == "act":
        done_at = moment(settings, at) or now
        pictures = _pictures(screenshot)
        with writing(settings) as tx:
            ended = act_done(
                tx,
                settings,
                name,
                did=did,
                who=who,
                second=second,
                why=reason,
                done_at=done_at,
                pictures=pictures,
                now=now,
            )
        out.print("Attested." if ended else "Attested as a step; the comment is not gone yet, so the task stays.")
    elif kind in ("mail", "file", "left"):
        with writing(settings) as tx:
            dealt_with(tx, task, who=who, why=reason, now=now)
        out.print("Recorded that you dealt with it.")
    elif kind == "picture":
        fail(f"Hand in the picture: citymod intake picture {name} --screenshot FILE.png", 2)
    else:
        fail(f"{task} is no task; `citymod tasks list` names those that wait.", 2)


@tasks.command("refuse")
def tasks_refuse(task: TaskName, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Say that a task act:… cannot be done; its comment stays and waits for a decision."""
    from bot.tasks import act_refused

    kind, _, name = task.partition(":")
    if kind != "act":
        fail("Only a task act:… can be refused.", 2)
    with writing(settings_from(config)) as tx:
        act_refused(tx, name, who=who, why=reason, now=clock())
    out.print("Recorded: it was not done, and the comment waits for a decision.")


def _print(settings: Settings, task: Task, *, steps: bool) -> None:
    # A task's name stands on a line of its own and is never broken, so that it can be copied.
    out.print(task.name, style="bold", markup=False, highlight=False, soft_wrap=True)
    since = f"{task.since.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    held = f" NOT NOW: {task.held}" if task.held else ""
    say(f"  since {since}: {task.what}{held}")
    for line in (line for step in (*task.steps, *task.commands) if steps for line in step.splitlines()):
        say(f"    {line}")


def _words(text: str, file: Path | None) -> str:
    """What the comment says. Editors end a file with a line break, which nobody wrote."""
    if bool(text) == bool(file):
        fail("Give what the comment says, word for word: either --text or --text-file.", 2)
    if file is None:
        return text
    try:
        return file.read_bytes().decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        fail(f"{file} is not text in UTF-8.", 2)


def _pictures(files: list[Path] | None) -> tuple[Picture, ...]:
    from archive.uploads import NoPicture, Picture

    try:
        return tuple(Picture.of(path.name, path.read_bytes()) for path in files or ())
    except (NoPicture, OSError) as error:
        fail(f"{error}.", 2)


def _ref(text: str) -> Ref:
    from bot.domain.types import Ref

    try:
        return Ref.parse(text)
    except ValueError as error:
        fail(f"{error}; `citymod intake add` and `citymod tasks list` print cases as they are written.", 2)
