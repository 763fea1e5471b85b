"""YouTube's published contract: the discovery document that comes with google-api-python-client.

Every object is closed: what the document does not know is a breach. The document says of nothing that it must be
there, so what no reader can do without is named here. Google's token endpoint has a contract of its own (RFC 6749).
"""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from jsonschema import Draft202012Validator

from connectors.youtube.chat import chat_page
from connectors.youtube.parse import Parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.domain.types import Account, Comment, Post
    from connectors.standin.server import Exchange, Request, Response

ACCOUNT = "UCexampleexampleexample0"

_FORMATS = {
    "int64": {"pattern": r"^-?\d+$"},
    "uint64": {"pattern": r"^\d+$"},
    "uint32": {"minimum": 0, "maximum": 2**32 - 1},
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "date-time": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
}
_MUST = {
    "Channel": ["kind", "etag", "id"],
    "Comment": ["kind", "etag", "id", "snippet"],
    "CommentListResponse": ["kind", "etag", "items", "pageInfo"],
    "CommentSnippet": ["publishedAt", "textDisplay", "updatedAt"],
    "CommentThread": ["kind", "etag", "id", "snippet"],
    "CommentThreadListResponse": ["kind", "etag", "items", "pageInfo"],
    "CommentThreadSnippet": ["channelId", "isPublic", "topLevelComment", "totalReplyCount"],
    "LiveChatMessage": ["kind", "etag", "id", "snippet"],
    "LiveChatMessageListResponse": ["kind", "etag", "items", "nextPageToken", "pageInfo", "pollingIntervalMillis"],
    "PlaylistItem": ["kind", "etag", "id"],
    "PlaylistItemListResponse": ["kind", "etag", "items", "pageInfo"],
    "Video": ["kind", "etag", "id"],
    "VideoListResponse": ["kind", "etag", "items", "pageInfo"],
}
_ERROR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "additionalProperties": False,
            "required": ["code", "message", "errors"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["message", "domain", "reason"],
                        "properties": {
                            name: {"type": "string"}
                            for name in ("message", "domain", "reason", "location", "locationType")
                        },
                    },
                },
            },
        }
    },
}
_GRANTED = {
    "type": "object",
    "required": ["access_token", "expires_in", "token_type"],
    "properties": {"access_token": {"type": "string"}, "expires_in": {"type": "integer"}},
}
_DENIED = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_TOKEN_FORM = {"grant_type", "client_id", "client_secret", "refresh_token"}
_THREADS_OF = {"allThreadsRelatedToChannelId", "videoId", "id", "channelId"}
_ONE_OF = {"youtube.commentThreads.list": _THREADS_OF, "youtube.comments.list": {"id", "parentId"}}
_MOST_IDS = 50


def check(exchange: Exchange) -> list[str]:
    """Every breach of the contract in one exchange, by either side."""
    request, response = exchange.request, exchange.response
    if request.path == "/token":
        return [*_token_asked(request), *_wrong(response, _GRANTED if response.status == 200 else _DENIED)]
    http_method, query = _unwrapped(request)
    method = _methods().get((http_method, request.path.removeprefix("/")))
    if method is None:
        return [f"no such method: {http_method} {request.path}"]
    return [*_asked(method, query), *_signed(request), *_answered(method, query, response)]


def parsed(name: str, body: bytes, account: Account) -> Iterable[Post | Comment]:
    """Each kind of list is read as the connector reads it; threads of "held" or "spam" are not the published ones.

    The channel is that of the fixtures: YouTube's identifiers of channels are no numbers.
    """
    parser = Parser(account=replace(account, id=ACCOUNT))
    kind = json.loads(body)["kind"].removeprefix("youtube#").removesuffix("ListResponse")
    if kind == "commentThread":
        threads = parser.threads(body, public="held" not in name and "spam" not in name)
        return [comment for thread in threads for comment in thread.comments]
    if kind == "liveChatMessage":
        return chat_page(parser, body, "fixtureVid0").messages
    if kind == "comment":
        return parser.comments(body, video="fixtureVid0")
    return parser.videos(body) if kind == "video" else parser.channels(body)


def _asked(method: Mapping[str, Any], query: Mapping[str, list[str]]) -> Iterator[str]:
    """What is wrong with a request."""
    known = {**_document()["parameters"], **method["parameters"]}
    for name, values in query.items():
        if name not in known:
            yield f"no parameter {name}"
            continue
        yield from _unfit(name, values, known[name])
    required = {name for name, parameter in method["parameters"].items() if parameter.get("required")}
    yield from (f"{name} is missing" for name in required - query.keys())
    filters = _ONE_OF.get(method["id"])
    if filters and len(filters & query.keys()) != 1:
        yield f"not exactly one of {sorted(filters)}"
    if len([one for value in query.get("id", []) for one in value.split(",")]) > _MOST_IDS:
        yield f"more than {_MOST_IDS} identifiers"


