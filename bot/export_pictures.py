"""Makes big pictures small, for the pages of an export and for mails; the files themselves stay as they are."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 256 * 1024  # bytes; a smaller picture is shown as it is
SIDE = 1200  # pixels: 300 dots an inch at the 4 inches that a picture may be high in print
SMALL = 280
QUALITY = 80


class NotDrawable(Exception):
    """A picture that cannot be shown on a page, said in plain words."""


def for_page(path: Path) -> bytes | None:
    """Give a smaller copy (JPEG) of a large picture, upright and on white; None if it is small enough as it is.

    Raises NotDrawable for a file that is no picture, or has so many pixels that it may be meant to fill the memory.
    """
    if path.stat().st_size <= LARGE:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _smaller(path)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            message = "it has too many pixels to be shown here"
            raise NotDrawable(message) from error
        except (OSError, SyntaxError, ValueError) as error:  # Pillow's ways to say that a file is broken
            message = "it is damaged, or no picture that can be shown here"
            raise NotDrawable(message) from error


@dataclass(frozen=True, slots=True)
class Small:
    """A small copy of a picture (JPEG), and how large it is to be shown (pixels)."""

    body: bytes
    width: int
    height: int
    kind: str = "jpeg"


def small(path: Path) -> Small:
    """Give a small copy of a picture of ours, to be recognised rather than read: at most `SMALL` wide and high."""
    body = _smaller(path, SMALL)
    with Image.open(io.BytesIO(body)) as made:
        return Small(body, *made.size)


def _smaller(path: Path, side: int = SIDE) -> bytes:
    with Image.open(path) as opened:
        opened.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((side, side))
    picture = upright.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    data = io.BytesIO()
    paper.convert("RGB").save(data, "JPEG", quality=QUALITY)
    return data.getvalue()
