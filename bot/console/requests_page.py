"""Requests for records: which wait and until when, the copies made for one, and how it was answered.

Copies are made while their reader waits, so no more than `MOST` at a time and one export after the other. The console
starts no browser: print (PDF) and pictures drawn anew are made by `citymod export`, and the page gives that command.
"""

from __future__ import annotations

import shlex
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from starlette.responses import StreamingResponse

from archive import requests as records
from archive.evidence import SealBroken
from archive.printing import NoBrowser
from archive.requests import OUTCOMES, NotPossibleNow
from archive.search import NothingToFind
from archive.selection import Filter, at_most
from bot.console.door import Refused
from bot.console.times import midnight, moment
from bot.domain.states import State
from bot.export_spool import spool
from bot.exporting import Options, on_record
from bot.requests import begin, place_in_words, standing
from bot.review import person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from starlette.responses import Response

    from archive.database import Tx
    from archive.requests import Request
    from bot.console.desk import Visit

MOST = 2_000
"""As many comments at most are copied at once; it takes some seconds."""
CHUNK = 256 * 1024  # bytes
ASKED = ("words", "author", "account", "clause", "state", "removed", "from", "to")
"""What the form asks for, by the names in the address."""

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A request in the list: where it stands in words, and whether that is too late."""

    request: Request
    stands: str
    late: bool


def requests(visit: Visit) -> Response:
    """List what waits for an answer, due first; with ``show=all`` what was answered, too."""
    every = visit.asked("show") == "all"
    with visit.desk.database.read() as tx:
        found = records.every(tx, closed=every)
    lines = [_line(visit, one) for one in (*_waiting(found), *_closed(found))]
    return visit.page("requests.html.j2", lines=lines, every=every)


def open_(visit: Visit) -> Response:
    """Put a request on record."""
    wanted = visit.said("wanted")
    if not wanted:
        raise Refused(409, "Say what is asked for, in the words of who asks. Nothing was recorded.")
    try:
        with visit.desk.database.begin() as tx:
            begun = begin(
                tx,
                visit.desk.settings,
                who=visit.said("asker") or "anonymous",
                contact=visit.said("contact"),
                wanted=wanted,
                received_at=moment(visit, visit.said("received")) or visit.now,
                agent=person(visit.someone.login),
                now=visit.now,
                referred_by=visit.said("referred_by"),
                first_asked_at=moment(visit, visit.said("first_asked")),
            )
    except ValueError as error:
        raise Refused(409, f"{error} Nothing was recorded.") from error
    visit.words = begun.id
    return visit.go("/request", name=begun.id, done="request-opened")


def request(visit: Visit) -> Response:
    """Show one request; if the address asks for comments, how many there are to be copied."""
    name = visit.asked("name")
    asked = {key: visit.asked(key) for key in ASKED}
    visit.words = "; ".join((name, *(f"{key}: {value}" for key, value in asked.items() if value)))
    number, problem, command = None, "", ""
    with visit.desk.database.read() as tx:
        one = _known(tx, name)
        steps = records.steps(tx, name)
        if visit.asked("count"):
            try:
                wanted = _filter(visit, asked)
                number, command = at_most(tx, wanted), _command(visit, one, wanted)
            except NothingToFind as nothing:
                problem = f"Nothing to look for: {nothing}."
    return visit.page(
        "request.html.j2",
        one=one,
        line=_line(visit, one),
        steps=steps,
        places=[(place, place_in_words(place)) for place in one.withheld],
        asked=asked,
        number=number,
        most=MOST,
        problem=problem,
        command=command,
        accounts=list(visit.named_accounts().items()),
        clauses=visit.desk.policy.categories,
        states=list(State),
        outcomes=OUTCOMES,
    )


def export(visit: Visit) -> Response:
    """Make the copies and hand them over as one ZIP; nothing of them stays here."""
    name, why = _named(visit), _why(visit)
    wanted = _filter(visit, {key: visit.said(key) for key in ASKED})
    if not _one_at_a_time.acquire(blocking=False):
        raise Refused(409, "Somebody else’s copies are being made at this moment. Try again in a minute.")
    try:
        file, target = _made(visit, name, wanted, why)
    finally:
        _one_at_a_time.release()
    headers = {"Content-Disposition": f'attachment; filename="{target}"'}
    return StreamingResponse(_read(file), media_type="application/zip", headers=headers)


def extend(visit: Visit) -> Response:
    """Name the cause of a delay, and when the records will be there."""
    name, why, until = _named(visit), _why(visit), moment(visit, visit.said("until"))
    if until is None or until <= visit.now:
        raise Refused(409, "Name a day and time to come. Nothing was recorded.")
    with visit.desk.database.begin() as tx:
        _known(tx, name)
        try:
            records.extend(tx, name, due_at=until, why=why, agent=person(visit.someone.login), now=visit.now)
        except NotPossibleNow as error:
            raise Refused(409, f"{error}.") from error
    return visit.go("/request", name=name, done="request-extended")


def close(visit: Visit) -> Response:
    """Put on record how a request was answered."""
    name, why, outcome = _named(visit), _why(visit), visit.said("outcome")
    if outcome not in OUTCOMES:
        raise Refused(409, "Say how it was answered. Nothing was recorded.")
    by = person(visit.someone.login)
    with visit.desk.database.begin() as tx:
        _known(tx, name)
        try:
            told = visit.said("delivered")
            records.close(tx, name, outcome=outcome, delivered=told, why=why, agent=by, now=visit.now)
        except NotPossibleNow as error:
            raise Refused(409, f"{error}.") from error
    return visit.go("/request", name=name, done="request-closed")


def _made(visit: Visit, name: str, wanted: Filter, why: str) -> tuple[IO[bytes], str]:
    """Make a ZIP that no folder names any more, so that it is gone when it was read; give its file and its name."""
    desk = visit.desk
    target = f"{name}-{visit.now.astimezone(desk.settings.zone):%Y%m%d-%H%M%S}.zip"
    with spool(desk.settings.data, desk.settings.data) as folder:
        try:
            with desk.database.read() as tx:
                request = _known(tx, name)
                if at_most(tx, wanted) > MOST:
                    raise Refused(409, f"These are more than {MOST:,} comments. {_instead(visit, request, wanted)}")
            made = on_record(
                desk.database.read,
                desk.database.begin,
                desk.settings,
                wanted,
                folder / target,
                Options(pdf=False, redraws=False, request=name),
                why=why,
                agent=person(visit.someone.login),
                clock=desk.clock,
            )
        except NoBrowser as error:
            raise Refused(409, f"Nothing was made: {error}. {_instead(visit, request, wanted)}") from error
        except (SealBroken, NothingToFind) as error:
            raise Refused(409, f"Nothing was made: {error}.") from error
        visit.words = f"{name}: {made.comments} comments, SHA-256 of SHA256SUMS {made.sha256}"
        return (folder / target).open("rb"), target


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _filter(visit: Visit, asked: dict[str, str]) -> Filter:
    """What the form asks for, on accounts that whoever asks works with. Raises Refused."""
    account = asked["account"]
    if account and account not in visit.accounts():
        raise Refused(404, "There is no such account among those that you work with.")
    if not account and visit.someone.accounts:
        raise Refused(409, "Choose one of the accounts that you work with.")
    if asked["state"] and asked["state"] not in set(State):
        raise Refused(404, "There is no such state.")
    return Filter(
        account=account,
        author=asked["author"],
        clause=asked["clause"],
        state=asked["state"],
        words=asked["words"],
        removed=asked["removed"] == "yes",
        start=midnight(visit, asked["from"]),
        end=midnight(visit, asked["to"], days=1),
    )


def _command(visit: Visit, one: Request, wanted: Filter) -> str:
    """What an administrator types for the same copies, with print and with no limit."""
    options = {
        "--account": wanted.account,
        "--author": wanted.author,
        "--clause": wanted.clause,
        "--state": wanted.state,
        "--words": wanted.words,
        "--from": _typed(visit, wanted.start),
        "--to": _typed(visit, wanted.end),
    }
    said = [word for name, value in options.items() if value for word in (name, value)]
    who = ["--who", visit.someone.name, "--reason", "…"]
    return shlex.join(
        ["citymod", "export", f"{one.id}.zip", "--request", one.id, *said, *(["--removed"] * wanted.removed), *who]
    )


def _instead(visit: Visit, one: Request, wanted: Filter) -> str:
    return f"Ask for fewer, or let an administrator run: {_command(visit, one, wanted)}"


def _typed(visit: Visit, at: datetime | None) -> str:
    return f"{at.astimezone(visit.desk.settings.zone):%Y-%m-%dT%H:%M}" if at else ""


def _known(tx: Tx, name: str) -> Request:
    try:
        return records.request(tx, name)
    except LookupError as error:
        raise Refused(404, "There is no such request.") from error


def _named(visit: Visit) -> str:
    visit.words = name = visit.said("name")
    return name


def _why(visit: Visit) -> str:
    if not visit.said("why"):
        raise Refused(409, "Say why; it goes into the record. Nothing was done.")
    return visit.said("why")


def _line(visit: Visit, one: Request) -> Line:
    stands = standing(one, visit.desk.settings.zone, visit.now)
    return Line(request=one, stands=stands, late=one.is_overdue(visit.now))


def _waiting(found: list[Request]) -> list[Request]:
    return [one for one in found if one.closed_at is None]


def _closed(found: list[Request]) -> list[Request]:
    """Those that were answered, the last first."""
    return [one for one in reversed(found) if one.closed_at is not None]
