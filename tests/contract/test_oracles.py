"""The oracles themselves: every platform has one, and each finds breaches that were made on purpose."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stage import oracle, trait

from bot.domain.types import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stage import Stage

    from connectors.standin.server import Exchange


VERBS = ("list", "look", "hide", "unhide", "delete")


def traffic(stage: Stage) -> list[Exchange]:
    """A little of everything a connector says to the platform itself, and what it hears."""
    connector = stage.connector()
    comment = stage.comment(stage.post(), "words")
    connector.check(now=stage.now)
    list(connector.poll(None, now=stage.clock.forward(minutes=1)))
    connector.look(stage.ref(comment), now=stage.now)
    for action in (Action.HIDE, Action.RESTORE) if stage.acts else ():
        connector.act(stage.ref(comment), action, now=stage.now)
    return [exchange for exchange in stage.server.log if exchange.verb in VERBS]


def test_traffic_is_held_against_the_contract(stage: Stage, platform: str) -> None:
    exchanges = traffic(stage)
    assert {"list", trait(platform, "LOOK", "look")} <= {exchange.verb for exchange in exchanges}
    assert stage.breaches() == []


def test_a_path_that_does_not_exist_is_found(stage: Stage, platform: str) -> None:
    check = oracle(platform).check
    for exchange in traffic(stage):
        wrong = replace(exchange, request=replace(exchange.request, path="/nowhere/at/all"))
        assert check(wrong), exchange.verb


def test_a_parameter_that_does_not_exist_is_found(stage: Stage, platform: str) -> None:
    check = oracle(platform).check
    for exchange in traffic(stage):
        query = {**exchange.request.query, "no_such_parameter": ["1"]}
        assert check(replace(exchange, request=replace(exchange.request, query=query))), exchange.verb


def test_answers_of_the_wrong_shape_are_found(stage: Stage, platform: str) -> None:
    check = oracle(platform).check
    spoilt = 0
    for exchange in traffic(stage):
        if exchange.verb not in ("list", "look") or not exchange.response.body:
            continue
        for whole in spoil(json.loads(exchange.response.body)):
            response = replace(exchange.response, body=json.dumps(whole).encode())
            assert check(replace(exchange, response=response)), whole
            spoilt += 1
    assert spoilt >= 4


def spoil(whole: Any) -> Iterator[Any]:
    """The same answer with a field too many, once at the top and once in the first item of every list."""
    yield {**whole, "no_such_field": 1}
    for name, value in whole.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield {**whole, name: [{**value[0], "no_such_field": 1}, *value[1:]]}
