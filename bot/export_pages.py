"""Draws what an export says as a page for people, complete in itself, and in parts as tagged PDF."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from archive.card import PICTURES, platform_name, shown
from bot.export_pictures import NotDrawable, for_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from archive.printing import Press

PART = 500  # comments in one PDF
PAGE = "comments.html"
REDRAWN = (
    "Redrawn after redaction: this is not the sealed picture, which shows what is withheld. It was drawn for this "
    "export from the record, without what is withheld; [WITHHELD 1] and the like stand where it was."
)


def _verbatim(text: str) -> Markup:
    return Markup(str(escape(shown(text))).replace("\r", "&#13;"))  # noqa: S704  escaped on this very line


_TEMPLATES = Environment(
    loader=PackageLoader("bot"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters.update(shown=shown, verbatim=_verbatim, platform=platform_name)
_TEMPLATE: Any = _TEMPLATES.get_template("export.html.j2").module


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above the comments. `withheld`: number, comment, what, authority and why of each place."""

    title: str
    city: str
    conditions: Mapping[str, str]
    count: int
    request: str
    withheld: Sequence[Mapping[str, str]]


def draw(folder: Path, heading: Heading, comments: Iterator[dict[str, Any]], parts: Path | None) -> list[Path]:
    """Write the page that is complete in itself and, in the folder `parts`, pages of `PART` comments to be printed.

    Each comment is drawn once, for both. Gives the pages to be printed, in order; without `parts` there are none.
    """
    pages: list[Path] = []
    with (folder / PAGE).open("w", encoding="utf-8") as whole:
        whole.write(_head(heading, 1, heading.count))
        for first in range(1, heading.count + 1, PART) or (1,):
            last = min(first + PART - 1, heading.count)
            part = [_article(folder, one) for one in islice(comments, PART)]
            whole.writelines(article.embedded() for article in part)
            if parts is not None:
                pages.append(parts / f"comments-{first:06}-{last:06}.html")
                linked = [article.linked(parts) for article in part]
                pages[-1].write_text(_head(heading, first, last) + "".join(linked) + _foot(), encoding="utf-8")
        whole.write(_foot())
    return pages


def redraw(heading: Heading, said: dict[str, Any], press: Press, folder: Path, target: Path) -> None:
    """Draw one comment anew, as it is told in the export: what a picture of it would show is withheld."""
    number = said["number"]
    article = _article(folder, said | {"note": REDRAWN})
    press.picture(_head(heading, number, number) + article.embedded() + _foot(), target)


@dataclass(frozen=True, slots=True)
class _Article:
    """One comment as it is drawn, with the pictures in it: the file's place, its type, and what is shown for it."""

    html: str
    pictures: Mapping[str, tuple[Path, str, bytes | None]]

    def embedded(self) -> str:
        """With the pictures in it."""
        html = self.html
        for name, (path, kind, smaller) in self.pictures.items():
            data = b64encode(smaller or path.read_bytes()).decode("ascii")
            html = html.replace(_src(name), _src(f"data:{kind};base64,{data}"), 1)
        return html

    def linked(self, parts: Path) -> str:
        """With the pictures beside it; those made smaller are written into the folder `parts`."""
        html = self.html
        for name, (path, _, smaller) in self.pictures.items():
            if smaller is not None:
                path = parts / f"{name.replace('/', '-')}.jpg"  # noqa: PLW2901  the file to be shown for it
                path.write_bytes(smaller)
            html = html.replace(_src(name), _src(path.resolve().as_uri()), 1)
        return html


def _src(name: str) -> str:
    """What the template writes for a picture; no text can hold it, since quotation marks in texts are escaped."""
    return f'src="{name}"'


def _head(heading: Heading, first: int, last: int) -> str:
    told = (heading.title, heading.city, heading.conditions, heading.count, first, last)
    return str(_TEMPLATE.head(*told, heading.request, heading.withheld)).lstrip()


def _foot() -> str:
    return str(_TEMPLATE.foot())


def _article(folder: Path, one: dict[str, Any]) -> _Article:
    told: list[dict[str, str]] = []
    pictures: dict[str, tuple[Path, str, bytes | None]] = {}
    for name, kind, alt, caption in _pictures(one):
        try:
            smaller = for_page(folder / name)
        except NotDrawable as error:
            told.append({"src": "", "alt": alt, "caption": f"{caption} (not shown: {error})"})
            continue
        pictures[name] = (folder / name, "image/jpeg" if smaller else kind, smaller)
        note = " (shown smaller here; the file is as it was)" if smaller else ""
        told.append({"src": name, "alt": alt, "caption": caption + note})
    return _Article(str(_TEMPLATE.article({"note": ""} | one | {"acts": acts(one)}, told)), pictures)


def _pictures(one: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """The pictures of a comment, what came with it and the sealed one of it: file, type, description, caption."""
    number = one["number"]
    for file in one["attachments"]:
        if file["file"] and file["type"] in PICTURES:
            alt = file["alt"] or f"Picture that came with comment {number}; nobody described it"
            yield file["file"], file["type"], alt, f"Attached: {file['file']}"
    for sealed in one["evidence"]:
        if sealed["picture"]:
            how = "redrawn after redaction" if sealed["redrawn"] else "as it was pictured"
            alt = f"Comment {number} {how}, by {one['author']['name'] or 'somebody'}: {one['text']}"
            caption = f"Evidence of {sealed['captured_at'][:19]} UTC ({sealed['quality']}): {sealed['picture']}"
            redrawn = ". The sealed picture is withheld; this one was drawn anew without what is withheld"
            yield sealed["picture"], "image/png", alt, caption + (redrawn if sealed["redrawn"] else "")


def acts(one: dict[str, Any]) -> list[dict[str, str]]:
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
