"""The made-up city's texts, and how they get into a world: from the shipped files, or from a file somebody gives."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost

PEOPLE = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One comment to be written by somebody."""

    text: str
    author: str | None = None
    reply: bool = False


def shipped_comments() -> list[Line]:
    """The comments that the program brings for its demo."""
    return _lines(files("bot").joinpath("demo_comments.jsonl").read_text(encoding="utf-8").splitlines())


def comments_of(path: Path) -> list[Line]:
    """The comments of a file of {"text": …} lines. Raises ValueError naming the line that is not one."""
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        return _lines(lines)


def _lines(lines: Iterable[str]) -> list[Line]:
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        given = json.loads(line)
        if not isinstance(given, dict) or not isinstance(given.get("text"), str):
            message = f'line {number} is not an object with a "text"'
            raise ValueError(message)  # noqa: TRY004  the file is wrong, not the caller
        text = given["text"].encode("utf-8", "replace").decode()
        found.append(Line(text, given.get("author"), bool(given.get("reply"))))
    return found


class Crowd:
    """People who write comments, and where; the same seed gives the same events.

    They leave posts alone that are older than `since`, unless there are no others.
    """

    since: datetime | None = None

    def __init__(self, world: World, accounts: Mapping[str, WorldAccount], seed: int) -> None:
        """Publish the City's posts on every account."""
        self._world = world
        self._accounts = accounts
        self._random = random.Random(seed)  # noqa: S311  events of a demo, not secrets
        self._posts: dict[str, list[WorldPost]] = {platform: [] for platform in accounts}
        self._people: dict[tuple[str, str], Person] = {}
        texts = files("bot").joinpath("demo_posts.jsonl").read_text(encoding="utf-8").splitlines()
        hours = 0
        for given in map(json.loads, texts):
            account = accounts.get(given["platform"])
            if account:
                hours += 1
                at = world.clock() - timedelta(hours=hours)
                self._posts[account.platform].append(world.add_post(account, given["text"], at=at))

    def publish(self, platform: str, text: str) -> WorldPost:
        """Let the City publish something more."""
        post = self._world.add_post(self._accounts[platform], text)
        self._posts[platform].append(post)
        return post

    def write(self, line: Line, *, at: datetime | None = None) -> WorldComment:
        """Let somebody write that under a post of a platform chosen by the seed."""
        platform = self._random.choice([name for name, posts in self._posts.items() if posts])
        posts = self._posts[platform]
        young = [post for post in posts if self.since and post.at > self.since and post.deleted_by is None]
        post = self._random.choice(young or posts)
        parent = None
        if line.reply:
            tops = [comment for comment in self._world.under(post) if comment.parent is None and comment.public]
            parent = self._random.choice(tops) if tops else None
        name = line.author or f"Resident {self._random.randrange(PEOPLE)}"
        return self._world.add_comment(post, line.text, author=self._person(platform, name), parent=parent, at=at)

    def _person(self, platform: str, name: str) -> Person:
        if (platform, name) not in self._people:
            number = len(self._people) + 1
            handle = "".join(sign for sign in name.lower() if sign.isascii() and sign.isalnum()) or "resident"
            identifier = f"UCresident{number:014}" if platform == "youtube" else str(7_000_000_000 + number)
            self._people[platform, name] = Person(id=identifier, name=name, handle=f"{handle[:10]}{number}")
        return self._people[platform, name]


def fill(world: World, accounts: Mapping[str, WorldAccount], seed: int) -> None:
    """Fill a world with the shipped posts and comments, written over the last hours."""
    crowd = Crowd(world, accounts, seed)
    lines = shipped_comments()
    start = world.clock() - timedelta(seconds=len(lines) * 5)
    for number, line in enumerate(lines):
        crowd.write(line, at=start + timedelta(seconds=number * 5))


def fill_from_file(world: World, path: Path) -> None:
    """Fill a world from a JSON file.

    ``{"accounts": [{"platform", "id", "name", "handle"}], "posts": [{"key", "account": "platform:id", "text", "at"?}],
    "comments": [{"key"?, "post": key, "parent": key?, "text", "author": {"id", "name", "handle"}?, "at"?}]}``; times
    are ISO 8601 with a zone. Raises KeyError or ValueError on a file that is not so.
    """
    given = json.loads(path.read_text(encoding="utf-8"))
    accounts = {
        f"{entry['platform']}:{entry['id']}": world.add_account(
            entry["platform"], entry["id"], entry["name"], entry["handle"]
        )
        for entry in given["accounts"]
    }
    posts = {
        entry["key"]: world.add_post(accounts[entry["account"]], entry["text"], at=_at(entry))
        for entry in given["posts"]
    }
    comments: dict[str, WorldComment] = {}
    for number, entry in enumerate(given.get("comments", ())):
        author = Person(**entry["author"]) if entry.get("author") else None
        parent = comments[entry["parent"]] if entry.get("parent") else None
        comments[entry.get("key", f"#{number}")] = world.add_comment(
            posts[entry["post"]], entry["text"], author=author, parent=parent, at=_at(entry)
        )


def _at(entry: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(entry["at"]) if entry.get("at") else None
