"""Big pictures are made small for pages, upright and on white; what cannot be shown is said."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bot.export_pictures import LARGE, SIDE, NotDrawable, for_page

if TYPE_CHECKING:
    from pathlib import Path


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def test_a_small_picture_is_shown_as_it_is(tmp_path: Path) -> None:
    noise(20, 20).save(tmp_path / "small.png")
    assert for_page(tmp_path / "small.png") is None


def test_a_large_picture_is_made_small_and_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by a quarter
    noise(2400, 1600).save(tmp_path / "large.jpg", exif=exif)
    data = for_page(tmp_path / "large.jpg")
    assert data is not None
    assert Image.open(io.BytesIO(data)).size == (SIDE * 2 // 3, SIDE)


@pytest.mark.parametrize("kind", ["broken", "enormous"])
def test_what_cannot_be_shown_is_said(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise(400, 400).save(tmp_path / "p.png")
    data = (tmp_path / "p.png").read_bytes()
    if kind == "broken":
        (tmp_path / "p.png").write_bytes(b"no picture" + data)
    else:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert len(data) > LARGE
    with pytest.raises(NotDrawable, match="damaged" if kind == "broken" else "too many pixels"):
        for_page(tmp_path / "p.png")
