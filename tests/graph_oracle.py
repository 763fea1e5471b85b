"""What the oracles of both platforms behind Graph check alike: parameters, errors, lists, tokens and batches.

facebook-business lists, for every call, the method, path, parameters and enumerations, and for every object its fields
and their types. It leaves out what any call may carry (`UNIVERSAL`), the envelope of lists and errors, and the
debug_token and batch calls; those are held against the Graph API guides here. A platform's oracle names its calls.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

from connectors.standin import graph
from connectors.standin.server import Exchange, Request, Response

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from facebook_business.api import FacebookAdsApi, FacebookRequest
    from facebook_business.session import FacebookSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

API = FacebookAdsApi(FacebookSession("1", "secret", "token"), api_version="v26.0")
UNIVERSAL = {
    "access_token": r"\S+",
    "after": r"\S+",
    "appsecret_proof": r"[0-9a-f]{64}",
    "before": r"\S+",
    "fields": r"[\w,.{}()]+",
    "limit": r"\d+",
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000")
_ERROR = {
    "message": str,
    "type": str,
    "code": int,
    "error_subcode": int,
    "is_transient": bool,
    "error_user_title": str,
    "error_user_msg": str,
    "error_data": dict,
    "fbtrace_id": str,
}
_ABOUT_TOKEN = {
    "app_id": str,
    "application": str,
    "type": str,
    "is_valid": bool,
    "expires_at": int,
    "data_access_expires_at": int,
    "issued_at": int,
    "scopes": list,
    "granular_scopes": list,
    "profile_id": str,
    "user_id": str,
    "error": dict,
}
_PAGING = {"cursors": dict, "next": str, "previous": str}


def told(exchange: Exchange, problems: Iterable[str]) -> list[str]:
    """Problems with the request that they are about."""
    return [f"{exchange.request.method} {exchange.request.path}: {problem}" for problem in problems]


def of_calls(
    call: graph.Call,
    response: Response,
    candidates: Iterable[FacebookRequest],
    asked: Callable[[FacebookRequest, graph.Call], Iterable[str]],
    answered: Callable[[FacebookRequest, graph.Call, Response], Iterable[str]],
) -> Iterator[str]:
    """What the call that fits best does not allow; `asked` and `answered` are a platform's own checks of the two."""
    found = [[*asked(candidate, call), *answered(candidate, call, response)] for candidate in candidates]
    yield from min(found, key=len) if found else ["the SDK knows no such call"]


def parameters(contract: FacebookRequest, call: graph.Call, universal: Mapping[str, str]) -> Iterator[str]:
    """Whether the parameters are the call's own or universal, and their values of the kind."""
    checker = contract._param_checker
    for name, value in call.params.items():
        if checker.is_valid_key(name):
            packed = checker.get_type(name).startswith(("Object", "list<"))  # these travel in a form as JSON
            if not checker.is_valid_pair(name, decoded(value) if packed else value):
                yield f"parameter {name}={value!r} is not {checker.get_type(name)}"
        elif name not in universal:
            yield f"parameter {name!r} is not the call's"
        elif not re.fullmatch(universal[name], value):
            yield f"parameter {name}={value!r} has not the form it should"


def decoded(value: str) -> Any:
    """What JSON means; what is none stays as it is."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def is_json(response: Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def error(value: Any) -> Iterator[str]:
    """Whether an error comes in its envelope."""
    found = value.get("error") if isinstance(value, dict) and set(value) == {"error"} else None
    if not isinstance(found, dict):
        yield "an error without its envelope"
        return
    yield from typed(found, _ERROR)
    yield from (f"an error without {name}" for name in ("message", "type", "code", "fbtrace_id") if name not in found)


def paged(value: Mapping[str, Any], *besides: str) -> Iterator[str]:
    """Whether a list comes in its envelope; its items are looked at by the platform's oracle."""
    yield from (f"a list has no {name!r}" for name in set(value) - {"data", "paging", *besides})
    paging = value.get("paging", {})
    yield from typed(paging, _PAGING)
    yield from typed(paging.get("cursors", {}), {"before": str, "after": str})


def field(target: Any, name: str, part: Any, checker: Any) -> Iterator[str]:
    """Whether a field that has no parts of its own is of its kind."""
    if not checker.is_type(target._field_types[name], part):
        yield f"{target.__name__}.{name} is not {target._field_types[name]}: {part!r}"
    elif target._field_types[name] == "datetime" and not _TIME.fullmatch(str(part)):
        yield f"{target.__name__}.{name} is not a time in Graph's spelling: {part!r}"


def typed(value: Mapping[str, Any], known: Mapping[str, type]) -> Iterator[str]:
    """Whether an object has known members of their kinds, and no others."""
    for name, part in value.items():
        if name not in known:
            yield f"{name!r} is not known"
        elif type(part) is not known[name]:
            yield f"{name} is not {known[name].__name__}: {part!r}"


def debug_token(call: graph.Call, response: Response) -> Iterator[str]:
    """The call that tells what a token may."""
    if call.method != "GET" or "input_token" not in call.params:
        yield "debug_token is read, with input_token"
    value = json.loads(response.body)
    yield from typed(value["data"], _ABOUT_TOKEN) if response.status == 200 else error(value)


def batch(
    call: graph.Call, response: Response, exchange: Callable[[Request, Response], Iterable[str]]
) -> Iterator[str]:
    """Several calls in one; `exchange` checks each."""
    unknown = set(call.params) - {"batch", "include_headers", "appsecret_proof"}
    yield from (f"a batch takes no {name!r}" for name in unknown)
    if not is_json(response):
        return
    answers = json.loads(response.body)
    if not isinstance(answers, list):
        yield from error(answers)
        return
    for part, answer in zip(graph.operations(call), answers, strict=True):
        if answer is not None:
            headers = {"content-type": "application/json"}
            yield from exchange(part, Response(status=answer["code"], body=answer["body"].encode(), headers=headers))
