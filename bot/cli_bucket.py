"""The commands on copies in the bucket: `citymod bucket show`, `push` and `fetch`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, clock, err, fail, opened, reading, say, settings_from

if TYPE_CHECKING:
    from archive.bucket import Bucket
    from bot.settings import EvidenceStore, Settings

bucket_commands = typer.Typer(help="Copies of evidence and media in a bucket with object lock.", no_args_is_help=True)


class InBucket(StrEnum):
    """How closely `citymod verify` looks at the copies: what the bucket says of each, or every byte."""

    NO = "no"
    LOOK = "look"
    READ = "read"


@bucket_commands.command("show")
def bucket_show(config: Config = DEFAULT_CONFIG) -> None:
    """Show what lies in the bucket, what still waits, and what cannot be copied and why."""
    from archive import copies
    from bot.copying import place

    settings = settings_from(config)
    store = _store(settings)
    name = place(store).name
    with reading(settings) as tx:
        stands, (files, size, until) = copies.standing(tx, name), copies.tally(tx, name)
    say(f"Bucket   {name}, {store.mode}, each copy locked for {store.retain_days} days")
    say(f"Stored   {files} files, {size / 1e6:.1f} MB" + (f"; the first lock ends {until:%Y-%m-%d}" if until else ""))
    say(f"Waiting  {stands.waiting} evidence folders and media files")
    if stands.why:
        again = f"; tried again {stands.not_before:%Y-%m-%d %H:%M} UTC" if stands.not_before else ""
        say(f"FAILING  since {stands.failing_since:%Y-%m-%d %H:%M} UTC, {stands.failures} times: {stands.why}{again}")
    for each in stands.stuck:
        say(f"FAILED   {each.name}, {each.attempts} times: {each.why}")
    raise typer.Exit(1 if stands.why or stands.stuck else 0)


@bucket_commands.command("push")
def bucket_push(config: Config = DEFAULT_CONFIG) -> None:
    """Copy now whatever waits, also what was to be tried again later."""
    from archive import copies
    from bot import copying

    settings = settings_from(config)
    name = copying.place(_store(settings)).name
    with opened(settings) as database:
        done = copying.copy(settings, database, clock, at_once=True)
        with database.read() as tx:
            stands = copies.standing(tx, name)
    say(f"{done} evidence folders and media files were copied and read back; {stands.waiting} wait.")
    for why in (*([stands.why] if stands.why else []), *(f"{each.name}: {each.why}" for each in stands.stuck)):
        err.print(why, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if stands.waiting else 0)


@bucket_commands.command("fetch")
def bucket_fetch(
    name: Annotated[str, typer.Argument(help="Evidence, as mails name it, or a case; or the SHA-256 of a media file.")],
    target: Annotated[Path, typer.Option("--to", help="The folder to make and write the files into.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Fetch the copies of one piece of evidence, or of one media file, and check them against what was sealed."""
    from archive import copies, evidence
    from archive.copies import BucketUnavailable

    settings = settings_from(config)
    with reading(settings) as tx:
        sealed = evidence.named(tx, name)
        rows = copies.of_unit(tx, copies.of_evidence(sealed.id) if sealed else copies.of_media(name))
    if not rows:
        fail(f"There is no copy of {name} in a bucket; citymod bucket show tells what still waits.", 2)
    if target.exists():
        fail(f"{target} is there already; name a folder that is not.", 2)
    try:
        wrong = copies.fetch(bucket_for(settings), rows, target)
    except BucketUnavailable as error:
        fail(f"Not everything could be fetched: {error}", 1)
    for path in wrong:
        err.print(f"{path} is not as it was sealed", style="red", markup=False, highlight=False, soft_wrap=True)
    say(f"{len(rows)} files of {rows[0].unit} lie in {target}" + ("." if wrong else ", as they were sealed."))
    raise typer.Exit(1 if wrong else 0)


def bucket_for(settings: Settings) -> Bucket:
    """Open the bucket that the settings name, or end the program with what is wrong."""
    from archive.copies import BucketUnavailable
    from bot.copying import open_bucket

    try:
        return open_bucket(settings, _store(settings))
    except BucketUnavailable as error:
        fail(str(error), 1)


def _store(settings: Settings) -> EvidenceStore:
    if settings.evidence_store is None:
        fail("The settings name no bucket (evidence_store: bucket: …), so everything lies on this disk alone.", 2)
    return settings.evidence_store
