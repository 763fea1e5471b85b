"""When somebody leaves the City: they are out of the console at once, and what they knew is renewed (AR 1-27 6.A.1.d).

For each account whose credentials they knew, or that they were named for, an errand is opened in the same transaction.
An errand is a task, told in every digest, until somebody says with their name that it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import registry, staff
from archive.registry import Standing
from bot.domain.names import same
from bot.domain.types import Role
from bot.registry import COMMUNICATIONS, PERSONAL, has_reason, held_to_roles
from bot.review import NotPossible, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.registry import Site
    from bot.settings import Settings

OFF_BOARDERS = frozenset({COMMUNICATIONS, Role.ADMINISTRATOR})
"""Who ends somebody's access: City Communications (AR 1-27 6.A.1.d), and whoever looks after people and machines."""
IN_SETTINGS = "the settings"


def off_board(  # noqa: PLR0913  who leaves, what they knew, who says so, why and when
    tx: Tx, settings: Settings, leaver: str, *, who: str, why: str, now: datetime, knew: Iterable[str] = ()
) -> int:
    """End a person's access to the console at once, and open what is to be done about it; give how many errands.

    `knew`: accounts whose credentials they knew besides those that the registry says. Raises `NotPossible`.
    """
    held_to_roles(tx, who, OFF_BOARDERS, "off-boards")
    has_reason(why)
    known = [one for one in staff.every(tx) if same(one.login, leaver)]
    leaver = known[0].login if known else leaver
    errands = _errands(tx, settings, leaver, set(knew))
    if not (known or errands):
        message = f"nobody called {leaver} may sign in or is named in the registry"
        raise NotPossible(message)
    for one in known:
        if one.disabled_at is None:
            staff.disable(tx, one.login, why=why, agent=person(who), now=now)
    registry.leave(tx, leaver, errands, why=why, agent=person(who), now=now)
    return len(errands)


def _errands(tx: Tx, settings: Settings, leaver: str, knew: set[str]) -> dict[str, list[str]]:
    """What is to be done about each account (or site that has none, or the settings), step by step."""
    unknown = knew - {entry.account.key for entry in settings.accounts}
    if unknown:
        message = f"there is no account {', '.join(sorted(unknown))}"
        raise NotPossible(message)
    sites = [site for site in registry.every(tx) if site.standing is Standing.APPROVED]
    errands = {site.account or site.id: list(_about(site, leaver)) for site in sites}
    for key in sorted(knew):
        if not errands.get(key):
            errands[key] = [_renew(key.partition(":")[0])]
    errands[IN_SETTINGS] = list(_in_settings(settings, leaver))
    return {about: steps for about, steps in errands.items() if steps}


def _about(site: Site, leaver: str) -> Iterator[str]:
    named = [one for one in site.people if same(one.person, leaver)]
    if named or (site.credentials and site.credentials.are_known_to(leaver)):
        yield _renew(site.platform)
    for one in named:
        yield f"Name another {one.capacity} for {site.id}."


def _renew(platform: str) -> str:
    if platform in PERSONAL:
        return "Take them off the page's administrators, and renew the access token that the program uses."
    return "Change the password, end all sessions on the platform, and renew the access token that the program uses."


def _in_settings(settings: Settings, leaver: str) -> Iterator[str]:
    """Where the settings still send mail to somebody, or take it from them."""
    mail, box = settings.mail, settings.mailbox
    named = {
        "pios": [pio.email for pio in settings.pios],
        "mail: social_media_manager": [mail.social_media_manager],
        "mail: on_call": mail.on_call,
        "mailbox: staff": box.staff if box else (),
    }
    for place, addresses in named.items():
        if any(same(address, leaver) for address in addresses):
            yield f"Take {leaver} out of the settings ({place}), and start the daemon again."
