"""The demo and the stand-ins as somebody runs them who has just cloned the project."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import httpx
import pytest
from city import HARMLESS, VIOLATION, for_review

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


@pytest.mark.timeout(240)
def test_its_one_link_signs_in_once_where_something_waits_for_review(tmp_path: Path) -> None:
    file = tmp_path / "comments.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in (HARMLESS, for_review())), encoding="utf-8")
    command = [*CITYMOD, "demo", "--seconds", "20", "--comments", str(file), "--folder", str(tmp_path / "out")]
    with (tmp_path / "said").open("w+", encoding="utf-8") as said:
        with subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT) as running:
            try:
                link = told_within(tmp_path / "said", r"Look around: (http://localhost:\d+/\S+)", seconds=120)
                with httpx.Client(follow_redirects=True, timeout=30) as browser:
                    page = browser.get(link)
                    assert page.url.path == "/queue"
                    assert "Take the next one" in page.text
                    assert (
                        "Copies of all comments that the City has hidden"
                        in browser.get(page.url.join("/requests")).text
                    )
                with httpx.Client(follow_redirects=True, timeout=30) as another:
                    late = another.get(link)
                    assert (late.status_code, "has been used" in late.text) == (410, True)
                    assert another.get(page.url).url.path == "/sign-in"
            finally:
                running.send_signal(signal.SIGINT)
            assert running.wait(timeout=120) == 0
        said.seek(0)
        assert "Every promise was kept." in said.read()


def told_within(file: Path, pattern: str, *, seconds: float) -> str:
    """Wait until a program has written something into a file; give what the pattern asks for."""
    for _ in range(int(seconds * 2)):
        found = re.search(pattern, file.read_text(encoding="utf-8"))
        if found:
            return found[1]
        time.sleep(0.5)
    pytest.fail(file.read_text(encoding="utf-8"))


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
