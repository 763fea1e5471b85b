"""A channel as busy as the plan's largest, on a stand-in: a month behind it, and a day of polling."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from youtube_town import SAM, Town

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.types import Cursor
    from connectors.standin.world import WorldComment, WorldPost

DAYS = 30
REPLIES = 0.3


class Channel:
    """`comments` and `videos` a month, spread by chance: most comments go to what was published lately."""

    def __init__(self, place: Town, *, comments: int, videos: int, seed: int) -> None:
        self.place = place
        self.chance = random.Random(seed)
        self.comments, self.videos = comments, videos
        self.posts: list[WorldPost] = []
        self.threads: list[WorldComment] = []

    def publish(self, at: datetime) -> None:
        self.posts.append(self.place.world.add_post(self.place.page, f"Video {len(self.posts)}", at=at))

    def write(self, at: datetime) -> WorldComment:
        if self.threads and self.chance.random() < REPLIES:
            back = min(len(self.threads), 1 + int(self.chance.expovariate(1 / 40)))
            top = self.threads[-back]
            return self.place.world.add_comment(top.post, f"reply {at:%s}", author=SAM, parent=top, at=at)
        back = min(len(self.posts), 1 + int(self.chance.expovariate(1 / 8)))
        comment = self.place.world.add_comment(self.posts[-back], f"comment {at:%s}", author=SAM, at=at)
        self.threads.append(comment)
        return comment

    def times(self, many: float, begin: datetime, days: float) -> list[datetime]:
        """By chance at any time: no hour is preferred, which costs polling most."""
        return sorted(begin + timedelta(days=days) * self.chance.random() for _ in range(round(many)))

    def month(self) -> None:
        """What is there already."""
        end = self.place.clock.now
        happens = [(at, self.publish) for at in self.times(self.videos, end - timedelta(days=DAYS), DAYS)]
        self.publish(end - timedelta(days=DAYS))
        happens += [(at, self.write) for at in self.times(self.comments, end - timedelta(days=DAYS), DAYS)]  # type: ignore[misc]
        for at, happen in sorted(happens, key=lambda one: one[0]):
            happen(at)

    def day(self, cursor: Cursor, every: timedelta) -> list[timedelta]:
        """Live through a day, polling all the while; give how long each comment went unseen."""
        begin = self.place.clock.now
        new = [(at, self.publish) for at in self.times(self.videos / DAYS, begin, 1)]
        new += [(at, self.write) for at in self.times(self.comments / DAYS, begin, 1)]  # type: ignore[misc]
        new.sort(key=lambda one: one[0])
        unseen: dict[str, datetime] = {}
        late = []
        while self.place.clock.now < begin + timedelta(days=1):
            now = self.place.clock.on(seconds=every.total_seconds())
            while new and new[0][0] <= now:
                at, happen = new.pop(0)
                if made := happen(at):
                    unseen[made.id] = at
            for batch in self.place.connector.poll(cursor, now=now):
                cursor = batch.cursor
                seen = (unseen.pop(comment.ref.item, None) for comment in batch.comments)
                late += [now - at for at in seen if at]
        assert not new
        return [*late, *(now - at for at in unseen.values())]
