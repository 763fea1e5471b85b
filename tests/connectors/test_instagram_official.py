"""The stand-in serves Meta's own client, which none of us wrote; and the oracle finds what is made wrong on purpose.

`FacebookAdsApi.init` is never called: it would send reports of crashes to Meta.
"""

from __future__ import annotations

import contextlib
import json
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from instagram_town import NOON, PAT, SAM, Town, a_town, comments, oracle

from bot.domain.types import Action
from connectors.instagram import standin_keys as keys
from connectors.instagram.standin_pitfalls import PITFALLS
from connectors.standin import faults

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.igcomment import IGComment
    from facebook_business.adobjects.igmedia import IGMedia
    from facebook_business.adobjects.iguser import IGUser
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.user import User
    from facebook_business.api import FacebookAdsApi
    from facebook_business.exceptions import FacebookRequestError
    from facebook_business.session import FacebookSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.standin.server import Exchange, Request, Response
    from connectors.standin.world import WorldComment


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def official(town: Town, token: str | None = None) -> FacebookAdsApi:
    session = FacebookSession(keys.APP_ID, keys.APP_SECRET, token or town.token)
    session.GRAPH = town.server.url
    session.requests.trust_env = False
    return FacebookAdsApi(session, api_version="v26.0")


def peopled(town: Town, many: int = 30) -> list[WorldComment]:
    """A medium with a comment, a reply to it, and many more comments."""
    first = town.comment(town.post("Road works"), "first")
    rest = [
        town.comment(first.post, f"comment {number}", author=SAM, at=town.clock.on(seconds=1)) for number in range(many)
    ]
    return [first, town.comment(first.post, "reply", author=SAM, parent=first), *rest]


def refusal(call: Callable[[], Any]) -> tuple[int, int | None]:
    """The code and subcode with which a call is refused."""
    with pytest.raises(FacebookRequestError) as caught:
        call()
    return caught.value.api_error_code(), caught.value.api_error_subcode()


