"""The page behind a link in the e-mail digest that decides one case: what will happen, to which words, one button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive import access, cases, records
from bot.console.desk import stopped
from bot.console.door import Refused
from bot.digest_items import item
from bot.links import BadLink, read
from bot.masking import masked
from bot.review import clauses_for
from bot.review_links import REVIEW, choice, decide, refusal

if TYPE_CHECKING:
    from starlette.responses import Response

    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.domain.types import Ref
    from bot.links import Link


def review_link(visit: Visit) -> Response:
    """Show what the link would decide. Looking at it does nothing: mail programs look at links by themselves."""
    link = _link(visit, visit.asked("link"))
    asked = choice(link)
    with visit.desk.database.read() as tx:
        over = refusal(tx, visit.desk.settings, link)
        told = {} if over else _told(tx, visit, asked.ref)
    return visit.page(
        "review_link.html.j2", link=link, choice=asked, text=visit.asked("link"), over=over, decided=False, **told
    )


def reviewing_by_link(visit: Visit) -> Response:
    """Decide, once, on the strength of the link alone."""
    link = _link(visit, visit.said("link"))
    asked = choice(link)
    with visit.desk.database.begin() as tx:
        decide(tx, visit.desk.settings, link, pressed_by=visit.said("name"), now=visit.now)
        what = f"{asked.decision} by link"
        access.note(tx, link.to, what, now=visit.now, ref=asked.ref, said=asked.decision, origin=visit.origin)
    return visit.page("review_link.html.j2", link=link, choice=asked, text="", over="", decided=True)


def _told(tx: Tx, visit: Visit, ref: Ref) -> dict[str, Any]:
    """What the digest said of the comment, with all its words, and each clause quoted."""
    case = cases.case(tx, ref)
    if case is None:
        raise Refused(404, "There is no such case any more.")
    return {
        "item": item(tx, visit.desk.settings, ref),
        "words": masked(records.comment(tx, ref, case.revision).text),
        "clauses": [visit.desk.policy.categories[code] for code in sorted(clauses_for(tx, case))],
        "paused": stopped(tx, visit.desk, visit.now),
    }


def _link(visit: Visit, text: str) -> Link:
    try:
        return read(visit.desk.settings, REVIEW, text, visit.now)
    except BadLink as error:
        raise Refused(403, f"{str(error)[0].upper()}{str(error)[1:]}.") from error
