"""Writes the City's public account of its moderation: a folder of accessible pages and CSV files, the same each time.

Numbers and clauses only: no comment, no name of a commenter or of staff, no reason in somebody's own words. Nothing in
it comes from the clock, so the same archive under the same rules gives the same bytes, and everything can be counted
again from the ledger.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from archive import accounts, acts, appeals, ledger, pauses
from archive.card import platform_name
from bot.appeals import number_of
from bot.export_tables import SUMS, write_sums, write_table
from bot.publishing_words import EN, ES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from archive.acts import Act
    from archive.database import Tx
    from bot.domain.types import Account as Known
    from bot.domain.types import Category
    from bot.parts import Rulebook
    from bot.publishing_words import Words
    from bot.settings import Settings

PAGES: Mapping[str, Words] = {"index.html": EN, "index-es.html": ES}
_TEMPLATES = Environment(
    loader=PackageLoader("bot"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


class NotOurs(Exception):
    """There is something at that place which was not written by this, so it is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is counted of some acts; `minutes`: the median of how long those were hidden that were shown again."""

    recorded: int
    hidden: int
    by_people: int
    again: int
    minutes: float | None

    @property
    def by_rules(self) -> int:
        """Those that no person decided."""
        return self.hidden - self.by_people

    @property
    def share(self) -> float | None:
        """Hidden of 1,000 comments recorded; None where none was."""
        return round(1000 * self.hidden / self.recorded, 1) if self.recorded else None

    @classmethod
    def of(cls, some: Iterable[Act], recorded: int = 0) -> Figures:
        """Count them."""
        known = list(some)
        times = [each.minutes for each in known if each.minutes is not None]
        return cls(
            recorded=recorded,
            hidden=len(known),
            by_people=sum(each.by_person for each in known),
            again=len(times),
            minutes=round(median(times), 1) if times else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that is told."""

    line: int
    at: str
    names: Mapping[str, str]
    months: Mapping[tuple[str, str], Figures]
    clauses: Mapping[str, Figures]
    total: Figures
    cases: tuple[Mapping[str, str], ...]
    appeals: tuple[Mapping[str, str], ...]
    outcomes: Mapping[str, int]
    pauses: tuple[Mapping[str, str], ...]
    rules: tuple[Mapping[str, str], ...]


def publish(tx: Tx, settings: Settings, rulebook: Rulebook, folder: Path) -> str:
    """Write the folder anew, in the place of one written before; give the SHA-256 (hex) of its list of sums.

    Raises NotOurs if something else is there.
    """
    if folder.exists() and not (folder / SUMS).is_file():
        message = f"{folder} is there already and was not written by citymod publish; name another place"
        raise NotOurs(message)
    told = gather(tx, settings, rulebook)
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, words in PAGES.items():
        (fresh / name).write_text(_page(told, settings, rulebook, words), encoding="utf-8")
    for name, rows in _tables(told):
        write_table(fresh / name, _COLUMNS[name], rows)
    sums = write_sums(fresh, {})
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)
    return sums


def gather(tx: Tx, settings: Settings, rulebook: Rulebook) -> Account:
    """Count everything from the record."""
    zone = settings.zone
    head = ledger.head(tx)
    done = acts.every(tx)
    recorded = Counter((_month(at, zone), account) for account, at in acts.recorded(tx))
    by_month = _sorted_by(done, lambda act: (_month(act.at, zone), act.account))
    by_clause = _sorted_by(done, lambda act: act.clause)
    appealed = appeals.every(tx)
    return Account(
        line=head.seq if head else 0,
        at=_moment(head.at, zone) if head else "–",
        names={one.account.key: _name(one.account) for one in accounts.all_standing(tx)},
        months={key: Figures.of(by_month[key], recorded[key]) for key in sorted({*recorded, *by_month}, reverse=True)},
        clauses={code: Figures.of(by_clause[code]) for code in _codes(rulebook, by_clause)},
        total=Figures.of(done, recorded.total()),
        cases=tuple(
            {
                "case": number_of(act.order),
                "account": act.account,
                "clause": act.clause,
                "hidden": _day(act.at, zone),
                "shown_again": _day(act.until, zone) if act.until else "",
            }
            for act in reversed(done)
        ),
        appeals=tuple(
            {
                "appeal": one.id,
                "case": number_of(one.order),
                "opened": _day(one.opened_at, zone),
                "due": _day(one.due_at, zone),
                "decided": _day(one.decided_at, zone) if one.decided_at else "",
                "outcome": one.outcome,
            }
            for one in appealed
        ),
        outcomes=Counter(one.outcome or "waits" for one in appealed),
        pauses=tuple(
            {
                "what": pause.what,
                "begun": _moment(pause.since, zone),
                "ended": _moment(ended, zone) if ended else "",
            }
            for pause, ended in pauses.every(tx)
        ),
        rules=tuple(_rules(rulebook)),
    )


