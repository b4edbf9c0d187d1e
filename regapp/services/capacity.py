"""Changing limits without fear: look at what would happen, then let exactly that happen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import update

from regapp.db import AnyRow, db
from regapp.models import Quota
from regapp.rules.window import check_alive, is_serving
from regapp.services import events, records, seats, waitlist
from regapp.services.events import EventFacts
from regapp.services.records import Action

MOST = 1_000_000
"""Seats; whoever needs more wants no limit."""


@dataclass(frozen=True, slots=True)
class Resized:
    """What a new size did. Sizes in seats, None is unlimited; `promoted` in people; `more`: settle again."""

    before: int | None
    after: int | None
    taken: int
    promoted: int
    more: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """Somebody in the queue."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a size would do. `seated`: who would get a place, in order; `next`: who would then be first in the queue."""

    before: EventFacts
    after: EventFacts
    serving: bool
    seated: tuple[Queued, ...]
    next: Queued | None

    @property
    def keeps_away(self) -> int:
        """Return how many more people are seated than the size allows: nobody is promoted until they have left."""
        return 0 if self.after.size is None else max(0, self.after.taken + self.after.held - self.after.size)

    @property
    def seal(self) -> str:
        """Return what stands for this outlook: taken, waiting, and a digest of all that it says and rests on."""
        was, then = self.before, self.after
        codes = [person.code for person in self.seated], self.next and self.next.code
        said = (was.version, was.size, was.taken, was.held, was.waiting, was.last_seq, then.size, self.serving, codes)
        digest = hashlib.sha256(repr(said).encode()).hexdigest()
        return f"{was.taken}-{was.waiting}-{digest[:32]}"


def preview(event_id: int, size: int | None, *, now: datetime) -> Outlook:
    """Say what a size would do, by the rule that serves the queue; change nothing. Raises: NotFound; EventOver.

    Call it within one snapshot. Source: R3, R4.
    """
    return _look_ahead(events.get(event_id), size, now=now)


def apply(event_id: int, size: int | None, *, seal: str, actor: str, now: datetime) -> Resized | Outlook:
    """Do what was shown, or return what would happen instead, if that is no longer the same.

    `seal`: of the outlook that was shown. Raises: NotFound; EventOver. Source: R1, R4.
    """
    outlook = _look_ahead(seats.lock(event_id), size, now=now)
    if outlook.seal != seal:
        return outlook
    return resize(event_id, size, actor=actor, now=now)


def resize(event_id: int, size: int | None, *, actor: str, now: datetime) -> Resized:
    """Set the size of an event and serve its queue. Nobody is dropped. Raises: NotFound. Source: R1, R4.

    Units: seats; None is unlimited, 0 an interest list.
    """
    event = seats.lock(event_id)
    before = event.size
    if size != before:
        db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(size=size, version=Quota.version + 1))
        records.remember([
            records.line(
                Action.RESIZED, event_id=event_id, quota_id=event.quota_id, actor=actor, now=now,
                numbers={"before": before, "after": size, "taken": event.taken},
            )
        ])  # fmt: skip
    standing = waitlist.serve_queue(replace(event, size=size), now=now)
    seats.write(standing.event)
    return Resized(before, size, standing.event.taken, standing.promoted, standing.more)


def _look_ahead(before: EventFacts, size: int | None, *, now: datetime) -> Outlook:
    check_alive(before, now)
    after, serving = replace(before, size=size), is_serving(before, now)
    seated: list[Queued] = []
    first: AnyRow | None = None
    last = 0
    for step in waitlist.walk(after) if serving else ():
        seated += map(_queued, step.seated)
        first = first or next(iter(step.staying), None)
        after, last = step.event, max(row.queue_no for row in [*step.seated, *step.staying])
    if first is None and after.waiting:
        first = next(iter(waitlist.list_heads(before.id, after=last)), None)
    return Outlook(before, after, serving, tuple(seated), None if first is None else _queued(first))


def _queued(row: AnyRow) -> Queued:
    return Queued(row.code, row.contact_name)
