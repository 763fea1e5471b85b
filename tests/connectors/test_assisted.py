"""Every platform on which people act: its folder says how, and its connector does and claims nothing by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.types import Account, Action, Ref, Visibility
from connectors import find
from connectors.assisted import without_query
from connectors.contract import Refused
from connectors.transport import Transport

NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
BY_HAND = [platform for platform in find.platforms() if find.by_hand(platform)]
EVERYWHERE = pytest.mark.parametrize("platform", BY_HAND)


def test_they_are_found_by_their_folders() -> None:
    assert {"nextdoor", "pinterest", "snapchat"} <= set(BY_HAND)
    assert not set(BY_HAND) & set(find.automated())
    assert set(find.with_api()) - set(find.automated()) == {"nextdoor"}


@EVERYWHERE
def test_without_credentials_nothing_is_read_done_or_claimed(platform: str) -> None:
    account = Account(platform=platform, id="city", name="City of Example")
    connector = find.connect(account, {}, Transport())
    assert (connector.platform, connector.can.assisted, connector.can.reads) == (platform, True, False)
    assert list(connector.poll(None, now=NOW)) == []
    ref = Ref(platform=platform, account="city", item="1")
    seen = connector.look(ref, now=NOW)
    assert (seen.visibility, seen.comment) == (Visibility.UNKNOWN, None)
    for action in Action:
        with pytest.raises(Refused, match="citymod tasks list"):
            connector.act(ref, action, now=NOW)
    health = connector.check(now=NOW)
    assert health.ok
    assert "no program reads this account" in health.notes


@EVERYWHERE
def test_the_folder_says_how_people_work_it(platform: str) -> None:
    how = find.by_hand(platform)
    assert how is not None
    names = [deed.name for deed in how.deeds]
    assert len(set(names)) == len(names) >= 2
    assert all(deed.how.endswith(".") for deed in how.deeds)
    assert all(deed.second for deed in how.deeds if deed.does is Action.DELETE), "what is for good takes two"
    assert how.senders
    readme = (find.HERE / platform / "README.md").read_text("utf-8")
    for heading in ("## How the City gets access", "## For counsel", "## Unsure"):
        assert heading in readme, heading


@given(st.text(max_size=40))
def test_no_query_survives(secret: str) -> None:
    assert (
        without_query(f"https://kim:pw@nextdoor.com/p/AbC/?auto_token={secret}#{secret}")
        == "https://nextdoor.com/p/AbC/"
    )
