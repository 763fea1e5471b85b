"""The registry: departments ask for sites, City Communications decides and keeps the list, people are off-boarded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import Response

from archive import registry as record
from archive.registry import NoPlan, Plan, Standing
from bot import off_boarding, registry
from bot.console.door import Refused
from bot.domain.types import Capacity, Document
from bot.registry_list import as_csv, row

if TYPE_CHECKING:
    from archive.database import Tx
    from archive.registry import Site
    from bot.console.desk import Visit

Choice = TypeVar("Choice", bound=StrEnum)
NO_SITE = "There is no such site among those that you work with."
DECISIONS = {"approve": "Approve", "modify": "Modify", "deny": "Deny"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A site as the page shows it: what is on record, in words, and what it lacks."""

    site: Site
    row: dict[str, str]
    lacks: tuple[str, ...]


def registry_page(visit: Visit) -> Response:
    """Show the approved tools, accounts that are not approved, and every site with what it lacks."""
    settings = visit.desk.settings
    with visit.desk.database.read() as tx:
        sites = [_shown(visit, site) for site in record.every(tx) if _mine(visit, site)]
        unapproved = list(registry.unapproved(tx, settings, sorted(visit.accounts())).items())
    waits = [one for one in sites if one.site.standing.waits]
    return visit.page(
        "registry.html.j2",
        tools=settings.registry.tools,
        required=settings.registry.required,
        unapproved=unapproved,
        sites=[*waits, *(one for one in sites if one not in waits)],
        decisions=DECISIONS,
        capacities=list(Capacity),
        documents=list(Document),
        personal=registry.PERSONAL,
        keys=sorted(visit.accounts()),
        today=visit.now.astimezone(settings.zone).date(),
    )


def ask(visit: Visit) -> Response:
    """Ask for a site, with the form attached."""
    account = visit.said("account")
    if account and visit.someone.accounts and account not in visit.someone.accounts:
        raise Refused(404, "There is no such account among those that you work with.")
    plan = _form(visit)
    with visit.desk.database.begin() as tx:
        visit.words = registry.ask(
            tx,
            visit.desk.settings,
            platform=visit.said("platform"),
            name=visit.said("name"),
            department=visit.said("department"),
            purpose=visit.said("purpose"),
            plan=plan,
            who=visit.someone.login,
            now=visit.now,
            account=account,
        )
    return visit.go("/registry", done="asked")


def decide(visit: Visit) -> Response:
    """Approve, modify or deny what waits; take an approval back."""
    settings, who, why, now = visit.desk.settings, visit.someone.login, visit.said("why"), visit.now
    name, purpose = visit.said("name"), visit.said("purpose")
    if (name or purpose) and visit.said("decision") != "modify":
        raise Refused(409, "You wrote what is modified and chose something else. Nothing was recorded.")
    with visit.desk.database.begin() as tx:
        site = _site(tx, visit)
        match visit.said("decision"):
            case "approve":
                registry.approve(tx, settings, site.id, who=who, why=why, now=now)
            case "modify":
                registry.modify(tx, site.id, who=who, why=why, now=now, name=name, purpose=purpose)
            case "deny":
                registry.deny(tx, settings, site.id, who=who, why=why, now=now)
            case "revoke":
                registry.revoke(tx, settings, site.id, who=who, why=why, now=now)
            case _:
                raise Refused(409, "Choose whether to approve, modify or deny it. Nothing was recorded.")
    return visit.go("/registry", done="site-decided")


def record_of(visit: Visit) -> Response:
    """Put on record what there is of an approved site: its account, a person, a document, where credentials are."""
    who, now = visit.someone.login, visit.now
    with visit.desk.database.begin() as tx:
        site = _site(tx, visit)
        match visit.said("what"):
            case "account":
                registry.launch(tx, visit.desk.settings, site.id, visit.said("account"), who=who, now=now)
            case "person":
                capacity = _one_of(Capacity, visit.said("capacity"))
                trained = _day(visit, "trained_on") if visit.said("trained_on") else None
                registry.name_person(tx, site.id, visit.said("person"), capacity, who=who, now=now, trained_on=trained)
            case "document":
                document = _one_of(Document, visit.said("document"))
                adopted_on, where = _day(visit, "adopted_on"), visit.said("where")
                registry.adopt(tx, site.id, document, where=where, adopted_on=adopted_on, who=who, now=now)
            case "credentials":
                known_to = [name for name in map(str.strip, re.split(r"[,;]", visit.said("known_to"))) if name]
                registry.keep_credentials(tx, site.id, where=visit.said("where"), known_to=known_to, who=who, now=now)
            case _:
                raise Refused(409, "Choose what is to be on record. Nothing was recorded.")
    return visit.go("/registry", done="site-recorded")


def off_board(visit: Visit) -> Response:
    """End somebody's access at once, and open what is to be done about it."""
    leaver, knew = visit.said("person"), [key for key in visit.form.getlist("knew") if isinstance(key, str)]
    with visit.desk.database.begin() as tx:
        off_boarding.off_board(
            tx,
            visit.desk.settings,
            leaver,
            who=visit.someone.login,
            why=visit.said("why"),
            now=visit.now,
            knew=knew,
        )
    visit.words = leaver
    return visit.go("/registry", done="off-boarded")


def action_plan(visit: Visit) -> Response:
    """Give the form that came with a request, to be saved and never to be shown within a page."""
    with visit.desk.database.read() as tx:
        visit.words = (site := _site(tx, visit)).id
        plan = record.plan(tx, site.id)
    return _download(plan.body, "application/octet-stream", plan.name)


def registry_csv(visit: Visit) -> Response:
    """Give the whole list for spreadsheets."""
    if visit.someone.accounts:
        raise Refused(403, "The whole list is for those who work with all accounts.")
    with visit.desk.database.read() as tx:
        body = as_csv(tx, visit.desk.settings)
    return _download(body, "text/csv; charset=utf-8", "registry.csv")


def _shown(visit: Visit, site: Site) -> Shown:
    lacks = tuple(registry.lacks(site)) if site.standing is Standing.APPROVED else ()
    return Shown(site=site, row=row(site, visit.desk.settings), lacks=lacks)


def _mine(visit: Visit, site: Site) -> bool:
    someone = visit.someone
    return not someone.accounts or site.account in someone.accounts or site.asked_by == someone.login


def _site(tx: Tx, visit: Visit) -> Site:
    """The site that a form or an address names, if it is among those somebody works with. Raises Refused."""
    named = visit.said("site") or visit.asked("site")
    found = next((one for one in record.every(tx) if one.id == named and _mine(visit, one)), None)
    if found is None:
        raise Refused(404, NO_SITE)
    visit.words = found.id
    return found


def _form(visit: Visit) -> Plan:
    brought = visit.form.get("form")
    if not isinstance(brought, UploadFile) or not brought.filename:
        raise Refused(409, "Attach the completed Social Media Action Plan form. Nothing was recorded.")
    try:
        return Plan.of(brought.filename, brought.file.read())
    except NoPlan as error:
        raise Refused(409, f"{error}. Nothing was recorded.") from error


def _one_of(kind: type[Choice], text: str) -> Choice:
    try:
        return kind(text)
    except ValueError:
        raise Refused(409, f"{text!r} is none of: {', '.join(kind)}. Nothing was recorded.") from None


def _day(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.said(name))
    except ValueError:
        raise Refused(409, "Write the day such as 2026-11-28. Nothing was recorded.") from None


def _download(body: bytes, kind: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(body, media_type=kind, headers=headers)
