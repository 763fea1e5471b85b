"""The City's ad account on the stand-in: which posts of a Page are shown as advertisements.

From "Ad Account, Ads" and "Ad Creative" (Graph API reference). A Page's own token is refused; it takes the token of
somebody, or a system user, to whom the ad account is assigned, with `ads_read`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from connectors.facebook.standin_show import Kind
from connectors.standin import graph
from connectors.standin.graph import Trouble
from connectors.standin.graph_troubles import too_many

if TYPE_CHECKING:
    from connectors.facebook.standin import StandIn
    from connectors.standin.graph import Call
    from connectors.standin.world import WorldAccount, WorldPost

DEFAULTS: Final = {"ratings": "created_time,recommendation_type,review_text"}
STATES: Final = frozenset(
    {
        *("ACTIVE", "PAUSED", "CAMPAIGN_PAUSED", "ADSET_PAUSED", "ARCHIVED", "DELETED", "DISAPPROVED", "IN_PROCESS"),
        *("PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED", "WITH_ISSUES"),
    }
)
_MINUTES = 11
_OTHERS_POST = "1999000000000001_122100000000099999"


def ad_account(account: WorldAccount) -> str:
    """The ad account with which a Page's posts are advertised."""
    return f"act_77{account.id[-10:]}"


def of_account(standin: StandIn, ident: str, mine: WorldAccount | None, call: Call) -> object:
    """The ads of an ad account; the last is of another Page, and the one before it names no post. Raises Trouble."""
    account = next((each for each in standin.accounts() if ad_account(each) == ident), None)
    if account is None:
        raise graph.no_such_object(call.method, ident)
    if mine or "ads_read" in standin.quirks.lacks or standin.pitfalls.strikes("ads_not_permitted"):
        message = "(#200) Ad account owner has NOT grant ads_management or ads_read permission"
        raise Trouble(message, 200, status=403)
    if standin.pitfalls.strikes("ads_limited"):
        headers = {**standin.manners.headers(ident, _MINUTES)}
        raise Trouble(too_many(80004, "ads"), 80004, 2446079, headers=headers)
    wanted = _states(call)
    shown = [post for post in standin.posts_as(Kind.AD, account) if _state(standin, post) in wanted]
    ads = [(f"6{post.id.rpartition('_')[2]}", _state(standin, post), post.id) for post in shown]
    ads += [("61", "ACTIVE", ""), ("62", "ACTIVE", _OTHERS_POST)]
    cut = graph.window(ads, lambda ad: ad[0], call.params, standin.manners, standin.link(call))
    asked = graph.fields(call.params.get("fields", ""), "id")
    answer: dict[str, Any] = {"data": [_shown(ad, asked) for ad in cut.items]}
    return answer | ({"paging": cut.paging} if cut.paging else {})


def _shown(ad: tuple[str, str, str], asked: tuple[graph.Field, ...]) -> dict[str, Any]:
    ident, state, story = ad
    creative = {"id": f"8{ident}", **({"effective_object_story_id": story} if story else {})}
    return graph.show(
        "Ad",
        {
            "id": lambda _: ident,
            "effective_status": lambda _: state,
            "creative": lambda one: graph.pick(creative, one) if one.inner else {"id": creative["id"]},
        },
        asked,
    )


def _states(call: Call) -> set[str]:
    """The states asked for; archived and deleted ads come only by name. Raises Trouble."""
    told = call.params.get("effective_status")
    wanted = set(json.loads(told)) if told else set(STATES - {"ARCHIVED", "DELETED"})
    if unknown := wanted - STATES:
        message = f"(#100) Param effective_status[0] must be one of {{{', '.join(sorted(STATES))}}} - got {unknown}."
        raise Trouble(message, 100)
    return wanted


def _state(standin: StandIn, post: WorldPost) -> str:
    return "ACTIVE" if standin.thing(post).runs else "PAUSED"
