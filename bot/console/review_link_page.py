"""The page behind a link in the e-mail digest that decides one case: what will happen, to which words, one button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive import access, cases, records
from bot.console.desk import stopped
from bot.console.door import Refused
from bot.digest_items import item
from bot.digest_words import IN, moment
from bot.links import BadLink, read
from bot.masking import masked
from bot.review import NotPossible, clauses_for
from bot.review_links import REVIEW, choice, decide, refusal, words_for

if TYPE_CHECKING:
    from starlette.responses import Response

    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.links import Link


def review_link(visit: Visit) -> Response:
    """Show what the link would decide. Looking at it does nothing: mail programs look at links by themselves."""
    link = _link(visit, visit.asked("link"))
    with visit.desk.database.read() as tx:
        over = refusal(tx, visit.desk.settings, link)
        told = {} if over else _told(tx, visit, link)
    return _page(visit, link, over=over, text=visit.asked("link"), **told)


def reviewing_by_link(visit: Visit) -> Response:
    """Decide, once, on the strength of the link alone."""
    link = _link(visit, visit.said("link"))
    asked = choice(link)
    try:
        with visit.desk.database.begin() as tx:
            decide(tx, visit.desk.settings, link, pressed_by=visit.said("name"), now=visit.now)
            what = f"{asked.decision} by link"
            access.note(tx, link.to, what, now=visit.now, ref=asked.ref, said=asked.decision, origin=visit.origin)
    except NotPossible as error:
        return _page(visit, link, 409, over=str(error))
    return _page(visit, link, decided=True)


def _page(  # noqa: PLR0913  one page for what is asked, done and refused
    visit: Visit, link: Link, status: int = 200, *, over: str = "", decided: bool = False, text: str = "", **told: Any
) -> Response:
    words = words_for(visit.desk.settings, link.to)
    until = moment(words, visit.desk.settings.zone, link.until)
    said = {"link": link, "choice": choice(link), "words": words, "until": until}
    return visit.page("review_link.html.j2", status, **said, over=over, decided=decided, text=text, **told)


def _told(tx: Tx, visit: Visit, link: Link) -> dict[str, Any]:
    """What the digest said of the comment, with all its words, and each clause quoted."""
    asked, language = choice(link), words_for(visit.desk.settings, link.to)["lang"]
    case = cases.case(tx, asked.ref)
    categories = [visit.desk.policy.categories[code] for code in sorted(clauses_for(tx, case))] if case else []
    return {
        "item": item(tx, visit.desk.settings, asked.ref, words=IN[language]),
        "comment": masked(records.comment(tx, asked.ref, asked.revision).text),
        "clauses": [(one, one.es.title if one.es and language == "es" else one.title) for one in categories],
        "paused": stopped(tx, visit.desk, visit.now),
    }


def _link(visit: Visit, text: str) -> Link:
    try:
        return read(visit.desk.settings, REVIEW, text, visit.now)
    except BadLink as error:
        raise Refused(403, f"{str(error)[0].upper()}{str(error)[1:]}.") from error
