"""New wordings of the policy and of packs, to be tried and approved: kept in the data folder until they are in force.

A wording is known by its SHA-256. It takes the place of the City's own policy, or of its own pack with the same id.
Where the process may not write there, which is so for a service that is walled in, `commands` are what an administrator
runs for the same.
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
from bot.judging import shipped_rules
from rules.assemble import sha256_of
from rules.load import Approvals, FileProblems, shipped_packs
from rules.source import Source

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from bot.parts import Rulebook
    from bot.settings import Settings
    from rules.model import Pack

FOLDER = "packs-tried"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.ya?ml")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWording:
    """A file of policy or pack that has no effect yet. `brought`: by somebody; else the settings name it already."""

    path: Path
    sha256: str
    brought: bool
    is_policy: bool


def bring(settings: Settings, name: str, body: bytes) -> NewWording:
    """Keep a wording to be tried. Raises ValueError, with a sentence, if its name is none for a policy or pack."""
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name for a policy or pack; let it be letters, figures, - and _, and end in .yaml"
        raise ValueError(message)
    path = settings.data / FOLDER / sha256_of(body) / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    rulebooks.put_whole(path, body, lambda written: written.chmod(0o600))
    return _brought(path)


def waiting(settings: Settings) -> list[NewWording]:
    """Give the wordings that nobody approved in these bytes: those that the settings name, then those brought last."""
    approvals = Approvals.load(settings.rules.approvals)
    brought = sorted((settings.data / FOLDER).glob("*/*"), key=lambda path: -path.stat().st_mtime)
    policy, packs = settings.rules.policy, settings.rules.packs or shipped_packs()
    named = [
        NewWording(path=path, sha256=sha256_of(path.read_bytes()), brought=False, is_policy=path == policy)
        for path in (policy, *packs)
        if path.is_file()
    ]
    fresh = (path for path in brought if approvals.given(path.parent.name) is None)  # the folder's name is the SHA-256
    return [*(one for one in named if approvals.given(one.sha256) is None), *map(_brought, fresh)]


def _brought(path: Path) -> NewWording:
    body = path.read_bytes()
    return NewWording(path=path, sha256=sha256_of(body), brought=True, is_policy=_says_categories(path.name, body))


def _says_categories(name: str, body: bytes) -> bool:
    """Whether a file is meant for a policy: a pack has rules, and no categories. What is no YAML is told later."""
    try:
        said = Source(name, body).data
    except FileProblems:
        return False
    return isinstance(said, dict) and "categories" in said


def place_of_policy(settings: Settings) -> Path | None:
    """Give the file of the City's own whose place a policy takes; None if the settings name the shipped one."""
    return _if_own(settings.rules.policy)


def place_of_pack(settings: Settings, rulebook: Rulebook, pack: Pack) -> Path | None:
    """Give the file of the City's own whose place a pack takes; None if the settings name none with its id."""
    named = zip(settings.rules.packs, rulebook.packs, strict=False)  # none are named: the shipped ones are read
    return next((path for path, there in named if there.id == pack.id and _if_own(path)), None)


def _if_own(path: Path) -> Path | None:
    """A file that is the City's to write over, not one that came with the program."""
    shipped = shipped_rules()
    return None if path.resolve() in {one.resolve() for one in (shipped.policy, *shipped.packs)} else path


def may_write(place: Path, approvals: Path) -> bool:
    """Whether this process may put a wording in its place and its approval beside the others."""
    return all(os.access(folder, os.W_OK) for folder in (place.parent, approvals.parent))


def put_in_force(new: NewWording, place: Path, approvals: Path, *, by: str, on: date) -> None:
    """Approve a wording in a person's name, then put it in its place: so nothing ever stands there unapproved.

    Raises OSError if either cannot be written, and rules.load.FileProblems if the approvals are no list.
    """
    rulebooks.approve(new.path, approvals, by=by, on=on, called=place.name)
    if new.path != place:
        rulebooks.put_whole(place, new.path.read_bytes(), partial(shutil.copymode, place))


def commands(new: NewWording, place: Path | None, approvals: Path, *, by: str, on: date) -> list[str]:
    """What an administrator runs, as root, to put a wording in force in a person's name; if need be, at a new place."""
    folder = approvals.parent / ("policy" if new.is_policy else "packs")
    target = place or folder / new.path.name
    put = [shlex.join(["install", "-D", "-m", "644", str(new.path), str(target)])] if new.path != target else []
    approve = ["citymod", "rules", "approve", str(target), "--by", by, "--on", on.isoformat(), "--sha256", new.sha256]
    return [*put, shlex.join(approve), "systemctl restart citymod citymod-console"]
