"""Which of the City's accounts City Communications has approved, and what each lacks.

Theory of operation
-------------------
A department asks for a site with its Social Media Action Plan form attached; City Communications approves, modifies or
denies that (AR 1-27 5.A.1). An account of the settings is approved while a site that stands approved names it and its
platform is an approved tool (7.0.A.1). With ``registry: required`` in the settings, an account that is not is a stopped
account: neither read nor acted on, told as every stopped account is. `hold` makes it so, in the transaction that
decides and when the daemon starts, and starts the account again by itself once it is approved.

Whoever the console knows decides only as Social Media Manager, who is City Communications (5.C.1.f).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive import accounts, registry, staff
from archive.card import platform_name
from archive.registry import Named, Standing
from bot.digest_words import EN
from bot.domain.types import Capacity, Document, Role
from bot.review import NotPossible, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from archive.database import Tx
    from archive.registry import Plan, Site
    from bot.digest_words import Words
    from bot.domain.types import Agent
    from bot.settings import Settings

_STOPPED_FOR_IT = EN["barred"].format(why="")
"""How the reason begins why an account is stopped that no approval covers: what it stands still for is kept as text."""
COMMUNICATIONS = Role.SOCIAL_MEDIA_MANAGER
"""The role of City Communications, whose the Social Media Manager is (AR 1-27 5.C.1.f)."""
PERSONAL = frozenset({"facebook"})
"""Tools that people administer with accounts of their own, so that there is nothing to keep (AR 1-27 6.A.1.c)."""
_SAID = re.compile(r"(?i)\b(pass(word|phrase|code)?|pw|pwd|secret|token|key|pin)\b\s*(is\b|=|:)\s*\S")
_LONG = re.compile(r"(?=\S*[A-Za-z])(?=\S*[0-9])\S{16,}")
_MIXED = re.compile(
    r"(?=\S*[a-z])(?=\S*[A-Z0-9])(?=\S*[!#$%^&*+=?~|<>\\{}])\S{6,}|(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9])\S{8,}"
)
_ADDRESS = re.compile(r"https?://[^\s?#@]+(?=\s|$)")


# Which accounts are approved ------------------------------------------------------------------------------------------


def unapproved(tx: Tx, settings: Settings, keys: Iterable[str], words: Words = EN) -> dict[str, str]:
    """Which of these accounts are not approved, and why."""
    sites = registry.every(tx)
    return {key: why for key in keys if (why := _why_unapproved(settings, sites, key, words))}


def _why_unapproved(settings: Settings, every: Iterable[Site], key: str, words: Words) -> str | None:
    platform = key.partition(":")[0]
    if platform not in settings.registry.tools:
        return words["no_tool"].format(platform=platform_name(platform))
    sites = [site for site in every if site.account == key]
    if any(site.standing is Standing.APPROVED for site in sites):
        return None
    if not sites:
        return words["not_asked"]
    last = sites[-1]
    if last.standing.waits:
        return words["site_waits"].format(site=last.id)
    return words[f"site_{last.standing}"].format(site=last.id, why=last.why)


def barred(tx: Tx, settings: Settings, key: str, words: Words = EN) -> str | None:
    """Why an account may not be worked for want of an approval; None if it may be."""
    why = unapproved(tx, settings, [key], words).get(key) if settings.registry.required else None
    return words["barred"].format(why=why) if why else None


def hold(tx: Tx, settings: Settings, key: str, agent: Agent, now: datetime) -> None:
    """Stop an account that lacks an approval, and start one again that was stopped for that alone."""
    standing = accounts.standing(tx, key)
    if standing is None:
        return
    why = barred(tx, settings, key)
    if why:
        accounts.stop(tx, key, why, now)
    elif (standing.stopped_why or "").startswith(_STOPPED_FOR_IT):
        accounts.resume(tx, key, agent, now)


# Asking and deciding --------------------------------------------------------------------------------------------------


def ask(  # noqa: PLR0913  a request is all of this
    tx: Tx,
    settings: Settings,
    *,
    platform: str,
    name: str,
    department: str,
    purpose: str,
    plan: Plan,
    who: str,
    now: datetime,
    account: str = "",
) -> str:
    """Ask City Communications for a site (AR 1-27 5.A.1.b); give its name. Raises `NotPossible`."""
    if platform not in settings.registry.tools:
        tools = ", ".join(map(platform_name, settings.registry.tools))
        message = (
            f"{platform_name(platform)} is no approved social media tool (AR 1-27 7.0.A.1); there are: {tools}. "
            "City Communications decides on new ones (5.A.1.e)"
        )
        raise NotPossible(message)
    if not (name and department and purpose):
        message = "say what the site is called, whose it is and what for"
        raise NotPossible(message)
    if account:
        _is_free(tx, platform, account)
    return registry.ask(
        tx,
        year=now.astimezone(settings.zone).year,
        platform=platform,
        name=name,
        department=department,
        purpose=purpose,
        account=account,
        plan=plan,
        agent=person(who),
        now=now,
    )


def approve(  # noqa: PLR0913  who decides what, why and when
    tx: Tx, settings: Settings, site_id: str, *, who: str, why: str, now: datetime
) -> None:
    """Approve a site as it stands; its account is worked from now on. Raises `NotPossible`."""
    site = _to_decide(tx, site_id, who, why)
    if site.account:
        _is_free(tx, site.platform, site.account, but=site)
    _decide(tx, settings, site, Standing.APPROVED, who, why, now)


def deny(  # noqa: PLR0913  who decides what, why and when
    tx: Tx, settings: Settings, site_id: str, *, who: str, why: str, now: datetime
) -> None:
    """Deny a site. Raises `NotPossible`."""
    _decide(tx, settings, _to_decide(tx, site_id, who, why), Standing.DENIED, who, why, now)


def modify(  # noqa: PLR0913  who changes what, why and when
    tx: Tx, site_id: str, *, who: str, why: str, now: datetime, name: str = "", purpose: str = ""
) -> None:
    """Change what a site is to be called or for; it then waits to be approved so or denied. Raises `NotPossible`."""
    site = _to_decide(tx, site_id, who, why)
    if not (name or purpose):
        message = "say what is modified: what the site is called, or what it is for"
        raise NotPossible(message)
    registry.modify(
        tx, site.id, name=name or site.name, purpose=purpose or site.purpose, why=why, agent=person(who), now=now
    )


def revoke(  # noqa: PLR0913  who decides what, why and when
    tx: Tx, settings: Settings, site_id: str, *, who: str, why: str, now: datetime
) -> None:
    """Take an approval back; the account is worked no more. Raises `NotPossible`."""
    _is_communications(tx, who)
    has_reason(why)
    _decide(tx, settings, _approved(tx, site_id), Standing.REVOKED, who, why, now)


def launch(tx: Tx, settings: Settings, site_id: str, account: str, *, who: str, now: datetime) -> None:  # noqa: PLR0913
    """Say which account an approved site is, now that it was made (AR 1-27 5.A.1.d). Raises `NotPossible`."""
    _is_communications(tx, who)
    site = _approved(tx, site_id)
    _is_free(tx, site.platform, account, but=site)
    registry.launch(tx, site.id, account, person(who), now)
    for key in {site.account, account} - {""}:
        hold(tx, settings, key, person(who), now)


# What is on record of an approved site --------------------------------------------------------------------------------


def name_person(  # noqa: PLR0913  who is what to which site
    tx: Tx, site_id: str, named: str, capacity: Capacity, *, who: str, now: datetime, trained_on: date | None = None
) -> None:
    """Say who answers for a site. A designee was trained and approved (AR 1-27 5.A.2.a). Raises `NotPossible`."""
    _is_communications(tx, who)
    site = _approved(tx, site_id)
    if not named:
        message = "say who it is"
        raise NotPossible(message)
    if capacity is Capacity.DESIGNEE and trained_on is None:
        message = "a designee is named once trained and approved by City Communications: say on which day that was"
        raise NotPossible(message)
    registry.name_person(tx, site.id, Named(person=named, capacity=capacity, trained_on=trained_on), person(who), now)


def adopt(  # noqa: PLR0913  which document of which site
    tx: Tx, site_id: str, document: Document, *, where: str, adopted_on: date, who: str, now: datetime
) -> None:
    """Say that a document of a site was adopted, and where it is (AR 1-27 4.0). Raises `NotPossible`."""
    _is_communications(tx, who)
    site = _approved(tx, site_id)
    if not where:
        message = "say where the document is"
        raise NotPossible(message)
    adopted = registry.Adopted(document=document, where=where, adopted_on=adopted_on)
    registry.adopt(tx, site.id, adopted, person(who), now)


def keep_credentials(  # noqa: PLR0913  who knows what is kept where
    tx: Tx, site_id: str, *, where: str, known_to: Sequence[str], who: str, now: datetime
) -> None:
    """Say where credentials are kept, and that `who` has verified it (AR 1-27 6.A.1.b, c). Raises `NotPossible`."""
    _is_communications(tx, who)
    site = _approved(tx, site_id)
    if not where:
        message = "say where the credentials are kept"
        raise NotPossible(message)
    if looks_secret(where):
        message = (
            "that looks like a secret, and no secret may be in the record; nothing was recorded. "
            "Name the place in plain words, such as: City Communications' vault, entry “Water Department on X”"
        )
        raise NotPossible(message)
    registry.keep_credentials(tx, site.id, where=where, known_to=known_to, agent=person(who), now=now)


def looks_secret(text: str) -> bool:
    """Whether a text that is to name a place looks as if it held a password, a code or a token.

    It is told by its shape, so some harmless words are taken for one, and a plain word that is a password is not.
    """
    plain = _ADDRESS.sub("", text)
    return any(shape.search(plain) for shape in (_SAID, _LONG, _MIXED))


def lacks(site: Site, words: Words = EN) -> Iterator[str]:
    """What a site lacks of all that AR 1-27 asks for, in words."""
    if not site.account:
        yield words["lacks_account"]
    if site.who_is(Capacity.PIO, Capacity.DESIGNEE) is None:
        yield words["lacks_pio"]
    if site.who_is(Capacity.BACK_UP) is None:
        yield words["lacks_back_up"]
    adopted = {one.document for one in site.documents}
    yield from (words[f"lacks_{document.name}"] for document in Document if document not in adopted)
    if site.platform in PERSONAL:
        if site.who_is(Capacity.ADMINISTRATOR) is None:
            yield words["lacks_administrator"]
    elif site.credentials is None:
        yield words["lacks_credentials"]
    elif site.credentials.left:
        yield words["lacks_verified"].format(who=site.credentials.left)


# What people are told -------------------------------------------------------------------------------------------------


def headlines(tx: Tx, settings: Settings, keys: Iterable[str], words: Words = EN) -> Iterator[str]:
    """A headline about accounts that are worked without an approval, which the settings let pass."""
    if settings.registry.required:
        return  # such accounts are stopped, and told as that
    names = [_named(settings, key, words) for key in unapproved(tx, settings, keys)]
    if names:
        yield words["registry_lacks"].format(names="; ".join(names))


def lines(tx: Tx, keys: Iterable[str], words: Words = EN) -> Iterator[str]:
    """What waits for City Communications, and what approved sites lack; sites without an account are everybody's."""
    shown = {"", *keys}
    for site in registry.every(tx):
        if site.account not in shown:
            continue
        if site.standing.waits:
            yield words["site_asks"].format(site=in_words(site, words))
        missing = list(lacks(site, words)) if site.standing is Standing.APPROVED else []
        if missing:
            yield words["site_lacks"].format(site=in_words(site, words), what=", ".join(missing))


