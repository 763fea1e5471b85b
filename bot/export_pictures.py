"""Makes big pictures small for the pages of an export; the files handed over stay as they are."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 256 * 1024  # bytes; a smaller picture is shown as it is
SIDE = 1200  # pixels: 300 dots an inch at the 4 inches that a picture may be high in print
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


def _smaller(path: Path) -> bytes:
    with Image.open(path) as opened:
        opened.draft("RGB", (SIDE, SIDE))
        upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((SIDE, SIDE))
    picture = upright.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture)
    data = io.BytesIO()
    paper.convert("RGB").save(data, "JPEG", quality=QUALITY)
    return data.getvalue()
