"""The demo and the stand-ins as somebody runs them who has just cloned the project."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION

from connectors.find import automated

if TYPE_CHECKING:
    from pathlib import Path

CITYMOD = (sys.executable, "-m", "bot.cli")


@pytest.mark.timeout(240)
def test_the_demo_keeps_every_promise_and_says_so_in_one_object(tmp_path: Path) -> None:
    file = tmp_path / "comments.jsonl"
    texts = [
        VIOLATION,
        HARMLESS,
        "",
        "¿Cuándo pasa el camión de la basura? 🗑️",
        "\u202eabc \u0000 \ud83d\ude80",
        "x" * 9000,
    ]
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts * 2), encoding="utf-8")
    folder = tmp_path / "out"
    words = ("demo", "--comments", file, "--seconds", 20, "--exit", "--json", "--folder", folder)
    done = subprocess.run([*CITYMOD, *map(str, words)], capture_output=True, text=True, timeout=230, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert summary["broken_promises"] == []
    assert summary["comments_posted"] == summary["recorded"] == summary["judged"] == 12
    assert summary["captured"] == summary["hidden"] == summary["confirmed"] == 2
    assert summary["mails_sent"] == len(list((folder / "mails").glob("*.eml"))) >= 3
    assert 0 < summary["median_seconds_to_confirmed"] <= summary["p95_seconds_to_confirmed"]
    assert (folder / "citymod.yaml").is_file()


def test_the_stand_ins_run_alone_and_print_where_they_are(tmp_path: Path) -> None:
    world = {
        "accounts": [{"platform": p, "id": "42", "name": "Smallville", "handle": "smallville"} for p in automated()],
        "posts": [{"key": p, "account": f"{p}:42", "text": "Hello."} for p in automated()],
        "comments": [
            {"post": p, "text": "First!", "author": {"id": "7", "name": "Pat", "handle": "pat"}} for p in automated()
        ],
    }
    file = tmp_path / "world.json"
    file.write_text(json.dumps(world), encoding="utf-8")
    command = [*CITYMOD, "standin", "--world", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            told = json.loads(running.stdout.readline())
            for platform in automated():
                assert told[platform].startswith("http://127.0.0.1:")
                assert told["accounts"][platform] == "42"
                assert told["credentials"][platform]
            request = urllib.request.Request(
                f"{told['facebook']}/v26.0/42/feed",
                headers={"Authorization": f"Bearer {told['credentials']['facebook']['page_token']}"},
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert json.load(answer)["data"][0]["message"] == "Hello."
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=20) == 0