class TestTheOfficialClient:
    def test_reads_what_our_connector_reads(self, town: Town) -> None:
        written = peopled(town, 60)
        api = official(town)
        [medium] = IGUser(town.page.id, api=api).get_media(
            fields=["id", "caption", "comments_count", "permalink", "is_comment_enabled", "media_product_type"]
        )
        assert (medium["comments_count"], medium["is_comment_enabled"]) == (62, True)
        fields = ["id", "text", "timestamp", "username", "from", "hidden", "parent_id", "media"]
        top = list(IGMedia(medium["id"], api=api).get_comments(fields=fields))
        below = list(IGComment(written[0].id, api=api).get_replies(fields=fields))
        found = {one["id"]: one for one in [*top, *below]}
        ours = comments(town.poll())
        assert set(found) == set(ours) == {comment.id for comment in written}
        for ident, one in found.items():
            assert one["text"] == ours[ident].text
            assert one["from"]["id"] == ours[ident].author.id
            assert one["media"]["id"] == ours[ident].post.item
            parent = ours[ident].parent
            assert one.get("parent_id") == (parent.item if parent else None)

    def test_gets_the_upper_level_only_newest_first_and_fifty_at_once(self, town: Town) -> None:
        first, reply, *rest = peopled(town, 60)
        listed = IGMedia(first.post.id, api=official(town)).get_comments(params={"limit": 100})
        assert [one["id"] for one in listed] == [*(one.id for one in reversed(rest)), first.id]
        assert reply.id not in {one["id"] for one in listed}
        asked = [request for request in town.requests("list") if "after" in request.query]
        assert len(asked) == 1
        assert len(json.loads(town.server.log[0].response.body)["data"]) == 50

    def test_hides_shows_and_deletes(self, town: Town) -> None:
        comment, reply, *_ = peopled(town)
        node = IGComment(comment.id, api=official(town))
        node.api_update(params={"hide": True})
        assert node.api_get(fields=["hidden"])["hidden"] is True
        node.api_update(params={"hide": False})
        node.api_delete()
        assert reply.deleted_by == "app"
        assert [what for what, _ in town.acts()] == ["hide", "unhide", "delete", "delete"]
        assert refusal(node.api_get) == (100, 33)

    def test_switches_comments_off_and_on(self, town: Town) -> None:
        comment, *_ = peopled(town, 2)
        node = IGMedia(comment.post.id, api=official(town))
        node.api_update(params={"comment_enabled": False})
        assert node.api_get(fields=["is_comment_enabled"])["is_comment_enabled"] is False
        assert list(node.get_comments()) == []
        assert comments(town.poll()) == {}
        node.api_update(params={"comment_enabled": True})
        assert len(list(node.get_comments())) == 3

    def test_answers_below_the_comment_and_not_a_hidden_one(self, town: Town) -> None:
        comment, reply, *_ = peopled(town)
        api = official(town)
        made = IGComment(reply.id, api=api).create_reply(params={"message": "Thank you."})
        assert made["id"] in {one["id"] for one in IGComment(comment.id, api=api).get_replies()}
        town.world.hide(comment, "staff")
        assert refusal(lambda: IGComment(comment.id, api=api).create_reply(params={"message": "?"}))[0] == 100
        own = IGMedia(comment.post.id, api=api).create_comment(params={"message": "A word from the City."})
        IGComment(own["id"], api=api).api_update(params={"hide": True})
        assert town.world.comments["instagram", own["id"]].public

    def test_writes_privately_through_the_page_and_not_through_the_account(self, town: Town) -> None:
        comment, *_ = peopled(town, 1)
        api = official(town)
        message = {"recipient": {"comment_id": comment.id}, "message": {"text": "Hidden, and here is why."}}
        assert refusal(lambda: IGUser(town.page.id, api=api).create_message(params=message))[0] == 3
        town.server.log.clear()  # what the account's own edge takes is in no table of ours
        sent = Page(keys.page_id(town.page), api=api).create_message(params=message)
        assert set(sent.export_all_data()) >= {"recipient_id", "message_id"}
        assert town.standin.answered_privately == [(comment.id, "Hidden, and here is why.")]

    def test_finds_the_account_behind_the_page_with_a_persons_token(self, town: Town) -> None:
        api = official(town, keys.USER_TOKEN)
        [page] = User("me", api=api).get_accounts(fields=["id", "access_token"])
        assert page["access_token"] == town.token
        linked = Page(page["id"], api=api).api_get(fields=["instagram_business_account"])
        assert linked["instagram_business_account"]["id"] == town.page.id

    def test_reads_carousels_and_mentions(self, town: Town) -> None:
        post = town.post(parts=3)
        api = official(town)
        assert len(list(IGMedia(post.id, api=api).get_children(fields=["media_type", "media_url"]))) == 3
        town.standin.mentions = {"18099": {"id": "18099", "text": "hello @cityofexample"}}
        asked = {"fields": "mentioned_comment.comment_id(18099){text}"}
        found = api.call("GET", (town.page.id,), params=asked).json()
        assert found["mentioned_comment"]["text"] == "hello @cityofexample"

    def test_hides_in_batches(self, town: Town) -> None:
        written = peopled(town)
        town.world.delete(written[2], "author")
        api = official(town)
        batch, done, failed = api.new_batch(), [], []
        for comment in written[:4]:
            IGComment(comment.id, api=api).api_update(
                params={"hide": True}, batch=batch, success=done.append, failure=failed.append
            )
        assert batch.execute() is None
        assert (len(done), len(failed)) == (3, 1)
        assert [ident for _, ident in town.acts()] == [written[number].id for number in (0, 1, 3)]

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (faults.UNAUTHORISED, (190, 463)),
            (faults.RATE_LIMITED, (80002, None)),
            (faults.REFUSED, (200, None)),
            ("restricted", (4, 2207051)),
            ("account_restricted", (25, 2207050)),
            ("instagram_hiccup", (-1, 2207001)),
        ],
    )
    def test_understands_our_errors(self, town: Town, fault: str, expected: tuple[int, int | None]) -> None:
        comment, *_ = peopled(town, 1)
        town.server.faults.add(fault)
        assert refusal(lambda: IGComment(comment.id, api=official(town)).api_update(params={"hide": True})) == expected

    def test_stops_at_an_empty_page_and_we_do_not(self, town: Town) -> None:
        written = peopled(town, 10)
        town.standin.switch(["short_pages", "empty_pages"])
        listed = IGMedia(written[0].post.id, api=official(town)).get_comments()
        assert len(list(listed)) == 3
        assert len(comments(town.poll())) == len(written)

    def test_sees_counts_and_no_comments_where_lists_are_blank(self, town: Town) -> None:
        comment, *_ = peopled(town, 3)
        town.standin.switch(["blank_lists"])
        node = IGMedia(comment.post.id, api=official(town))
        assert list(node.get_comments()) == []
        assert node.api_get(fields=["comments_count"])["comments_count"] == 5
        answer = json.loads(town.server.log[0].response.body)
        assert set(answer["paging"]["cursors"]) == {"before", "after"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("{comment}?fields=nonsense", 100),
        ("{comment}?fields=permalink", 100),
        ("{comment}/comments", 100),
        ("{account}/media?limit=101", 100),
        ("{account}/nonsense", 100),
        ("{post}/comments?after=nonsense", 100),
        ("{post}?fields=is_hidden", 100),
        ("{post}/replies", 100),
        ("18000000000000001", 100),
        ("a/b/c", 2500),
        ("nobody", 803),
    ],
)
def test_bad_requests_have_their_codes(town: Town, path: str, code: int) -> None:
    comment, *_ = peopled(town, 1)
    town.wrong_on_purpose = True
    names = {"account": town.page.id, "post": comment.post.id, "comment": comment.id}
    target, _, query = path.format(**names).partition("?")
    with pytest.raises(FacebookRequestError) as caught:
        official(town).call("GET", (target,), params=dict([query.split("=")]) if query else {})
    assert caught.value.api_error_code() == code
    assert set(caught.value.body()["error"]) >= {"message", "type", "code", "fbtrace_id"}


