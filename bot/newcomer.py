"""Turns a newcomer's answers into a folder: `citymod.yaml` with its comments, the policy, an empty approval.

The comments are those of `config/citymod.example.yaml`, so that there is one place where settings are explained. Every
account begins in observe mode, whatever is answered: nothing is acted on before somebody has looked.
"""

from __future__ import annotations

import json
from copy import deepcopy
from io import StringIO
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from bot.domain.types import Mode
from bot.judging import shipped
from bot.settings import AccountSettings, City, Mail, Pio  # noqa: TC001  pydantic reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SETTINGS_FILE = "citymod.yaml"
EXAMPLE = "citymod.example.yaml"
POLICY = "policy/ar-1-27.yaml"


class Exists(Exception):
    """There are settings already, and they are not overwritten. The text says where."""


class Answers(BaseModel):
    """What a newcomer has to say; everything else in the settings has a default or can wait."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    city: City
    data: str = "/var/lib/citymod"
    mail: Mail
    pios: Annotated[tuple[Pio, ...], Field(min_length=1)]
    accounts: Annotated[tuple[AccountSettings, ...], Field(min_length=1)]


def write(folder: Path, answers: Answers, secrets: Mapping[str, Mapping[str, str]]) -> list[Path]:
    """Write a folder of settings; give the files. `secrets` go into files of their own that only their owner may read.

    Raises `Exists` if the folder has settings already: nothing is ever overwritten. Raises OSError where the folder
    cannot be written.
    """
    settings = folder / SETTINGS_FILE
    if settings.exists():
        message = f"{settings} is there already and stays as it is; name another folder, or change that file"
        raise Exists(message)
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    credentials = folder / "credentials"
    credentials.mkdir(exist_ok=True, mode=0o700)
    credentials.chmod(0o700)
    written = [_kept(folder / POLICY, shipped(POLICY).read_text(encoding="utf-8"))]
    written.append(_kept(folder / "approvals.yaml", "[]\n"))
    for name, secret in secrets.items():
        written.append(_kept(credentials / name, json.dumps(secret), mode=0o600))
    # The settings come last: they are there only if everything they name is there, too.
    written.append(_kept(settings, text_of(answers, secrets)))
    return written


def text_of(answers: Answers, given: Iterable[str] = ()) -> str:
    """The settings file for these answers, with the example's comments. `given` are the credentials at hand."""
    yaml = YAML()
    yaml.width = 120
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    settings = yaml.load(shipped(EXAMPLE).read_text(encoding="utf-8"))
    settings["city"].update(answers.city.model_dump())
    settings["data"] = answers.data
    settings["credentials"] = "credentials"
    settings["rules"]["policy"] = POLICY
    mail = answers.mail.model_dump(mode="json", exclude={"timeout_seconds"})
    settings["mail"].update({**mail, "on_call": _in_a_row(mail["on_call"])})
    if answers.mail.credential is None and "mail" not in given:
        settings["mail"].pop("credential")
    settings["pios"] = CommentedSeq(CommentedMap(_said(pio)) for pio in answers.pios)
    examples = {entry["platform"]: entry for entry in settings["accounts"]}
    settings.yaml_set_comment_before_after_key("accounts", before="\n")
    settings["accounts"] = CommentedSeq(_account(entry, examples.get(entry.platform)) for entry in answers.accounts)
    out = StringIO()
    yaml.dump(settings, out)
    return out.getvalue()


def _said(pio: Pio) -> dict[str, Any]:
    said = {
        "name": pio.name,
        "email": pio.email,
        "hour": pio.hour,
        **pio.model_dump(mode="json", exclude_defaults=True),
    }
    return {**said, "accounts": _in_a_row(said["accounts"])} if pio.accounts else said


def _account(entry: AccountSettings, example: CommentedMap | None) -> CommentedMap:
    """One account, explained as the example explains one of its platform."""
    settings = deepcopy(example) if example is not None else CommentedMap()
    settings.update(platform=entry.platform, id=entry.id, name=entry.name, mode=str(Mode.OBSERVE))
    if entry.credential:
        settings["credential"] = entry.credential
    else:
        settings.pop("credential", None)
    return settings


def credential_names(answers: Answers) -> dict[str, str]:
    """The credentials that the settings name, and where it stands what belongs into each."""
    accounts = {entry.credential: entry.platform for entry in answers.accounts if entry.credential}
    told = {name: f"connectors/{platform}/README.md" for name, platform in accounts.items()}
    return told | ({answers.mail.credential: "systemd/README.md"} if answers.mail.credential else {})


def _in_a_row(values: Iterable[str]) -> CommentedSeq:
    row = CommentedSeq(values)
    row.fa.set_flow_style()
    return row


def _kept(path: Path, text: str, mode: int = 0o640) -> Path:
    """Write a file that is not there yet; one that is there stays as it is."""
    path.parent.mkdir(exist_ok=True, mode=0o750)
    if not path.exists():
        path.touch(mode=mode)
        path.write_text(text, encoding="utf-8")
    return path
