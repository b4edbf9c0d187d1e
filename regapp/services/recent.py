"""Event facts read a moment ago: when hundreds look at one event, the database is asked twice a second, not each time.

Pages may lag that much. Decisions may begin from such facts, because the guard refuses them once they no longer hold:
whatever changes an event raises its `version` (docs/adr/0002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from regapp.db import changes
from regapp.services import events
from regapp.services.events import EventFacts

FRESH = timedelta(milliseconds=500)
"""How old facts may be that another process may have changed; what this process changed is seen at once."""
KEPT = 512
"""Events remembered per process."""
_STORE = "regapp.recent_events"


@dataclass(frozen=True, slots=True)
class _Kept:
    facts: EventFacts
    read_at: datetime
    settings: int
    seats: int


def get_by_slug(slug: str, *, now: datetime, seats_may_lag: bool = False) -> EventFacts:
    """Return the event that the public sees under this address. Raises: NotFound.

    `seats_may_lag`: what this process has just given away need not be known yet: where the guard counts again, or
    where no figures are shown.
    """
    return _recall(slug, events.get_by_slug, now=now, seats_may_lag=seats_may_lag)


def get(event_id: int, *, now: datetime, seats_may_lag: bool = False) -> EventFacts:
    """Return an event, whoever may see it. `seats_may_lag`: as above. Raises: NotFound."""
    return _recall(event_id, events.get, now=now, seats_may_lag=seats_may_lag)


def _recall(key: Any, read: Callable[[Any], EventFacts], *, now: datetime, seats_may_lag: bool) -> EventFacts:
    store: dict[object, _Kept] = current_app.extensions.setdefault(_STORE, {})
    kept = store.get(key)
    if kept is not None and _holds(kept, now=now, seats_may_lag=seats_may_lag):
        return kept.facts
    settings, seats = changes.settings, changes.seats  # before reading: what changes meanwhile makes it out of date
    facts = read(key)
    if len(store) >= KEPT:
        store.clear()
    store[key] = _Kept(facts, now, settings, seats)
    return facts


def _holds(kept: _Kept, *, now: datetime, seats_may_lag: bool) -> bool:
    fresh = timedelta() <= now - kept.read_at < FRESH
    same = kept.settings == changes.settings and (seats_may_lag or kept.seats == changes.seats)
    return fresh and same
