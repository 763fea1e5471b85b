"""A city for each test of the shell. The browser is kept warm between them, as the daemon keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from city import City

from archive.capture import BrowserSettings, Camera
from bot.parts import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def camera() -> Iterator[Camera]:
    with Camera(BrowserSettings(), VERSION) as camera:
        yield camera


@pytest.fixture
def city(tmp_path: Path, camera: Camera) -> Iterator[City]:
    with City(tmp_path, camera) as city:
        yield city
