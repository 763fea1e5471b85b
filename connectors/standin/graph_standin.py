"""What all stand-ins behind Graph have in common: how calls are counted and answered, and what happens by itself.

Each adds what is asked of it (`_route`), how its errors look, and what differs from account to account.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Self

from connectors.standin import faults, graph, world
from connectors.standin.graph import Call, Manners, Trouble
from connectors.standin.graph_apps import Apps
from connectors.standin.graph_troubles import set_switches
from connectors.standin.server import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from connectors.standin.faults import Pitfall, Pitfalls
    from connectors.standin.graph_keys import App
    from connectors.standin.server import Request
    from connectors.standin.world import World, WorldAccount, WorldComment

MINUTES = 7
_HOUR = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class GraphQuirks:
    """What differs from account to account and from comment to comment; tests switch it.

    `phantoms`: how many more comments are counted than are there. `writes_missing`: every write is answered as if
    nothing were there. `lacks`: permissions the token does not have. `success`: what a write that worked answers.
    `calls_allowed`: how many calls an hour are answered; None: any number.
    """

    phantoms: int = 0
    writes_missing: bool = False
    lacks: frozenset[str] = frozenset()
    success: object = field(default_factory=lambda: {"success": True})
    calls_allowed: int | None = None


class Happenings:
    """What the platform, authors and staff do to a comment while nobody looks; each happens once to each."""

    def __init__(self, world: World, pitfalls: Pitfalls, hidden: str, late: timedelta) -> None:
        """Take where it happens, and what may. `hidden` names hiding by the platform; after `late` the rest happens."""
        self._world = world
        self._pitfalls = pitfalls
        self._hidden = hidden
        self._late = late
        self._done: set[tuple[str, str]] = set()

    def catch_up(self, comment: WorldComment) -> None:
        """Let everything happen that is due."""
        late = self._world.clock() - comment.at >= self._late
        ours = comment.hidden_by == world.APP
        self._once(self._hidden, comment, lambda: self._world.hide(comment, world.PLATFORM))
        self._once("late_edits", comment, lambda: self._world.edit(comment, f"{comment.text} (edited)"), due=late)
        self._once("vanishing", comment, lambda: self._world.delete(comment, world.PLATFORM), due=late)
        self._once("staff_undoes", comment, lambda: self._world.unhide(comment, world.STAFF), due=ours)

    def before_write(self, comment: WorldComment) -> None:
        """What happens just before we act."""
        self._once("gone_before_write", comment, lambda: self._world.delete(comment, world.AUTHOR))

    def _once(self, name: str, comment: WorldComment, happen: Callable[[], None], *, due: bool = True) -> None:
        done = (name, comment.id) in self._done
        if due and not done and not comment.deleted_by and self._pitfalls.strikes(name, comment.id):
            self._done.add((name, comment.id))
            happen()


class GraphStandIn(ABC):
    """One platform behind Graph.

    `app`: the City's; `limit`: what its limits count the calls to, and `throttled` the error once they are used up.
    `switches`: what pitfalls set.
    """

    platform: ClassVar[str]
    app: ClassVar[App]
    limit: ClassVar[str]
    throttled: ClassVar[tuple[str, int]]
    switches: ClassVar[Mapping[str, tuple[str, str, object]]]
    quirks: GraphQuirks

    def __init__(self, world: World, pitfalls: tuple[Pitfall, ...]) -> None:
        """Take the world, and the pitfalls there are."""
        self.world = world
        self.base = ""
        self.manners = Manners(limit=self.limit)
        self.pitfalls = faults.Pitfalls(pitfalls)
        self.apps = Apps(self.app.id, self.pitfalls)
        self.calls = 0
        self._hour: tuple[datetime, int] | None = None
        self._traces = itertools.count(1)

    @abstractmethod
    def page_token(self, account: WorldAccount) -> str:
        """The token of an account's Page."""

    @abstractmethod
    def _route(self, call: Call) -> object:
        """Answer a call. Raises Trouble."""

    @abstractmethod
    def _troubles(self, headers: Mapping[str, str]) -> Mapping[str, Trouble]:
        """The platform's errors by the names of faults; `headers` tell when a limit ends."""

    def switch(self, names: Iterable[str], *, seed: int | None = None) -> Self:
        """Switch these pitfalls on and all others off. Raises ValueError if one is unknown."""
        self.pitfalls.switch(names, seed=seed)
        self.manners, self.quirks = Manners(limit=self.limit), type(self.quirks)()
        set_switches(self.pitfalls.on, self.switches, self.manners, self.quirks)
        return self

    def ledger(self) -> dict[str, int]:
        """How many calls Graph counted: each request, and each part of a batch or of `ids`."""
        return {"calls": self.calls}

    def accounts(self) -> list[WorldAccount]:
        """The City's accounts here."""
        return [account for account in self.world.accounts.values() if account.platform == self.platform]

    def fault(self, name: str, request: Request) -> Response:
        """Answer as the platform does when that goes wrong."""
        call = Call.of(request)
        return self._trouble(self._troubles(self._headers(call, MINUTES))[name], call)

    @abstractmethod
    def handle(self, request: Request) -> Response:
        """Answer as the platform would."""

    def _called(self, call: Call) -> Response:
        """Answer a call to Graph."""
        for name in set(self.pitfalls.on) & set(self.switches):
            self.pitfalls.strikes(name)
        try:
            self._count(call)
            return Response(status=200, body=graph.encode(self._route(call)), headers=self._headers(call))
        except Trouble as trouble:
            return self._trouble(trouble, call)

    def _count(self, call: Call) -> None:
        """Count a call, and refuse it where the hour's are used up. Raises Trouble."""
        if not call.path and "batch" in call.params:
            return  # its parts are counted
        much = len(call.params["ids"].split(",")) if not call.path and "ids" in call.params else 1
        self.calls += much
        if self.quirks.calls_allowed is None:
            return
        now = self.world.clock()
        begun, used = self._hour or (now, 0)
        begun, used = (begun, used + much) if now - begun < _HOUR else (now, much)
        self._hour = begun, used
        self.manners.usage = min(used * 100 // self.quirks.calls_allowed, 100)
        if used > self.quirks.calls_allowed:
            minutes = int((begun + _HOUR - now).total_seconds() // 60) + 1
            raise Trouble(*self.throttled, headers=self._headers(call, minutes))

    def _batch(self, call: Call) -> object:
        """Every operation by itself, in order; one that fails does not stop the others."""
        self.app.check_proof(call, self.manners)
        with_headers = graph.truth(call.params.get("include_headers", "true"))
        return [
            None
            if self.pitfalls.strikes("batch_nulls", f"{one.path} {self.calls}")
            else graph.packed(self.handle(one), with_headers=with_headers)
            for one in graph.operations(call)
        ]

    def _headers(self, call: Call, minutes: int = 0) -> dict[str, str]:
        business = next((each.id for each in self.accounts() if call.token == self.page_token(each)), "0")
        return self.manners.headers(business, minutes)

    def _trouble(self, trouble: Trouble, call: Call) -> Response:
        trace = f"A{next(self._traces):07d}standin"
        headers = {**self._headers(call), **trouble.headers}
        return Response(status=trouble.status, body=graph.encode(trouble.envelope(trace)), headers=headers)
