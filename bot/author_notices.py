"""Tells authors that their comment was hidden, under which clause, and how to appeal: where the platform lets the City.

Theory of operation
-------------------
Off for each account unless the settings say `notice`. Nobody is told before the platform has shown that the comment
is hidden (`case.enforced`), nobody twice, and nobody by name of staff. A notice is not idempotent, so it is written
down as begun before the platform is called; cut off in between, it is not sent again, and the e-mail digest says that
it may or may not have been. What a platform refuses is in the public list of cases (`citymod publish`), as all others
are.

The notice is in the language of the comment as the rules guess it, and in both where that is unsure.

How far the ledger was looked through is a line of its own (`LOOKED`); what waits behind a limit waits for later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, cases, ledger, orders, records, withheld
from bot.alarms import stop_account
from bot.appeals import number_of
from bot.domain.states import State
from bot.domain.types import Action
from bot.log import logger
from bot.notice_words import EN, ES, FORMS
from connectors.contract import Malformed, Notifies, RateLimited, Refused, Transient, Unauthorised
from rules.language import guess
from rules.model import Language
from rules.normal import Forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry
    from archive.stored import Json
    from bot.domain.types import Category, Order
    from bot.notice_words import Words
    from bot.parts import Parts
    from bot.settings import Settings

AT_ONCE = 200
BEGUN, SENT, REFUSED, UNKNOWN = "notice.begun", "notice.sent", "notice.refused", "notice.unknown"
LOOKED = "notices.looked_at"
OLD = timedelta(days=7)
"""Nobody is told of what was hidden longer ago, since it would only startle them."""
HOUR = timedelta(hours=1)
TOLD, NOTHING, LATER = "told", "nothing to tell", "later"
MOST = {"x": 280}
"""Characters that a platform takes; elsewhere `MOST_ELSEWHERE`."""
MOST_ELSEWHERE = 1_500

log = logger("notices")


def tell(parts: Parts, clock: Callable[[], datetime]) -> int:
    """Tell the authors of what was hidden since the last pass; give how many were told. Call it where acts are done.

    It uses the connectors that act, which belong to that one thread.
    """
    if not any(entry.notice for entry in parts.settings.accounts):
        return 0
    with parts.database.read() as tx:
        through = _through(tx)
        hidden = list(ledger.entries(tx, after=through, kinds=("case.enforced",), limit=AT_ONCE))
        if not hidden:
            return 0
        told_of = {int(line.detail["line"]) for line in ledger.entries(tx, after=through, kinds=(BEGUN,))}
    told, waiting = 0, []
    for line in hidden:
        outcome = NOTHING if line.seq in told_of else _one(parts, line, clock)
        told += outcome == TOLD
        waiting += [line.seq] if outcome == LATER else []
    reached = waiting[0] - 1 if waiting else hidden[-1].seq
    if reached > through:
        with parts.database.begin() as tx:
            ledger.append(tx, kind=LOOKED, agent=ledger.DAEMON, at=clock(), detail={"through": reached})
    return told


def _one(parts: Parts, line: Entry, clock: Callable[[], datetime]) -> str:
    """Tell one author, if there is reason to; `LATER` where a limit or a pause is in the way."""
    now = clock()
    key = f"{line.ref.platform}:{line.ref.account}" if line.ref else ""
    entry = next((one for one in parts.settings.accounts if one.account.key == key and one.notice), None)
    if entry is None:
        return NOTHING
    connector = parts.actors[key]
    if not isinstance(connector, Notifies):
        return NOTHING
    with parts.database.begin() as tx:
        order = orders.order(tx, str(line.detail.get("order", "")))
        if order is None or not _worth_telling(tx, order, line, now):
            return NOTHING
        if not _free(parts, tx, key, now):
            return LATER
        category, most = _category(parts, tx, order), MOST.get(entry.platform)
        text = words(parts.settings, category, number_of(order.id), most, _language(tx, order))
        _note(tx, BEGUN, line, order, now, text=text)
    outcome, detail = UNKNOWN, {}
    try:
        outcome, detail = SENT, {"answer": connector.notify(order.ref, text, now=clock())}
    except Refused as error:
        outcome, detail = REFUSED, {"why": str(error)}
    except RateLimited as error:
        outcome, detail = REFUSED, {"why": f"RateLimited: {error}"}
        with parts.database.begin() as tx:
            accounts.limit_acting(tx, key, error.until, str(error), clock())
    except Transient as error:
        detail = {"why": f"Transient: {error}; it may or may not have been sent, and is not sent again"}
    except (Unauthorised, Malformed) as error:
        detail = {"why": f"{type(error).__name__}: {error}; it may or may not have been sent, and is not sent again"}
        stop_account(parts, entry.account, error, clock())
    with parts.database.begin() as tx:
        _note(tx, outcome, line, order, clock(), **detail)
    log.info("author told" if outcome == SENT else "author not told", ref=str(order.ref), outcome=outcome)
    return TOLD if outcome == SENT else NOTHING


def _worth_telling(tx: Tx, order: Order, line: Entry, now: datetime) -> bool:
    """Whether it is still hidden by this very order, lately, by the platform's own word, and may be spoken of."""
    case = cases.case(tx, order.ref)
    return (
        order.action is Action.HIDE
        and line.detail.get("basis") != orders.ATTESTED
        and now - line.at <= OLD
        and case is not None
        and case.state is State.ENFORCED
        and orders.hidden_by_us(tx, order.ref)
        and not withheld.is_withheld(tx, order.ref)
    )


