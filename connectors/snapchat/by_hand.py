"""What the City's staff can do about a reply or comment on the City's public Snapchat profile.

Snapchat's help and creator pages, read 22 November 2026 (help.snapchat.com article 7012300477332;
creators.snap.com, "Build your public profile"). Replies to Stories are private messages to the account; only comments
on Spotlight and replies that the City itself quotes are public.
"""

from __future__ import annotations

from connectors.assisted import ByHand, closed, deleted, reported

BY_HAND = ByHand(
    deeds=(
        deleted("In the app: public profile, the Spotlight, hold the comment, remove it. Take it as final."),
        reported("In the app: hold the comment, Report. The comment stays for now."),
        closed("In the app: settings of the public profile, switch replies off. It silences everybody."),
    ),
    where="In the app: public profile, Activity Feed; look through comments on Spotlights and replies to Stories.",
    senders=("snapchat.com", "snap.com"),
)