@pytest.mark.parametrize("params", [{}, {"hide": "perhaps"}, {"hidden": "true"}, {"is_hidden": "true"}])
def test_hiding_takes_its_own_parameter_and_no_other(town: Town, params: dict[str, str]) -> None:
    comment, *_ = peopled(town, 1)
    town.wrong_on_purpose = True
    assert refusal(lambda: official(town).call("POST", (comment.id,), params=params))[0] == 100
    assert comment.public


@pytest.mark.parametrize("spelled", ["true", "True", "1", "TRUE"])
def test_booleans_are_taken_in_every_spelling(town: Town, spelled: str) -> None:
    comment, *_ = peopled(town, 1)
    town.wrong_on_purpose = True
    official(town).call("POST", (comment.id,), params={"hide": spelled})
    assert comment.hidden_by == "app"


# ------------------------------------------------------------------------------------------------ pitfalls by name


@pytest.mark.parametrize(
    "name",
    [pitfall.name for pitfall in PITFALLS if not pitfall.always and not pitfall.name.startswith("hooks_")],
)
def test_every_pitfall_can_be_met_and_is_counted(town: Town, name: str) -> None:
    """A pitfall that changes nothing would be one in name only."""
    post = town.post()
    written = [town.comment(post, str(number), at=town.clock.on(seconds=1)) for number in range(12)]
    for number in range(5):
        town.comment(post, f"reply {number}", parent=written[0])
    town.comment(post, "own", author=town.page.person)
    town.world.hide(written[7], "app")
    town.clock.on(minutes=6)
    town.wrong_on_purpose = True
    before = told(town, written)
    town.standin.switch([name], seed=3)
    assert told(town, written) != before
    assert town.standin.pitfalls.met[name] > 0
    assert town.server.ledger()["pitfalls"][name] > 0


def told(town: Town, written: list[WorldComment]) -> list[Any]:
    """All that can be seen of the account from outside, but for what is new each time."""
    begun = len(town.server.log)
    api = official(town)
    session = api._session.requests
    session.params = {name: value for name, value in session.params.items() if name != "appsecret_proof"}
    for path, fields in (
        (f"{town.page.id}/media", "id,comments_count"),
        (f"{written[0].post.id}/comments", "id,text,username,from,user,hidden,replies.limit(4){id}"),
        (f"{town.page.id}/tags", "id"),
        ("me/subscribed_apps", "id"),
        ("18000000000000001", "id"),
    ):
        _seen(lambda path=path, fields=fields: api.call("GET", tuple(path.split("/")), params={"fields": fields}))
    for _ in range(200):
        if "calls_run_out" not in town.standin.pitfalls.on:
            break
        _seen(lambda: api.call("GET", ("me",)))
    for comment in written[:7]:
        _seen(lambda comment=comment: api.call("POST", (comment.id,), params={"hide": "true"}))
    _seen(lambda: api.call("GET", (written[0].post.id, "comments"), params={"fields": "hidden"}))
    _seen(lambda: api.call("GET", (written[0].post.id, "comments"), params={"after": "", "limit": "2"}))
    second = json.loads(town.server.log[-1].response.body).get("paging", {}).get("cursors", {}).get("after", "")
    _seen(lambda: api.call("GET", (written[0].post.id, "comments"), params={"after": second, "limit": "2"}))
    session.get(f"{town.server.url}/cdn/1.png", timeout=5)
    for comment in written[:7]:
        _seen(lambda comment=comment: api.call("POST", (comment.id,), params={"hide": "false"}))
    seen = []
    for line in town.server.log[begun:]:
        body = line.response.body.decode("latin-1")
        headers = {name: value for name, value in line.response.headers.items() if name.startswith(("x-", "facebook"))}
        seen.append((line.response.status, body.partition('"fbtrace_id"')[0], headers))
    return seen


