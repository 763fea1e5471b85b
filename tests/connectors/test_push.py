"""Web hooks as Meta sends them: who is believed, what is answered, and whom they are about."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest
from facebook_town import PAT, Town, a_town
from hypothesis import given
from hypothesis import strategies as st

from connectors import push
from connectors.contract import FORBIDDEN, Delivery, Heard
from connectors.facebook.standin_hooks import Hooks
from connectors.facebook.standin_keys import APP_SECRET, VERIFY_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.standin.graph_hooks import Sent

SECRET = "0123456789abcdef"
WORD = "our own word"


PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["object", "entry", "id", "changes"]), inner),
)


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def posted(body: bytes, signed: str | None = None) -> Heard:
    headers = {} if signed is None else {"x-hub-signature-256": signed}
    delivery = Delivery(method="POST", query={}, headers=headers, body=body)
    return push.hear(delivery, platform="facebook", kind="page", app_secret=SECRET, verify_token=WORD)


def asked(**query: str) -> Heard:
    named = {f"hub.{name}": value for name, value in query.items()}
    delivery = Delivery(method="GET", query=named, headers={})
    return push.hear(delivery, platform="facebook", kind="page", app_secret=SECRET, verify_token=WORD)


def about(*pages: str) -> bytes:
    return json.dumps({"object": "page", "entry": [{"id": page, "changes": []} for page in pages]}).encode()


def test_a_challenge_with_our_word_is_given_back() -> None:
    heard = asked(mode="subscribe", verify_token=WORD, challenge="1158201444")
    assert heard == Heard(status=200, body=b"1158201444")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "another", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "wörd", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": WORD, "challenge": "1"},
    ],
)
def test_a_challenge_without_it_is_not(query: dict[str, str]) -> None:
    assert asked(**query) == Heard(status=FORBIDDEN)


def test_a_signed_delivery_names_its_accounts() -> None:
    body = about("1", "2", "1")
    assert posted(body, signature(body)).polls == {"facebook:1", "facebook:2"}


@given(st.binary(), st.text())
def test_nothing_that_is_not_signed_is_believed(body: bytes, forged: str) -> None:
    heard = posted(body, forged)
    assert heard == Heard(status=FORBIDDEN) or forged == signature(body)


@given(st.binary(max_size=200), st.data())
def test_one_changed_bit_breaks_the_signature(body: bytes, data: st.DataObject) -> None:
    body = about("1") + body
    at = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[at // 8] ^= 1 << at % 8
    assert posted(body, signature(body)).status == 200
    assert posted(bytes(changed), signature(body)).status == FORBIDDEN


@given(PAYLOADS)
def test_whatever_is_signed_is_answered_and_names_at_most_accounts(payload: object) -> None:
    body = json.dumps(payload).encode()
    heard = posted(body, signature(body))
    assert heard.status == 200
    assert all(key.startswith("facebook:") for key in heard.polls)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b'{"object":"instagram","entry":[{"id":"1"}]}'])
def test_what_is_signed_and_says_nothing_to_us_is_taken_and_wakes_nobody(body: bytes) -> None:
    assert posted(body, signature(body)) == Heard(status=200)


def test_without_a_secret_nothing_is_believed() -> None:
    body = about("1")
    for secret, word in ((None, None), ("", "")):
        for delivery in (
            Delivery(method="POST", query={}, headers={"x-hub-signature-256": signature(body, "")}, body=body),
            Delivery(method="GET", query={"hub.mode": "subscribe", "hub.verify_token": ""}, headers={}),
        ):
            heard = push.hear(delivery, platform="facebook", kind="page", app_secret=secret, verify_token=word)
            assert heard == Heard(status=FORBIDDEN)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_other_methods_are_not_taken(method: str) -> None:
    delivery = Delivery(method=method, query={}, headers={})
    assert push.hear(delivery, platform="f", kind="page", app_secret=SECRET, verify_token=WORD).status == 405


# ------------------------------------------------------------------------------------- what the stand-in sends


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def told(town: Town, hooks: Hooks) -> list[Heard]:
    return [town.connector.hear(arrived(one)) for one in hooks.deliveries(hooks.changes())]


def arrived(sent: Sent) -> Delivery:
    headers = {name.lower(): value for name, value in sent.headers.items()}
    return Delivery(method="POST", query={}, headers=headers, body=sent.body)


def test_what_happens_on_a_page_wakes_it(town: Town) -> None:
    hooks = Hooks(town.standin, town.page)
    post = town.world.add_post(town.page, "post")
    comment = town.world.add_comment(post, "Grüße 👩‍👩‍👧‍👦 a/b", author=PAT)
    [add] = hooks.deliveries(hooks.changes())
    assert add.body.isascii()
    assert b"\\u00fc" in add.body
    assert b"a\\/b" in add.body
    town.world.edit(comment, "Grüße!")
    assert told(town, hooks) == [Heard(status=200, polls=frozenset({town.account.key}))]
    town.world.hide(comment, "staff")
    town.world.delete(comment, "author")
    [hide, remove] = [change["value"] for change in hooks.changes()]
    assert (hide["verb"], remove["verb"]) == ("hide", "remove")
    assert not {"message", "created_time"} & remove.keys()
    assert told(town, hooks) == []


def test_what_facebook_does_itself_is_not_told(town: Town) -> None:
    comment = town.world.add_comment(town.world.add_post(town.page, "post"), "words", author=PAT)
    hooks = Hooks(town.standin, town.page)
    town.world.hide(comment, "platform")
    town.world.delete(comment, "platform")
    assert hooks.changes() == []


@pytest.mark.parametrize(
    ("pitfalls", "statuses"),
    [
        ({"hooks_unsigned"}, {FORBIDDEN}),
        ({"hooks_twice", "hooks_out_of_order", "hooks_unknown"}, {200}),
    ],
)
def test_awkward_deliveries(town: Town, pitfalls: set[str], statuses: set[int]) -> None:
    hooks = Hooks(town.standin, town.page)
    town.standin.switch(pitfalls)
    for number in range(5):
        town.world.add_comment(town.world.add_post(town.page, "post"), str(number), author=PAT)
    heard = told(town, hooks)
    assert len(heard) >= 5
    assert {one.status for one in heard} == statuses
    assert {key for one in heard for key in one.polls} == (set() if FORBIDDEN in statuses else {town.account.key})
    assert set(town.standin.pitfalls.met) == pitfalls


def test_a_push_is_only_a_reason_to_poll(town: Town) -> None:
    """A delivery may say what it likes of comments; the connector makes nothing of it and asks nobody."""
    lies = [{"field": "feed", "value": {"item": "comment", "verb": "add", "message": "lies"}}]
    body = json.dumps({"object": "page", "entry": [{"id": town.page.id, "changes": lies}]}).encode()
    headers = {"x-hub-signature-256": signature(body, APP_SECRET)}
    heard = town.connector.hear(Delivery(method="POST", query={}, headers=headers, body=body))
    assert heard.polls == {town.account.key}
    assert heard.body == b""
    assert town.requests() == []
    assert VERIFY_TOKEN not in repr(heard)
