"""Packs that somebody brought to be tried and approved: kept in the data folder, by SHA-256, until they are in force.

A pack takes the place of the City's own pack with the same id. Where the process may not write there, which is so for
a service that is walled in, `commands` are what an administrator runs for the same.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot import rulebooks
from rules.assemble import sha256_of
from rules.load import Approvals, shipped_packs

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from bot.parts import Rulebook
    from bot.settings import Settings
    from rules.model import Pack

FOLDER = "packs-tried"
SHIPPED = {path.resolve() for path in shipped_packs()}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.ya?ml")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPack:
    """A pack's file that has no effect yet. `brought`: by somebody; else the settings name it already."""

    path: Path
    sha256: str
    brought: bool


def bring(settings: Settings, name: str, body: bytes) -> NewPack:
    """Keep a pack to be tried. Raises ValueError, with a sentence, if its name is none for a pack."""
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name for a pack; let it be letters, figures, - and _, and end in .yaml"
        raise ValueError(message)
    sha256 = sha256_of(body)
    path = settings.data / FOLDER / sha256 / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    rulebooks.put_whole(path, body, lambda written: written.chmod(0o600))
    return NewPack(path=path, sha256=sha256, brought=True)


def waiting(settings: Settings) -> list[NewPack]:
    """Give the packs that nobody approved in these bytes: those that the settings name, then those brought last."""
    approvals = Approvals.load(settings.rules.approvals)
    brought = sorted((settings.data / FOLDER).glob("*/*"), key=lambda path: -path.stat().st_mtime)
    named = [(path, False) for path in settings.rules.packs or shipped_packs() if path.is_file()]
    found = [
        NewPack(path=path, sha256=sha256_of(path.read_bytes()), brought=is_brought)
        for path, is_brought in (*named, *((path, True) for path in brought))
    ]
    return [one for one in found if approvals.given(one.sha256) is None]


def place_of(settings: Settings, rulebook: Rulebook, pack: Pack) -> Path | None:
    """Give the file of the City's own whose place a pack takes; None if the settings name none with its id."""
    named = zip(settings.rules.packs, rulebook.packs, strict=False)  # none are named: the shipped ones are read
    return next((path for path, there in named if there.id == pack.id and path.resolve() not in SHIPPED), None)


def may_write(place: Path, approvals: Path) -> bool:
    """Whether this process may put a pack in its place and its approval beside the others."""
    return all(os.access(folder, os.W_OK) for folder in (place.parent, approvals.parent))


def put_in_force(new: NewPack, place: Path, approvals: Path, *, by: str, on: date) -> None:
    """Approve a pack in a person's name, then put it in its place: in this order, so that no pack stands unapproved.

    Raises OSError if either cannot be written, and rules.load.FileProblems if the approvals are no list.
    """
    rulebooks.approve(new.path, approvals, by=by, on=on, called=place.name)
    if new.path != place:
        rulebooks.put_whole(place, new.path.read_bytes(), partial(shutil.copymode, place))


def commands(new: NewPack, place: Path | None, approvals: Path, *, by: str, on: date) -> list[str]:
    """What an administrator runs, as root, to put a pack in force in a person's name; without a place, in a new one."""
    target = place or approvals.parent / "packs" / new.path.name
    put = [shlex.join(["install", "-D", "-m", "644", str(new.path), str(target)])] if new.path != target else []
    approve = ["citymod", "rules", "approve", str(target), "--by", by, "--on", on.isoformat(), "--sha256", new.sha256]
    return [*put, shlex.join(approve), "systemctl restart citymod citymod-console"]
