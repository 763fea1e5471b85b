"""What a camera asks of its worker process: one comment to be pictured from one source."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = "comment.png"
PAGE_PICTURE = "page.png"
PAGE_SNAPSHOT = "page.mhtml"
PAGE_ARCHIVE = "page.wacz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything the worker needs to know; it gets no more than this.

    Exactly one of `url` (a public page) and `html` (a page of our own, loaded without any network) is given. With a
    `shell`, what lies at `url` is that page of our own, around a platform's embed, which is shown in a frame. `text` is
    what must be readable word for word, `names` those of which at least one must stand beside it (none: the platform
    gave none), `marks` the characters that must be marked in our own page. `hosts` are the only ones that may be asked
    for anything. `caption` is drawn above a picture that does not say itself what it is. `seconds` is all the time
    there is. `account` and `sealed`: whose stored sign-in to use, and where it lies; empty for none. Its key is no part
    of a job, since a job lies on the disk.
    """

    source: str
    url: str | None
    html: str | None
    frame: str | None
    item: str
    text: str
    blank: bool
    names: tuple[str, ...]
    marks: tuple[str, ...]
    hosts: tuple[str, ...]
    caption: tuple[str, ...]
    folder: str
    zone: str
    at: str
    tool: str
    seconds: float
    account: str = ""
    sealed: str = ""

    def write(self, path: Path) -> None:
        """Leave the job in a file for the worker. A file never blocks, as a pipe to a stuck process would."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        """Take a job that `write` left."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        return cls(**values)
