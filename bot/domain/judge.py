"""Turns matches into a verdict: what rules, policy, mode and people together ask for.

Rules only speak; this is where it is decided whether anything may follow. Every limit here lowers what may happen,
none raises it: a rule cannot reach further than its category, a category not further than the account's mode, and
nothing further than an approved policy and the day's budget allow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.domain.types import Action, Ask, Automation, Budget, Mode, Outcome, Speaker, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from bot.domain.types import Match, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is true of one comment apart from its words.

    `dismissed`: a person let this very wording stand. `raised`: a person asked for a decision on it, and none was made.
    `again`: the comment (by its printed ref) that shows this one in another light after it was judged, if any.
    `renewed`: it waited to be acted on while policy or rules changed, so it is judged by those of today.
    """

    speaker: Speaker
    mode: Mode
    budget: Budget
    dismissed: bool = False
    raised: bool = False
    again: str = ""
    renewed: bool = False

    def as_record(self) -> dict[str, str | int | bool]:
        """Give it in plain words and numbers, to be recorded with the verdict that rests on it."""
        return {
            "speaker": str(self.speaker),
            "mode": str(self.mode),
            "acts_a_day": self.budget.limit,
            "acts_used": self.budget.used,
            "dismissed": self.dismissed,
            "raised": self.raised,
            "again": self.again,
            "renewed": self.renewed,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read `as_record` back. Raises KeyError or ValueError if the record is not one."""
        return cls(
            speaker=Speaker(record["speaker"]),
            mode=Mode(record["mode"]),
            budget=Budget(limit=int(record["acts_a_day"]), used=int(record["acts_used"])),
            dismissed=bool(record["dismissed"]),
            raised=bool(record["raised"]),
            again=str(record.get("again", "")),
            renewed=bool(record.get("renewed", False)),
        )


def judge(matches: tuple[Match, ...], policy: Policy, standing: Standing) -> Verdict:
    """Decide on one comment. All matches stay in the verdict, whether they counted or not (P5)."""
    verdict = _decide(matches, policy, standing)
    if standing.again:
        return replace(verdict, why=f"{verdict.why}; judged again, since {standing.again} says nearly the same")
    if standing.renewed:
        return replace(verdict, why=f"{verdict.why}; judged again, since policy or rules have changed")
    return verdict


def _decide(matches: tuple[Match, ...], policy: Policy, standing: Standing) -> Verdict:
    why = _why_clear(matches, policy, standing) if matches else "no rule matched"
    if why and standing.raised:
        raised = "a person raised it, so a person decides"
        return Verdict(outcome=Outcome.REVIEW, action=None, matches=matches, why=raised)
    if why:
        return Verdict(outcome=Outcome.CLEAR, action=None, matches=matches, why=why)
    counting = _counting(matches, policy)
    acting = may_act(matches, policy)
    why = _why_a_person_decides(acting, standing)
    if why:
        said, over = f"{_names(acting or counting)}: {why}", _is_over_budget(acting, standing)
        return Verdict(outcome=Outcome.REVIEW, action=None, matches=matches, why=said, over_budget=over)
    return Verdict(outcome=Outcome.ACT, action=_action(acting, policy), matches=matches, why=_names(acting))


def _why_clear(matches: tuple[Match, ...], policy: Policy, standing: Standing) -> str | None:
    """Why nothing follows, if nothing follows. The order is that in which a lawyer would ask."""
    if standing.speaker is Speaker.CITY:
        return "written by a City account, which is never judged as the public is"
    if standing.dismissed:
        return "a person has let this very wording stand"
    if not policy.in_force:
        return f"policy {policy.id} is not approved in this wording, so no rule has effect"
    if standing.mode is Mode.OBSERVE:
        return "the account is in observe mode: matches are recorded and nothing follows"
    if not _counting(matches, policy):
        return "only rules on trial, or in categories left to people altogether, matched"
    return None


def _why_a_person_decides(acting: list[Match], standing: Standing) -> str | None:
    """Why something does follow, but not without a person."""
    if not acting:
        return "a person decides"
    if standing.mode is Mode.REVIEW:
        return "the account is in review mode, so a person decides"
    if _is_over_budget(acting, standing):
        return f"the budget of {standing.budget.limit} acts a day is spent, so a person decides"
    return None


def _is_over_budget(acting: list[Match], standing: Standing) -> bool:
    """Whether nothing but the day's budget keeps rules from acting."""
    return bool(acting) and standing.mode is not Mode.REVIEW and standing.budget.spent


def _counting(matches: tuple[Match, ...], policy: Policy) -> list[Match]:
    """The matches that may have a consequence: not on trial, and not in a category that is left to people."""
    return [
        match
        for match in matches
        if not match.shadow and policy.categories[match.clause].automation is not Automation.MANUAL
    ]


def may_act(matches: tuple[Match, ...], policy: Policy) -> list[Match]:
    """The matches that may have a comment hidden without a person."""
    return [
        match
        for match in _counting(matches, policy)
        if match.ask is not Ask.REVIEW and policy.categories[match.clause].automation is Automation.ACT
    ]


def _action(acting: list[Match], policy: Policy) -> Action:
    """Hide, unless every rule that acts asks for deleting and the City allowed deleting in its category (P7)."""
    deletes = all(m.ask is Ask.DELETE and policy.categories[m.clause].action is Action.DELETE for m in acting)
    return Action.DELETE if deletes else Action.HIDE


def _names(matches: list[Match]) -> str:
    """Name rules with their clauses, each once, in the order in which they matched."""
    return ", ".join(dict.fromkeys(f"{match.rule} ({match.clause})" for match in matches))
