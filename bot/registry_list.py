"""The City's list of its social media tools and sites (AR 1-27 6.A.1.a, b), for spreadsheets and as a page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from archive import registry
from archive.card import platform_name, shown
from archive.registry import Standing
from bot.domain.types import Capacity, Document
from bot.export_tables import Table
from bot.letters import when
from bot.registry import PERSONAL, lacks

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from archive.registry import Site
    from bot.settings import Settings

COLUMNS = (
    *("site", "platform", "name", "department", "purpose", "account"),
    *("standing", "asked_by", "asked_at", "decided_by", "decided_at", "why"),
    *("pio", "designee", "designee_trained_on", "back_up", "back_up_administrator"),
    *("use_guidelines", "branding_standards", "administration_standards"),
    *("credentials_kept", "credentials_verified_by", "credentials_verified_at", "credentials_known_to", "lacks"),
)
_TEMPLATES = Environment(
    loader=PackageLoader("bot"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters.update(shown=shown, platform=platform_name)


def as_csv(tx: Tx, settings: Settings) -> bytes:
    """All sites as CSV (RFC 4180, UTF-8 with a mark for spreadsheets), no cell of which is a formula."""
    file = io.StringIO(newline="")
    table = Table(file, COLUMNS)
    for site in registry.every(tx):
        table.add(row(site, settings))
    return file.getvalue().encode("utf-8-sig")


def as_html(tx: Tx, settings: Settings, now: datetime) -> str:
    """The approved tools and all sites as one page without scripts, readable by itself and on paper."""
    sites = [(site, row(site, settings)) for site in registry.every(tx)]
    return _TEMPLATES.get_template("registry.html.j2").render(
        city=settings.city.name, tools=settings.registry.tools, sites=sites, at=when(settings, now)
    )


def row(site: Site, settings: Settings) -> dict[str, str]:
    """One site in words, by `COLUMNS`; what is not on record is empty."""
    people = {capacity: site.who_is(capacity) for capacity in Capacity}
    named = {capacity: one.person if one else "" for capacity, one in people.items()}
    designee = people[Capacity.DESIGNEE]
    documents = {one.document: f"{one.where} (since {one.adopted_on})" for one in site.documents}
    kept = site.credentials
    return {
        "site": site.id,
        "platform": platform_name(site.platform),
        "name": site.name,
        "department": site.department,
        "purpose": site.purpose,
        "account": site.account,
        "standing": site.standing.value,
        "asked_by": site.asked_by,
        "asked_at": when(settings, site.asked_at),
        "decided_by": site.decided_by,
        "decided_at": when(settings, site.decided_at) if site.decided_at else "",
        "why": site.why,
        "pio": named[Capacity.PIO],
        "designee": named[Capacity.DESIGNEE],
        "designee_trained_on": str(designee.trained_on) if designee and designee.trained_on else "",
        "back_up": named[Capacity.BACK_UP],
        "back_up_administrator": named[Capacity.ADMINISTRATOR],
        "use_guidelines": documents.get(Document.GUIDELINES, ""),
        "branding_standards": documents.get(Document.BRANDING, ""),
        "administration_standards": documents.get(Document.ADMINISTRATION, ""),
        "credentials_kept": kept.where if kept else _nowhere(site),
        "credentials_verified_by": kept.verified_by if kept else "",
        "credentials_verified_at": when(settings, kept.verified_at) if kept else "",
        "credentials_known_to": ", ".join(kept.known_to) if kept else "",
        "lacks": "; ".join(lacks(site)) if site.standing is Standing.APPROVED else "",
    }


def _nowhere(site: Site) -> str:
    return "nowhere: administrators use accounts of their own" if site.platform in PERSONAL else ""
