"""Measures an export of many comments with pictures; prints one JSON object. Run by `make bench-export`."""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from builders import NOON, a_batch, a_comment, an_account, later
from PIL import Image

from archive import accounts, media, records
from archive.database import Database
from archive.files import sha256_of
from archive.media import Kept
from archive.selection import Filter
from bot.domain.types import Attachment
from bot.exporting import Options, export


def a_picture(number: int) -> bytes:
    """A photograph's size and kind of bytes, each another."""
    noise = random.Random(number).randbytes(24 * 18 * 3)
    data = BytesIO()
    Image.frombytes("RGB", (24, 18), noise).resize((640, 480)).save(data, "JPEG", quality=70)
    return data.getvalue()


def floor(folder: Path) -> float:
    """The seconds that copying the pictures and hashing the copies takes: less cannot be done for an export."""
    begun = time.monotonic()
    (folder / "floor").mkdir()
    for source in sorted(path for path in (folder / "media").rglob("*") if path.is_file()):
        copy = folder / "floor" / source.name
        shutil.copyfile(source, copy)
        sha256_of(copy)
    return round(time.monotonic() - begun, 1)


def main(count: int) -> None:
    """Fill an archive with `count` comments, export it once, and tell the seconds."""
    with tempfile.TemporaryDirectory() as name, Database.open(f"sqlite:///{name}/citymod.db") as db:
        folder, size = Path(name), 0
        with db.begin() as tx:
            accounts.register(tx, an_account(), NOON)
            photo = Attachment(id="p", kind="photo", url="https://p.example/", alt="A street with a hole in it")
            for start in range(0, count, 500):
                some = [
                    a_comment(
                        f"c{n}",
                        text=f"Comment {n}: my street has a hole. 🚧",
                        attachments=(photo,),
                        posted_at=later(n - 99999),
                    )
                    for n in range(start, min(count, start + 500))
                ]
                records.observe(tx, a_batch(*some), account=an_account(), now=NOON)
            for number, one in enumerate(media.due(tx, "youtube:UCcity", later(1), count)):
                data = a_picture(number)
                size += len(data)
                kept = Kept(sha256=media.store(folder / "media", data), kind="image/jpeg", size=len(data))
                media.conclude(tx, one, kept, later(2))
        settings = SimpleNamespace(
            data=folder,
            media_folder=folder / "media",
            evidence_folder=folder / "evidence",
            browser=None,
            city=SimpleNamespace(name="X"),
        )
        seconds = {"floor": floor(folder)}
        for pdf in (False, True):
            begun = time.monotonic()
            wanted = (db.read, cast(Any, settings), Filter(), folder / f"out-{pdf}", Options(pdf=pdf))
            made = export(*wanted, lambda _: None)
            seconds["with PDF" if pdf else "without PDF"] = round(time.monotonic() - begun, 1)
        print(json.dumps({"comments": made.comments, "picture_bytes": size, "seconds": seconds, "promised": 60}))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
