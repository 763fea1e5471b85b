"""Counts are read where they come along, make no other wording, and are written only when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_batch, a_comment, a_post, an_account, later
from sqlalchemy import func, select

from archive import accounts, ledger, records, tables
from archive.database import Database
from connectors.counting import counts
from connectors.facebook import parse as facebook
from connectors.instagram import parse as instagram

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
