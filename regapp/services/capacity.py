"""Changing limits without fear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import update

from regapp.db import db
from regapp.models import Quota
from regapp.services import records, seats, waitlist
from regapp.services.records import Action


@dataclass(frozen=True, slots=True)
class Resized:
    """What a new size did. Sizes in seats, None is unlimited; `promoted` in people; `more`: settle again."""

    before: int | None
    after: int | None
    taken: int
    promoted: int
    more: bool


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
