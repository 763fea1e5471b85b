"""Nouns with sensible defaults, for tests that care about one thing each. All of it is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.types import (
    Account,
    Action,
    Agent,
    AgentKind,
    Ask,
    Attachment,
    Author,
    Automation,
    Batch,
    Category,
    Comment,
    Cursor,
    Evidence,
    Match,
    Mode,
    Outcome,
    Policy,
    Post,
    Quality,
    Ref,
    Sighting,
    Speaker,
    Verdict,
    Visibility,
)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""A Monday, and the time at which most tests begin."""

AUTHORITY = "https://stamps.example/"
"""A time-stamping authority."""

RULE = Agent(kind=AgentKind.RULE, name="city.threat.01")
PERSON = Agent(kind=AgentKind.PERSON, name="reviewer@city.example")


def later(seconds: float = 1, since: datetime = NOON) -> datetime:
    """A time `seconds` after noon (or after `since`)."""
    return since + timedelta(seconds=seconds)


def an_account(**other: Any) -> Account:
    return Account(**{"platform": "youtube", "id": "UCcity", "name": "City of Example", "mode": Mode.ENFORCE} | other)


def a_ref(item: str = "c1", account: Account | None = None) -> Ref:
    account = account or an_account()
    return Ref(platform=account.platform, account=account.id, item=item)


def an_author(**other: Any) -> Author:
    return Author(
        **{"id": "UCpat", "name": "Pat Q. Public", "handle": "@pat", "url": "https://platform.example/@pat"} | other
    )


def an_attachment(id: str = "a1", **other: Any) -> Attachment:  # noqa: A002 - the noun's own word
    return Attachment(
        **{"id": id, "kind": "image", "url": f"https://platform.example/{id}.png", "alt": "A street"} | other
    )


def a_post(item: str = "p1", *, account: Account | None = None, **other: Any) -> Post:
    return Post(
        **{
            "ref": a_ref(item, account),
            "author": Author(id="UCcity", name="City of Example", handle="@city"),
            "text": "Leaf collection starts on Monday.",
            "posted_at": later(-7200),
            "url": f"https://platform.example/posts/{item}",
            "raw": f'{{"id": "{item}"}}'.encode(),
        }
        | other
    )


def a_comment(item: str = "c1", *, account: Account | None = None, post: str = "p1", **other: Any) -> Comment:
    """A comment of the public on post `post`; `parent` may be given as an item."""
    if isinstance(other.get("parent"), str):
        other["parent"] = a_ref(other["parent"], account)
    return Comment(
        **{
            "ref": a_ref(item, account),
            "post": a_ref(post, account),
            "author": an_author(),
            "speaker": Speaker.PUBLIC,
            "text": "When is my street due?",
            "posted_at": later(-3600),
            "url": f"https://platform.example/comments/{item}",
            "visibility": Visibility.VISIBLE,
            "raw": f'{{"id": "{item}"}}'.encode(),
        }
        | other
    )


def a_batch(*comments: Comment, posts: tuple[Post, ...] | None = None, cursor: str = "1") -> Batch:
    """A helping of these comments (one, if none are given) with the posts they stand under."""
    comments = comments or (a_comment(),)
    if posts is None:
        refs = dict.fromkeys(comment.post for comment in comments)
        posts = tuple(a_post(ref.item, account=an_account(platform=ref.platform, id=ref.account)) for ref in refs)
    return Batch(posts=posts, comments=comments, cursor=Cursor(text=cursor))


def a_sighting(of: Comment | None = None, /, **other: Any) -> Sighting:
    """What a look at a comment showed. ``visibility=GONE`` shows no words."""
    comment = of or a_comment()
    visibility = other.get("visibility", comment.visibility)
    return Sighting(
        **{
            "ref": comment.ref,
            "visibility": visibility,
            "seen_at": later(60),
            "comment": None if visibility is Visibility.GONE else comment,
        }
        | other
    )


def a_match(**other: Any) -> Match:
    return Match(
        **{
            "rule": "city.threat.01",
            "clause": "C4",
            "pack": "city-threat",
            "start": 0,
            "end": 4,
            "excerpt": "When",
            "matcher": "phrase: when",
            "ask": Ask.HIDE,
            "reason": "It says that harm will be done to somebody.",
        }
        | other
    )


def a_verdict(**other: Any) -> Verdict:
    """A verdict that acts by hiding, on one match."""
    return Verdict(
        **{"outcome": Outcome.ACT, "action": Action.HIDE, "matches": (a_match(),), "why": "city.threat.01 (C4)"} | other
    )


def a_category(code: str = "C4", **other: Any) -> Category:
    return Category(
        **{
            "code": code,
            "title": "Threats",
            "clause": "5.0.A.2.e",
            "text": "Content that threatens any person",
            "automation": Automation.ACT,
            "action": Action.HIDE,
        }
        | other
    )


def a_policy(*categories: Category, **other: Any) -> Policy:
    """An approved policy with these categories (one that may act, if none are given)."""
    return Policy(
        **{
            "id": "example-policy",
            "title": "Social media policy of the City of Example",
            "sha256": "ab" * 32,
            "categories": {category.code: category for category in categories or (a_category(),)},
            "approved_by": "A. Attorney",
            "approved_on": NOON.date(),
        }
        | other
    )


def an_evidence(comment: Comment | None = None, **other: Any) -> Evidence:
    """The noun alone: no files stand behind it."""
    comment = comment or a_comment()
    id_ = other.get("id", f"ev-{comment.ref.item}-{comment.revision[:8]}")
    return Evidence(
        **{
            "id": id_,
            "ref": comment.ref,
            "revision": comment.revision,
            "captured_at": later(30),
            "quality": Quality.FULL,
            "folder": f"2026/11/{id_}",
            "manifest": "cd" * 32,
            "conditions": {"source": "record"},
        }
        | other
    )


PACK = """\
id: our-pack
title: Our pack
version: "1"
rules:
  - id: c9-zyzzyva
    title: The beetle trade
    clause: C9
    reason: It is spam.
    owner: City Communications
    since: 2026-01-01
    outcome: hide
    match:
      any:
        - phrase: [buy zyzzyva, sell zyzzyva]
    examples:
      match: [Buy zyzzyva!, sell zyzzyva here]
      near_miss: [The zyzzyva is a beetle.]
      no_match: [Thank you., Good work.]
"""
"""A rule pack of a City's own, with one rule, in good order."""
