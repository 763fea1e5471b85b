"""One City account on Snapchat, worked by staff. See connectors/assisted.py."""

from __future__ import annotations

from connectors.assisted import looked_at_by_people
from connectors.snapchat.by_hand import BY_HAND

connect = looked_at_by_people("snapchat", BY_HAND)
