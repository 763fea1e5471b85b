"""One City account on Pinterest, worked by staff. See connectors/assisted.py."""

from __future__ import annotations

from connectors.assisted import looked_at_by_people
from connectors.pinterest.by_hand import BY_HAND

connect = looked_at_by_people("pinterest", BY_HAND)
