"""The ways in which Bluesky is awkward, by name: what its lexicons allow, and what users of its API report.

That notifications and counts lag, and by how much, rests on reports alone (README.md, *Unsure*).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from connectors.standin.faults import Pitfall

SOME: Final = 0.3
LAG: Final = timedelta(minutes=5)

PITFALLS: Final = (
    Pitfall(name="short_pages", says="a page of a list is shorter than was asked for"),
    Pitfall(name="nobody_named", says="some people's handles do not resolve, and they have no name", share=SOME),
    Pitfall(name="late_notifications", says="some notifications come minutes late, with their old time", share=SOME),
    Pitfall(name="counts_lag", says="the counts of replies and quotes are those of some minutes ago"),
    Pitfall(name="after_on_last_page", says="the last page, too, has a cursor; an empty page has none", always=True),
    Pitfall(name="deleted_above", says="a reply to something deleted is in no thread, and still there", always=True),
)
