"""What the City's staff can do about a comment on one of the City's Pins.

Pinterest's help, read 22 November 2026: "Delete comments or photos on your Pin"
(help.pinterest.com/en/business/article/delete-comments-or-photos-on-your-pin) and "Comment on a Pin". There is no
hiding: what is deleted is gone for good.
"""

from __future__ import annotations

from connectors.assisted import ByHand, closed, deleted, reported

BY_HAND = ByHand(
    deeds=(
        deleted("Open the Pin, the menu beside the comment, Delete. It cannot be undone."),
        reported("Open the Pin, the menu beside the comment, Report. The comment stays for now."),
        closed("Edit the Pin, switch “Allow people to comment” off. It silences everybody under that Pin."),
    ),
    where="Open the Engagement tab of the business account: it lists the comments on all Pins.",
    senders=("pinterest.com",),
)
