"""Draws what an export says as a page for people, complete in itself, and in parts as tagged PDF."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from archive.card import LARGEST_PICTURE, PICTURES, platform_name, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from archive.printing import Press

PART = 500  # comments in one PDF


def _verbatim(text: str) -> Markup:
    return Markup(str(escape(shown(text))).replace("\r", "&#13;"))  # noqa: S704  escaped on this very line


_TEMPLATES = Environment(
    loader=PackageLoader("bot"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters.update(shown=shown, verbatim=_verbatim, platform=platform_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above the comments. `withheld`: number, comment, what, authority and why of each place."""

    title: str
    city: str
    conditions: Mapping[str, str]
    count: int
    request: str
    withheld: Sequence[Mapping[str, str]]


def write_page(folder: Path, name: str, heading: Heading, comments: Iterator[dict[str, Any]]) -> None:
    """Write one page that needs nothing else: the pictures are in it."""
    with (folder / name).open("w", encoding="utf-8") as file:
        for piece in _pieces(folder, heading, comments, 1, heading.count, embedded=True):
            file.write(piece)


def write_pdf(folder: Path, heading: Heading, comments: Iterator[dict[str, Any]], press: Press) -> list[str]:
    """Print the comments in parts of `PART`; give the names of the files."""
    names: list[str] = []
    part: list[dict[str, Any]] = []
    for one in comments:
        part.append(one)
        if len(part) == PART:
            names.append(_print(folder, heading, part, press))
            part = []
    if part or not names:
        names.append(_print(folder, heading, part, press))
    return names


def one_picture(heading: Heading, said: dict[str, Any], press: Press, target: Path) -> None:
    """Draw one comment anew, as it is told in the export: what a picture of it would show is withheld."""
    page = "".join(_pieces(target.parent, heading, iter([said]), said["number"], said["number"], embedded=True))
    press.picture(page, target)


def _print(folder: Path, heading: Heading, part: list[dict[str, Any]], press: Press) -> str:
    first, last = (part[0]["number"], part[-1]["number"]) if part else (1, 0)
    page = folder / f"part-{first:06}.html"
    with page.open("w", encoding="utf-8") as file:
        file.writelines(_pieces(folder, heading, iter(part), first, last, embedded=False))
    name = f"comments-{first:06}-{last:06}.pdf"
    press.pdf(page, folder / name)
    page.unlink()
    return name


def _pieces(  # noqa: PLR0913  a page is all of this
    folder: Path, heading: Heading, comments: Iterator[dict[str, Any]], first: int, last: int, *, embedded: bool
) -> Iterator[str]:
    page: Any = _TEMPLATES.get_template("export.html.j2").module
    yield str(
        page.head(
            heading.title,
            heading.city,
            heading.conditions,
            heading.count,
            first,
            last,
            heading.request,
            heading.withheld,
        )
    ).lstrip()
    for one in comments:
        yield str(page.article(one | {"acts": _acts(one)}, list(_pictures(folder, one, embedded=embedded))))
    yield str(page.foot())


def _pictures(folder: Path, one: dict[str, Any], *, embedded: bool) -> Iterator[dict[str, str]]:
    """The pictures of a comment: what came with it, and the sealed picture of it."""
    number = one["number"]
    for file in one["attachments"]:
        small = file["file"] and (folder / file["file"]).stat().st_size <= LARGEST_PICTURE
        if small and file["type"] in PICTURES:
            alt = file["alt"] or f"Picture that came with comment {number}; nobody described it"
            yield {"src": _source(folder, file, embedded=embedded), "alt": alt, "caption": f"Attached: {file['file']}"}
    for sealed in one["evidence"]:
        if sealed["picture"]:
            alt = f"Comment {number} as it was pictured, by {one['author']['name'] or 'somebody'}: {one['text']}"
            picture = {"file": sealed["picture"], "type": "image/png"}
            caption = f"Evidence of {sealed['captured_at'][:19]} UTC ({sealed['quality']}): {sealed['picture']}"
            yield {"src": _source(folder, picture, embedded=embedded), "alt": alt, "caption": caption}


def _source(folder: Path, file: Mapping[str, str], *, embedded: bool) -> str:
    if not embedded:
        return file["file"]
    return f"data:{file['type']};base64,{b64encode((folder / file['file']).read_bytes()).decode('ascii')}"


def _acts(one: dict[str, Any]) -> list[dict[str, str]]:
    """What was decided and done, in order of time."""
    acts = [
        {"at": verdict["at"], "what": f"verdict: {verdict['outcome']} {verdict['action']}", "by": "rules"}
        | {"why": "; ".join([verdict["why"], *(f"{m['clause']} {m['reason']}" for m in verdict["matches"])])}
        for verdict in one["verdicts"]
        if verdict["outcome"] != "clear"
    ]
    acts += [{"at": d["at"], "what": d["kind"], "by": d["by"], "why": d["why"]} for d in one["decisions"]]
    acts += [
        {
            "at": order["placed_at"],
            "what": f"{order['action']}: {order['status']}",
            "by": order["by"],
            "why": order["why"],
        }
        for order in one["orders"]
    ]
    return sorted(acts, key=lambda act: act["at"])