def _unfit(name: str, values: list[str], parameter: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the values of one parameter."""
    if len(values) > 1 and not parameter.get("repeated"):
        yield f"{name} given {len(values)} times"
    single = [one for value in values for one in value.split(",")] if parameter.get("repeated") else values
    for value in single:
        if "enum" in parameter and value not in parameter["enum"]:
            yield f"{name}={value} is not in {parameter['enum']}"
        if parameter["type"] == "boolean" and value not in ("true", "false"):
            yield f"{name}={value} is no boolean"
        if parameter["type"] == "integer" and not (
            value.isdigit() and int(parameter.get("minimum", 0)) <= int(value) <= int(parameter.get("maximum", 2**31))
        ):
            yield f"{name}={value} is out of range"


def _signed(request: Request) -> Iterator[str]:
    """Tokens belong into the header, where no log of addresses has them."""
    if "access_token" in request.query or "key" in request.query:
        yield "a secret in the address"


def _answered(method: Mapping[str, Any], query: Mapping[str, list[str]], response: Response) -> Iterator[str]:
    """What is wrong with an answer."""
    if response.status >= 400:
        yield from _wrong(response, _ERROR)
    elif "response" not in method:
        if (response.status, response.body) != (204, b""):
            yield "an answer with content where none is published"
    else:
        yield from _wrong(response, {"$ref": f"#/definitions/{method['response']['$ref']}"})
        if method["id"].startswith("youtube.comment") and "id" in query and b'"moderationStatus"' in response.body:
            yield "a moderation status although the id filter was used"


def _token_asked(request: Request) -> Iterator[str]:
    form = request.form
    if request.query or request.method != "POST" or set(form) != _TOKEN_FORM or form["grant_type"] != ["refresh_token"]:
        yield f"not a request to renew access: {request.method} with {sorted(form)}"


def _wrong(response: Response, schema: Mapping[str, Any]) -> Iterator[str]:
    """Where a body is not as the schema says. What stands there is not told: it may be a token."""
    if not response.headers.get("content-type", "").lower().startswith("application/json"):
        yield "not JSON by its content type"
        return
    validator = Draft202012Validator({**schema, "definitions": _definitions()})
    for error in validator.iter_errors(json.loads(response.body)):
        yield f"{'/'.join(map(str, error.absolute_path))}: breaks {error.validator} {error.validator_value}"


def _unwrapped(request: Request) -> tuple[str, Mapping[str, list[str]]]:
    """Method and parameters, also of a request sent as a form because it was too long for an address."""
    override = request.headers.get("x-http-method-override")
    if override is None:
        return request.method, request.query
    return override, {**request.query, **parse_qs(request.body.decode(), keep_blank_values=True)}


@cache
def _document() -> dict[str, Any]:
    folder = importlib.resources.files("googleapiclient.discovery_cache") / "documents"
    document: dict[str, Any] = json.loads((folder / "youtube.v3.json").read_text("utf-8"))
    return document


@cache
def _methods() -> dict[tuple[str, str], dict[str, Any]]:
    """All methods by HTTP method and path."""
    return {(method["httpMethod"], method["path"]): method for method in _within(_document())}


def _within(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _within(inner)


@cache
def _definitions() -> dict[str, Any]:
    """The document's schemas as JSON Schema, every object closed."""
    definitions = {name: _schema(schema) for name, schema in _document()["schemas"].items()}
    for name, must in _MUST.items():
        definitions[name]["required"] = must
    return definitions


def _schema(published: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in published:
        return {"$ref": f"#/definitions/{published['$ref']}"}
    if published.get("type") == "any":
        return {}
    schema: dict[str, Any] = {name: published[name] for name in ("type", "enum", "pattern") if name in published}
    schema |= _FORMATS.get(published.get("format", ""), {})
    if published.get("type") == "object":
        more = published.get("additionalProperties")
        schema["properties"] = {name: _schema(inner) for name, inner in published.get("properties", {}).items()}
        schema["additionalProperties"] = _schema(more) if isinstance(more, dict) else False
    if published.get("type") == "array":
        schema["items"] = _schema(published["items"])
    return schema
