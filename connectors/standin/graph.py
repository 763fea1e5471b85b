"""The manners of Meta's Graph API that do not depend on what is asked for: errors, fields, lists, batches, tokens.

Stand-ins for platforms that live behind Graph are built on it. Shapes and words are those of the Graph API guides
("Handling Errors", "Paginated Results", "Field Expansion", "Batch Requests", "Secure Graph API Calls").
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from connectors.standin.server import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

MOST = 100
USUAL = 25
BATCH_MOST = 50
PART = "part-of-a-batch"
_VERSIONED = re.compile(r"/(v\d+\.\d+)(?=/|$)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARGUMENT = re.compile(r"\.([A-Za-z_]+)\(([^()]*)\)")
_AGAIN = "again:"


@dataclass(slots=True)
class Trouble(Exception):
    """An error as Graph words it; `headers` come with it."""

    message: str
    code: int
    subcode: int | None = None
    type: str = "OAuthException"
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)

    def envelope(self, trace: str) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": {**error, "fbtrace_id": trace}}


def no_such_object(method: str, ident: str) -> Trouble:
    """100/33 for what looks like an identifier, 803 for what does not."""
    if not re.fullmatch(r"\d+(_\d+)*", ident):
        message = f"(#803) Some of the aliases you requested do not exist: {ident}"
        return Trouble(message, 803, status=404)
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{ident}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return Trouble(message, 100, 33, "GraphMethodException")


def encode(payload: object) -> bytes:
    """JSON in Graph's spelling: no spaces, everything beyond ASCII escaped, and slashes, too."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def stamp(at: datetime) -> str:
    """A time in Graph's spelling."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def truth(text: str) -> bool:
    """A boolean parameter, in any of the spellings that are taken."""
    spelled = {"true": True, "1": True, "false": False, "0": False}.get(text.strip('"').lower())
    if spelled is None:
        message = "(#100) Param must be a boolean"
        raise Trouble(message, 100)
    return spelled


def time(text: str) -> datetime:
    """A time parameter: seconds since 1970 or ISO 8601. Raises Trouble."""
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = "(#100) param since must be a valid date/time"
        raise Trouble(message, 100) from None


def proof(token: str, app_secret: str) -> str:
    """What `appsecret_proof` has to be."""
    return hmac.new(app_secret.encode(), msg=token.encode(), digestmod=hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """A request as Graph understands it: its path without version and closing slash, its parameters in one place.

    `part`: it came within a batch, whose proof holds for it.
    """

    method: str
    version: str | None
    path: tuple[str, ...]
    params: Mapping[str, str]
    token: str
    part: bool = False

    @classmethod
    def of(cls, request: Request) -> Call:
        """Read a request. The token may stand in a header, in the address, or in the form."""
        found = _VERSIONED.match(request.path)
        rest = request.path[found.end() :] if found else request.path
        form = request.form if request.method in ("POST", "DELETE") else {}
        params = {name: values[0] for name, values in {**request.query, **form}.items()}
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = params.pop("access_token", "") or bearer
        path = tuple(part for part in rest.split("/") if part)
        return cls(request.method, found[1] if found else None, path, params, token, request.headers.get(PART) == PART)


@dataclass(frozen=True, slots=True)
class Field:
    """One asked-for field, with its arguments and the fields asked of it: ``comments.limit(2){id,message}``."""

    name: str
    args: Mapping[str, str] = field(default_factory=dict)
    inner: tuple[Field, ...] = ()


def fields(text: str, default: str) -> tuple[Field, ...]:
    """Read the parameter `fields`; `default` is what an object shows unasked. Raises Trouble."""
    found, end = _fields(text or default, 0)
    if end != len(text or default):
        message = f"Syntax error \"Expected end of string instead of '{(text or default)[end]}'.\" at character {end}"
        raise Trouble(message, 2500)
    return found


def _fields(text: str, at: int) -> tuple[tuple[Field, ...], int]:
    found: list[Field] = []
    while name := _NAME.match(text, at):
        at, args = name.end(), {}
        inner: tuple[Field, ...] = ()
        while argument := _ARGUMENT.match(text, at):
            args[argument[1]] = argument[2]
            at = argument.end()
        if text[at : at + 1] == "{":
            inner, at = _fields(text, at + 1)
            if text[at : at + 1] != "}":
                message = f'Syntax error "Expected a closing brace." at character {at}'
                raise Trouble(message, 2500)
            at += 1
        found.append(Field(name[0], args, inner))
        if text[at : at + 1] != ",":
            break
        at += 1
    return tuple(found), at


def show(node: str, known: Mapping[str, Callable[[Field], Any]], asked: tuple[Field, ...]) -> dict[str, Any]:
    """An object with the fields asked for. `known` makes each; what comes out as None is not sent. Raises Trouble."""
    shown: dict[str, Any] = {}
    for one in asked:
        if one.name not in known:
            message = f"(#100) Tried accessing nonexisting field ({one.name}) on node type ({node})"
            raise Trouble(message, 100)
        shown[one.name] = known[one.name](one)
    if "id" in known and "id" not in shown:
        shown["id"] = known["id"](Field("id"))
    return {name: value for name, value in shown.items() if value is not None}


def pick(value: Mapping[str, Any], one: Field) -> dict[str, Any]:
    """A small nested object, cut down to the fields asked of it."""
    return {name: part for name, part in value.items() if not one.inner or name in {"id", *(f.name for f in one.inner)}}


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """A page's worth of a list, and the `paging` to be sent with it."""

    items: list[T]
    paging: dict[str, Any]


