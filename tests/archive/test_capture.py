"""A capture is FULL only when text and author are provably in the picture; everything else is PARTIAL and says why."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import NOON, a_comment, an_author
from pages import TEXT, Site, a_subject, article, redirect, stand_in_pages, standing_at
from PIL import Image

from archive import card
from archive.capture import BrowserSettings, Camera, NoBrowser
from archive.embeds import EMBEDS, Embed, shell
from bot.domain.types import Author, Quality

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Capture
    from archive.subject import Subject

BAND, OUTLINE = (0x1B, 0x1F, 0x24), (0xB3, 0x26, 0x1E)
ALL_STEPS = [
    "open",
    "render",
    "find the comment",
    "prove",
    "highlight",
    "comment picture",
    "page picture",
    "page snapshot",
    "page archive",
    "conditions",
]


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    with Camera(BrowserSettings(deadline=24), "9.9") as camera:
        yield camera


@pytest.fixture(scope="module")
def hasty() -> Iterator[Camera]:
    """A camera that gives up on a page after a second or so."""
    with Camera(BrowserSettings(deadline=4.5), "9.9") as camera:
        yield camera


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def on_page(camera: Camera, site: Site, html: str, into: Path, subject: Subject | None = None) -> Capture:
    site.pages["/comment"] = html
    return camera.capture(standing_at(f"{site.url}/comment", subject), ("page",), into, now=NOON)


def failed(capture: Capture) -> dict[str, str]:
    return {step.name: step.detail for step in capture.steps if not step.ok}


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def colours(path: Path) -> set[object]:
    with Image.open(path) as picture:
        return {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or ()}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------------------ record


def test_a_record_is_full_and_says_every_step(camera: Camera, tmp_path: Path) -> None:
    capture = camera.capture(a_subject(TEXT, "Call 555-0100"), ("record",), tmp_path, now=NOON)
    assert failed(capture) == {}
    assert capture.quality is Quality.FULL
    assert capture.source == "record"
    assert capture.captured_at == NOON
    assert [step.name for step in capture.steps] == ALL_STEPS
    assert names(tmp_path) == {"comment.png", "page.mhtml", "page.wacz"}
    assert size(tmp_path / "comment.png")[0] == 960
    assert b"Rendered from the platform" in (tmp_path / "page.mhtml").read_bytes()
    said = capture.conditions
    assert said["rendition"] == "Rendered from the platform’s API record"
    assert (said["tool"], said["signed_in"], said["network"]) == ("citymod 9.9", "no", "none")
    assert said["browser"].startswith("HeadlessChrome/")
    assert said["viewport"] == "480 x 800"
    assert said["clock_offset"] == "not checked"


HARD_TEXTS = {
    "right to left": "اشترِ الآن بأفضل الأسعار! اتصل على 555-0100",
    "Chinese": "便宜清洁，今天打电话！",
    "emoji only": "🔥🔥👩‍👩‍👧‍👦🇺🇸👍🏽",
    "combining marks": "Z̷̨͙̋ą̸l̵g̶o̴ é ñ̃",
    "invisible characters": "B\u200bu\u200by \u202ewon\u202c\u2066x\u2069",
    "HTML": "<script>document.body.remove()</script><img src=x onerror=alert(1)></main></div><style>*{display:none}",
    "white space": "  two  spaces\tand a tab\r\n\r\nand lines \r and an old Mac\n ",
    "half a pair and NUL": "broken \ud83d here and \x00 there",
    "controls": "bell \x07 escape \x1b[31m delete \x7f next \x85",
    "template": "{{ 7 * 7 }} {% raw %} ${x} <!-- & &amp; &#13; -->",
    "one long word": "a" * 900,
}


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
def test_every_text_is_shown_as_it_is(camera: Camera, tmp_path: Path, text: str) -> None:
    capture = camera.capture(a_subject(text, text[:3]), ("record",), tmp_path, now=NOON)
    assert failed(capture) == {}
    assert capture.quality is Quality.FULL


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u2063"])
def test_a_comment_without_visible_words_is_full_all_the_same(camera: Camera, tmp_path: Path, text: str) -> None:
    capture = camera.capture(a_subject(text), ("record",), tmp_path, now=NOON)
    assert capture.quality is Quality.FULL


def test_nobody_is_named_where_the_platform_names_nobody(camera: Camera, tmp_path: Path) -> None:
    capture = camera.capture(a_subject(author=Author()), ("record",), tmp_path, now=NOON)
    assert capture.quality is Quality.FULL
    assert "no author's name on record" in next(step.detail for step in capture.steps if step.name == "prove")


def test_an_author_who_writes_only_their_own_name(camera: Camera, tmp_path: Path) -> None:
    capture = camera.capture(a_subject("Pat", author=an_author(name="Pat")), ("record",), tmp_path, now=NOON)
    assert capture.quality is Quality.FULL


def test_a_long_comment_is_whole_in_one_picture(camera: Camera, tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(700))
    capture = camera.capture(a_subject(text, "word699"), ("record",), tmp_path, now=NOON)
    assert capture.quality is Quality.FULL
    assert "700 words in the picture" in next(step.detail for step in capture.steps if step.name == "prove")
    assert 4_000 < size(tmp_path / "comment.png")[1] < 16_000


def test_a_very_tall_comment_becomes_several_captioned_pictures(camera: Camera, tmp_path: Path) -> None:
    capture = camera.capture(a_subject("tall" + "\n" * 1000 + "end", "end"), ("record",), tmp_path, now=NOON)
    assert failed(capture) == {}
    assert capture.quality is Quality.FULL
    assert names(tmp_path) == {"comment.png", "comment-2.png", "page.mhtml", "page.wacz"}
    sizes = [size(tmp_path / name) for name in ("comment.png", "comment-2.png")]
    assert all(width == 480 and height < 16_384 for width, height in sizes)


def test_five_captures_of_one_comment_are_one_picture(camera: Camera, tmp_path: Path) -> None:
    pictures = set()
    for number in range(3):
        camera.capture(a_subject(TEXT, "gutter"), ("record",), tmp_path / str(number), now=NOON)
        pictures.add((tmp_path / str(number) / "comment.png").read_bytes())
    assert len(pictures) == 1


def test_the_card_is_wholly_our_own(camera: Camera, tmp_path: Path, site: Site) -> None:
    text = f'<img src="{site.url}/pixel.png"> @import url({site.url}/style.css); {site.url}/link'
    capture = camera.capture(a_subject(text), ("record",), tmp_path, now=NOON)
    assert capture.quality is Quality.FULL
    assert site.asked == []


# -------------------------------------------------------------------------------------------------------------- page


def test_the_stand_ins_page_is_full(camera: Camera, tmp_path: Path, site: Site) -> None:
    site.pages["/comment"], item, _ = stand_in_pages(a_subject())
    subject = standing_at(f"{site.url}/comment", ref=replace(a_comment().ref, item=item))
    capture = camera.capture(subject, ("page", "record"), tmp_path, now=NOON)
    assert failed(capture) == {}
    assert (capture.quality, capture.source) == (Quality.FULL, "page")
    assert [step.name for step in capture.steps] == ALL_STEPS
    assert names(tmp_path) == {"comment.png", "page.png", "page.mhtml", "page.wacz"}
    assert capture.conditions["rendition"] == "Public page, signed out"
    assert capture.conditions["http_status"] == "200"
    assert size(tmp_path / "page.png")[0] == 1024


def test_caption_and_outline_are_in_the_picture_and_not_on_the_page(camera: Camera, tmp_path: Path, site: Site) -> None:
    on_page(camera, site, article(TEXT), tmp_path)
    with Image.open(tmp_path / "comment.png") as picture:
        assert picture.convert("RGB").getpixel((2, 2)) == BAND
    assert OUTLINE in colours(tmp_path / "comment.png")
    assert colours(tmp_path / "page.png").isdisjoint({BAND, OUTLINE})


UNMARKED = {
    "plain": article(TEXT),
    "folded white space": article(TEXT.replace(" ", " \n ")),
    "in pieces": article(TEXT.replace("Call", "<i>Call</i>").replace("20%", "<a href='/x'>20%</a>")),
    "emoji are pictures": article(TEXT.replace("!", "<img alt='!' width=9 height=9>")),
    "loaded late": article(
        "",
        extra=f"<script>setTimeout(() => document.querySelectorAll('.words')[1].append('{TEXT}'), 600)</script>",
    ),
    "alert": article(TEXT, extra="<script>alert('Hello!'); onbeforeunload = () => 'stay'</script>"),
    "script says otherwise": article(
        TEXT, extra="<script>document.elementsFromPoint = Element.prototype.querySelectorAll = () => []</script>"
    ),
    "low on the page": article(TEXT, style="h1 { height: 9000px }"),
    "under a see-through layer": article(TEXT, extra="<div style='position:fixed;inset:0'></div>"),
}


@pytest.mark.parametrize("html", UNMARKED.values(), ids=UNMARKED)
def test_a_page_of_no_known_make_is_full_if_words_and_author_are_there(
    camera: Camera, tmp_path: Path, site: Site, html: str
) -> None:
    capture = on_page(camera, site, html, tmp_path)
    assert failed(capture) == {}
    assert capture.quality is Quality.FULL


def test_the_same_words_twice_by_one_author_need_a_link(hasty: Camera, tmp_path: Path, site: Site) -> None:
    twice = article(TEXT) + article(TEXT)
    assert "stands there 2 times" in failed(on_page(hasty, site, twice, tmp_path))["find the comment"]
    linked = article(TEXT) + article(TEXT, name="Pat Q. Public</b> <a href='/p?lc=c1'>now</a><b>")
    assert on_page(hasty, site, linked, tmp_path / "linked").quality is Quality.FULL


FIND, PROVE = "find the comment", "prove"
WALLS = {
    "another letter": (article(TEXT.replace("20%", "2O%")), FIND, "the comment is not on the page"),
    "space where space counts": (
        article(TEXT.replace(" ", "  "), style=".words { white-space: pre-wrap }"),
        FIND,
        "the comment is not on the page",
    ),
    "missing": (article("Second!"), FIND, "the comment is not on the page"),
    "not available": (stand_in_pages(a_subject())[2], FIND, "a page that says it is not available"),
    "login": ("<form><input type=password></form> Log in to continue", FIND, "a login page"),
    "consent": ("<h1>Before you continue to Example</h1>", FIND, "a consent page"),
    "robots": ("<h1>Are you human?</h1> Solve the CAPTCHA", FIND, "a check for robots"),
    "another author": (article(TEXT, name="Patricia"), PROVE, "the author's name does not stand with the text"),
    "behind a login layer": (
        article(TEXT, extra="<div style='position:fixed;inset:0;background:#fffe'>Log in</div>"),
        PROVE,
        "the text is covered",
    ),
    "behind a layer that lets clicks through": (
        article(TEXT, extra="<div style='position:fixed;inset:0;background:#fff;pointer-events:none'></div>"),
        PROVE,
        "the text is covered",
    ),
    "painted over from behind": (
        article(
            TEXT, style=".words{position:relative} .words::after{content:'';position:absolute;inset:0;background:#fff}"
        ),
        PROVE,
        "covered by a decoration",
    ),
    "cut off": (article(TEXT, style=".words{width:90px;height:20px;overflow:hidden}"), PROVE, "covered or cut off"),
    "no height": (article(TEXT, style=".words{height:0;overflow:hidden}"), PROVE, "the text"),
    "white on white": (article(TEXT, style=".words{color:#fff}"), PROVE, "the colour of its ground"),
    "see-through": (article(TEXT, style=".words{opacity:.1}"), PROVE, "see-through"),
    "blurred": (article(TEXT, style=".words{filter:blur(6px)}"), PROVE, "blurred"),
    "tiny": (article(TEXT, style=".words{font-size:3px}"), PROVE, "too small"),
    "not shown": (article(TEXT, style=".words{display:none}"), PROVE, "not shown"),
    "author not shown": (article(TEXT, style=".name{visibility:hidden}"), PROVE, "the author's name is"),
    "off the side": (article(TEXT, style="[role=article]{margin-left:-300px}"), PROVE, "the side of the window"),
}


@pytest.mark.parametrize(("html", "step", "why"), WALLS.values(), ids=WALLS)
def test_a_page_that_does_not_show_it_is_partial_and_says_why(
    hasty: Camera, tmp_path: Path, site: Site, html: str, step: str, why: str
) -> None:
    capture = on_page(hasty, site, html, tmp_path)
    assert capture.quality is Quality.PARTIAL
    assert why in failed(capture)[step]
    assert capture.conditions["signed_in"] == "no"


NOT_THERE, LOGIN = "a page that says it is not available", "a login page"
ROBOTS, CONSENT = "a check for robots", "a consent page"
PLATFORMS_WALLS = [  # as they show them; ids of elements are theirs
    ("/x", "<h1>Hmm...this page doesn’t exist. Try searching for something else.</h1>", NOT_THERE),
    ("/x", "<article>This Post is from an account that no longer exists.</article>", NOT_THERE),
    ("/x", "<article>This Tweet is unavailable. Learn more</article>", NOT_THERE),
    ("/x", "<h2>Something went wrong. Try reloading.</h2>", NOT_THERE),
    ("/x", "<h1>Continue to X</h1><p>Happening now</p>", LOGIN),
    ("/i/flow/login", "<h1>Happening now</h1>", LOGIN),
    ("/youtube", "<h1>Before you continue to YouTube</h1>", CONSENT),
    ("/youtube", "<h1>Sign in to confirm you’re not a bot</h1>", ROBOTS),
    ("/sorry/index", "<p>Our systems have detected unusual traffic from your computer network.</p>", ROBOTS),
    ("/youtube", "<h1>Video unavailable</h1><p>This video is private</p>", NOT_THERE),
    ("/facebook", "<h1>You must log in to continue.</h1>", LOGIN),
    ("/facebook", "<h2>See more on Facebook</h2><input name=email>", LOGIN),
    ("/facebook", "<h2>This content isn’t available right now</h2>", NOT_THERE),
    ("/facebook", "<p>The link you followed may be broken, or the page may have been taken down.</p>", NOT_THERE),
    ("/facebook", "<p>This Facebook post is no longer available.</p>", NOT_THERE),
    ("/facebook", "<h2>Allow the use of cookies from Facebook on this browser?</h2>", CONSENT),
    ("/checkpoint/1", "<h2>Choose a way to prove it</h2>", LOGIN),
    ("/accounts/login/", "<h2>Instagram</h2>", LOGIN),
    ("/instagram", "<h2>Sorry, this page isn’t available.</h2>", NOT_THERE),
    ("/nextdoor", "<h1>Log in or sign up to see this post</h1>", LOGIN),
    ("/nextdoor", "<div id=px-captcha>&nbsp;</div>", ROBOTS),
    ("/bluesky", "<h1>Post not found</h1>", NOT_THERE),
    ("/bluesky", "<p>This account has requested that users sign in to view their account. Sign in to view</p>", LOGIN),
]


@pytest.mark.parametrize(("path", "html", "what"), PLATFORMS_WALLS)
def test_the_walls_of_each_platform_are_named_and_partial(
    hasty: Camera, tmp_path: Path, site: Site, path: str, html: str, what: str
) -> None:
    site.pages[path] = f"<!doctype html><meta charset=utf-8><title>A page</title>{html}"
    capture = hasty.capture(standing_at(f"{site.url}{path}"), ("page",), tmp_path, now=NOON)
    assert capture.quality is Quality.PARTIAL
    assert failed(capture)["find the comment"] == f"the comment is not on the page; shown is {what}"


def test_what_changes_while_it_is_pictured_is_partial(camera: Camera, tmp_path: Path, site: Site) -> None:
    fleeting = article(
        TEXT,
        extra="<script>new MutationObserver(() => { document.querySelectorAll('.words')[1].textContent = 'Gone' })"
        ".observe(document.body, {attributes: true, subtree: true})</script>",
    )
    capture = on_page(camera, site, fleeting, tmp_path)
    assert "changed while it was pictured" in failed(capture)["comment picture"]
    assert capture.quality is Quality.PARTIAL


def test_the_record_steps_in_where_the_page_fails(camera: Camera, tmp_path: Path, site: Site) -> None:
    site.pages["/comment"] = stand_in_pages(a_subject())[2]
    subject = standing_at(f"{site.url}/comment")
    capture = camera.capture(subject, ("page", "record"), tmp_path, now=NOON)
    assert (capture.quality, capture.source) == (Quality.FULL, "record")
    own, pages = {"comment.png", "page.mhtml", "page.wacz"}, {"page/page.png", "page/page.mhtml", "page/page.wacz"}
    assert names(tmp_path) == own | pages
    assert "shown is a page that says it is not available" in capture.conditions["other_source_page"]
    assert "files in page/" in capture.conditions["other_source_page"]


def test_a_page_may_load_from_its_own_host_and_those_named_only(camera: Camera, tmp_path: Path, site: Site) -> None:
    with Site() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        html = article(
            TEXT, extra=f"<img src='{elsewhere}/a.png'><script src='{elsewhere}/b.js'></script><img src='/own.png'>"
        )
        capture = on_page(camera, site, html, tmp_path)
        assert capture.quality is Quality.FULL
        assert other.asked == []
        assert "localhost (2)" in capture.conditions["requests_refused"]
        assert "/own.png" in site.asked
        with Camera(BrowserSettings(hosts=("local*",)), "9.9") as freer:
            assert on_page(freer, site, html, tmp_path / "freer").quality is Quality.FULL
        assert sorted(other.asked) == ["/a.png", "/b.js"]


def test_a_redirect_leads_to_no_other_host(camera: Camera, tmp_path: Path, site: Site) -> None:
    with Site() as other:
        site.pages["/comment"] = redirect(other.url.replace("127.0.0.1", "localhost") + "/elsewhere")
        capture = camera.capture(standing_at(f"{site.url}/comment"), ("page",), tmp_path, now=NOON)
        assert "render" in failed(capture)
        assert other.asked == []


def test_a_comment_without_web_address_has_no_page(camera: Camera, tmp_path: Path) -> None:
    capture = camera.capture(standing_at("file:///etc/passwd"), ("page", "record"), tmp_path, now=NOON)
    assert capture.source == "record"
    assert failed(capture) == {"render": "the comment has no web address"}


# ------------------------------------------------------------------------------------------------------------- embed


WIDGETS = """
const quote = document.querySelector("blockquote");
const frame = Object.assign(document.createElement("iframe"), {src: SITE + "/embed?id=" + quote.dataset.id});
frame.style.cssText = "width:550px;height:420px;margin-top:40px";
quote.replaceWith(frame);
"""


def embedded(site: Site, shown: str, into: Path, *, deadline: float = 24, extra: str = "") -> Capture:
    """Capture from the embed of a stand-in platform: a script in our page that opens a frame, as X's does."""
    site.pages["/widgets.js"] = WIDGETS.replace("SITE", f"'{site.url}'")
    site.pages["/embed"] = shown.replace("width: 600px", "width: 500px")
    markup = f'<blockquote data-id="{{item}}">…</blockquote>{extra}<script src="{site.url}/widgets.js"></script>'
    embed = Embed(markup=markup, hosts=("127.0.0.1",))
    with Camera(BrowserSettings(deadline=deadline, embeds={"youtube": embed}), "9.9") as camera:
        return camera.capture(a_subject(TEXT), ("embed",), into, now=NOON)


