"""Made-up comments to capture, and a small web site on loopback to capture them from."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from builders import NOON, a_comment, a_post, an_account

from archive.subject import Finding, Subject
from connectors.standin.page import not_available, render
from connectors.standin.world import Person, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.types import Comment

TEXT = "Cheap gutter cleaning! Call 555-0100 today and get 20% off."
CLAUSE = "Content that is a solicitation of commerce;"


def a_finding(text: str, excerpt: str, **other: Any) -> Finding:
    start = text.index(excerpt)
    return Finding(
        **{
            "rule": "city.commerce.01",
            "clause": "5.0.A.2.e C5",
            "clause_text": CLAUSE,
            "start": start,
            "end": start + len(excerpt),
            "excerpt": excerpt,
            "matcher": "phrase",
        }
        | other
    )


def a_subject(text: str = TEXT, *excerpts: str, thread: tuple[Comment, ...] = (), **comment: Any) -> Subject:
    """A comment with this text in which these pieces matched."""
    return Subject(
        comment=a_comment(text=text, **comment),
        post=a_post(),
        thread=thread,
        account=an_account(),
        findings=tuple(a_finding(text, excerpt) for excerpt in excerpts),
        zone="America/Chicago",
        first_seen_at=NOON,
    )


def standing_at(url: str, subject: Subject | None = None, **other: Any) -> Subject:
    """The same comment with its public address there."""
    subject = subject or a_subject(TEXT, "Call 555-0100")
    return replace(subject, comment=replace(subject.comment, url=url, **other))


class Site:
    """A web server with pages by path. `reached` is set when something asked for a path that never answers."""

    def __init__(self) -> None:
        self.pages: dict[str, str | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.reached = threading.Event()
        self.asked: list[str] = []
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        """Answer nothing for as long as the site stands."""
        self.reached.set()
        self._closing.wait()


def redirect(target: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("location", target)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            site.asked.append(self.path)
            page = site.pages.get(path, "")
            if callable(page):
                page(self)
                return
            body = page.encode()
            self.send_response(200 if page else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's word
            pass

    return Handler


def stand_in_pages(subject: Subject) -> tuple[str, str, str]:
    """The stand-in's page with the comment, its identifier there, and the page without it."""
    world = World(clock=lambda: NOON)
    world.minters["x"] = _Minter()
    account = world.add_account("x", "city", "City of Example", "city")
    post = world.add_post(account, subject.post.text)
    pat = Person(id="UCpat", name=subject.comment.author.name or "", handle="pat")
    for number in range(8):
        world.add_comment(post, f"Another comment, number {number}.", author=pat)
    comment = world.add_comment(post, subject.comment.text, author=pat)
    return render("x", post, world.under(post), comment), comment.id, not_available("x")


class _Minter:
    def mint_post(self, account: object, at: object, number: int) -> str:
        return f"p{number}"

    def mint_comment(self, post: object, parent: object, at: object, number: int) -> str:
        return f"c{number}"


def article(text: str, name: str = "Pat Q. Public", *, extra: str = "", style: str = "") -> str:
    """A page of no known make: nothing on it says which comment is which but the words."""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>
<style>body {{ font: 16px sans-serif; width: 600px }} {style}</style>
<h1>Leaf collection starts on Monday.</h1>
<div role="article"><p><b>Somebody Else</b></p><p class="words">First!</p></div>
<div role="article"><p><b class="name">{name}</b></p><p class="words">{text}</p></div>{extra}</html>"""
