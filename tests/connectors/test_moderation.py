"""The City's own model server, as a real server on loopback that answers well, badly or not at all."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from scripted import serving

from connectors.contract import ConnectorError, Malformed, Refused, Transient, Unauthorised
from connectors.moderation import TEXTS_A_CALL, ModerationServer, is_own
from connectors.transport import MASK, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted import Handler, Scripted

TOKEN = "a-secret-token"


def results(texts: list[str], **scores: Any) -> dict[str, Any]:
    """What a server that speaks the format says; the longer a text, the more harassment."""
    return {
        "id": "modr-1",
        "model": "guard-2026-05",
        "results": [
            {
                "flagged": True,
                "categories": {"harassment": True},
                "category_scores": {"harassment": min(1.0, len(text) / 100), "hate/threatening": 0} | scores,
            }
            for text in texts
        ],
    }


def asked(server: Scripted) -> list[dict[str, Any]]:
    return [json.loads(body) for *_, body in server.asked]


def well(handler: Handler) -> None:
    sent = json.loads(handler.server.asked[-1][3])
    handler.reply(json.dumps(results(sent["input"])).encode(), content_type="application/json")


def answering(body: bytes, status: int = 200) -> Callable[[Handler], None]:
    return lambda handler: handler.reply(body, status)


def the_server(server: Scripted, path: str = "", seconds: float = 2, **other: Any) -> ModerationServer:
    transport = Transport(api=server.url + path, connect=seconds, read=seconds, total=seconds)
    return ModerationServer(transport, model="guard", **other)


def fails(script: Callable[[Handler], None], kind: type[ConnectorError], **other: Any) -> str:
    """What is said when a server does that."""
    with serving(script) as server, pytest.raises(kind) as failed:
        list(the_server(server, token=TOKEN, **other).scores(["some words of the public"]))
    assert type(failed.value) is kind
    assert "words of the public" not in str(failed.value)
    assert TOKEN not in str(failed.value)
    return str(failed.value)


def test_texts_go_in_one_call_and_scores_come_back_in_order() -> None:
    with serving(well) as server:
        found = list(the_server(server, token=TOKEN).scores(["short", "x" * 50, "", "é\ud800"]))
    assert [each.categories["harassment"] for each in found] == [0.05, 0.5, 0, 0.02]
    assert {each.version for each in found} == {"guard-2026-05"}
    assert found[0].categories == {"harassment": 0.05, "hate/threatening": 0.0}
    ((method, path, headers, _),) = server.asked
    assert (method, path) == ("POST", "/v1/moderations")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked(server) == [{"model": "guard", "input": ["short", "x" * 50, "", "é?"]}]


def test_many_texts_go_in_few_calls_over_one_connection() -> None:
    with serving(well) as server:
        found = list(the_server(server).scores(["x" * (number % 100) for number in range(200)]))
    assert [round(each.categories["harassment"] * 100) for each in found] == [number % 100 for number in range(200)]
    assert [len(each["input"]) for each in asked(server)] == [TEXTS_A_CALL] * (200 // TEXTS_A_CALL)
    assert server.connections == 1


def test_a_server_may_lie_under_a_path() -> None:
    with serving(well) as server:
        list(the_server(server, "/models").scores(["a"]))
        assert server.asked[0][1] == "/models/v1/moderations"


def test_nothing_to_ask_is_not_asked() -> None:
    with serving(well) as server:
        assert list(the_server(server).scores([])) == []
        assert server.asked == []


def test_only_the_categories_of_the_settings_are_kept() -> None:
    with serving(well) as server:
        (found,) = the_server(server, categories=("harassment",)).scores(["abc"])
    assert found.categories == {"harassment": 0.03}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, Transient),
        (503, Transient),
        (429, Transient),
        (401, Unauthorised),
        (403, Unauthorised),
        (400, Refused),
        (404, Refused),
        (204, Refused),
    ],
)
def test_each_status_is_one_of_the_errors(status: int, kind: type[ConnectorError]) -> None:
    assert f"HTTP {status}" in fails(answering(b"" if status == 204 else b"oh no", status), kind)


def test_silence_ends_at_the_time_that_the_settings_name() -> None:
    began = time.monotonic()
    assert "ReadTimeout" in fails(lambda _: time.sleep(1), Transient, seconds=0.2)
    assert time.monotonic() - began < 2


def test_a_connection_that_breaks_off() -> None:
    assert "no answer from the model server" in fails(lambda handler: handler.begin(1000), Transient, seconds=0.5)
    with serving(well) as server:
        gone = server.url
    with pytest.raises(Transient, match="ConnectionError"):
        list(ModerationServer(Transport(api=gone, connect=0.5), model="guard").scores(["a"]))


def body(**changes: Any) -> bytes:
    return json.dumps(results(["a"]) | changes).encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no results for 1 texts"),
        (b"{}", "no results for 1 texts"),
        (body(results=[]), "0 results for 1 texts"),
        (body(results=results(["a", "b"])["results"]), "2 results for 1 texts"),
        (body(results=["a"]), "without category_scores"),
        (body(results=[{"flagged": True}]), "without category_scores"),
        (body(model=None), "does not name its model"),
        (json.dumps(results(["a"], harassment=1.01)).encode(), "'harassment' is not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment=-0.01)).encode(), "not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment="0.5")).encode(), "not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment=True)).encode(), "not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment=None)).encode(), "not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment=float("nan"))).encode(), "not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment=float("inf"))).encode(), "not a number from 0 to 1"),
        (json.dumps(results(["a"], harassment=10**400)).encode(), "not"),
    ],
)
def test_what_is_not_in_the_format_is_refused(answer: bytes, said: str) -> None:
    assert said in fails(answering(answer), Malformed)


def test_a_category_that_the_settings_name_and_the_answer_lacks() -> None:
    said = fails(answering(body()), Malformed, categories=("harassment", "self-harm"))
    assert "the category 'self-harm' is missing" in said


def test_comments_follow_no_redirect() -> None:
    with serving(well) as elsewhere:
        script = lambda handler: handler.reply(b"", 307, location=f"{elsewhere.url}/v1/moderations")  # noqa: E731
        assert "HTTP 307" in fails(script, Refused)
        assert elsewhere.asked == []


def test_without_an_address_nothing_is_sent_to_anybody() -> None:
    with pytest.raises(Transient):
        list(ModerationServer(Transport(connect=0.5), model="guard").scores(["a"]))


def test_the_token_is_never_shown() -> None:
    transport = Transport(api="http://127.0.0.1:9")
    ModerationServer(transport, model="guard", token=TOKEN)
    assert transport.mask(f"Bearer {TOKEN}") == f"Bearer {MASK}"


@pytest.mark.parametrize(
    "address",
    [
        "https://models.example.gov",
        "https://models.example.gov:8443/guard",
        "http://127.0.0.1:8080",
        "http://127.1.2.3",
        "http://[::1]:8080",
        "http://localhost:8080",
    ],
)
def test_a_servers_address_that_comments_may_be_sent_to(address: str) -> None:
    assert is_own(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://models.example.gov",
        "http://10.0.0.7:8080",
        "http://localhost.example.gov",
        "http://127.0.0.1.example.gov",
        "ftp://127.0.0.1",
        "models.example.gov",
        "https://",
        "https://user:secret@models.example.gov",
        "https://models.example.gov?key=secret",
        "https://models.example.gov:port",
        "http://[::1",
        "",
    ],
)
def test_one_that_they_may_not(address: str) -> None:
    assert not is_own(address)