def window(items: list[T], name: Callable[[T], str], args: Mapping[str, str], manners: Manners, link: str) -> Window[T]:
    """Cut a page out of a list. `link` is the address of the list, to which `next` adds where it goes on.

    A cursor dies with its item. Raises Trouble.
    """
    limit = min(_limit(args), manners.page_most)
    start, again = 0, False
    if after := args.get("after") or args.get("__paging_token"):
        start, again = _after([name(item) for item in items], _read_cursor(after))
        if manners.farthest is not None and start > manners.farthest:
            message = "(#100) The After Cursor specified exceeds the max limit supported by this endpoint"
            raise Trouble(message, 100)
    elif before := args.get("before"):
        end, _ = _after([name(item) for item in items], _read_cursor(before))
        start = max(end - 1 - limit, 0)
        items = items[: end - 1]
    if manners.empty_pages and start and not again and start < len(items):
        place = cursor(_AGAIN + name(items[start - 1]))
        return Window(
            [], {"cursors": {"before": place, "after": place}, "next": f"{link}&{urlencode({'after': place})}"}
        )
    chosen = items[start : start + limit]
    if not chosen:
        return Window([], {})
    first, last = cursor(name(chosen[0])), cursor(name(chosen[-1]))
    paging: dict[str, Any] = {"cursors": {"before": first, "after": last}}
    if start + limit < len(items):
        paging["next"] = f"{link}&{urlencode({'after': last})}"
    if start:
        paging["previous"] = f"{link}&{urlencode({'before': first})}"
    return Window(chosen, paging)


@dataclass(slots=True, kw_only=True)
class Manners:
    """What real Graph servers do differently from one day to the next; tests switch it.

    `page_most`: a page may be shorter than was asked for. `empty_pages`: a page may be empty and have a `next`.
    `farthest`: how far into a list a cursor may lead. `usage`: percent of the limit used, None where the headers are
    not sent. `served`: the version that really answers. `proof_required`: the app has "Require App Secret" on.
    `limit`: what the limit counts the calls to, in the words of the header about it.
    """

    page_most: int = MOST
    empty_pages: bool = False
    farthest: int | None = None
    usage: int | None = 28
    served: str = "v26.0"
    proof_required: bool = False
    limit: str = "pages"

    def headers(self, business: str, minutes: int = 0) -> dict[str, str]:
        """What comes with every answer."""
        sent = {"content-type": "application/json; charset=UTF-8", "facebook-api-version": self.served}
        if self.usage is not None:
            counts = {"call_count": self.usage, "total_cputime": 25, "total_time": 25}
            report = {"type": self.limit, **counts, "estimated_time_to_regain_access": minutes}
            sent["x-app-usage"] = json.dumps(counts)
            sent["x-business-use-case-usage"] = json.dumps({business: [report]})
        return sent


def operations(call: Call) -> Iterator[Request]:
    """The requests packed into a batch; each takes the batch's token unless it brings one. Raises Trouble."""
    try:
        packed = json.loads(call.params.get("batch", ""))
    except ValueError:
        packed = None
    if not isinstance(packed, list):
        message = "(#100) param batch must be an array."
        raise Trouble(message, 100)
    if len(packed) > BATCH_MOST:
        message = f"Too many requests in batch message. Maximum batch size is {BATCH_MOST}"
        raise Trouble(message, -3, type="GraphBatchException")
    for one in packed:
        split = urlsplit(str(one.get("relative_url", "")))
        yield Request(
            method=str(one.get("method", "GET")),
            path="/" + split.path.lstrip("/"),
            query=parse_qs(split.query, keep_blank_values=True),
            headers={"authorization": f"Bearer {call.token}", PART: PART},
            body=str(one.get("body", "")).encode(),
        )


def packed(response: Response, *, with_headers: bool) -> dict[str, Any]:
    """One answer as it comes back in a batch."""
    answer: dict[str, Any] = {"code": response.status, "body": response.body.decode()}
    if with_headers:
        answer["headers"] = [{"name": name, "value": value} for name, value in response.headers.items()]
    return answer


def cursor(name: str) -> str:
    """An opaque place in a list."""
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _read_cursor(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        message = "(#100) Invalid cursors values"
        raise Trouble(message, 100) from None


def _after(names: list[str], place: str) -> tuple[int, bool]:
    """Where the list goes on after `place`, and whether the empty page has been shown there."""
    try:
        return names.index(place.removeprefix(_AGAIN)) + 1, place.startswith(_AGAIN)
    except ValueError:
        message = "(#100) Invalid cursors values"
        raise Trouble(message, 100) from None


def _limit(args: Mapping[str, str]) -> int:
    try:
        limit = int(args.get("limit", USUAL))
    except ValueError:
        limit = -1
    if not 0 <= limit <= MOST:
        message = f"(#100) param limit must be between 0 and {MOST}"
        raise Trouble(message, 100)
    return limit
