"""What this month has cost and may cost: books what connectors report, and stops reading before the City's money ends.

The City's word is `dollars_a_month` in the settings. Looking and acting go on to the end and beyond it, since they cost
cents and somebody waits for them; so reading stops a little before. That is told: in a call to on-call staff when most
is spent and when reading stops, in every e-mail digest from then on, in `citymod status` and `citymod doctor`.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from archive import accounts, spending
from archive.card import platform_name
from archive.spending import Cost
from bot.alarms import alarm
from bot.digest_words import EN, IN, day, month
from connectors.meter import MILL, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from archive.database import Tx
    from bot.digest_words import Words
    from bot.parts import Parts
    from bot.settings import Settings
    from connectors.meter import Meter, Spent

TOLD_FROM = 0.8
"""From which share of the month's money on people are told."""
READ_UP_TO = 0.95
"""Up to which share of the month's money comments are read; the rest is left to looking and acting."""
AGAIN = timedelta(hours=1)
"""How long reading waits until it is asked again whether there is money: the City may have given more."""


def book(parts: Parts, key: str, now: datetime) -> None:
    """Book what an account has cost since this was last done. What cannot be booked is counted again."""
    spent = parts.meters[key].take()
    if spent == NOTHING:
        return
    try:
        with parts.database.begin() as tx:
            spending.book(tx, key, _cost(spent), now)
            if spent.mills:
                _warn(tx, parts.settings, now)
    except BaseException:
        parts.meters[key].give_back(spent)
        raise


def book_checks(tx: Tx, meters: Mapping[str, Meter], now: datetime) -> None:
    """Book what looking at accounts from the command line has cost; an account that never ran has no book yet."""
    for key, meter in meters.items():
        spent = meter.take()
        if spent != NOTHING and accounts.standing(tx, key):
            spending.book(tx, key, _cost(spent), now)


def this_month(tx: Tx, now: datetime) -> Mapping[str, Cost]:
    """What each platform has cost in the running month (UTC)."""
    return spending.by_platform(tx, *spending.month_of(now.astimezone(UTC).date()))


def no_money_to_read(tx: Tx, settings: Settings, platform: str, now: datetime, words: Words = EN) -> str | None:
    """Why a platform is not to be read for now; None if it may. One that takes no money always may."""
    month = this_month(tx, now)
    here = month.get(platform)
    if settings.dollars_a_month is None or here is None or not here.mills:
        return None
    spent, most = _dollars(month), settings.dollars_a_month
    if spent < READ_UP_TO * most:
        return None
    _, last = spending.month_of(now.astimezone(UTC).date())
    until = day(words, last + timedelta(days=1))
    return words["no_money"].format(spent=f"{spent:,.2f}", most=f"{most:,.2f}", until=until)


def tell_stop(tx: Tx, settings: Settings, platform: str, now: datetime) -> None:
    """Call on-call staff, once a month for each platform, since its comments go unread."""
    why = no_money_to_read(tx, settings, platform, now, IN[settings.mail.language]) or ""
    about = {"platform": platform_name(platform), "why": f"{why[:1].upper()}{why[1:]}"}
    _call(tx, settings, "money_gone", f"{platform}:stopped", about, now)


def nearly_spent(tx: Tx, settings: Settings, now: datetime, words: Words = EN) -> str | None:
    """A sentence for people where most of the month's money is spent; None where it is not, or no limit is set."""
    most = settings.dollars_a_month
    if most is None:
        return None
    spent = _dollars(this_month(tx, now))
    if spent < TOLD_FROM * most:
        return None
    stop = READ_UP_TO * most
    reading = words["reading_stopped"] if spent >= stop else words["reading_stops"].format(stop=f"{stop:,.2f}")
    return words["spent_month"].format(spent=f"{spent:,.2f}", most=f"{most:,.2f}", reading=reading)


def in_words(costs: Mapping[str, Cost], words: Words = EN) -> Iterator[str]:
    """One line a platform: money, units of its quota, requests."""
    for platform, cost in costs.items():
        money = f"${cost.mills / MILL:,.2f}, " if cost.mills else ""
        units = words["cost_units"].format(units=f"{cost.units:,}") if cost.units else ""
        name, calls = platform_name(platform), f"{cost.calls:,}"
        yield words["cost_line"].format(platform=name, money=money, units=units, calls=calls)


def month_before(tx: Tx, day: date, words: Words = EN) -> tuple[str, tuple[str, ...]]:
    """The month before the one in which a day lies, by name, and what it cost in lines."""
    first, last = spending.month_of(spending.month_of(day)[0] - timedelta(days=1))
    return month(words, first), tuple(in_words(spending.by_platform(tx, first, last), words))


def _warn(tx: Tx, settings: Settings, now: datetime) -> None:
    """Call on-call staff once a month when most of the money is spent."""
    if spent := nearly_spent(tx, settings, now, IN[settings.mail.language]):
        _call(tx, settings, "money_near", "near", {"spent": spent}, now)


def _call(  # noqa: PLR0913  an alarm says what, why and what to do
    tx: Tx, settings: Settings, what: str, name: str, about: Mapping[str, str], now: datetime
) -> None:
    """Once for each month and each sum, so that it is said again after the City has given more."""
    key = f"money:{now.astimezone(UTC):%Y-%m}:{settings.dollars_a_month}:{name}"
    alarm(tx, settings, what, key=key, now=now, **about)


def _cost(spent: Spent) -> Cost:
    """What a meter says, in the archive's own words."""
    return Cost(calls=spent.calls, units=spent.units, mills=spent.mills)


def _dollars(costs: Mapping[str, Cost]) -> float:
    return sum(cost.mills for cost in costs.values()) / MILL
