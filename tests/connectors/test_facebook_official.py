"""The stand-in serves Meta's own client, which none of us wrote; and the oracle finds what is made wrong on purpose.

`FacebookAdsApi.init` is never called: it would send reports of crashes to Meta.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from facebook_town import NOON, PAT, SAM, Town, a_town, comments, oracle

from bot.domain.types import Action
from connectors.facebook.standin import APP_ID, APP_SECRET
from connectors.facebook.standin_show import Kind
from connectors.standin import faults
from connectors.standin.graph import Trouble, fields

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.advideo import AdVideo
    from facebook_business.adobjects.comment import Comment
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.pagepost import PagePost
    from facebook_business.adobjects.photo import Photo
    from facebook_business.adobjects.user import User
    from facebook_business.api import FacebookAdsApi
    from facebook_business.exceptions import FacebookRequestError
    from facebook_business.session import FacebookSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.standin.server import Exchange, Request, Response
    from connectors.standin.world import WorldComment


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def official(town: Town, token: str | None = None) -> FacebookAdsApi:
    session = FacebookSession(APP_ID, APP_SECRET, token or town.standin.page_token(town.page))
    session.GRAPH = town.server.url
    session.requests.trust_env = False
    return FacebookAdsApi(session, api_version="v26.0")


def peopled(town: Town, many: int = 30) -> list[WorldComment]:
    post = town.world.add_post(town.page, "Road works")
    first = town.world.add_comment(post, "first", author=PAT)
    rest = [town.world.add_comment(post, f"comment {number}", author=SAM) for number in range(many)]
    return [first, town.world.add_comment(post, "reply", author=SAM, parent=first), *rest]


def test_it_subscribes_the_page_to_web_hooks(town: Town) -> None:
    page = Page(town.page.id, api=official(town))
    town.standin.apps.fields[town.page.id] = []
    assert "not subscribed" in str(town.connector.check(now=NOON).notes)
    page.create_subscribed_app(params={"subscribed_fields": ["feed"]})
    assert town.connector.check(now=NOON).notes == ()
    assert [app["id"] for app in page.get_subscribed_apps()] == [APP_ID]
    page.create_subscribed_app(params={"subscribed_fields": ["ratings"]})
    assert "not subscribed" in str(town.connector.check(now=NOON).notes)


def test_it_reads_what_our_connector_reads(town: Town) -> None:
    written = peopled(town)
    api = official(town)
    [post] = Page(town.page.id, api=api).get_feed(fields=["id", "message", "updated_time", "permalink_url"])
    listed = PagePost(post["id"], api=api).get_comments(
        fields=["id", "message", "created_time", "from", "is_hidden", "permalink_url", "parent"],
        params={"filter": "stream", "order": "chronological", "limit": 7},
    )
    found = {one["id"]: one for one in listed}
    ours = comments(town.poll())
    assert set(found) == set(ours) == {comment.id for comment in written}
    for ident, one in found.items():
        assert one["message"] == ours[ident].text
        assert one["from"]["id"] == ours[ident].author.id
        assert one["permalink_url"] == ours[ident].url
        parent = ours[ident].parent
        assert one.get("parent", {}).get("id") == (parent.item if parent else None)
    assert listed.total() == len(written)


def test_its_filters_and_orders_mean_what_the_reference_says(town: Town) -> None:
    first, reply, *rest = peopled(town, 3)
    town.world.comments["facebook", reply.id].wordings[0].at = town.clock.on(seconds=1)
    post = PagePost(first.post.id, api=official(town))

    def read(node: Any = post, **params: Any) -> list[str]:
        return [one["id"] for one in node.get_comments(params=params)]

    assert read() == [first.id, *(one.id for one in rest)]
    everything = read(order="reverse_chronological", filter="stream")
    assert (everything[0], everything[-1], len(everything)) == (reply.id, first.id, 5)
    assert read(Comment(first.id, api=official(town))) == [reply.id]
    assert read(since=int(town.clock.on(days=1).timestamp())) == []


def test_it_hides_shows_and_deletes(town: Town) -> None:
    comment, reply, *_ = peopled(town)
    node = Comment(comment.id, api=official(town))
    node.api_update(params={"is_hidden": True})
    assert node.api_get(fields=["is_hidden", "can_hide"])["is_hidden"] is True
    node.api_update(params={"is_hidden": False})
    node.api_delete()
    assert reply.deleted_by == "app"
    assert [what for what, _ in town.acts()] == ["hide", "unhide", "delete", "delete"]
    with pytest.raises(FacebookRequestError) as caught:
        node.api_get()
    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (100, 33)


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (Kind.AD, Page.get_ads_posts),
        (Kind.PHOTO, Page.get_photos),
        (Kind.VIDEO, Page.get_videos),
        (Kind.REEL, Page.get_video_reels),
        (Kind.LIVE, Page.get_live_videos),
    ],
)
def test_it_reads_what_is_in_no_feed(town: Town, kind: Kind, read: Any) -> None:
    thing = town.standin.publish(town.page, kind, "something new")
    comment = town.world.add_comment(thing, "words", author=PAT)
    page = Page(town.page.id, api=official(town))
    assert list(page.get_feed()) == []
    [found] = read(page, fields=["id", "video"] if kind is Kind.LIVE else ["id", "from"])
    ident = found["video"]["id"] if kind is Kind.LIVE else found["id"]
    assert ident == thing.id
    [read_comment] = (PagePost if kind is Kind.AD else Photo)(found["id"], api=official(town)).get_comments(
        fields=["id", "message"], params={"filter": "stream"}
    )
    assert (read_comment["id"], read_comment["message"]) == (comment.id, "words")
    if kind is Kind.VIDEO:
        assert AdVideo(ident, api=official(town)).api_get(fields=["description"])["description"] == "something new"


def test_it_tells_authors_privately_and_in_public(town: Town) -> None:
    first, *_ = peopled(town, 1)
    recipient, message = {"comment_id": first.id}, {"text": "hidden"}
    page = Page(town.page.id, api=official(town))
    page.create_message(params={"recipient": recipient, "message": message})
    assert town.standin.private == {first.id: "hidden"}
    with pytest.raises(FacebookRequestError) as caught:
        page.create_message(params={"recipient": recipient, "message": message})
    assert caught.value.api_error_code() == 10900
    made = Comment(first.id, api=official(town)).create_comment(params={"message": "see the policy"})
    assert town.world.comments["facebook", made["id"]].parent is first


def test_several_ids_at_once_cost_one_call_each_and_one_bad_one_spoils_them(town: Town) -> None:
    first, reply, *_ = peopled(town, 1)
    api, before = official(town), town.standin.calls
    answer = api.call("GET", (), params={"ids": f"{first.id},{reply.id}", "fields": "id,message"}).json()
    assert answer[reply.id] == {"id": reply.id, "message": "reply"}
    assert town.standin.calls == before + 2
    with pytest.raises(FacebookRequestError):
        api.call("GET", (), params={"ids": f"{first.id},1_2"})


def test_it_hides_in_batches(town: Town) -> None:
    written = peopled(town)
    town.world.delete(written[2], "author")
    api = official(town)
    batch, done, failed = api.new_batch(), [], []
    for comment in written[:4]:
        Comment(comment.id, api=api).api_update(
            params={"is_hidden": True}, batch=batch, success=done.append, failure=failed.append
        )
    assert batch.execute() is None
    assert (len(done), len(failed)) == (3, 1)
    assert [ident for _, ident in town.acts()] == [written[number].id for number in (0, 1, 3)]


def test_a_persons_token_reads_as_empty_and_finds_the_pages(town: Town) -> None:
    comment, *_ = peopled(town)
    api = official(town, town.standin.user_token)
    assert list(PagePost(comment.post.id, api=api).get_comments()) == []
    assert list(Page(town.page.id, api=api).get_feed()) == []
    [page] = User("me", api=api).get_accounts(fields=["id", "name", "access_token"])
    assert page["access_token"] == town.standin.page_token(town.page)
    with pytest.raises(FacebookRequestError) as caught:
        Comment(comment.id, api=api).api_update(params={"is_hidden": True})
    assert caught.value.api_error_code() == 200
    assert "from" not in Comment(comment.id, api=api).api_get(fields=["from", "message"])


@pytest.mark.parametrize(
    ("fault", "code", "subcode"),
    [(faults.UNAUTHORISED, 190, 463), (faults.RATE_LIMITED, 80001, None), (faults.REFUSED, 200, None)],
)
def test_it_understands_our_errors(town: Town, fault: str, code: int, subcode: int | None) -> None:
    comment, *_ = peopled(town, 1)
    town.server.faults.add(fault)
    with pytest.raises(FacebookRequestError) as caught:
        Comment(comment.id, api=official(town)).api_update(params={"is_hidden": True})
    assert (caught.value.api_error_code(), caught.value.api_error_subcode()) == (code, subcode)
    assert caught.value.http_status() in (400, 403)


def test_it_stops_at_an_empty_page_and_we_do_not(town: Town) -> None:
    written = peopled(town, 10)
    town.standin.manners.page_most, town.standin.manners.empty_pages = 4, True
    listed = PagePost(written[0].post.id, api=official(town)).get_comments(params={"filter": "stream"})
    assert len(list(listed)) == 4
    assert len(comments(town.poll())) == len(written)


def test_lists_within_objects(town: Town) -> None:
    first, *_ = peopled(town, 2)
    nested = "comments.limit(2).filter(stream).order(reverse_chronological).summary(true){id,message,parent{id}}"
    found = town.connector._graph.get(first.post.id, now=NOON, fields=f"id,{nested}").value
    assert len(found["comments"]["data"]) == 2
    assert found["comments"]["summary"] == {"order": "reverse_chronological", "total_count": 4, "can_comment": True}
    assert f"{first.post.id}/comments?" in found["comments"]["paging"]["next"]
    assert "access_token=" in found["comments"]["paging"]["next"]


@pytest.mark.parametrize("text", ["id,", "id{name", "id)", "comments.limit(2", "{id}"])
def test_fields_that_are_none(text: str) -> None:
    if text == "id,":
        assert [one.name for one in fields(text, "")] == ["id"]
        return
    with pytest.raises(Trouble) as caught:
        fields(text, "id")
    assert caught.value.code == 2500


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("1_2?fields=nonsense", 100),
        ("{page}/feed?limit=101", 100),
        ("{page}/feed?limit=x", 100),
        ("{post}/comments?filter=none", 100),
        ("{post}/comments?order=none", 100),
        ("{post}/comments?after=nonsense", 100),
        ("{post}/comments?since=then", 100),
        ("{post}?fields=nonsense", 100),
        ("{post}/nonsense", 100),
        ("a/b/c", 2500),
        ("nobody", 803),
    ],
)
def test_bad_requests_have_their_codes(town: Town, path: str, code: int) -> None:
    comment, *_ = peopled(town, 1)
    target, _, query = path.format(page=town.page.id, post=comment.post.id).partition("?")
    with pytest.raises(FacebookRequestError) as caught:
        official(town).call("GET", (target,), params=dict([query.split("=")]) if query else {})
    assert caught.value.api_error_code() == code
    assert set(caught.value.body()["error"]) >= {"message", "type", "code", "fbtrace_id"}
    town.server.log.clear()  # these are wrong on purpose


@pytest.mark.parametrize("spelled", ["true", "True", "1", "TRUE"])
def test_booleans_are_taken_in_every_spelling(town: Town, spelled: str) -> None:
    comment, *_ = peopled(town, 1)
    official(town).call("POST", (comment.id,), params={"is_hidden": spelled})
    assert comment.hidden_by == "app"
    town.server.log.clear()  # the tables know only true and false


# ------------------------------------------------------------------------------------------------ the oracle itself


def an_exchange(town: Town, verb: str) -> Exchange:
    peopled(town, 2)
    [ref, *_] = [comment.ref for comment in comments(town.poll()).values()]
    town.connector.look(ref, now=NOON)
    town.connector.act(ref, Action.HIDE, now=NOON)
    return [line for line in town.server.log if line.verb == verb][-1]


@pytest.mark.parametrize(
    ("verb", "wrong"),
    [
        ("hide", {"body": b"is_hidden=True"}),
        ("hide", {"body": b"hide=true"}),
        ("hide", {"body": b"is_hidden=true", "method": "PUT"}),
        ("hide", {"path": "/v26.0/1_2/hide"}),
        ("list", {"query": {"order": ["newest"]}}),
        ("list", {"query": {"filter": ["all"]}}),
        ("list", {"query": {"limit": ["many"]}}),
        ("list", {"query": {"fields": ["id,hidden"]}}),
        ("list", {"query": {"fields": ["id,parent{hidden}"]}}),
        ("list", {"path": "/v26.0/1_2/replies"}),
        ("look", {"query": {"fields": ["id,edited_time"]}}),
        ("look", {"query": {"appsecret_proof": ["short"]}}),
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
        ("look", {"is_hidden": "no"}),
        ("look", {"created_time": "2026-11-22T01:02:03Z"}),
        ("look", {"comment_count": "x"}),
        ("look", {"parent": {"id": "1", "hidden": True}}),
        ("hide", {"success": 1}),
        ("list", {"total": 5}),
        ("list", {"paging": {"cursors": {"after": 1}}}),
    ],
)
def test_a_wrong_answer_is_found(town: Town, verb: str, wrong: dict[str, Any]) -> None:
    exchange = an_exchange(town, verb)
    body = json.dumps({**json.loads(exchange.response.body), **wrong}).encode()
    response: Response = replace(exchange.response, body=body)
    assert oracle().check(replace(exchange, response=response))
