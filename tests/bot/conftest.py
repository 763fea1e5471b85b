"""A city for each test of the shell, and its commands. The browser is kept warm, as the daemon keeps it.

Modules marked `both_engines` hold the main ways of a comment; each of their tests runs on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import structlog
from city import City
from playwright.sync_api import sync_playwright

from archive.browser import find_browser
from archive.capture import BrowserSettings, Camera
from bot.cli import main
from bot.parts import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from postgres import Postgres


@pytest.fixture(scope="session")
def camera() -> Iterator[Camera]:
    with Camera(BrowserSettings(), VERSION) as camera:
        yield camera


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for looking at pages, as a person would; what is pictured for evidence is the camera's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_engines"):
        metafunc.parametrize("engine", ["sqlite", "postgresql"], scope="session")


@pytest.fixture(scope="session")
def engine() -> str:
    return "sqlite"


@pytest.fixture
def city(engine: str, tmp_path: Path, camera: Camera, request: pytest.FixtureRequest) -> Iterator[City]:
    if engine == "sqlite":
        with City(tmp_path, camera) as city:
            yield city
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.prepared()
    with City(tmp_path, camera, database=server.url(name)) as city:
        yield city
    server.drop(name)


@pytest.fixture
def citymod(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Call a command; give status, standard output and error. What it sets for the process ends with the test."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", "400")
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        said = capsys.readouterr()
        code = end.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    logs, mask = structlog.get_config(), os.umask(0o022)
    os.umask(mask)
    yield call
    structlog.configure(**logs)
    os.umask(mask)
