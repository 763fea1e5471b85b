"""Pages that are out to harm whoever looks at them: kinds of them, each in as many variations as are asked for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pages import TEXT, Site, article, redirect

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    Page = str | Callable[[BaseHTTPRequestHandler], None]

KINDS: dict[str, Callable[[Site, random.Random], Page]] = {}


def kind(make: Callable[[Site, random.Random], Page]) -> Callable[[Site, random.Random], Page]:
    KINDS[make.__name__.replace("_", " ")] = make
    return make


def pages(count: int, seed: int) -> list[tuple[str, int]]:
    """So many pages, all kinds in turn: the kind's name and the seed of the variation."""
    names = list(KINDS)
    return [(names[number % len(names)], seed + number) for number in range(count)]


def put(site: Site, name: str, seed: int) -> None:
    """Let the site show that page at ``/comment``."""
    site.pages["/comment"] = KINDS[name](site, random.Random(seed))
    site.pages |= {"/never": site.hang, "/round": redirect("/comment"), "/download": _download}


def _script(code: str) -> str:
    return article(TEXT, extra=f"<script>{code}</script>")


def _download(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/octet-stream")
    handler.send_header("content-disposition", "attachment; filename=bill.exe")
    handler.send_header("content-length", "4")
    handler.end_headers()
    handler.wfile.write(b"MZ\0\0")


@kind
def never_answers(site: Site, _: random.Random) -> Page:
    return site.hang


@kind
def never_ends(site: Site, _: random.Random) -> Page:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/html")
        handler.end_headers()
        handler.wfile.write(b"<p>Loading")
        handler.wfile.flush()
        site.hang(handler)

    return answer


@kind
def a_picture_never_comes(_: Site, dice: random.Random) -> Page:
    return article(TEXT, extra="<img src='/never'>" * dice.randint(1, 9))


@kind
def endless_scroll(_: Site, dice: random.Random) -> Page:
    return _script(
        f"onscroll = () => {{ for (let n = 0; n < {dice.randint(1, 40)}; n += 1) "
        "document.body.insertAdjacentHTML('beforeend', '<p style=height:400px>More'); }"
    )


@kind
def endless_scroll_without_it(_: Site, dice: random.Random) -> Page:
    return article(
        "Something else",
        extra=f"<script>onscroll = () => document.body.insertAdjacentHTML('beforeend', "
        f"'<p style=height:{dice.randint(200, 4000)}px>More')</script>",
    )


@kind
def alert_boxes(_: Site, dice: random.Random) -> Page:
    box = dice.choice(["alert(1)", "confirm('?')", "prompt('Name')", "print()"])
    return _script(f"for (let n = 0; n < {dice.randint(1, 30)}; n += 1) {box}; onbeforeunload = () => 'stay'")


@kind
def alert_boxes_for_ever(_: Site, dice: random.Random) -> Page:
    return _script(f"setInterval(() => alert('again'), {dice.randint(1, 50)})")


@kind
def downloads(_: Site, dice: random.Random) -> Page:
    return _script(f"setInterval(() => {{ location.href = '/download?' + Math.random() }}, {dice.randint(50, 400)})")


@kind
def a_download_for_a_page(_: Site, __: random.Random) -> Page:
    return _download


@kind
def pop_ups(_: Site, dice: random.Random) -> Page:
    return _script(f"for (let n = 0; n < {dice.randint(2, 25)}; n += 1) open('/comment?' + n)")


@kind
def a_huge_page(_: Site, dice: random.Random) -> Page:
    return article(TEXT, extra="<p>word</p>" * dice.randint(2_000, 30_000))


@kind
def a_very_tall_page(_: Site, dice: random.Random) -> Page:
    return article(TEXT, style=f"h1 {{ height: {dice.randint(20_000, 3_000_000)}px }}")


@kind
def deep_nesting(_: Site, dice: random.Random) -> Page:
    return article(TEXT, extra="<div>" * dice.randint(400, 8_000))


@kind
def eats_memory(_: Site, dice: random.Random) -> Page:
    size = dice.randint(8, 32)
    return _script(f"const kept = []; setInterval(() => kept.push(new Uint8Array({size} << 20).fill(1)), 5)")


@kind
def computes_for_ever(_: Site, dice: random.Random) -> Page:
    return _script(f"onload = () => setTimeout(() => {{ while (true); }}, {dice.randint(0, 900)})")


@kind
def reloads_for_ever(_: Site, dice: random.Random) -> Page:
    return _script(f"setTimeout(() => location.reload(), {dice.randint(5, 300)})")


@kind
def redirects_for_ever(_: Site, __: random.Random) -> Page:
    return redirect("/round")


@kind
def redirects_to_a_stranger(_: Site, dice: random.Random) -> Page:
    return redirect(dice.choice(["http://stranger.invalid/", "file:///etc/passwd", "chrome://settings", "about:blank"]))


@kind
def a_service_worker(_: Site, __: random.Random) -> Page:
    return _script("navigator.serviceWorker.register('/never').catch(() => 0)")


@kind
def web_sockets(_: Site, dice: random.Random) -> Page:
    return _script(f"for (let n = 0; n < {dice.randint(1, 60)}; n += 1) new WebSocket('ws://stranger.invalid/')")


@kind
def changes_all_the_time(_: Site, dice: random.Random) -> Page:
    return _script(
        f"setInterval(() => document.querySelectorAll('.words')[1].append('!'), {dice.randint(1, 120)})",
    )


@kind
def tries_to_crash_the_renderer(_: Site, dice: random.Random) -> Page:
    return _script(f"setTimeout(() => {{ location.href = 'chrome://crash' }}, {dice.randint(0, 500)})")


@kind
def frames_in_frames(_: Site, dice: random.Random) -> Page:
    return article(TEXT, extra="<iframe src='/comment'></iframe>" * dice.randint(1, 4))


@kind
def a_login_wall(_: Site, dice: random.Random) -> Page:
    layer = "<div style='position:fixed;inset:0;background:#fff'>Log in to continue<input type=password></div>"
    return dice.choice([layer, article(TEXT, extra=layer), "<h1>Before you continue</h1>", "<h1>CAPTCHA</h1>"])


@kind
def not_html(_: Site, dice: random.Random) -> Page:
    return "".join(chr(dice.choice([*range(32, 127), 0x202E, 0x1F525])) for _ in range(dice.randint(1, 5_000)))
