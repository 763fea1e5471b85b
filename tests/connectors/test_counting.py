"""Counts are read where they come along, make no other wording, and are written only when they change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_batch, a_comment, a_post, an_account, later
from sqlalchemy import func, select

from archive import accounts, ledger, records, tables
from archive.database import Database
from connectors.bluesky import parse as bluesky
from connectors.counting import counts
from connectors.facebook import parse as facebook
from connectors.instagram import parse as instagram
from connectors.x import api as x_api
from connectors.x import parse as x
from connectors.youtube import lists as youtube_lists
from connectors.youtube import parse as youtube

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("value", [None, "7", True, -1, 1.5, [], {}])
def test_what_is_no_count_is_left_out(value: Any) -> None:
    assert counts({"like_count": value}, likes="like_count") == {}


def test_facebook_and_instagram_give_them_with_what_is_read_anyway() -> None:
    said = {"id": "1_2", "created_time": "2026-11-20T15:00:00+0000", "message": "hm", "like_count": 3}
    account = an_account(platform="facebook", id="1")
    assert facebook.comment({**said, "comment_count": 2}, b"{}", account).counts == {"likes": 3, "replies": 2}
    assert facebook.comment(said, b"{}", account).counts == {"likes": 3}
    assert {"like_count", "comment_count"} <= set(facebook.COMMENT_FIELDS.split(","))
    assert "like_count" in instagram.COMMENT_FIELDS


def test_facebooks_posts_say_reactions_comments_and_shares() -> None:
    account = an_account(platform="facebook", id="1")
    said: dict[str, Any] = {"id": "1_2", "created_time": "2026-11-20T15:00:00+0000", "shares": {"count": 4}}
    said |= {"reactions": {"data": [], "summary": {"total_count": 12}}, "comments": {"summary": {"total_count": 3}}}
    assert facebook.listed(said, b"{}", account).post.counts == {"reactions": 12, "comments": 3, "shares": 4}
    bare = {name: said[name] for name in ("id", "created_time")}
    assert facebook.listed(bare, b"{}", account).post.counts == {}
    assert {"shares", "reactions.limit(0).summary(total_count)"} <= set(facebook.POST_FIELDS.split(","))


@pytest.mark.parametrize("reposts", ["retweet_count", "repost_count"])
def test_x_says_them_of_posts_and_replies_alike(reposts: str) -> None:
    account = an_account(platform="x", id="1")
    item: dict[str, Any] = {
        "id": "1859260000000000000",
        "text": "hm",
        "author_id": "2",
        "conversation_id": "1859260000000000000",
    }
    item |= {"created_at": "2026-11-20T15:00:00.000Z", "edit_history_tweet_ids": ["1859260000000000000"]}
    metrics = {"like_count": 3, "reply_count": 2, "quote_count": 1, reposts: 5, "impression_count": 99}
    body = json.dumps({"data": [item | {"public_metrics": metrics}], "meta": {"result_count": 1}}).encode()
    (tweet,) = x.page(body, "https://x.example", listed=True).tweets
    told = {"likes": 3, "replies": 2, "quotes": 1, "reposts": 5}
    assert x.post(tweet, account).counts == told
    assert x.comment(tweet, account, root=tweet.id, parent=None).counts == told
    assert "public_metrics" in x_api._FIELDS["tweet_fields"]


def test_youtubes_videos_say_likes_comments_and_views_as_text() -> None:
    snippet = {"title": "Snow", "publishedAt": "2026-11-20T15:00:00Z"}
    item = {"id": "v1", "snippet": snippet, "statistics": {"likeCount": "7", "commentCount": "2", "viewCount": "9"}}
    parser = youtube.Parser(account=an_account())
    (video,) = parser.videos(json.dumps({"items": [item]}).encode())
    assert video.counts == {"likes": 7, "comments": 2, "views": 9}
    (video,) = parser.videos(json.dumps({"items": [item | {"statistics": {"likeCount": "many"}}]}).encode())
    assert video.counts == {}
    assert "statistics" in youtube_lists.VIDEO_PARTS.split(",")


def test_bluesky_says_them_of_everything() -> None:
    uri = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3l"
    view = {"uri": uri, "cid": "c", "indexedAt": "2026-11-20T15:00:00Z"}
    view |= {"author": {"did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "handle": "pat.example"}, "record": {"text": "hm"}}
    view |= {"likeCount": 4, "repostCount": 3, "replyCount": 2, "quoteCount": 1}
    written = bluesky.written(view, b"{}", "https://b.example")
    account = an_account(platform="bluesky", id="did.plc.aaaaaaaaaaaaaaaaaaaaaaaa")
    told = {"likes": 4, "reposts": 3, "replies": 2, "quotes": 1}
    assert (written.post(account).counts, written.comment(account, hidden=False).counts) == (told, told)


def test_only_what_changed_is_written_and_no_wording_comes_of_it(tmp_path: Path) -> None:
    def observed(tx: Any, likes: int, at: float) -> records.Observed:
        batch = a_batch(a_comment(counts={"likes": likes}), posts=(a_post(counts={"comments": 1}),))
        return records.observe(tx, batch, account=an_account(), now=later(at))

    with Database.open(f"sqlite:///{tmp_path}/citymod.db") as db, db.begin() as tx:
        accounts.register(tx, an_account(), NOON)
        observed(tx, 3, 0)
        before = ledger.head(tx)
        assert observed(tx, 3, 60).repeated == 1
        assert ledger.head(tx) == before
        assert observed(tx, 4, 120).edited == 0
        assert records.last_counts(tx, [a_comment().ref, a_post().ref]) == {
            a_comment().ref: {"likes": 4},
            a_post().ref: {"comments": 1},
        }
        assert tx.execute(select(func.count()).select_from(tables.counted)).scalar_one() == 3
        assert tx.execute(select(func.count()).select_from(tables.revision)).scalar_one() == 1
