"""What Facebook Pages and Instagram accounts have in common: both are worked through Graph with a Page's token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from bot.domain.types import Action, Visibility
from connectors import graph_apps, push
from connectors.contract import Capabilities, Followers, Refused
from connectors.graph import Graph
from connectors.graph_errors import Missing, NotPermitted
from connectors.media import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.domain.types import Account, Attachment, Ref, Sighting
    from connectors.contract import Delivery, Heard, Media
    from connectors.transport import Transport

SOON = timedelta(days=14)
"""How long before a token's end a person is told."""

_TO_BE_TOLD = ("app_id", "app_secret", "verify_token")
_MUCH_USED = 80  # percent of what we may ask


class GraphAccount(ABC):
    """One account. `hosts`: where pictures are; `kind`: its name in web hooks; `who`: why no names of followers."""

    platform: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    kind: ClassVar[str]
    who: ClassVar[str]
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.HIDE, Action.DELETE, Action.RESTORE}),
        sees_edits=True,
        sees_visibility=True,
        push=True,
    )

    def __init__(self, account: Account, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take the account, its keys and the way to Graph. KeyError without `page_token`."""
        if not credentials.get("page_token"):
            name = "page_token"
            raise KeyError(name)
        self._account = account
        self._credentials = credentials
        self._transport = transport
        self._graph = Graph(transport, credentials["page_token"], app_secret=credentials.get("app_secret"))

    @abstractmethod
    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """See connectors.contract.Connector."""

    @abstractmethod
    def _set_hidden(self, ref: Ref, *, hide: bool, now: datetime) -> Visibility:
        """Hide or show, if it is not so already. Raises Missing beside the five errors."""

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Hide, show again or delete. GONE if there is no such comment any more, whatever was to be done to it.

        Graph's answer to a change says only that it was taken, so a change gives UNKNOWN; where nothing had to be
        changed, what Graph shows is given.
        """
        try:
            if action is Action.DELETE:
                self._graph.delete(ref.item, now=now)
                return Visibility.UNKNOWN
            return self._set_hidden(ref, hide=action is Action.HIDE, now=now)
        except Missing as missing:
            # Graph says so, too, of what a token may not touch.
            if self.look(ref, now=now).visibility is Visibility.GONE:
                return Visibility.GONE
            raise Refused(str(missing)) from None

    def followers(self, *, now: datetime) -> Followers:
        """Count the followers; who they are Graph tells no program ("Page", "IG User", Graph API reference)."""
        answer = self._graph.get(self._account.id, now=now, fields="id,followers_count")
        count = answer.value.get("followers_count")
        return Followers(count=count if isinstance(count, int) else None, why=self.who, raw=answer.body)

    def media(self, attachment: Attachment, *, now: datetime) -> Media:  # noqa: ARG002  the protocol's
        """Fetch a picture or video; its address holds for some days."""
        return fetch(attachment, self._transport, self.hosts)

    def hear(self, delivery: Delivery) -> Heard:
        """Answer what Meta sends to the app's web hook."""
        secret, word = self._credentials.get("app_secret"), self._credentials.get("verify_token")
        return push.hear(delivery, platform=self.platform, kind=self.kind, app_secret=secret, verify_token=word)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The credentials without which nothing can be pushed."""
        return tuple(name for name in _TO_BE_TOLD if not self._credentials.get(name))

    def subscribed(self, *, now: datetime) -> frozenset[str]:
        """Of what the Page tells the City's app. Raises the five errors."""
        return graph_apps.subscribed(self._graph, self._credentials.get("app_id"), now=now)

    def subscribe(self, *, now: datetime) -> frozenset[str]:
        """Have the Page tell the City's app what is new in its feed. Raises the five errors."""
        return graph_apps.subscribe(self._graph, self._credentials.get("app_id"), now=now)

    def _note_on_pushing(self, now: datetime) -> Iterator[str]:
        """Whether Meta pushes, where the City has prepared for it."""
        name = self.platform.capitalize()
        if self._credentials.get("verify_token") and not self._credentials.get("app_secret"):
            yield f"what {name} pushes cannot be believed without app_secret, and is refused"
        if self.lacking:
            return
        try:
            told = self.subscribed(now=now)
        except (NotPermitted, Missing) as error:
            yield f"whether {name} pushes is not known, the token may not ask (pages_manage_metadata): {error}"
            return
        if graph_apps.FEED not in told:
            remedy = f"citymod push subscribe {self._account.key}"
            yield f"{name} pushes nothing: the Page is not subscribed to the app's web hooks ({remedy})"

    def _token_notes(
        self, needed: frozenset[str], besides: Callable[[Mapping[str, Any], set[str]], Iterator[str]], now: datetime
    ) -> tuple[bool, tuple[str, ...]]:
        """Whether the token has the permissions `needed`, and what a person should know of it.

        `besides` gives notes of the platform's own from what `debug_token` says and from the permissions.
        """
        app_id, app_secret = self._credentials.get("app_id"), self._credentials.get("app_secret")
        if not (app_id and app_secret):
            why = "the token's permissions and end are not known: give app_id and app_secret to have them told"
            return True, (why,)
        token = self._graph.inspect(app_id, app_secret, now=now)
        told = token.get("scopes")
        scopes = {scope for scope in told if isinstance(scope, str)} if isinstance(told, list) else set()
        lacking = sorted(needed - scopes)
        notes = [f"the token lacks {', '.join(lacking)}"] if lacking else []
        notes += besides(token, scopes)
        notes += ends(token, "the token", now)
        return not lacking and token.get("is_valid") is True, tuple(notes)

    def _service_notes(self) -> Iterator[str]:
        """Whether Graph answers in the version we asked for, and how much of what we may ask is used."""
        if self._graph.served and self._graph.served != self._graph.version:
            yield f"asked for {self._graph.version} of the Graph API, served {self._graph.served}"
        if (used := self._graph.usage()) >= _MUCH_USED:
            yield f"{used} % of the calls we may make are used"


def ends(told: Mapping[str, Any], which: str, now: datetime) -> Iterator[str]:
    """Say which ends soon of a token and its access to data, from what `debug_token` told of it."""
    for name, what in (("expires_at", f"{which} ends"), ("data_access_expires_at", "its access to data ends")):
        seconds = told.get(name)
        if isinstance(seconds, int) and 0 < seconds <= (now + SOON).timestamp():
            yield f"{what} on {datetime.fromtimestamp(seconds, UTC):%d %B %Y}"
