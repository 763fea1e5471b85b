"""What is suspected to show the sexual abuse of a child is shown, found and handed over nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.promises import ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

Run = "Callable[..., tuple[int, str, str]]"
WORDS = "what the fuck, look at this unusualword"


def test_it_is_not_searched_exported_or_shown_as_evidence(city: City, citymod: Run, tmp_path: Path) -> None:
    config = ("--config", city.file)
    marked, other = city.write("facebook", WORDS), city.write("facebook", f"{WORDS} too")
    city.run()
    case = ref_of(marked)
    assert citymod("evidence", "show", case, *config)[0] == 0
    code, said, wrong = citymod("csam", "mark", case, "--reason", "a person looked", *config)
    assert code == 0, said + wrong

    code, _, said = citymod("evidence", "show", case, *config)
    assert code == 2
    assert "withheld" in said

    found = json.loads(citymod("search", "unusualword", "--json", *config)[1])
    assert [one["ref"] for one in found["found"]] == [str(ref_of(other))]

    place = tmp_path / "copies"
    assert citymod("export", place, "--reason", "asked", "--no-pdf", *config)[0] == 0
    whole = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert str(ref_of(other)).encode() in whole
    assert str(case).encode() not in whole
