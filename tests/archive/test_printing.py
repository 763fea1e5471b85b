"""The same page gives the same PDF, whatever the browser did before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf
from hypothesis import given
from hypothesis import strategies as st

from archive.printing import print_all, renumbered

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """<!doctype html><html lang="en"><title>Counts</title><table><thead><tr><th scope="col">Clause</th>
<th scope="col">Hidden</th></tr></thead><tbody><tr><th scope="row">C2</th><td>7</td></tr></tbody></table></html>"""


@given(st.sets(st.integers(1, 9_999_999), min_size=1, max_size=30), st.integers(0, 90_000_000))
def test_cells_names_do_not_depend_on_what_was_numbered_before(nodes: set[int], before: int) -> None:
    def pdf(shift: int) -> bytes:
        return b"".join(b"<< /ID (node%08d) /S /TH >>" % (node + shift) for node in sorted(nodes))

    assert renumbered(pdf(0)) == renumbered(pdf(before))
    assert len(renumbered(pdf(0))) == len(pdf(0)), "every object stays where the file says that it is"
    assert renumbered(pdf(0)).count(b"(node") == len(nodes), "no two cells come to share a name"


def test_a_tables_cells_still_name_their_headers(tmp_path: Path) -> None:
    page = tmp_path / "counts.html"
    page.write_text(TABLE)
    print_all([page], tmp_path)
    with pikepdf.open(tmp_path / "counts.pdf") as pdf:
        elements = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary) and "/S" in one]
        headers = {bytes(one.ID) for one in elements if one.S == "/TH" and "/ID" in one}
        (cell,) = [one for one in elements if one.S == "/TD"]
        named = {bytes(name) for attribute in cell.A if "/Headers" in attribute for name in attribute.Headers}
        assert named
        assert named <= headers
        assert all(name in pikepdf.NameTree(pdf.Root.StructTreeRoot.IDTree) for name in map(bytes.decode, headers))