def in_words(site: Site, words: Words = EN) -> str:
    """A site's name, whose it is and where, in words."""
    platform = platform_name(site.platform)
    return words["site"].format(id=site.id, name=site.name, platform=platform, department=site.department)


def _named(settings: Settings, key: str, words: Words) -> str:
    entry = settings.entry(key)
    return words["on"].format(name=entry.name, platform=platform_name(entry.platform))


# What may be done -----------------------------------------------------------------------------------------------------


def held_to_roles(tx: Tx, who: str, roles: Iterable[Role], does: str) -> None:
    """Hold whoever the console knows to their roles, also on the command line. Raises `NotPossible`."""
    known = staff.by_login(tx, who)
    if known is not None and (known.disabled_at is not None or not known.roles & set(roles)):
        message = f"{who} is no {' or '.join(sorted(roles))}, who alone {does} here (AR 1-27 5.A.1, 6.A.1)"
        raise NotPossible(message)


def has_reason(why: str) -> None:
    """Refuse what nobody says the reason of. Raises `NotPossible`."""
    if not why.strip():
        message = "say why; it goes into the record"
        raise NotPossible(message)


def _decide(  # noqa: PLR0913  who decides what, why and when
    tx: Tx, settings: Settings, site: Site, standing: Standing, who: str, why: str, now: datetime
) -> None:
    registry.decide(tx, site.id, standing, why=why, agent=person(who), now=now)
    if site.account:
        hold(tx, settings, site.account, person(who), now)


