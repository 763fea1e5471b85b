"""What the City's staff can do about a neighbour's comment under one of the City's posts on Nextdoor.

No source that we found lets an agency hide or delete one neighbour's comment. Agencies report, close a discussion and
open it again; Nextdoor itself may remove a comment (nextdooragencies.com, "How to handle unrelated comments",
31 March 2023; tripepismith.com quoting Nextdoor Agency Support). So no deed here takes a comment away: an order ends
when Nextdoor or the author has removed the comment, or when a person gives it up.
"""

from __future__ import annotations

import re

from connectors.assisted import ByHand, Notice, closed, reported

BY_HAND = ByHand(
    deeds=(
        reported("Open the post, the menu beside the comment (…), Report. The comment stays until Nextdoor decides."),
        closed("Open the post, its menu (…), Close discussion. It silences everybody under that post."),
    ),
    where="Open the agency's dashboard: notifications, and the discussion under each post of the last weeks.",
    reads=True,
    senders=("nextdoor.com",),
    notices=(
        # A sample of December 2024: New from Kim and other neighbors in San Francisco; it holds no comment's text.
        Notice(
            sender="is.email.nextdoor.com",
            title=re.compile(r"New from (?P<who>.+?)(?P<more> and other neighbors)? in (?P<where>.+)"),
            says="Nextdoor tells of something new from {who}{more} in {where}",
            place="nextdoor.com/",
        ),
        # Samples seen elsewhere: mails about one post have its first words as their subject.
        Notice(
            sender="ss.email.nextdoor.com",
            title=re.compile(r"(?P<what>.+)"),
            says="Nextdoor tells of the post that begins “{what}”",
            place="nextdoor.com/",
        ),
    ),
)
