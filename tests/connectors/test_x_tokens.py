"""OAuth 2.0 tokens: renewed once, by one, safe on disk before they are used; what is lost is told to a person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripted import serving
from x_place import Place, comments, open_place

from bot.domain.types import Action, Visibility
from connectors.contract import ConnectorError, RateLimited, Transient, Unauthorised
from connectors.standin import faults
from connectors.transport import Transport
from connectors.x import standin_auth
from connectors.x.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripted import Handler


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


@pytest.fixture
def keys(place: Place, tmp_path: Path) -> dict[str, str]:
    """What a person's sign-in leaves in the credentials."""
    first = place.standin.grants.sign_in(place.city)
    return {"client_id": standin_auth.CLIENT, "tokens": str(tmp_path / "tokens"), "refresh_token": first}


def kept(keys: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(keys["tokens"]).read_text("utf-8"))
    return found


class TestRenewing:
    def test_goes_on_for_days_with_every_token_used_once(self, place: Place, keys: dict[str, str]) -> None:
        comment = place.comment(place.post(), "words")
        connector = place.connector(keys)
        for _ in range(20):
            assert connector.look(place.ref(comment), now=place.now).comment
            place.forward(minutes=75)
        assert place.asked("token") == 10
        assert not place.standin.grants.dead

    def test_is_not_done_while_the_token_is_good(self, place: Place, keys: dict[str, str]) -> None:
        connector = place.connector(keys)
        connector.check(now=place.now)
        place.forward(minutes=109)
        connector.check(now=place.now)
        assert place.asked("token") == 1
        place.forward(minutes=2)
        connector.check(now=place.now)
        assert place.asked("token") == 2

    def test_reads_hides_and_survives_a_restart(self, place: Place, keys: dict[str, str]) -> None:
        comment = place.comment(place.post(), "words")
        assert "words" in comments(place.poll(None, place.connector(keys)))
        place.forward(hours=3)
        assert place.connector(keys).act(place.ref(comment), Action.HIDE, now=place.now) is Visibility.HIDDEN
        assert place.asked("token") == 2

    def test_of_one_process_serves_the_others(self, place: Place, keys: dict[str, str]) -> None:
        reader, actor = place.connector(keys), place.connector(keys)
        for _ in range(4):
            reader.check(now=place.now)
            actor.check(now=place.now)
            place.forward(hours=2)
        assert place.asked("token") == 4
        assert not place.standin.grants.dead

    def test_by_many_at_once_uses_the_token_once(self, place: Place, keys: dict[str, str]) -> None:
        connectors = [place.connector(keys) for _ in range(8)]
        said: list[object] = []

        def check(connector: Any) -> None:
            try:
                said.append(connector.check(now=place.now).ok)
            except Transient as error:
                said.append(str(error))

        threads = [threading.Thread(target=check, args=(connector,)) for connector in connectors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(said) == 8
        assert True in said
        assert place.asked("token") == 1
        assert all(connector.check(now=place.now).ok for connector in connectors)

    def test_by_another_just_before_the_lock_was_ours_is_noticed(self, place: Place, keys: dict[str, str]) -> None:
        def store(kind: type[Tokens]) -> Tokens:
            transport = Transport(api=place.server.url)
            return kind(
                Path(keys["tokens"]), transport, client=keys["client_id"], secret=None, first=keys["refresh_token"]
            )

        other = store(Tokens)

        class Overtaken(Tokens):
            def _alone(self) -> Any:
                other.access(place.now)
                return super()._alone()

        late = store(Overtaken)
        assert late.access(place.now) == other.access(place.now)
        assert place.asked("token") == 1
        assert not place.standin.grants.dead

    def test_waits_for_another_process(self, place: Place, keys: dict[str, str]) -> None:
        script = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", script, f"{keys['tokens']}.lock"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout
            other.stdout.readline()
            with pytest.raises(Transient, match="another process"):
                place.connector(keys).check(now=place.now)
            assert place.asked("token") == 0
            other.communicate()
        assert place.connector(keys).check(now=place.now).ok


class TestKeeping:
    def test_only_the_owner_can_read_the_file_and_nothing_is_left_beside_it(
        self, place: Place, keys: dict[str, str], tmp_path: Path
    ) -> None:
        place.connector(keys).check(now=place.now)
        assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o600
        assert {path.name for path in tmp_path.iterdir()} == {"tokens", "tokens.lock"}

    def test_a_file_that_others_may_read_is_not_used(self, place: Place, keys: dict[str, str], tmp_path: Path) -> None:
        place.connector(keys).check(now=place.now)
        (tmp_path / "tokens").chmod(0o644)
        with pytest.raises(Unauthorised, match="chmod 600"):
            place.connector(keys).check(now=place.now)

    @pytest.mark.parametrize("body", ["", "no JSON", "[]", '{"pair": {}}', '{"pair": null, "first": ""}'])
    def test_a_file_that_cannot_be_read_is_told(
        self, place: Place, keys: dict[str, str], tmp_path: Path, body: str
    ) -> None:
        path = tmp_path / "tokens"
        path.write_text(body)
        path.chmod(0o600)
        with pytest.raises(Unauthorised, match="sign in again"):
            place.connector(keys).check(now=place.now)
        assert place.asked("token") == 0

    def test_a_disk_that_takes_nothing_is_noticed_before_the_token_is_used(
        self, place: Place, keys: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "tokens.new").mkdir()
        with pytest.raises(Unauthorised, match="cannot be kept"):
            place.connector(keys).check(now=place.now)
        assert place.asked("token") == 0

    def test_without_a_sign_in_it_says_what_to_do(self, place: Place, keys: dict[str, str]) -> None:
        del keys["refresh_token"]
        with pytest.raises(Unauthorised, match="sign in again"):
            place.connector(keys).check(now=place.now)

    def test_no_token_shows_in_an_error(self, place: Place, keys: dict[str, str]) -> None:
        connector = place.connector(keys)
        connector.check(now=place.now)
        place.server.faults.add(faults.UNAUTHORISED, times=9)
        with pytest.raises(Unauthorised) as caught:
            connector.check(now=place.now)
        pair = kept(keys)["pair"]
        for secret in (pair["access"], pair["refresh"], keys["refresh_token"]):
            assert secret not in str(caught.value)


class TestLosing:
    @pytest.mark.parametrize("how", ["lost", "dropped"])
    def test_the_answer_is_told_to_a_person_and_the_token_never_used_again(
        self, place: Place, keys: dict[str, str], how: str
    ) -> None:
        if how == "lost":
            place.server.faults.add(faults.ANSWER_LOST, verb="token")
        else:
            place.standin.pitfalls.turn("refresh_lost")
        with pytest.raises(Unauthorised, match="sign in again"):
            place.connector(keys).check(now=place.now)
        place.standin.pitfalls.turn("refresh_lost", 0)
        for _ in range(3):
            with pytest.raises(Unauthorised, match="lost"):
                place.connector(keys).check(now=place.now)
        assert place.asked("token") == 1
        assert not place.standin.grants.dead

    def test_is_over_when_a_person_has_signed_in_again(self, place: Place, keys: dict[str, str]) -> None:
        place.server.faults.add(faults.ANSWER_LOST, verb="token")
        with pytest.raises(Unauthorised):
            place.connector(keys).check(now=place.now)
        keys["refresh_token"] = place.standin.grants.sign_in(place.city)
        connector = place.connector(keys)
        for _ in range(3):
            assert connector.check(now=place.now).ok
            place.forward(hours=2)

    def test_nothing_is_lost_where_no_connection_came_about(self, place: Place, keys: dict[str, str]) -> None:
        transport = Transport(api="http://127.0.0.1:9", connect=1)
        tokens = Tokens(
            Path(keys["tokens"]), transport, client=keys["client_id"], secret=None, first=keys["refresh_token"]
        )
        with pytest.raises(Transient):
            tokens.access(place.now)
        assert place.connector(keys).check(now=place.now).ok

    def test_a_process_killed_while_it_renews_leaves_the_token_unused(
        self, place: Place, keys: dict[str, str], tmp_path: Path
    ) -> None:
        """The process dies after X took the token, before the new pair is written."""
        script = (
            "import os, sys, json\n"
            "from datetime import datetime\n"
            "from pathlib import Path\n"
            "from connectors.transport import Transport\n"
            "from connectors.x import tokens\n"
            "path, url, client, first, now = sys.argv[1:]\n"
            "store = tokens.Tokens(Path(path), Transport(api=url), client=client, secret=None, first=first)\n"
            "keep, done = store._keep, []\n"
            "def dying(pair):\n"
            "    done.append(pair)\n"
            "    os._exit(9) if len(done) == 2 else keep(pair)\n"
            "store._keep = dying\n"
            "store.access(datetime.fromisoformat(now))\n"
        )
        arguments = [keys["tokens"], place.server.url, keys["client_id"], keys["refresh_token"], place.now.isoformat()]
        ended = subprocess.run([sys.executable, "-c", script, *arguments], check=False, env={**os.environ})
        assert ended.returncode == 9
        assert place.asked("token") == 1
        with pytest.raises(Unauthorised, match="lost"):
            place.connector(keys).check(now=place.now)
        assert place.asked("token") == 1
        assert not place.standin.grants.dead

    def test_a_second_use_would_end_everything(self, place: Place, keys: dict[str, str]) -> None:
        """What all this is for, shown on the stand-in."""
        now = place.now
        pair = place.standin.grants.renew(keys["refresh_token"], now)
        assert pair
        assert place.standin.grants.account(pair[0], now) is place.city
        assert place.standin.grants.renew(keys["refresh_token"], now) is None
        assert place.standin.grants.account(pair[0], now) is None
        assert place.standin.grants.renew(pair[1], now) is None


GRANTED = {"access_token": "a" * 20, "refresh_token": "b" * 20, "expires_in": 7200}


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "body", "expected", "usable_after"),
        [
            (429, b"", RateLimited, True),
            (503, b"<html>", Transient, True),
            (500, b"", Unauthorised, False),
            (400, b'{"error": "invalid_request", "error_description": "Value passed"}', Unauthorised, False),
            (401, b"[" * 100_000, Unauthorised, False),
            (302, b"", Unauthorised, False),
            (200, b"", Unauthorised, False),
            (200, b"[]", Unauthorised, False),
            (200, b'{"access_token": "only"}', Unauthorised, False),
            (200, json.dumps({**GRANTED, "refresh_token": None}).encode(), Unauthorised, False),
            (200, json.dumps({**GRANTED, "expires_in": "soon"}).encode(), Unauthorised, False),
            (200, json.dumps({**GRANTED, "expires_in": 1e300}).encode(), Unauthorised, False),
            (200, b'{"access_token": {"a": 1}, "refresh_token": [], "expires_in": 1}', Unauthorised, False),
        ],
    )
    def test_come_out_as_one_of_five(
        self, place: Place, tmp_path: Path, status: int, body: bytes, expected: type[ConnectorError], usable_after: bool
    ) -> None:
        answers = [(status, body), (200, json.dumps(GRANTED).encode())]

        def script(handler: Handler) -> None:
            now, then = answers.pop(0)
            handler.reply(then, now)

        with serving(script) as server:
            transport = Transport(api=server.url, read=2, total=4)
            tokens = Tokens(tmp_path / "tokens", transport, client="c", secret="s" * 9, first="r" * 20)
            with pytest.raises(expected) as caught:
                tokens.access(place.now)
            assert "r" * 20 not in str(caught.value)
            if usable_after:
                assert tokens.access(place.now) == "a" * 20
                assert server.asked[0][2]["Authorization"].startswith("Basic ")
            else:
                with pytest.raises(Unauthorised):
                    tokens.access(place.now + timedelta(days=1))
                assert len(server.asked) == 1
