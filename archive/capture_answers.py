"""Remembers what servers answered to a page, over the DevTools protocol, and hands it over for the page archive.

Bodies stay in the browser until they are asked for, and no more is asked for than there is room. What is not there (a
body that is still on its way or that the browser let go) is counted and said.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as BrowserError

from archive.wacz import Answer

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

MOST_BYTES = 64 * 1024 * 1024  # of all bodies of one page together
LARGEST_BODY = 16 * 1024 * 1024  # bytes
MOST_ANSWERS = 1_000


class Answers:
    """Everything that was answered to GETs of one page, from the moment this was made."""

    def __init__(self, devtools: CDPSession) -> None:
        """Begin to listen."""
        self._devtools = devtools
        self._methods: dict[str, str] = {}
        self._redirects: list[Answer] = []
        self._responses: dict[str, dict[str, Any]] = {}
        self._ended: set[str] = set()
        devtools.on("Network.requestWillBeSent", self._on_request)
        devtools.on("Network.responseReceived", self._on_response)
        devtools.on("Network.loadingFinished", self._on_end)
        limits = {"maxTotalBufferSize": MOST_BYTES, "maxResourceBufferSize": LARGEST_BODY}
        devtools.send("Network.enable", limits)

    def collect(self) -> tuple[list[Answer], str]:
        """Give all answers, and what is missing of them as the end of a sentence, nothing if nothing is."""
        answers, missing, room = list(self._redirects), 0, MOST_BYTES
        for name, response in self._responses.items():
            body = self._body(name) if room > 0 and len(answers) < MOST_ANSWERS else None
            if body is None:
                missing += 1
                continue
            room -= len(body[0])
            answers.append(_answer(response, *body))
        return answers, f"; {missing} without their content were left out" if missing else ""

    def _body(self, name: str) -> tuple[bytes, bool] | None:
        """The content and whether the browser read it as text, which it then gives in UTF-8 whatever it came in."""
        if name not in self._ended:
            return None
        try:
            said = self._devtools.send("Network.getResponseBody", {"requestId": name})
        except BrowserError:  # let go by the browser, or never kept
            return None
        if said["base64Encoded"]:
            return b64decode(said["body"]), False
        return said["body"].encode("utf-8", "replace"), True

    def _on_request(self, event: dict[str, Any]) -> None:
        name = event["requestId"]
        before = event.get("redirectResponse")
        if before and self._methods.get(name) == "GET" and len(self._redirects) < MOST_ANSWERS:
            self._redirects.append(_answer(before, b""))
        self._methods[name] = event["request"]["method"]

    def _on_response(self, event: dict[str, Any]) -> None:
        name, response = event["requestId"], event["response"]
        wanted = response["url"].startswith(("http://", "https://")) and self._methods.get(name) == "GET"
        if wanted and len(self._responses) < MOST_ANSWERS:
            self._responses[name] = response

    def _on_end(self, event: dict[str, Any]) -> None:
        self._ended.add(event["requestId"])


def _answer(response: dict[str, Any], body: bytes, as_text: bool = False) -> Answer:  # noqa: FBT001, FBT002  plain
    headers = {name.lower(): value for name, value in response["headers"].items()}
    came_as = headers.get("content-type", "")
    if as_text and came_as and not came_as.lower().replace(" ", "").endswith("charset=utf-8"):
        kind = came_as.partition(";")[0].strip()
        headers |= {"content-type": f"{kind}; charset=utf-8", "x-orig-content-type": came_as}
    return Answer(
        url=response["url"],
        status=response["status"],
        reason=response["statusText"],
        headers=headers,
        body=body,
    )