def test_an_embed_is_full_and_only_what_is_in_its_frame_counts(tmp_path: Path, site: Site) -> None:
    capture = embedded(site, article(TEXT), tmp_path)
    assert failed(capture) == {}
    assert (capture.quality, capture.source) == (Quality.FULL, "embed")
    assert names(tmp_path) == {"comment.png", "page.png", "page.mhtml", "page.wacz"}
    assert "/embed?id=c1" in capture.conditions["frames_shown"]
    assert "own embed" in capture.conditions["rendition"]
    with Image.open(tmp_path / "comment.png") as picture:
        wide, tall = picture.size
        pixels = picture.convert("RGB").load()
        drawn = [(x, y) for x in range(wide) for y in range(tall) if pixels[x, y] == OUTLINE]
    left, right, bottom = min(x for x, _ in drawn), max(x for x, _ in drawn), max(y for _, y in drawn)
    assert (0 < left < 8, wide - 8 < right < wide, tall - 8 < bottom < tall) == (True, True, True), "whole, and no more"
    with zipfile.ZipFile(tmp_path / "page.wacz") as replayed:
        assert any(b"/embed?id=c1" in replayed.read(name) for name in replayed.namelist())


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (article(TEXT.replace("20%", "2O%")), "the comment is not on the page"),
        ("<p>This Post is unavailable. Learn more</p>", "shown is a page that says it is not available"),
        (article(TEXT, style="[role=article]{margin-top:900px}"), ""),
    ],
)
def test_an_embed_that_does_not_show_the_comment_is_partial(tmp_path: Path, site: Site, shown: str, why: str) -> None:
    capture = embedded(site, shown, tmp_path, deadline=6)
    if why:
        assert capture.quality is Quality.PARTIAL
        assert why in failed(capture)["find the comment"]
    else:
        assert failed(capture) == {}, "it is brought into the frame"


