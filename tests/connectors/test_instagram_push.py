"""What Instagram pushes makes the next poll happen at once, over real sockets; nothing that is pushed is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from instagram_town import SAM, Town, a_town, comments

from bot.push import PATH, Receiver
from connectors.contract import Delivery
from connectors.instagram.standin_hooks import Hooks

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ear:
    """A town whose account is told where the daemon would listen."""

    def __init__(self, town: Town, receiver: Receiver, woken: list[str]) -> None:
        self.town = town
        self.woken = woken
        self.hooks = Hooks(town.standin, town.page)
        self.address = f"http://127.0.0.1:{receiver.port}{PATH}instagram"


@pytest.fixture
def ear() -> Iterator[Ear]:
    with a_town() as town:
        woken: list[str] = []
        with Receiver("127.0.0.1", 0, {town.account.key: town.connector}, woken.append) as receiver:
            yield Ear(town, receiver, woken)


def test_only_who_knows_our_word_may_subscribe(ear: Ear) -> None:
    assert ear.hooks.subscribe(ear.address)
    assert not ear.hooks.subscribe(ear.address, verify_token="another")
    assert ear.woken == []


@pytest.mark.parametrize("pitfalls", [[], ["hooks_twice"], ["hooks_out_of_order", "hooks_unknown"]])
def test_a_new_comment_is_told_and_then_read_by_polling(ear: Ear, pitfalls: list[str]) -> None:
    ear.town.standin.switch(pitfalls)
    first = ear.town.comment(text="Grüße 👋🏽")
    reply = ear.town.comment(first.post, "a reply", parent=first, author=SAM)
    assert set(ear.hooks.push(ear.address)) == {200}
    assert set(ear.woken) == {ear.town.account.key}
    assert len(ear.woken) == (4 if pitfalls == ["hooks_twice"] else 2 + pitfalls.count("hooks_unknown"))
    assert set(comments(ear.town.poll())) == {first.id, reply.id}


def test_a_mention_is_told_by_its_identifier_and_wakes_no_more_than_a_poll(ear: Ear) -> None:
    ear.town.standin.mentions = {"18099000000000001": {"id": "18099000000000001"}}
    [sent] = ear.hooks.deliveries(ear.hooks.changes())
    assert b'"comment_id":"18099000000000001"' in sent.body
    assert comments(ear.town.poll()) == {}


def test_hiding_and_deleting_are_told_by_nobody(ear: Ear) -> None:
    comment = ear.town.comment()
    ear.hooks.push(ear.address)
    ear.town.world.hide(comment, "staff")
    ear.town.world.delete(comment, "author")
    assert ear.hooks.push(ear.address) == []


def test_what_is_not_signed_wakes_nobody(ear: Ear) -> None:
    ear.town.standin.switch(["hooks_unsigned"])
    ear.town.comment()
    assert ear.hooks.push(ear.address) == [403]
    assert ear.woken == []


def test_what_is_about_a_page_is_not_about_the_account(ear: Ear) -> None:
    ear.town.comment()
    [sent] = ear.hooks.deliveries(ear.hooks.changes())
    changed = sent.body.replace(b'"object":"instagram"', b'"object":"page"')
    named = {name.lower(): value for name, value in sent.headers.items()}
    heard = ear.town.connector.hear(Delivery(method="POST", query={}, headers=named, body=changed))
    assert heard.status == 403
    heard = ear.town.connector.hear(Delivery(method="POST", query={}, headers=named, body=sent.body))
    assert heard.polls == {ear.town.account.key}


def test_without_the_apps_secret_nothing_is_believed(ear: Ear) -> None:
    ear.town.comment()
    [sent] = ear.hooks.deliveries(ear.hooks.changes())
    named = {name.lower(): value for name, value in sent.headers.items()}
    silent = ear.town.connect(app_secret="")
    assert silent.hear(Delivery(method="POST", query={}, headers=named, body=sent.body)).status == 403