def _free(parts: Parts, tx: Tx, key: str, now: datetime) -> bool:
    """Whether writing on this account is neither paused nor stopped nor limited, by its platform or by the settings."""
    standing = accounts.standing(tx, key)
    if standing is None or standing.stopped_why or parts.switch.pulled(tx, key, now):
        return False
    if standing.act_not_before and standing.act_not_before > now:
        return False
    since = ledger.first_since(tx, now - HOUR) - 1
    lately = ledger.entries(tx, after=since, kinds=(BEGUN,))
    begun = sum(line.ref is not None and f"{line.ref.platform}:{line.ref.account}" == key for line in lately)
    return begun < parts.settings.notices_an_hour


def words(
    settings: Settings, category: Category, number: str, most: int | None, language: Language | None = Language.EN
) -> str:
    """What an author is told: the clause quoted, what it means, how to appeal; shorter where a platform wants that.

    `language`: None says it in both. Where the policy has no Spanish words for the category, it is said in English.
    """
    forms = list(_forms(settings, category, number, Language.EN))
    if category.es is not None and language is not Language.EN:
        spanish = list(_forms(settings, category, number, Language.ES))
        both = [f"{one}\n\n{other}" for one, other in zip(forms, spanish, strict=True)]
        forms = spanish if language is Language.ES else both
    return next(form for form in (*forms, number) if len(form) <= (most or MOST_ELSEWHERE))


def _forms(settings: Settings, category: Category, number: str, language: Language) -> Iterator[str]:
    """The notice in one language, from the longest form to the shortest."""
    said: Words = ES if language is Language.ES else EN
    wording = category.es if language is Language.ES and category.es else category
    appeals = settings.appeals
    how = said["appeal"] if appeals.address else said["case"]
    told = {
        "city": settings.city.name,
        "clause": category.clause,
        "title": wording.title,
        "text": wording.text,
        "official": category.text,
        "notice": wording.notice,
        "number": number,
        "how": how.format(address=appeals.address, days=appeals.window_days, number=number),
    }
    for form in FORMS:
        yield " ".join(said[form].format(**told).split())


def _language(tx: Tx, order: Order) -> Language | None:
    """In which language the author wrote; None where nobody can tell."""
    return guess(Forms(records.comment(tx, order.ref, order.revision).text).plain)


def _category(parts: Parts, tx: Tx, order: Order) -> Category:
    """The clause that the order rests on, as the policy has it; of several the first."""
    return parts.rulebook.policy.categories[min(orders.clauses(tx, order), key=_by_number)]


def _by_number(code: str) -> int:
    return int(code.removeprefix("C"))


def _through(tx: Tx) -> int:
    last = ledger.last(tx, (LOOKED,))
    return int(last.detail["through"]) if last else 0


def _note(tx: Tx, kind: str, line: Entry, order: Order, now: datetime, **detail: str) -> None:
    said: dict[str, Json] = {"line": line.seq, "order": order.id, **detail}
    ledger.append(tx, kind=kind, ref=order.ref, agent=ledger.DAEMON, at=now, detail=said)


def cut_off(tx: Tx, lines: list[Entry]) -> Iterator[Entry]:
    """Give, of these lines, notices that began and of which nobody wrote down how they ended."""
    for line in lines:
        if line.kind == BEGUN and line.ref:
            ends = ledger.entries(tx, after=line.seq, ref=line.ref, kinds=(SENT, REFUSED, UNKNOWN))
            if not any(end.detail["line"] == line.detail["line"] for end in ends):
                yield line