def test_an_embed_loads_from_no_host_but_the_platforms(tmp_path: Path, site: Site) -> None:
    with Site() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        image = f"<img src='{elsewhere}/a.png'><iframe src='{elsewhere}/frame'></iframe>"
        capture = embedded(site, article(TEXT, extra=image), tmp_path, extra=image)
        assert capture.quality is Quality.FULL
        assert other.asked == []
        assert "localhost" in capture.conditions["requests_refused"]


def test_a_platform_without_an_embed_says_so_and_the_record_steps_in(camera: Camera, tmp_path: Path) -> None:
    capture = camera.capture(a_subject(), ("embed", "record"), tmp_path, now=NOON)
    assert (capture.quality, capture.source) == (Quality.FULL, "record")
    assert failed(capture) == {"render": "YouTube has no embed that shows one comment"}


def test_our_page_around_an_embed_says_nothing_of_the_comment_but_its_identifier() -> None:
    page = shell(EMBEDS["x"], '1"><script>alert(1)</script>')
    assert "<script>alert" not in page
    assert "https://x.com/i/status/1&quot;" in page


# ----------------------------------------------------------------------------------------------------------- the rest


def test_sources_there_are_not_are_refused(camera: Camera, tmp_path: Path) -> None:
    for sources in ((), ("hearsay",)):
        with pytest.raises(ValueError, match="page, embed, record"):
            camera.capture(a_subject(), sources, tmp_path, now=NOON)