def _to_decide(tx: Tx, site_id: str, who: str, why: str) -> Site:
    _is_communications(tx, who)
    has_reason(why)
    site = registry.site(tx, site_id)
    if not site.standing.waits:
        message = f"{site.id} was {site.standing} by {site.decided_by}; ask anew if that is to be another way"
        raise NotPossible(message)
    return site


def _approved(tx: Tx, site_id: str) -> Site:
    site = registry.site(tx, site_id)
    if site.standing is not Standing.APPROVED:
        message = f"{site.id} is not approved: it was {site.standing}"
        raise NotPossible(message)
    return site


def _is_communications(tx: Tx, who: str) -> None:
    held_to_roles(tx, who, {COMMUNICATIONS}, "decides")


def _is_free(tx: Tx, platform: str, account: str, but: Site | None = None) -> None:
    """Refuse an account that is none of the platform's, or is another site's that waits or is approved."""
    on, colon, id_ = account.partition(":")
    if on != platform or not (colon and id_) or account != account.strip():
        message = (
            f"{account!r} is no account on {platform_name(platform)}; write {platform}:… with its identifier there"
        )
        raise NotPossible(message)
    for site in registry.every(tx):
        ended = site.standing in (Standing.DENIED, Standing.REVOKED)
        if site.account == account and not ended and (but is None or site.id != but.id):
            message = f"{account} is {site.id} already, which was {site.standing}"
            raise NotPossible(message)
