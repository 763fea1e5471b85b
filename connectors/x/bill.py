"""What one connector has spent at X, kept as X would book it: by what came, each thing once a day in UTC."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.meter import Meter
from connectors.x import prices

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_KEPT = timedelta(days=62)


class Bill:
    """Counts from the day on which the connector was made. `mills` by day and kind; nothing is kept on disk.

    What was paid once is paid again after a restart, as far as this bill knows: it may say too much, never too little.
    """

    def __init__(self, *, owned: bool = False, meter: Meter | None = None) -> None:
        """`owned`: the account owns the developer app, so its own timelines and lists cost less.

        Every amount also goes to the `meter`, from which the shell books it.
        """
        self._owned = owned
        self._meter = meter or Meter()
        self._seen: set[tuple[str, str]] = set()
        self._today: date | None = None
        self._spent: dict[date, Counter[str]] = {}

    def posts(self, identifiers: Iterable[str], now: datetime, *, own_list: bool = False) -> None:
        """Book posts that came; `own_list`: from the account's own timeline or mentions."""
        price = prices.OWNED if own_list and self._owned else prices.POST
        self._things("posts", identifiers, price, now)

    def users(self, identifiers: Iterable[str], now: datetime) -> None:
        """Book users that came."""
        self._things("users", identifiers, prices.USER, now)

    def followers(self, identifiers: Iterable[str], now: datetime) -> None:
        """Book followers that came; X counts them as users."""
        self._things("users", identifiers, prices.OWNED if self._owned else prices.FOLLOWER, now)

    def request(self, kind: str, price: int, now: datetime) -> None:
        """Book a request that costs by itself, such as hiding."""
        self._pay(self._day(now), kind, price)

    def mills(self, day: date | None = None) -> int:
        """Everything spent, or what was spent on one day in UTC."""
        days = self._spent.values() if day is None else [self._spent.get(day, Counter())]
        return sum(sum(spent.values()) for spent in days)

    def told(self, now: datetime) -> str:
        """One sentence for people."""
        today = self._day(now)
        parts = ", ".join(f"{kind} {prices.dollars(mills)}" for kind, mills in sorted(today.items())) or "nothing"
        first = min(self._spent)
        return f"spent today (UTC): {parts}; since {first:%d %B %Y}: {prices.dollars(self.mills())}"

    def _things(self, kind: str, identifiers: Iterable[str], price: int, now: datetime) -> None:
        spent = self._day(now)
        fresh = {(kind, identifier) for identifier in identifiers} - self._seen
        self._seen |= fresh
        if fresh:
            self._pay(spent, kind, len(fresh) * price)

    def _pay(self, spent: Counter[str], kind: str, mills: int) -> None:
        spent[kind] += mills
        self._meter.add(mills=mills)

    def _day(self, now: datetime) -> Counter[str]:
        """The account of the day. A new day forgets what was read before, and days long past."""
        day = now.astimezone(UTC).date()
        if day != self._today:
            self._today = day
            self._seen.clear()
            for old in [kept for kept in self._spent if kept < day - _KEPT]:
                del self._spent[old]
        return self._spent.setdefault(day, Counter())