def test_no_browser_is_said(tmp_path: Path) -> None:
    for executable in ("/nowhere/chromium", "/bin/true"):
        with (
            Camera(BrowserSettings(executable=executable), "9.9") as camera,
            pytest.raises(NoBrowser, match=f"{executable}.*citymod doctor"),
        ):
            camera.capture(a_subject(), ("record",), tmp_path, now=NOON)


def test_a_card_that_staff_entered_claims_no_answer_of_a_platform() -> None:
    given, entered = (
        card.render(replace(a_subject(), entered=by_hand), version="9.9", now=NOON) for by_hand in (False, True)
    )
    assert "stored answer of the platform" in given
    assert "stored answer of the platform" not in entered
    assert "entered by hand. It is not a picture" in entered


def test_findings_of_another_wording_are_refused() -> None:
    subject = a_subject(TEXT, "gutter")
    with pytest.raises(ValueError, match="not in this wording"):
        replace(subject, comment=replace(subject.comment, text="x" + TEXT))


def test_pieces_join_what_overlaps_and_keep_signs_whole() -> None:
    subject = a_subject("buy cheap cafe\u0301 now", "buy cheap", "cheap cafe", "now")
    assert [(piece.text, piece.marked) for piece in card.pieces(subject.comment.text, subject.findings)] == [
        ("buy cheap cafe\u0301", True),
        (" ", False),
        ("now", True),
    ]


def test_a_picture_says_its_size_where_the_standard_puts_it(camera: Camera, tmp_path: Path) -> None:
    camera.capture(a_subject(), ("record",), tmp_path, now=NOON)
    data = (tmp_path / "comment.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == size(tmp_path / "comment.png")
