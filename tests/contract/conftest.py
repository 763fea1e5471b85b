"""Every test that asks for `stage` runs once for every platform folder, and its whole traffic goes past the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stage import Clock, Stage, account_id, standin_of

from connectors import find
from connectors.standin.server import Server
from connectors.standin.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=find.with_api())
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stage(platform: str) -> Iterator[Stage]:
    clock = Clock()
    world = World(clock=clock)
    standin = standin_of(platform)(world)
    page = world.add_account(platform, account_id(platform), "City of Example", "CityOfExample")
    with Server(standin) as server:
        stage = Stage(platform=platform, clock=clock, world=world, standin=standin, server=server, page=page)
        yield stage
        assert not stage.breaches()