def _seen(call: Callable[[], Any]) -> None:
    """Make a call whose answer is read from the log, error or not."""
    with contextlib.suppress(FacebookRequestError):
        call()


def test_the_same_seed_strikes_the_same_comments_and_another_does_not(town: Town) -> None:
    written = [town.comment() for _ in range(40)]
    town.wrong_on_purpose = True

    def struck(seed: int) -> list[bool]:
        town.standin.switch(["cannot_hide"], seed=seed)
        return [town.standin.pitfalls.strikes("cannot_hide", comment.id) for comment in written]

    assert struck(1) == struck(1) != struck(2)
    assert 4 < sum(struck(1)) < 25
    with pytest.raises(ValueError, match="no pitfall"):
        town.standin.switch(["no_such_pitfall"])
    with pytest.raises(ValueError, match="no pitfall"):
        town.standin.switch(["newest_first"])


# ------------------------------------------------------------------------------------------------ the oracle itself


def an_exchange(town: Town, verb: str) -> Exchange:
    peopled(town, 2)
    [ref, *_] = [comment.ref for comment in comments(town.poll()).values()]
    town.connector.look(ref, now=NOON)
    town.connector.act(ref, Action.HIDE, now=NOON)
    town.connector.notify(ref, "words", now=NOON)
    return [line for line in town.server.log if line.verb == verb and "tags" not in line.request.path][-1]


@pytest.mark.parametrize(
    ("verb", "wrong"),
    [
        ("hide", {"body": b"hide=True"}),
        ("hide", {"body": b"hidden=true"}),
        ("hide", {"body": b"is_hidden=true"}),
        ("hide", {"body": b"hide=true", "method": "PUT"}),
        ("hide", {"path": "/v26.0/1/hide"}),
        ("list", {"query": {"order": ["newest"]}}),
        ("list", {"query": {"filter": ["stream"]}}),
        ("list", {"query": {"limit": ["many"]}}),
        ("list", {"query": {"fields": ["id,message"]}}),
        ("list", {"query": {"fields": ["id,replies{message}"]}}),
        ("list", {"query": {"fields": ["id,replies.order(newest){id}"]}}),
        ("list", {"query": {"fields": ["id,from{name}"]}}),
        ("look", {"query": {"fields": ["id,permalink_url"]}}),
        ("look", {"query": {"fields": ["id,media{message}"]}}),
        ("look", {"query": {"appsecret_proof": ["short"]}}),
        ("create", {"body": b"recipient=1&message=%7B%7D"}),
    ],
)
def test_a_wrong_request_is_found(town: Town, verb: str, wrong: dict[str, Any]) -> None:
    exchange = an_exchange(town, verb)
    assert oracle().check(exchange) == []
    request: Request = replace(exchange.request, **wrong)
    assert oracle().check(replace(exchange, request=request))


@pytest.mark.parametrize(
    ("verb", "wrong"),
    [
        ("look", {"id": 5}),
        ("look", {"hidden": "no"}),
        ("look", {"timestamp": "2026-11-22T01:02:03Z"}),
        ("look", {"like_count": "x"}),
        ("look", {"media": {"id": "1", "hidden": True}}),
        ("look", {"from": {"id": "1", "name": PAT.name}}),
        ("hide", {"success": 1}),
        ("create", {"message_id": 5}),
        ("list", {"summary": {}}),
        ("list", {"paging": {"cursors": {"after": 1}}}),
    ],
)
def test_a_wrong_answer_is_found(town: Town, verb: str, wrong: dict[str, Any]) -> None:
    exchange = an_exchange(town, verb)
    body = json.dumps({**json.loads(exchange.response.body), **wrong}).encode()
    response: Response = replace(exchange.response, body=body)
    assert oracle().check(replace(exchange, response=response))
