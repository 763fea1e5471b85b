"""What X would charge for what its stand-in answered: the other side's books, kept apart from the connector's."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

from connectors.x import prices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


class Ledger:
    """Everything billed, by day in UTC and kind, in mills. One thing is billed once on a day, whoever asked."""

    def __init__(self) -> None:
        """Nothing is billed yet."""
        self.lines: dict[tuple[date, str], int] = {}
        self.counts: Counter[str] = Counter()
        self._billed: dict[date, set[tuple[str, str]]] = {}

    @property
    def mills(self) -> int:
        """The whole of it."""
        return sum(self.lines.values())

    def read(self, answer: Mapping[str, Any], kind: str, now: datetime, *, owned: bool) -> None:
        """Bill an answer by what it holds: its data are of this kind (``post``, ``user``, ``follower``)."""
        data = answer.get("data", [])
        price = {"post": prices.POST, "user": prices.USER, "follower": prices.FOLLOWER}[kind]
        for item in data if isinstance(data, list) else [data]:
            self._once(kind, item["id"], prices.OWNED if owned and kind != "user" else price, now)
        for user in answer.get("includes", {}).get("users", []):
            self._once("user", user["id"], prices.USER, now)

    def charge(self, kind: str, mills: int, now: datetime) -> None:
        """Bill a request or an event that costs by itself."""
        day = now.astimezone(UTC).date()
        self.lines[day, kind] = self.lines.get((day, kind), 0) + mills
        self.counts[kind] += 1

    def __call__(self) -> dict[str, Any]:
        """The sums, to be told beside what was asked."""
        return {"dollars": self.mills / prices.MILL, "billed": dict(self.counts)}

    def printed(self) -> str:
        """The bill for people: a line for each day and kind, and the sum."""
        lines = [f"{day}  {kind:<10} {prices.dollars(mills):>12}" for (day, kind), mills in sorted(self.lines.items())]
        return "\n".join([*lines, f"{'all':<22} {prices.dollars(self.mills):>12}"])

    def _once(self, kind: str, identifier: str, mills: int, now: datetime) -> None:
        day = now.astimezone(UTC).date()
        billed = self._billed.setdefault(day, set())
        thing = ("post" if kind == "post" else "user", identifier)
        if thing not in billed:
            billed.add(thing)
            self.charge(kind, mills, now)
