"""What import contracts cannot say: about platforms, about stand-ins, and about reading the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp
import pytest

from connectors.find import platforms

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("bot", "connectors", "rules", "archive") for path in (ROOT / folder).rglob("*.py"))

# The daemon, the command line and the demo say what time it is; a stand-in's world has a clock of its own.
CLOCKS = {"bot/terminal.py", "bot/daemon.py", "bot/demo.py", "bot/trial.py", "connectors/standin/world.py"}
# Who may know that platforms can be stood in for: demo, canary and simulation, and what they are made of.
DEMO = {
    *("bot.canary_line", "bot.corpus", "bot.demo", "bot.promises", "bot.standins", "bot.trial"),
    *("bot.mishaps", "bot.onlooker", "bot.simulation", "bot.townspeople"),
}
READINGS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("bot", "connectors", "rules", "archive", cache_dir=None)


@pytest.mark.parametrize("platform", platforms())
def test_a_platform_imports_no_other_platform(graph: grimp.ImportGraph, platform: str) -> None:
    others = {f"connectors.{other}" for other in platforms() if other != platform}
    package = f"connectors.{platform}"
    for module in {package, *graph.find_descendants(package)}:
        for imported in graph.find_modules_directly_imported_by(module):
            assert ".".join(imported.split(".")[:2]) not in others, f"{module} imports {imported}"


def test_stand_ins_are_for_the_demo_and_for_each_other(graph: grimp.ImportGraph) -> None:
    stand_ins = {name for name in graph.modules if any(part.startswith("standin") for part in name.split(".")[1:])}
    assert "connectors.standin.world" in stand_ins
    importers = {user for name in stand_ins for user in graph.find_modules_that_directly_import(name)}
    # The command line offers `citymod standin`, which is in bot.standins, and nothing of the stand-ins themselves.
    assert importers - stand_ins - DEMO == {"bot.cli"}
    assert not any(name.startswith("connectors") for name in graph.find_modules_directly_imported_by("bot.cli"))


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in SOURCES])
def test_only_few_read_the_clock(path: str) -> None:
    read = [
        f"{path}:{node.lineno} reads the clock: let it be given `now`"
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in READINGS
    ]
    assert path in CLOCKS or not read, read
