"""Every limit lowers what may happen; none raises it."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from bot.domain.judge import Standing, judge
from bot.domain.types import Action, Ask, Automation, Budget, Category, Match, Mode, Outcome, Policy, Speaker


def a_category(code: str, automation: Automation, action: Action = Action.HIDE) -> Category:
    return Category(code=code, title=code, clause="5.0.A.2.e", text="…", automation=automation, action=action)


def a_policy(*, approved: bool = True, deletes: bool = False) -> Policy:
    categories = [
        a_category("C2", Automation.ACT, Action.DELETE if deletes else Action.HIDE),
        a_category("C3", Automation.REVIEW),
        a_category("C10", Automation.MANUAL),
    ]
    return Policy(
        id="AR 1-27",
        title="Social Media Policy",
        sha256="0" * 64,
        categories={category.code: category for category in categories},
        approved_by="City Communications" if approved else None,
        approved_on=date(2026, 1, 2) if approved else None,
    )


def a_match(clause: str = "C2", ask: Ask = Ask.HIDE, *, shadow: bool = False, rule: str = "rule") -> Match:
    return Match(
        rule=rule,
        clause=clause,
        pack="p@1",
        start=0,
        end=1,
        excerpt="x",
        matcher="phrase",
        ask=ask,
        reason="…",
        shadow=shadow,
    )


def a_standing(
    mode: Mode = Mode.ENFORCE, speaker: Speaker = Speaker.PUBLIC, used: int = 0, *, dismissed: bool = False
) -> Standing:
    return Standing(speaker=speaker, mode=mode, budget=Budget(limit=10, used=used), dismissed=dismissed)


def test_an_acting_rule_in_an_acting_category_on_an_enforcing_account_hides() -> None:
    verdict = judge((a_match(),), a_policy(), a_standing())
    assert (verdict.outcome, verdict.action) == (Outcome.ACT, Action.HIDE)
    assert "rule (C2)" in verdict.why


@pytest.mark.parametrize(
    ("matches", "policy", "standing", "outcome", "why"),
    [
        ((), a_policy(), a_standing(), Outcome.CLEAR, "no rule matched"),
        ((a_match(),), a_policy(), a_standing(speaker=Speaker.CITY), Outcome.CLEAR, "City account"),
        ((a_match(),), a_policy(), a_standing(dismissed=True), Outcome.CLEAR, "a person has let"),
        ((a_match(),), a_policy(approved=False), a_standing(), Outcome.CLEAR, "not approved"),
        ((a_match(),), a_policy(), a_standing(Mode.OBSERVE), Outcome.CLEAR, "observe mode"),
        ((a_match(shadow=True),), a_policy(), a_standing(), Outcome.CLEAR, "on trial"),
        ((a_match("C10"),), a_policy(), a_standing(), Outcome.CLEAR, "left to people"),
        ((a_match(),), a_policy(), a_standing(Mode.REVIEW), Outcome.REVIEW, "review mode"),
        ((a_match(ask=Ask.REVIEW),), a_policy(), a_standing(), Outcome.REVIEW, "a person decides"),
        ((a_match("C3"),), a_policy(), a_standing(), Outcome.REVIEW, "a person decides"),
        ((a_match(),), a_policy(), a_standing(used=10), Outcome.REVIEW, "budget of 10"),
    ],
)
def test_each_limit_says_why(
    matches: tuple[Match, ...], policy: Policy, standing: Standing, outcome: Outcome, why: str
) -> None:
    verdict = judge(matches, policy, standing)
    assert verdict.outcome is outcome
    assert verdict.action is None
    assert why in verdict.why
    assert verdict.matches == matches


def test_deleting_needs_every_acting_rule_to_ask_and_the_city_to_have_allowed_it() -> None:
    asks = (a_match(ask=Ask.DELETE),)
    assert judge(asks, a_policy(deletes=True), a_standing()).action is Action.DELETE
    assert judge(asks, a_policy(deletes=False), a_standing()).action is Action.HIDE
    both = (*asks, a_match(ask=Ask.HIDE, rule="other"))
    assert judge(both, a_policy(deletes=True), a_standing()).action is Action.HIDE


ALL = list(
    product(
        ("C2", "C3", "C10"),
        Ask,
        (False, True),
        (False, True),
        Mode,
        Speaker,
        (0, 10),
        (False, True),
    )
)


@pytest.mark.parametrize("approved", [False, True])
def test_nothing_is_acted_on_unless_every_single_limit_allows_it(approved: bool) -> None:
    acted = 0
    for clause, ask, shadow, deletes, mode, speaker, used, dismissed in ALL:
        match = a_match(clause, ask, shadow=shadow)
        standing = a_standing(mode, speaker, used, dismissed=dismissed)
        verdict = judge((match,), a_policy(approved=approved, deletes=deletes), standing)
        may = (
            approved
            and clause == "C2"
            and ask is not Ask.REVIEW
            and not shadow
            and mode is Mode.ENFORCE
            and speaker is Speaker.PUBLIC
            and used < 10
            and not dismissed
        )
        assert (verdict.outcome is Outcome.ACT) == may
        acted += may
    assert acted == (4 if approved else 0)
