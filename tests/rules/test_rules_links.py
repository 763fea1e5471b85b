"""Which addresses are found, however they are written; where they lead; and what is no address at all."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from build import a_rule, an_engine
from hypothesis import example, given
from hypothesis import strategies as st
from shipped import DATA, rows

from rules.context import NO_CONTEXT, Context
from rules.hosts import SHORTENERS, NotADomain, domain, host
from rules.lists import DomainList, read
from rules.match.link import Links, Wanted
from rules.normal import Forms

if TYPE_CHECKING:
    from pathlib import Path

    from rules.match import Hit

BAD = "bad.example.com"


def hits(text: str, wanted: Wanted, context: Context = NO_CONTEXT) -> list[Hit]:
    return list(Links({0: wanted}).find(Forms(text), context))


def links(text: str, *domains: str, any_: bool = False) -> list[str]:
    """The excerpts of a text that lead to one of the domains, or (`any_`) that are addresses."""
    found = hits(text, Wanted(domains=frozenset(domains), any=any_))
    return [text[start:end] for start, end in (Forms(text).plain_span(hit.start, hit.end) for hit in found)]


def a_list(*entries: str) -> DomainList:
    body = "\n".join(entries).encode()
    return read("ours.txt", body, "ab" * 32)


# written in every way


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://bad.example.com/x?y=1.", "https://bad.example.com/x?y=1"),
        ("HTTP://BAD.EXAMPLE.COM", "HTTP://BAD.EXAMPLE.COM"),
        ("(bad.example.com)", "bad.example.com"),
        ("www.shop.bad.example.com/a", "www.shop.bad.example.com/a"),
        ("bad.example.com:8080/a", "bad.example.com:8080/a"),
        ("bad.example.com./a", "bad.example.com./a"),
        ("bad.example.com...", "bad.example.com"),
        ("bad.example.com-", "bad.example.com"),
        ("_bad.example.com_ and", "bad.example.com"),
        ("**bad.example.com**", "bad.example.com"),
        ("go to...bad.example.com", "bad.example.com"),
        ("-bad.example.com", "bad.example.com"),
        ("bad.example.com.Then we left", "bad.example.com"),
        ("https://bad.example.com.", "https://bad.example.com"),
        ("seehttps://bad.example.com/a", "https://bad.example.com/a"),
        ("a,https://bad.example.com,b", "https://bad.example.com"),
        ("[free](https://bad.example.com/a)", "https://bad.example.com/a"),
        ("https://bad.example.com/a_(b)", "https://bad.example.com/a_(b)"),
        ("<https://bad.example.com>", "https://bad.example.com"),
        ("<a href='http://bad.example.com/'>", "http://bad.example.com/"),
        ("https:\\\\bad.example.com\\a", "https:\\\\bad.example.com\\a"),
        ("ftp://bad.example.com/a", "ftp://bad.example.com/a"),
        ("hxxps://bad.example.com/a", "hxxps://bad.example.com/a"),
        ("hXXp[:]//bad[.]example[.]com/a", "hXXp[:]//bad[.]example[.]com/a"),
        ("https://kcmo.gov@bad.example.com/", "https://kcmo.gov@bad.example.com/"),
        ("https://kcmo.gov:443@bad.example.com/", "https://kcmo.gov:443@bad.example.com/"),
        ("https://bad.example.com\\@kcmo.gov/", "https://bad.example.com\\@kcmo.gov/"),
        ("https://b%61d.example%2Ecom/a", "https://b%61d.example%2Ecom/a"),
        ("bad.example dot com", "bad.example dot com"),
        ("BAD.EXAMPLE DOT COM", "BAD.EXAMPLE DOT COM"),
        ("bad dot example dot com", "bad dot example dot com"),
        ("bad.example d0t com", "bad.example d0t com"),
        ("bad.example punto com", "bad.example punto com"),
        ("bad.example dotcom", "bad.example dotcom"),
        ("bad.exampledotcom", "bad.exampledotcom"),
        ("bad.example-dot-com", "bad.example-dot-com"),
        ("bad [dot] example [dot] com", "bad [dot] example [dot] com"),
        ("bad(dot)example(dot)com/a", "bad(dot)example(dot)com/a"),
        ("bad[.]example[.]com", "bad[.]example[.]com"),
        ("bad (.) example (.) com", "bad (.) example (.) com"),
        ("bad{.}example{dot}com", "bad{.}example{dot}com"),
        ("bad.example . com", "bad.example . com"),
        ("bad.example .com", "bad.example .com"),
        ("bad . example . com", "bad . example . com"),
        ("bad.example,com", "bad.example,com"),
        ("bad.example * com", "bad.example * com"),
        ("b a d . e x a m p l e . c o m", "b a d . e x a m p l e . c o m"),
        ("bad．example。com", "bad．example。com"),
        ("ｂａｄ．ｅｘａｍｐｌｅ．ｃｏｍ", "ｂａｄ．ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("𝐛𝐚𝐝.𝓮𝔁𝓪𝓶𝓹𝓵𝓮.𝕔𝕠𝕞", "𝐛𝐚𝐝.𝓮𝔁𝓪𝓶𝓹𝓵𝓮.𝕔𝕠𝕞"),
        ("🅱🅰🅳.example.🅲🅾🅼", "🅱🅰🅳.example.🅲🅾🅼"),
        ("bad.example.🇨🇴🇲", "bad.example.🇨🇴🇲"),
        ("bаd.example.com", "bаd.example.com"),  # Cyrillic а
        ("https://bаd.ехample.com/a", "https://bаd.ехample.com/a"),
        ("bad.exam\u200bple.com", "bad.exam\u200bple.com"),
        ("bad.exam\u00adple\u2060.\u200bcom/a", "bad.exam\u00adple\u2060.\u200bcom/a"),
        ("bad.exa🔥mple.com", "bad.exa🔥mple.com"),
        ("bad.example🔥.🔥com", "bad.example🔥.🔥com"),
        ("bad.example🔵com", "bad.example🔵com"),
        ("bad.example ⚫️ com", "bad.example ⚫️ com"),
        ("bad.example•com", "bad.example•com"),
        ("🔥bad.example.com🔥", "bad.example.com"),
        ("click👉bad.example.com👈", "bad.example.com"),
        ("見て https://bad.example.com。", "https://bad.example.com"),
        ("見てbad.example.comです", "bad.example.com"),
        ("ดูที่bad.example.comนะ", "bad.example.com"),
    ],
)
def test_links_to_a_listed_domain_are_found(text: str, found: str) -> None:
    assert links(text, BAD)[:1] == [found]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/bad.example.com",
        "https://bad.example.com.example.net/",
        "https://bad.example.com.invalid/",
        "https://notbad.example.com/",
        "https://bad.example.com@kcmo.gov/",
        "https://kcmo.gov\\@bad.example.com/",
        "write to me@bad.example.com",
        "first.last@bad.example.com",
        "bad.example.com@mail.example.net",
        "@bad.example.com",
        "@me.bad.example.com",
        "#bad.example.com",
        "The dot com boom",
        "I am bad. Example. Com",
        "bad example com",
        "báð.example.com",
    ],
)
def test_other_links_are_left_alone(text: str) -> None:
    assert links(text, BAD) == []


LEADING_THERE = [
    "https://l.facebook.com/l.php?u={quoted}&h=AT1",
    "https://lm.facebook.com/l.php?h=AT1&u={quoted}",
    "https://www.google.com/url?q={url}&sa=D",
    "https://www.youtube.com/redirect?event=comments&q={quoted}",
    "https://t.umblr.com/redirect?z={quoted}&t=1",
    "https://out.reddit.com/t3_1?url={quoted}",
    "https://web.archive.org/web/20240101000000/{url}",
    "https://web.archive.org/web/2024*/bad.example.com/a",
    "https://archive.today/2024/bad.example.com/a",
    "https://bad-example-com.translate.goog/a?_x_tr_sl=en",
    "https://translate.google.com/translate?sl=en&u={quoted}",
    "https://bad-example-com.cdn.ampproject.org/c/s/bad.example.com/a",
    "https://cdn.ampproject.org/c/s/bad.example.com/a",
    "https://www.google.com/amp/s/bad.example.com/a",
    "https://12ft.io/{url}",
    "https://r.example.net/?to=bad.example.com",
    "https://r.example.net/go?url=bad.example.com/a",
    "https://r.example.net/login?next=%2Fout%3Furl%3D{quoted}",
    "https://r.example.net/#url={quoted}",
    "https://r.example.net/{double}",
    "https://r.example.net/?u={base64}",
    "https://r.example.net/r/{base64}",
    "https://g.example.net/url?q=https%3A%2F%2Fg.example.org%2F%3Furl%3Dhttp%253A%252F%252Fbad.example.com",
]


@pytest.mark.parametrize("pattern", LEADING_THERE)
def test_what_leads_to_a_listed_domain_is_found(pattern: str) -> None:
    url = "https://bad.example.com/a?b=c"
    quoted = quote(url, safe="")
    encoded = base64.urlsafe_b64encode(url.encode()).decode()
    address = pattern.format(url=url, quoted=quoted, double=quote(quoted, safe=""), base64=encoded)
    assert links(f"look: {address} now", BAD)[:1] == [address]


@pytest.mark.parametrize(
    "text",
    [
        "https://www.google.com/search?q=bad.example.com",
        "https://www.google.com/search?q=https://bad.example.com",
        "https://www.kcmo.gov/news?ref=https://bad.example.com/",
        "https://www.kcmo.gov/news?utm_source=https%3A%2F%2Fbad.example.com",
        "https://www.kcmo.gov/contact?to=me@bad.example.com",
        "https://www.kcmo.gov/bad.example.com/amp/s/bad.example.com",
    ],
)
def test_what_only_mentions_a_listed_domain_is_left_alone(text: str) -> None:
    assert links(text, BAD) == []


@pytest.mark.parametrize(
    "written", ["3405803777", "0xCB007101", "0313.0.0161.1", "203.0.28929", "203.0.113.1", "[::ffff:203.0.113.1]"]
)
def test_a_number_is_an_address_as_browsers_read_it(written: str) -> None:
    text = f"go http://{written}/login now"
    assert links(text, "203.0.113.1") == [f"http://{written}/login"]
    assert domain(written) == "203.0.113.1"


def test_an_ipv6_address() -> None:
    assert links("http://[2001:DB8:0::1]:80/a", domain("[2001:db8::1]")) == ["http://[2001:DB8:0::1]:80/a"]


def test_names_in_other_alphabets_are_compared_in_ascii() -> None:
    listed = domain("bücher.example.com")
    assert listed == "xn--bcher-kva.example.com"
    assert links("https://bücher.example.com", listed) == ["https://bücher.example.com"]
    assert links("https://BU\u0308CHER.example.com", listed)
    assert links("https://xn--bcher-kva.example.com", listed)
    assert domain("例え.テスト.jp") == "xn--r8jz45g.xn--zckzah.jp"
    assert not links("https://bücher.example.com", "bucher.example.com")


# any address


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com",
        "www.example.net/a",
        "example.org",
        "EXAMPLE.COM",
        "Example.Com",
        "example.io/x",
        "x.example.co.uk/a",
        "bit.ly/abc",
        "http://10.0.0.1/",
        "example[.]com",
        "example dot com",
    ],
)
def test_any_link_is_any_address(text: str) -> None:
    assert links(f"look {text} here", any_=True) == [text]


def test_two_sentences_without_a_space_between_them_are_no_host() -> None:
    assert links("This is the end.It was good", "end.it") == []
    assert links("see end.it and END.IT and End.It", "end.it") == ["end.it", "END.IT", "End.It"]


NO_ADDRESSES = [
    "This is the end.It was good",
    "ok.No",
    "so.is it",
    "U.S. Rep.",
    "the U.S.A. and the U.S.A",
    "D.C.",
    "3.5 million",
    "$1.50/lb",
    "10.30.am",
    "at 5.pm",
    "e.g. this",
    "i.e.the",
    "a@example.com",
    "first.last.more@example.com",
    "v1.2.3",
    "version 10.0.0.1 of it",
    "...",
    "wait...what",
    "report.pdf",
    "main.py and README.md",
    "@kc.water.dept",
    "@someone.com",
    "#kc.com",
    "either.or/no",
    "the dot com boom",
    "pre dot com days",
    "We lost. Net income fell.",
    "connect the dot in the picture",
    "polka dot dress",
    "and/or",
    "24/7",
    "http://",
    "://",
    "//",
]


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_no_address_is_seen_where_there_is_none(text: str) -> None:
    assert links(text, any_=True) == []


def test_a_shortened_address_is_known_as_such() -> None:
    wanted = Wanted(shortener=True)
    text = "see https://bit.ly/3xYz now"
    (hit,) = hits(text, wanted)
    assert (text[hit.start : hit.end], hit.what) == (
        "https://bit.ly/3xYz",
        "link: bit.ly, which tells not where it leads",
    )
    assert not hits("see https://example.com/a and https://t.co/abc", wanted)
    assert "t.co" not in SHORTENERS


# listed domains and pages


@pytest.mark.parametrize(
    "text", ["com", "co.uk", "nonsense", "http://example.com", "a b.com", "", "blogspot.com", "x.ck"]
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(NotADomain):
        domain(text)


def test_a_list_says_which_entry_it_was() -> None:
    listed = a_list("evil.example.com", "https://docs.google.com/forms/d/abc/")
    (hit,) = hits("https://www.evil.example.com/x", Wanted(lists=(listed,)))
    assert hit.what == "link: evil.example.com in ours.txt#abababababab"
    (hit,) = hits("https://docs.google.com/forms/d/abc/viewform", Wanted(lists=(listed,)))
    assert hit.what == "link: docs.google.com/forms/d/abc in ours.txt#abababababab"


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("/a/b", True),
        ("/a/b/", True),
        ("/a/b/c", True),
        ("/a/b?c=d", True),
        ("/a/b#c", True),
        ("/a/%62", True),
        ("/a/bc", False),
        ("/a/B", False),
        ("/a", False),
        ("/", False),
        ("", False),
        ("/c/a/b", False),
    ],
)
def test_a_page_stands_for_what_lies_below_it(path: str, listed: bool) -> None:
    wanted = Wanted(lists=(a_list("http://www.example.com/a/b", "example.com/q?id=1"),))
    assert bool(hits(f"https://example.com{path} !", wanted)) == listed
    assert not hits(f"https://sub.example.com{path}", wanted)
    assert hits("example.com/q?id=1&x", wanted)
    assert not hits("example.com/q?id=12", wanted)


# what the platform tells of its shortened links


def test_links_that_the_platform_gave_stand_where_their_short_forms_stand() -> None:
    text = "one https://t.co/aaa two https://t.co/bbb"
    context = Context(links=("https://example.net/", "https://www.bad.example.com/x"))
    (hit,) = hits(text, Wanted(domains=frozenset([BAD])), context)
    assert text[hit.start : hit.end] == "https://t.co/bbb"


def test_a_link_card_without_an_address_in_the_text_stands_for_all_of_it() -> None:
    text = "look at this"
    (hit,) = hits(
        text, Wanted(domains=frozenset([BAD])), Context(links=("https://l.facebook.com/l.php?u=bad.example.com",))
    )
    assert text[hit.start : hit.end] == text


def test_rules_see_the_links_that_the_platform_gave(tmp_path: Path) -> None:
    engine = an_engine(tmp_path, a_rule([{"link": {"domains": [BAD]}}]))
    text = "look https://t.co/aaa"
    (match,) = engine.evaluate(text, Context(links=("https://bad.example.com/",)))
    assert (match.excerpt, match.matcher) == ("https://t.co/aaa", f"link: {BAD}")
    assert not engine.evaluate(text)


# whatever is written

LABELS = st.from_regex(r"[a-z][a-z0-9]{2,8}", fullmatch=True).filter(lambda label: label not in {"the", "com", "dot"})
HOSTS = st.builds("{}.{}".format, LABELS, st.sampled_from(["com", "net", "org"])).filter(
    lambda name: name.partition(".")[0] not in {"our", "his", "her", "its", "any", "some", "first", "from", "like"}
)
WAYS = [
    lambda name: name,
    lambda name: f"https://{name}/a?b=c",
    lambda name: f"http://www.{name}",
    lambda name: f"hxxp://{name}",
    lambda name: f"https://kcmo.gov@{name}/",
    lambda name: name.upper(),
    lambda name: name.replace(".", " dot "),
    lambda name: name.replace(".", "[.]"),
    lambda name: name.replace(".", " (dot) "),
    lambda name: name.replace(".", " . "),
    lambda name: name.replace(".", "．"),
    lambda name: name.replace(".", "🔵"),
    lambda name: name[0] + "\u200d" + name[1:],
    lambda name: name[0] + "🔥" + name[1:],
    lambda name: "".join(chr(ord(char) + 0x1D41A - ord("a")) if char.isalpha() else char for char in name),
    lambda name: f"https://l.facebook.com/l.php?u=https%3A%2F%2F{name}%2Fa",
]


@given(
    name=HOSTS,
    way=st.sampled_from(WAYS),
    before=st.sampled_from(["", "See ", "Wow! ", "見て "]),
    after=st.sampled_from(["", " now", "!", " 🔥"]),
)
def test_a_listed_host_is_found_in_any_disguise_and_its_place_is_exact(
    name: str, way: object, before: str, after: str
) -> None:
    written = way(name)  # type: ignore[operator]
    assert written in links(before + written + after, name)


@given(
    st.text(
        st.characters(categories=["Ll", "Lu", "Nd"], max_codepoint=0x24F) | st.sampled_from(" ,!?'\n-"), max_size=200
    )
)
@example("I said dot. Com or net, or so")
def test_no_address_is_seen_in_words(text: str) -> None:
    assert links(text, any_=True) == []


@given(st.text(st.sampled_from("a1.@:/[]()%=?&# \u200b🔥。дé٣\ud800\x00") | st.characters(), max_size=60))
def test_anything_can_be_read_and_every_place_lies_within(text: str) -> None:
    wanted = Wanted(domains=frozenset(["a.a1"]), any=True, shortener=True)
    for hit in hits(text, wanted, Context(links=(text,))):
        assert 0 <= hit.start < hit.end <= len(text) or not text


@given(st.text(max_size=80))
def test_a_host_is_ascii_or_nothing_and_stays_what_it_is(text: str) -> None:
    name = host(text)
    assert name.isascii()
    if "%" not in name and name[:1] != "[":
        assert host(name) == name


HOSTILE = [
    "a",
    "a.",
    "a.a",
    ".",
    "a@",
    "a.@",
    "a-",
    "a_",
    "a_a.",
    "_a.",
    "http://",
    "http://a@",
    "https://a.b/",
    "x.com?u=",
    "%25",
    "%2",
    "?u=http://",
    "/http://a.b",
    "aHR0c",
    "?u=aHR0cDov",
    "[.]",
    "(dot)",
    " dot com",
    "a dot ",
    " . com",
    "a . ",
    "a ",
    "🔥a",
    "a🔥com ",
    "。a",
    "é.",
    "а.",
    "0x1.",
    "1.",
    "http://0x",
    "http://1.1.",
    "[::",
    "http://[1:",
    "(",
    ")",
    "a.com)",
    "a.b-",
    "https://archive.is/a/",
    "*com ",
    "a,com",
    "dotcom",
    "punto com ",
    "見.a",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    """Sixteen times the text may take sixteen times as long, and twice that for noise; quadratic would be 256."""
    finder = Links({0: Wanted(domains=frozenset([BAD]), lists=(a_list("x.example.com/a"),), any=True)})
    forms = [Forms(piece * (size // len(piece))) for size in (4_000, 64_000)]
    finder.find(forms[0], NO_CONTEXT)

    def seconds(form: Forms) -> float:
        began = time.thread_time()
        finder.find(form, NO_CONTEXT)
        return time.thread_time() - began

    short, long = (min(seconds(form) for _ in range(3)) for form in forms)
    assert long < 40 * short + 0.02


@pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not part of the project")
@pytest.mark.parametrize(("name", "most"), [("polis_civic", 0.01), ("crisislex_t6", 0.4)])
def test_addresses_in_what_people_really_write(name: str, most: float) -> None:
    """Crisis tweets are full of addresses; what residents tell their city is not, and both are full of dots."""
    texts = [row["text"] for row in rows(name)]
    found = [text for text in texts if links(text, any_=True)]
    assert all("." in text or "dot" in text for text in found)
    assert 0 < len(found) / len(texts) <= most


@pytest.mark.parametrize("last", [BAD, f"https://www.{BAD}/x.", f"({BAD.upper()})", "s.io"])
def test_after_a_thousand_addresses_a_plain_one_is_still_found(last: str) -> None:
    text = "".join(f"a{number}.example.org/x " for number in range(1000)) + last
    wanted = Wanted(domains=frozenset([BAD, "s.io"]))
    assert [hit.what for hit in hits(text, wanted)] == [f"link: {'s.io' if last == 's.io' else BAD}"]


def test_after_a_thousand_addresses_a_page_and_a_shortener_are_still_found() -> None:
    text = "a.example.org " * 1000 + "https://x.example.com/a?b https://bit.ly/c"
    assert hits(text, Wanted(lists=(a_list("x.example.com/a"),)))
    assert hits(text, Wanted(shortener=True))
    assert not hits("a.example.org " * 1000, Wanted(lists=(a_list("x.example.com/a"),), shortener=True))
