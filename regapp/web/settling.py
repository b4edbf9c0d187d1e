"""Serving a long queue from a page: some of it at once, one transaction after the other; the worker does the rest."""

from __future__ import annotations

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import waitlist

ROUNDS = 10
"""Transactions in which somebody waits for the page, of up to `waitlist.MOST` people each."""


def settle_on(event_id: int) -> tuple[int, bool]:
    """Serve the queue further; return how many people got a place, and whether more will follow."""
    promoted, more = 0, True
    for _round in range(ROUNDS):
        with transaction():
            settled = waitlist.settle(event_id, now=utcnow())
        promoted, more = promoted + settled.promoted, settled.more
        if not more:
            break
    return promoted, more
