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
from connectors.meter import MILL, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from archive.database import Tx
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


def no_money_to_read(tx: Tx, settings: Settings, platform: str, now: datetime) -> str | None:
    """Why a platform is not to be read for now; None if it may. One that takes no money always may."""
    month = this_month(tx, now)
    here = month.get(platform)
    if settings.dollars_a_month is None or here is None or not here.mills:
        return None
    spent, most = _dollars(month), settings.dollars_a_month
    if spent < READ_UP_TO * most:
        return None
    _, last = spending.month_of(now.astimezone(UTC).date())
    return (
        f"${spent:,.2f} of the ${most:,.2f} that this month may cost are spent, so nothing more is read until "
        f"{last + timedelta(days=1):%B %-d} (UTC) or until dollars_a_month in the settings is raised; acting goes on"
    )


def tell_stop(tx: Tx, settings: Settings, platform: str, why: str, now: datetime) -> None:
    """Call on-call staff, once a month for each platform, since its comments go unread."""
    subject = f"{platform_name(platform)} is not read any more this month"
    what = f"Comments on {platform_name(platform)} are neither recorded nor judged until then: look there by hand"
    _call(tx, settings, f"{platform}:stopped", subject, (f"{why[0].upper()}{why[1:]}.", f"{what}."), now)


def nearly_spent(tx: Tx, settings: Settings, now: datetime) -> str | None:
    """A sentence for people where most of the month's money is spent; None where it is not, or no limit is set."""
    most = settings.dollars_a_month
    if most is None:
        return None
    spent = _dollars(this_month(tx, now))
    if spent < TOLD_FROM * most:
        return None
    stop = READ_UP_TO * most
    reading = "reading what costs money has STOPPED" if spent >= stop else f"reading stops at ${stop:,.2f}"
    return f"${spent:,.2f} of the ${most:,.2f} that this month may cost are spent: {reading}"


def in_words(costs: Mapping[str, Cost]) -> Iterator[str]:
    """One line a platform: money, units of its quota, requests."""
    for platform, cost in costs.items():
        money = f"${cost.mills / MILL:,.2f}, " if cost.mills else ""
        units = f"{cost.units:,} units of quota, " if cost.units else ""
        yield f"{platform_name(platform)}: {money}{units}{cost.calls:,} requests"


def month_before(tx: Tx, day: date) -> tuple[str, tuple[str, ...]]:
    """The month before the one in which a day lies, by name, and what it cost in lines."""
    first, last = spending.month_of(spending.month_of(day)[0] - timedelta(days=1))
    return f"{first:%B %Y}", tuple(in_words(spending.by_platform(tx, first, last)))


def _warn(tx: Tx, settings: Settings, now: datetime) -> None:
    """Call on-call staff once a month when most of the money is spent."""
    if said := nearly_spent(tx, settings, now):
        _call(tx, settings, "near", "Most of this month's money is spent", (f"{said}.",), now)


def _call(  # noqa: PLR0913  an alarm says what, why and what to do
    tx: Tx, settings: Settings, what: str, subject: str, lines: tuple[str, ...], now: datetime
) -> None:
    """Once for each month and each sum, so that it is said again after the City has given more."""
    key = f"money:{now.astimezone(UTC):%Y-%m}:{settings.dollars_a_month}:{what}"
    remedy = "citymod status says what was spent; dollars_a_month in the settings says what may be."
    alarm(tx, settings, key=key, subject=subject, lines=(*lines, remedy), now=now)


def _cost(spent: Spent) -> Cost:
    """What a meter says, in the archive's own words."""
    return Cost(calls=spent.calls, units=spent.units, mills=spent.mills)


def _dollars(costs: Mapping[str, Cost]) -> float:
    return sum(cost.mills for cost in costs.values()) / MILL
