"""The transport against servers that are slow, endless, broken or somewhere else."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import pytest
import requests
from scripted import serving

from connectors.transport import MASK, TooMuch, Transport

if TYPE_CHECKING:
    from scripted import Handler


def test_a_request_goes_to_the_base_with_its_path_and_query() -> None:
    with serving(lambda handler: handler.reply(b"{}")) as server:
        session = Transport(api=f"{server.url}/base/").session()
        session.get("https://api.example.com/2/things%2Fodd?a=1&b=%20x")
        (asked,) = server.asked
        assert asked[1] == "/base/2/things%2Fodd?a=1&b=%20x"
        assert asked[2]["Host"] == server.url.removeprefix("http://")


def test_without_a_base_the_address_is_kept() -> None:
    with serving(lambda handler: handler.reply(b"here")) as server:
        assert Transport().session().get(f"{server.url}/path").content == b"here"


def test_the_last_exchange_is_kept_as_it_came() -> None:
    with serving(lambda handler: handler.reply(b'{"a" :1}', status=418, X_Some="Value")) as server:
        transport = Transport(api=server.url)
        assert transport.last is None
        answer = transport.session().get("https://api.example.com/")
        assert transport.last
        assert (transport.last.status, transport.last.body) == (418, b'{"a" :1}')
        assert transport.last.headers["x-some"] == "Value"
        assert answer.json() == {"a": 1}


def test_a_trickling_answer_ends_at_the_total() -> None:
    with serving(lambda handler: (handler.begin(10_000), handler.trickle(b"x" * 10_000, 0.02))) as server:
        transport = Transport(api=server.url, read=5, total=0.5)
        begun = time.monotonic()
        with pytest.raises(TooMuch, match="longer than"):
            transport.session().get("https://api.example.com/")
        assert 0.4 < time.monotonic() - begun < 3
        assert transport.last is None


def test_a_trickling_compressed_answer_is_read_whole() -> None:
    body = b"all of it " * 50
    packed = gzip.compress(body)
    script = lambda handler: (handler.begin(len(packed), Content_Encoding="gzip"), handler.trickle(packed, 0.001))  # noqa: E731
    with serving(script) as server:
        assert Transport(api=server.url).session().get("https://api.example.com/").content == body


def test_silence_ends_at_the_read_limit() -> None:
    with serving(lambda _: time.sleep(2)) as server:
        begun = time.monotonic()
        with pytest.raises(requests.Timeout):
            Transport(api=server.url, read=0.3).session().get("https://api.example.com/")
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("packed", [False, True])
def test_too_large_an_answer_is_not_taken(packed: bool) -> None:
    body = b"x" * 3_000_000
    sent, headers = (gzip.compress(body), {"Content_Encoding": "gzip"}) if packed else (body, {})

    def script(handler: Handler) -> None:
        handler.begin(len(sent), **headers)
        try:
            handler.wfile.write(sent)
        except OSError:
            handler.close_connection = True

    with serving(script) as server, pytest.raises(TooMuch, match="larger"):
        Transport(api=server.url, most=1_000_000).session().get("https://api.example.com/")


def test_an_answer_that_breaks_off_is_an_error() -> None:
    def script(handler: Handler) -> None:
        handler.begin(1000)
        handler.wfile.write(b"only this")
        handler.close_connection = True

    with serving(script) as server, pytest.raises(requests.ConnectionError, match="broke off"):
        Transport(api=server.url).session().get("https://api.example.com/")


def test_a_refused_connection_is_an_error_of_requests() -> None:
    with serving(lambda handler: handler.reply(b"")) as server:
        url = server.url
    with pytest.raises(requests.ConnectionError):
        Transport(api=url).session().get("https://api.example.com/")


def test_nothing_is_tried_twice() -> None:
    with serving(lambda handler: handler.reply(b"", status=503, Retry_After="0")) as server:
        assert Transport(api=server.url).session().get("https://api.example.com/").status_code == 503
        assert len(server.asked) == 1


def test_a_connection_is_used_again() -> None:
    with serving(lambda handler: handler.reply(b"{}")) as server:
        session = Transport(api=server.url).session()
        for _ in range(3):
            session.get("https://api.example.com/")
        assert (len(server.asked), server.connections) == (3, 1)


def test_redirects_stay_at_the_base() -> None:
    def script(handler: Handler) -> None:
        if handler.path == "/first":
            handler.reply(b"", status=302, Location="https://elsewhere.example.com/second")
        else:
            handler.reply(b"arrived")

    with serving(script) as server:
        assert Transport(api=server.url).session().get("https://api.example.com/first").content == b"arrived"
        assert [path for _, path, _, _ in server.asked] == ["/first", "/second"]


def test_proxies_and_netrc_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(lambda handler: handler.reply(b"direct")) as server:
        assert Transport(api=server.url).session().get("https://api.example.com/").content == b"direct"
        assert "Authorization" not in server.asked[0][2]


def test_it_behaves_like_httplib2() -> None:
    with serving(lambda handler: handler.reply(b'{"items": []}', status=203, ETag='"abc"')) as server:
        http = Transport(api=server.url).google()
        response, content = http.request(
            "https://youtube.googleapis.com/youtube/v3/comments?id=1",
            method="POST",
            body="a=b",
            headers={"x-http-method-override": "GET"},
        )
        http.close()
        assert (response.status, response["status"], response["etag"]) == (203, "203", '"abc"')
        assert content == b'{"items": []}'
        method, path, headers, body = server.asked[0]
        assert (method, path, body) == ("POST", "/youtube/v3/comments?id=1", b"a=b")
        assert headers["x-http-method-override"] == "GET"


def test_it_follows_no_redirect_for_google() -> None:
    with serving(lambda handler: handler.reply(b"", status=302, Location="/other")) as server:
        response, _ = Transport(api=server.url).google().request("https://youtube.googleapis.com/")
        assert response.status == 302
        assert len(server.asked) == 1


def test_secrets_are_masked_however_they_are_spelt() -> None:
    transport = Transport(secrets=("EAAB|x/y z", "EAAB", ""))
    shown = transport.mask("raw EAAB|x/y z, quoted EAAB%7Cx%2Fy%20z, form EAAB%7Cx%2Fy+z, part EAAB.")
    assert shown == f"raw {MASK}, quoted {MASK}, form {MASK}, part {MASK}."


def test_secrets_do_not_show_when_the_transport_is_printed() -> None:
    assert "hunter2" not in repr(Transport(secrets=("hunter2",)))
