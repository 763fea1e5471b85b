"""The public web page of a post with its comments, as a stand-in shows it to anybody who opens a permalink."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.standin.world import WorldComment, WorldPost

_STYLE = """
body { margin: 0; background: #eef0f3; color: #1c1e21; font: 16px/1.45 "Liberation Sans", "Noto Sans",
  "Noto Color Emoji", "Noto Sans CJK SC", sans-serif; }
header { background: var(--brand); color: #fff; padding: 12px 20px; font-weight: 700; }
main { max-width: 680px; margin: 20px auto; padding: 0 12px; }
article { background: #fff; border-radius: 8px; padding: 14px 18px; margin: 0 0 10px; overflow-wrap: anywhere; }
.reply { margin-left: 44px; }
.linked { outline: 2px solid var(--brand); }
.by { font-weight: 700; }
.by span, time { color: #586069; font-weight: 400; font-size: 14px; }
.text { margin: 6px 0; white-space: pre-wrap; }
"""
_BRANDS = {"x": "#0f1419", "facebook": "#1877f2", "instagram": "#c13584", "youtube": "#c4302b"}


def render(platform: str, post: WorldPost, comments: list[WorldComment], linked: WorldComment | None) -> str:
    """The page of `post` with all comments that the public may read; `linked` is the one the permalink names."""
    brand = _BRANDS.get(platform, "#444")
    blocks = "\n".join(_comment(comment, comment is linked) for comment in comments if comment.public)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(post.account.name)} on {escape(platform)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{ --brand: {brand} }}{_STYLE}</style></head>
<body><header>{escape(platform)} (stand-in)</header><main>
<article data-post-id="{escape(post.id)}"><div class="by">{escape(post.author.name)}
<span>@{escape(post.author.handle)}</span></div><div class="text">{escape(post.text)}</div>
<time datetime="{post.at.isoformat()}">{post.at:%d %B %Y, %H:%M} UTC</time></article>
{blocks}
</main></body></html>"""


def not_available(platform: str) -> str:
    """What is shown in place of something deleted, hidden or never there."""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(platform)}</title></head>
<body><h1>This content isn't available right now</h1></body></html>"""


def _comment(comment: WorldComment, linked: bool) -> str:  # noqa: FBT001
    classes = " ".join(["comment", *(["reply"] if comment.parent else []), *(["linked"] if linked else [])])
    author = comment.author
    name = escape(author.name) if author else "Name not shown"
    handle = f"<span>@{escape(author.handle)}</span>" if author else ""
    edited = " (edited)" if comment.edited else ""
    return f"""<article class="{classes}" data-comment-id="{escape(comment.id)}">
<div class="by author">{name} {handle}</div>
<div class="text">{escape(comment.text)}</div>
<time datetime="{comment.at.isoformat()}">{comment.at:%d %B %Y, %H:%M} UTC{edited}</time></article>"""
