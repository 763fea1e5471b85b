from __future__ import annotations

import json
import socket
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from builders import NOON

from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.graph import Answer, Graph, proof
from connectors.graph_errors import ABUSE_WAIT, UNKNOWN_WAIT, Missing, NotPermitted
from connectors.standin.server import Request, Response, Server
from connectors.standin.world import World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "EAAsecretOFtheCITY"
SECRET = "app-secret-of-the-city"
JSON = {"content-type": "application/json; charset=UTF-8"}


@dataclass
class Canned:
    """Answers with what it was given, in turn, the last for ever."""

    platform: ClassVar[str] = "canned"
    world: World = field(default_factory=World)
    base: str = ""
    answers: list[Response] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def verb(self, request: Request) -> str:
        return "any"

    def give(self, payload: Any, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.answers.append(Response(status=status, body=body, headers={**JSON, **named}))

    def give_error(self, code: int, subcode: int | None = None, *, status: int = 400, **more: Any) -> None:
        headers = more.pop("headers", {})
        error = {"message": f"(#{code}) words", "type": "OAuthException", "code": code, "fbtrace_id": "Atrace"} | more
        self.give({"error": error | ({"error_subcode": subcode} if subcode else {})}, status, **headers)


@dataclass
class Line:
    canned: Canned
    graph: Graph
    transport: Transport


@pytest.fixture
def line() -> Iterator[Line]:
    canned = Canned()
    with Server(canned) as server:  # type: ignore[arg-type]
        transport = Transport(api=server.url, connect=2, read=2, total=5)
        yield Line(canned, Graph(transport, TOKEN, app_secret=SECRET), transport)


def shown(error: BaseException) -> str:
    """Everything of an error that a log might hold."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_the_token_travels_in_a_header_and_is_proved(line: Line) -> None:
    line.canned.give({"id": "1", "success": True, "data": []})
    line.graph.get("1_2", now=NOON, fields="id")
    line.graph.write("1_2", now=NOON, is_hidden=True)
    line.graph.delete("1_2", now=NOON)
    list(line.graph.pages("1", "feed", now=NOON, limit="5"))
    assert len(line.canned.asked) == 4
    for request in line.canned.asked:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(request.query) + request.body.decode()
        sent = request.form if request.method == "POST" else request.query
        assert sent["appsecret_proof"] == [proof(TOKEN, SECRET)]
        assert request.path.startswith("/v26.0/1")
    assert line.canned.asked[1].form["is_hidden"] == ["true"]
    assert [request.method for request in line.canned.asked] == ["GET", "POST", "DELETE", "GET"]


def test_without_an_app_secret_nothing_is_proved(line: Line) -> None:
    line.canned.give({"id": "1"})
    Graph(line.transport, TOKEN).get("1", now=NOON)
    assert "appsecret_proof" not in line.canned.asked[0].query


def test_an_identifier_cannot_lead_elsewhere(line: Line) -> None:
    line.canned.give({"id": "1"})
    line.graph.get("1/../me?fields=x", now=NOON)
    assert line.canned.asked[0].path == "/v26.0/1%2F..%2Fme%3Ffields%3Dx"
    assert not line.canned.asked[0].query.get("fields")


READ_ERRORS = [
    (1, None, 500, Transient),
    (2, None, 503, Transient),
    (4, None, 403, RateLimited),
    (17, None, 400, RateLimited),
    (32, None, 403, RateLimited),
    (613, 1996, 400, RateLimited),
    (80001, None, 400, RateLimited),
    (80002, None, 400, RateLimited),
    (368, None, 400, RateLimited),
    (4, 2207051, 400, RateLimited),
    (25, 2207050, 400, Unauthorised),
    (24, 2207006, 400, Missing),
    (-2, 2207003, 400, Transient),
    (190, 458, 400, Unauthorised),
    (190, 463, 400, Unauthorised),
    (190, 492, 401, Unauthorised),
    (102, None, 400, Unauthorised),
    (104, None, 401, Unauthorised),
    (10, None, 403, NotPermitted),
    (3, None, 400, NotPermitted),
    (200, None, 403, NotPermitted),
    (299, None, 403, NotPermitted),
    (100, 33, 400, Missing),
    (803, None, 404, Missing),
    (100, None, 400, Malformed),
    ([], None, 400, Malformed),
    ("100", {}, 400, Malformed),
    (2500, None, 400, Malformed),
    (99999, None, 400, Malformed),
    (99999, None, 500, Transient),
]


@pytest.mark.parametrize(("code", "subcode", "status", "expected"), READ_ERRORS)
def test_reading_errors_are_told_apart_by_their_code(
    line: Line, code: int, subcode: int | None, status: int, expected: type[ConnectorError]
) -> None:
    line.canned.give_error(code, subcode, status=status)
    with pytest.raises(ConnectorError) as caught:
        line.graph.get("1_2", now=NOON)
    assert type(caught.value) is expected
    assert str(code) in str(caught.value)
    assert len(line.canned.asked) == 1


@pytest.mark.parametrize(
    ("code", "subcode", "expected"),
    [
        (200, None, Refused),
        (100, None, Refused),
        (1705, None, Refused),
        (100, 33, Missing),
        (24, None, Missing),
        (10, None, NotPermitted),
        (10, 2534022, Refused),
        (190, 460, Unauthorised),
        (368, None, RateLimited),
        (80001, None, RateLimited),
        (2, None, Transient),
    ],
)
def test_writing_errors_are_told_apart_by_their_code(
    line: Line, code: int, subcode: int | None, expected: type[ConnectorError]
) -> None:
    line.canned.give_error(code, subcode)
    for act in (lambda: line.graph.write("1_2", now=NOON, is_hidden=True), lambda: line.graph.delete("1_2", now=NOON)):
        with pytest.raises(ConnectorError) as caught:
            act()
        assert type(caught.value) is expected


def test_what_is_passing_by_its_own_word_is_transient(line: Line) -> None:
    line.canned.give_error(4711, is_transient=True)
    with pytest.raises(Transient):
        line.graph.get("1", now=NOON)


def test_a_throttle_that_calls_itself_transient_is_a_throttle(line: Line) -> None:
    line.canned.give_error(4, is_transient=True)
    with pytest.raises(RateLimited):
        line.graph.get("1", now=NOON)


def test_a_wrong_proof_is_no_bad_parameter(line: Line) -> None:
    line.canned.give_error(100, message="Invalid appsecret_proof provided in the API argument")
    with pytest.raises(Unauthorised):
        line.graph.get("1", now=NOON)


def test_the_reason_a_token_died_is_said(line: Line) -> None:
    line.canned.give_error(190, 460)
    with pytest.raises(Unauthorised, match="the password was changed"):
        line.graph.get("1", now=NOON)


def business_usage(minutes: Any) -> str:
    return json.dumps({"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": minutes}]})


def test_the_wait_is_what_graph_says_in_minutes(line: Line) -> None:
    line.canned.give_error(80001, headers={"x_business_use_case_usage": business_usage(13)})
    with pytest.raises(RateLimited) as caught:
        line.graph.get("1", now=NOON)
    assert caught.value.until == NOON + timedelta(minutes=13)


@pytest.mark.parametrize("report", ["", "{}", "[]", "nonsense", '{"1": 5}', '{"1": [7, null]}'])
def test_without_a_time_the_wait_is_our_estimate(line: Line, report: str) -> None:
    line.canned.give_error(80001, headers={"x_business_use_case_usage": report})
    with pytest.raises(RateLimited) as caught:
        line.graph.get("1", now=NOON)
    assert caught.value.until == NOON + UNKNOWN_WAIT


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), -5, 10**15, "7", None])
def test_a_senseless_time_is_none(line: Line, minutes: Any) -> None:
    line.canned.give_error(4, headers={"x_business_use_case_usage": business_usage(minutes)})
    with pytest.raises(RateLimited) as caught:
        line.graph.get("1", now=NOON)
    assert caught.value.until == NOON + UNKNOWN_WAIT


@pytest.mark.parametrize(("code", "subcode"), [(368, None), (4, 2207051)])
def test_writing_blocked_as_abuse_waits_for_hours(line: Line, code: int, subcode: int | None) -> None:
    line.canned.give_error(code, subcode)
    with pytest.raises(RateLimited) as caught:
        line.graph.delete("1_2", now=NOON)
    assert caught.value.until == NOON + ABUSE_WAIT


NO_ANSWERS = [
    (b"<html>500</html>", 500, {"content-type": "text/html"}, Transient),
    (b"", 502, {}, Transient),
    (b"{}", 500, JSON, Transient),
    (b'{"hello":1}', 503, JSON, Transient),
    (b"slow down", 429, {"content-type": "text/plain"}, RateLimited),
    (b"<html>sign in</html>", 200, {"content-type": "text/html"}, Malformed),
    (b'{"id":"1"}', 200, {}, Malformed),
    (b'{"id":', 200, JSON, Malformed),
    (b"[1,2]", 200, JSON, Malformed),
    (b"null", 200, JSON, Malformed),
    (b"true", 200, JSON, Malformed),
    (b"[" * 100_000, 200, JSON, Malformed),
    (b"\xff\xd8\xff", 200, {"content-type": "image/jpeg"}, Malformed),
    (b"<html>moved</html>", 302, {"location": "https://elsewhere.example/", "content-type": "text/html"}, Malformed),
    (b'{"error":"a word"}', 400, JSON, Malformed),
]


@pytest.mark.parametrize(("body", "status", "headers", "expected"), NO_ANSWERS)
def test_what_is_no_graph_answer_has_a_name(
    line: Line, body: bytes, status: int, headers: dict[str, str], expected: type[ConnectorError]
) -> None:
    line.canned.answers.append(Response(status=status, body=body, headers=headers))
    with pytest.raises(ConnectorError) as caught:
        line.graph.get("1", now=NOON)
    assert type(caught.value) is expected
    assert len(line.canned.asked) == 1
    if isinstance(caught.value, Malformed):
        assert caught.value.payload == body


@pytest.mark.parametrize("good", [{"success": True}, True])
def test_a_write_is_done_when_graph_says_so(line: Line, good: object) -> None:
    line.canned.give(good)
    line.graph.write("1_2", now=NOON, is_hidden=False)
    assert line.canned.asked[0].form["is_hidden"] == ["false"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"success": False}, Refused),
        (False, Refused),
        ({}, Malformed),
        ({"id": "1"}, Malformed),
        ({"success": "true"}, Malformed),
        ([], Malformed),
    ],
)
def test_a_write_is_not_done_when_graph_does_not_say_so(
    line: Line, answer: object, expected: type[ConnectorError]
) -> None:
    line.canned.give(answer)
    with pytest.raises(expected):
        line.graph.write("1_2", now=NOON, is_hidden=True)


def test_a_token_is_in_no_error(line: Line) -> None:
    line.canned.give_error(190, message=f"Malformed access token {TOKEN} {proof(TOKEN, SECRET)}")
    with pytest.raises(Unauthorised) as caught:
        line.graph.get("1", now=NOON)
    assert TOKEN not in shown(caught.value)


def test_a_token_is_in_no_payload_and_no_page(line: Line) -> None:
    following = f"https://graph.facebook.com/1/feed?access_token={TOKEN}&after=x"
    line.canned.give(a_page("1", following=following))
    line.canned.give({"paging": {"next": following}})
    pages = line.graph.pages("1", "feed", now=NOON)
    assert TOKEN not in next(pages).body.decode()
    with pytest.raises(Malformed) as caught:
        next(pages)
    assert b"after=x" in caught.value.payload
    assert TOKEN not in caught.value.payload.decode()


def test_nobody_listening_is_transient_and_tells_no_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        graph = Graph(Transport(api=f"http://127.0.0.1:{taken.getsockname()[1]}"), TOKEN, app_secret=SECRET)
        with pytest.raises(Transient, match="ConnectionError") as caught:
            graph.get("1", now=NOON)
    assert TOKEN not in shown(caught.value)
    assert proof(TOKEN, SECRET) not in shown(caught.value)


def a_page(*ids: str, following: str | None = None) -> dict[str, Any]:
    paging = {"cursors": {"before": "b", "after": "a"}} | ({"next": following} if following else {})
    return {"data": [{"id": ident} for ident in ids], "paging": paging}


def test_a_list_goes_on_until_there_is_no_next(line: Line) -> None:
    away = "https://graph.facebook.com/v26.0/1/feed?access_token=other&limit=7&"
    line.canned.give(a_page("1", following=f"{away}after=p2"))
    line.canned.give(a_page(following=f"{away}until=5&__paging_token=p3&__previous=1"))
    line.canned.give(a_page("2"))
    pages = list(line.graph.pages("1", "feed", now=NOON, limit="100"))
    assert [json.loads(page.body)["data"] for page in pages] == [[{"id": "1"}], [], [{"id": "2"}]]
    assert [page.more for page in pages] == [True, True, False]
    assert [request.one("after") for request in line.canned.asked] == ["", "p2", ""]
    assert line.canned.asked[2].one("__paging_token") == "p3"
    assert {request.one("limit") for request in line.canned.asked} == {"100"}
    assert "other" not in str([request.query for request in line.canned.asked])


@pytest.mark.parametrize("following", ["https://graph.facebook.com/1/feed?limit=5", "nonsense"])
def test_a_next_that_leads_nowhere_is_malformed(line: Line, following: str) -> None:
    line.canned.give(a_page("1", following=following))
    with pytest.raises(Malformed):
        list(line.graph.pages("1", "feed", now=NOON))


def test_a_list_that_leads_back_ends(line: Line) -> None:
    line.canned.give(a_page("1", following="https://graph.facebook.com/1/feed?after=x"))
    with pytest.raises(Malformed, match="back"):
        list(line.graph.pages("1", "feed", now=NOON))
    assert len(line.canned.asked) == 2


def test_a_dead_cursor_means_reading_again(line: Line) -> None:
    line.canned.give(a_page("1", following="https://graph.facebook.com/1/feed?after=x"))
    line.canned.give_error(100)
    with pytest.raises(Transient):
        list(line.graph.pages("1", "feed", now=NOON))


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": None}])
def test_a_list_without_items_is_malformed(line: Line, answer: object) -> None:
    line.canned.give(answer)
    with pytest.raises(Malformed):
        list(line.graph.pages("1", "feed", now=NOON))


def test_version_and_usage_are_told(line: Line) -> None:
    usage = json.dumps({"call_count": 28, "total_time": 91, "total_cputime": 3})
    line.canned.give({"id": "1"}, x_app_usage=usage, facebook_api_version="v27.0")
    assert line.graph.served is None
    assert line.graph.usage() == 0
    line.graph.get("1", now=NOON)
    assert line.graph.served == "v27.0"
    assert line.graph.usage() == 91


@pytest.mark.parametrize("answer", [{}, [], [{"code": 200, "body": "no"}], [{"code": 200, "body": "{}"}]])
def test_a_batch_that_is_none_is_malformed(line: Line, answer: object) -> None:
    line.canned.give(answer)
    with pytest.raises(Malformed):
        line.graph.inspect("1", SECRET, now=NOON)


def test_an_error_inside_a_batch_is_an_error(line: Line) -> None:
    body = json.dumps({"error": {"message": "no", "code": 190, "type": "OAuthException"}})
    line.canned.give([{"code": 400, "body": body}])
    with pytest.raises(Unauthorised):
        line.graph.inspect("1", SECRET, now=NOON)
    assert TOKEN not in str(line.canned.asked[0].query)


def test_several_objects_in_one_request_do_not_spoil_each_other(line: Line) -> None:
    missing = {"error": {"message": "no", "code": 100, "error_subcode": 33, "type": "GraphMethodException"}}
    bodies = ['{"id":"1", "message": "caf\\u00e9"}', json.dumps(missing), "<html>", "[1]"]
    line.canned.give([*({"code": 200, "body": body} for body in bodies), None, {"code": 200}])
    found = line.graph.many(list("123456"), now=NOON, fields="id,from{id}")
    assert [type(one) for one in found.values()] == [Answer, Missing, Malformed, Malformed, Transient, Malformed]
    assert isinstance(found["1"], Answer)
    assert found["1"].body == bodies[0].encode()
    [asked] = line.canned.asked
    assert json.loads(asked.form["batch"][0])[1]["relative_url"] == "v26.0/2?fields=id%2Cfrom%7Bid%7D"


@pytest.mark.parametrize(("used", "minutes", "expected"), [(94, 0, None), (95, 0, 15), (100, 42, 42)])
def test_reading_leaves_something_for_acting(line: Line, used: int, minutes: int, expected: int | None) -> None:
    report = {"type": "pages", "call_count": used, "estimated_time_to_regain_access": minutes}
    line.canned.give({"id": "1"}, x_business_use_case_usage=json.dumps({"1": [report]}))
    line.graph.get("1", now=NOON)
    if expected is None:
        line.graph.relent(now=NOON)
        return
    with pytest.raises(RateLimited) as caught:
        line.graph.relent(now=NOON)
    assert caught.value.until == NOON + timedelta(minutes=expected)


@pytest.mark.parametrize("answer", [True, [], "1"])
def test_what_was_made_must_be_named(line: Line, answer: object) -> None:
    line.canned.give(answer)
    with pytest.raises(Malformed):
        line.graph.send("1_2", "comments", now=NOON, message="words")
    assert line.canned.asked[0].form["message"] == ["words"]