_COLUMNS = {
    "months.csv": ("month", "account", "recorded", "hidden", "by_rules", "by_people", "shown_again", "median_minutes"),
    "clauses.csv": ("clause", "hidden", "by_rules", "by_people", "shown_again", "median_minutes"),
    "cases.csv": ("case", "account", "clause", "hidden", "shown_again"),
    "appeals.csv": ("appeal", "case", "opened", "due", "decided", "outcome"),
    "pauses.csv": ("what", "begun", "ended"),
    "rules.csv": ("name", "sha256", "approved"),
}


def _tables(told: Account) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    months = [{"month": month, "account": account} | _row(one) for (month, account), one in told.months.items()]
    yield "months.csv", [{name: row[name] for name in _COLUMNS["months.csv"]} for row in months]
    clauses = [{"clause": clause} | _row(one) for clause, one in told.clauses.items()]
    yield "clauses.csv", [{name: row[name] for name in _COLUMNS["clauses.csv"]} for row in clauses]
    yield "cases.csv", list(told.cases)
    yield "appeals.csv", list(told.appeals)
    yield "pauses.csv", list(told.pauses)
    yield "rules.csv", list(told.rules)


def _row(one: Figures) -> dict[str, str]:
    figures = {"recorded": one.recorded, "hidden": one.hidden, "by_rules": one.by_rules, "by_people": one.by_people}
    figures |= {"shown_again": one.again}
    minutes = "" if one.minutes is None else str(one.minutes)
    return {name: str(figure) for name, figure in figures.items()} | {"median_minutes": minutes}


def _rules(rulebook: Rulebook) -> Iterator[Mapping[str, str]]:
    policy = rulebook.policy
    approved = str(policy.approved_on) if policy.in_force else ""
    yield {"name": f"{policy.id} {policy.title}", "sha256": policy.sha256, "approved": approved}
    for pack in rulebook.packs:
        yield {"name": pack.name, "sha256": pack.sha256, "approved": str(pack.approved_on) if pack.in_force else ""}
    if rulebook.ballot:
        yield {"name": rulebook.ballot.name, "sha256": rulebook.ballot.sha256, "approved": ""}


def _page(told: Account, settings: Settings, rulebook: Rulebook, words: Words) -> str:
    rules = settings.appeals
    how = words["how"].format(address=rules.address, days=rules.window_days) if rules.address else words["how_not"]
    titles = {code: _titled(category, words) for code, category in rulebook.policy.categories.items()}
    said: dict[str, Any] = {
        "told": told,
        "words": words,
        "city": settings.city.name,
        "titles": titles,
        "texts": {code: " ".join(category.text.split()) for code, category in rulebook.policy.categories.items()},
        "how": how,
        "files": sorted(_COLUMNS),
    }
    return _TEMPLATES.get_template("publish.html.j2").render(said)


def _titled(category: Category, words: Words) -> str:
    return category.es.title if words is ES and category.es else category.title


def _name(account: Known) -> str:
    return f"{account.name} ({platform_name(account.platform)})"


def _codes(rulebook: Rulebook, used: Iterable[str]) -> Iterable[str]:
    """The clauses of today's policy, and whatever else was cited in earlier days."""
    return dict.fromkeys((*rulebook.policy.categories, *used))


def _sorted_by(some: Iterable[Act], key: Callable[[Act], Any]) -> dict[Any, list[Act]]:
    found: dict[Any, list[Act]] = defaultdict(list)
    for act in some:
        found[key(act)].append(act)
    return found


def _month(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m}"


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
