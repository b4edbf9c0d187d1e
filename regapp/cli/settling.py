"""Serving a long queue: one transaction after the other, so that visitors get their turn in between."""

from __future__ import annotations

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import waitlist


def settle_all(event_id: int) -> int:
    """Serve the queue until nobody can be served any more; return how many people got a place."""
    promoted, more = 0, True
    while more:
        with transaction():
            settled = waitlist.settle(event_id, now=utcnow())
        promoted, more = promoted + settled.promoted, settled.more
    return promoted
