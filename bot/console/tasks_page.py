"""What staff are to do by hand on platforms where people act, what they say they did, and what they saw there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from archive import handwork
from archive.uploads import NoPicture, Picture
from bot import intake
from bot.console.door import Refused
from bot.console.queue_page import ref_of
from bot.console.times import moment
from bot.tasks import act_done, act_refused, dealt_with, deeds, looked, waiting

if TYPE_CHECKING:
    from starlette.responses import Response

    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.tasks import Task
    from connectors.assisted import Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A task as the page shows it: its kind, and what can be said of it."""

    task: Task
    kind: str
    deeds: tuple[Deed, ...]


def tasks(visit: Visit) -> Response:
    """List what there is to do on the accounts that somebody works with."""
    with visit.desk.database.read() as tx:
        found = [_shown(tx, visit, task) for task in waiting(tx, visit.desk.settings, visit.now) if _mine(visit, task)]
        unverified = handwork.unverified(tx, visit.accounts())
    named = visit.named_accounts().items()
    by_hand = [(key, name) for key, name in named if visit.desk.settings.entry(key).by_hand]
    return visit.page("tasks.html.j2", tasks=found, unverified=unverified, by_hand=by_hand)


def done(visit: Visit) -> Response:
    """Take somebody's word for what they did, with their pictures."""
    name, why = visit.said("task"), visit.said("why")
    kind, _, rest = name.partition(":")
    who, now, settings = visit.someone.login, visit.now, visit.desk.settings
    pictures = _pictures(visit)
    ended = True
    with visit.desk.database.begin() as tx:
        _is_mine(tx, visit, name)
        if kind == "look":
            looked(tx, settings, rest, found=_number(visit.said("found")), who=who, why=why, now=now)
        elif kind == "act":
            ended = act_done(
                tx,
                settings,
                rest,
                did=visit.said("did"),
                who=who,
                second=visit.said("second"),
                why=why,
                done_at=moment(visit, visit.said("done_at")) or visit.now,
                pictures=pictures,
                now=now,
            )
        elif kind == "picture":
            visit.about = ref = ref_of(visit, rest)
            if not pictures:
                raise Refused(409, "Choose the picture that you took. Nothing was recorded.")
            intake.add_pictures(tx, settings, ref, pictures, seen_at=now, who=who, now=now)
        else:
            dealt_with(tx, name, who=who, why=why, now=now)
    visit.words = name
    return visit.go("/tasks", done="task" if ended else "step")


def refuse(visit: Visit) -> Response:
    """Say that an order cannot be carried out by hand; its comment waits for a decision again."""
    name, why = visit.said("task"), visit.said("why")
    kind, _, rest = name.partition(":")
    if kind != "act" or not why:
        raise Refused(409, "Say why it cannot be done. Nothing was changed.")
    with visit.desk.database.begin() as tx:
        _is_mine(tx, visit, name)
        act_refused(tx, rest, who=visit.someone.login, why=why, now=visit.now)
    visit.words = name
    return visit.go("/tasks", done="task")


def enter(visit: Visit) -> Response:
    """Enter a comment that somebody saw where no program may look."""
    key = visit.said("account")
    if key not in visit.accounts():
        raise Refused(404, "There is no such account among those that you work with.")
    seen = intake.Seen(
        url=visit.said("url"),
        author=visit.said("author"),
        text=visit.exactly("text").replace("\r\n", "\n"),  # browsers send each line break as two signs
        seen_at=visit.now,
        pictures=_pictures(visit),
        post_text=visit.said("post_text"),
        how="console",
    )
    with visit.desk.database.begin() as tx:
        visit.about = intake.add(tx, visit.desk.settings, key, seen, who=visit.someone.login, now=visit.now).ref
    return visit.go("/tasks", done="entered")


def _shown(tx: Tx, visit: Visit, task: Task) -> Shown:
    kind, _, rest = task.name.partition(":")
    can = tuple(deeds(tx, visit.desk.settings, rest)) if kind == "act" else ()
    return Shown(task=task, kind=kind, deeds=can)


def _mine(visit: Visit, task: Task) -> bool:
    return task.account in visit.accounts() or (not task.account and not visit.someone.accounts)


def _is_mine(tx: Tx, visit: Visit, name: str) -> None:
    """Refuse a task that does not wait, or is on another's accounts. Raises Refused."""
    found = next((task for task in waiting(tx, visit.desk.settings, visit.now) if task.name == name), None)
    if found is None or not _mine(visit, found):
        raise Refused(409, "That task does not wait any more. Nothing was recorded.")


def _pictures(visit: Visit) -> tuple[Picture, ...]:
    """Take the pictures that a form brings; anything that is none is refused. Raises Refused."""
    brought = [one for one in visit.form.getlist("pictures") if isinstance(one, UploadFile) and one.filename]
    try:
        return tuple(Picture.of(str(one.filename), one.file.read()) for one in brought)
    except NoPicture as error:
        raise Refused(409, f"{error}. Nothing was recorded.") from error


def _number(text: str) -> int:
    if not text.isdigit() or len(text) > 4:  # noqa: PLR2004  nobody finds ten thousand at a look
        raise Refused(409, "Say how many comments you found; 0 if none.")
    return int(text)
