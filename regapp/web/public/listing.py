"""The events in the order in which visitors look for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regapp.rules.window import Phase, phase
from regapp.services.events import EventFacts

Listed = tuple[EventFacts, Phase]


@dataclass(slots=True)
class Groups:
    """Events with their phase. Past ones latest first, the others earliest first."""

    open: list[Listed] = field(default_factory=list)
    upcoming: list[Listed] = field(default_factory=list)
    closed: list[Listed] = field(default_factory=list)
    past: list[Listed] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Say whether there is any event at all."""
        return bool(self.open or self.upcoming or self.closed or self.past)


def group(events: list[EventFacts], now: datetime) -> Groups:
    """Sort events into groups. Takes them by start, earliest first."""
    groups = Groups()
    places = {Phase.OPEN: groups.open, Phase.UPCOMING: groups.upcoming, Phase.PAST: groups.past}
    for event in events:
        found = phase(event, now)
        places.get(found, groups.closed).append((event, found))
    groups.past.reverse()
    return groups
