"""The embeds that platforms offer for showing one comment on other people's pages, each on a page of ours.

Only X has one for what the City calls a comment: a reply is a post there ("Embedded posts", docs.x.com). Facebook's
plug-in for comments is no longer documented, and neither YouTube nor Instagram ever had one. No account uses an embed
unless its settings say so, since terms of use may forbid to picture one with a program.

Our page says nothing about the comment but its identifier, so that nothing can be proved by it but what the platform
shows in it; and it may load from nowhere but the platform's hosts for embeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

ADDRESS = "https://embed.citymod.invalid/"
"""Where our page pretends to lie (RFC 2606: a name that nobody can have); nobody is asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """One platform's embed: what stands in our page (``{item}``: the comment's identifier), and whom it may ask."""

    markup: str
    hosts: tuple[str, ...]


EMBEDS = {
    "x": Embed(
        markup=(
            '<blockquote class="twitter-tweet" data-dnt="true"><a href="https://x.com/i/status/{item}"></a></blockquote>'
            '<script async src="https://platform.x.com/widgets.js"></script>'
        ),
        hosts=(
            *("platform.x.com", "platform.twitter.com", "cdn.syndication.twimg.com", "syndication.twitter.com"),
            *("pbs.twimg.com", "abs.twimg.com", "video.twimg.com"),
        ),
    )
}


def shell(embed: Embed, item: str) -> str:
    """The page of ours around an embed."""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Official embed</title>
<style>body {{ margin: 16px; background: #fff }} iframe {{ border: 0 }}</style></head>
<body>{embed.markup.replace("{item}", escape(item))}</body></html>"""
