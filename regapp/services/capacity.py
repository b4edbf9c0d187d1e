"""Changing limits without fear: look at what would happen, then let exactly that happen."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from sqlalchemy import update

from regapp.db import AnyRow, db
from regapp.models import Quota
from regapp.rules.seating import QuotaId
from regapp.rules.window import check_alive, is_serving
from regapp.services import events, records, seats, waitlist
from regapp.services.events import CategoryFacts, EventFacts
from regapp.services.records import Action

MOST = 1_000_000
"""Seats; whoever needs more wants no limit."""


Sizes: TypeAlias = Mapping[QuotaId, int | None]
UNCHANGED: Sizes = MappingProxyType({})
Limit: TypeAlias = EventFacts | CategoryFacts


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
        beside = [(one.id, one.size, one.taken, one.held, one.waiting) for one in was.categories]
        sizes = [then.size, *(one.size for one in then.categories)]
        said = (
            was.version, was.size, was.taken, was.held, was.waiting, was.last_seq, beside, sizes, self.serving, codes,
        )  # fmt: skip
        digest = hashlib.sha256(repr(said).encode()).hexdigest()
        return f"{was.taken}-{was.waiting}-{digest[:32]}"


def preview(event_id: int, size: int | None, *, beside: Sizes = UNCHANGED, now: datetime) -> Outlook:
    """Say what sizes would do, by the rule that serves the queue; change nothing. Raises: NotFound; EventOver.

    `beside`: id of a category's quota → its size. Call it within one snapshot. Source: R3, R4.
    """
    return _look_ahead(events.get(event_id), size, beside, now=now)


def apply(
    event_id: int, size: int | None, *, beside: Sizes = UNCHANGED, seal: str, actor: str, now: datetime
) -> Resized | Outlook:
    """Do what was shown, or return what would happen instead, if that is no longer the same.

    `seal`: of the outlook that was shown. Raises: NotFound; EventOver. Source: R1, R4.
    """
    outlook = _look_ahead(seats.lock(event_id), size, beside, now=now)
    if outlook.seal != seal:
        return outlook
    return resize(event_id, size, beside=beside, actor=actor, now=now)


def resize(event_id: int, size: int | None, *, beside: Sizes = UNCHANGED, actor: str, now: datetime) -> Resized:
    """Set the size of an event, and of categories, and serve its queue. Nobody is dropped. Raises: NotFound.

    Units: seats; None is unlimited, 0 an interest list. `beside`: id of a category's quota → its size. Source: R1, R4.
    """
    before = seats.lock(event_id)
    after = _resized(before, size, beside)
    _write_sizes(before, after, actor=actor, now=now)
    standing = waitlist.serve_queue(after, now=now)
    seats.write(standing.event)
    return Resized(before.size, size, standing.event.taken, standing.promoted, standing.more)


def _resized(event: EventFacts, size: int | None, beside: Sizes) -> EventFacts:
    categories = (replace(one, size=beside.get(one.quota_id, one.size)) for one in event.categories)
    return replace(event, size=size, categories=tuple(categories))


def _write_sizes(before: EventFacts, after: EventFacts, *, actor: str, now: datetime) -> None:
    """Store the sizes that differ, each with its line of the history; what anybody read before is out of date then."""
    pairs: list[tuple[Limit, Limit]] = [(before, after), *zip(before.categories, after.categories, strict=True)]
    changed = [(was, then) for was, then in pairs if was.size != then.size]
    if not changed:
        return
    for _was, then in changed:
        db.session.execute(update(Quota).where(Quota.id == then.quota_id).values(size=then.size))
    db.session.execute(update(Quota).where(Quota.id == before.quota_id).values(version=Quota.version + 1))
    records.remember([
        records.line(
            Action.RESIZED, event_id=before.id, quota_id=then.quota_id, actor=actor, now=now,
            numbers={"before": was.size, "after": then.size, "taken": then.taken},
        )
        for was, then in changed
    ])  # fmt: skip


def _look_ahead(before: EventFacts, size: int | None, beside: Sizes, *, now: datetime) -> Outlook:
    check_alive(before, now)
    after, serving = _resized(before, size, beside), is_serving(before, now)
    seated: list[AnyRow] = []
    for step in waitlist.walk(after) if serving else ():
        seated += step.seated
        after = step.event
    return Outlook(before, after, serving, tuple(map(_queued, seated)), _first(after, {row.id for row in seated}))


def _first(event: EventFacts, seated: Collection[int]) -> Queued | None:
    """Return who is first in the queue once these have got their seats."""
    after = 0
    while event.waiting and (heads := waitlist.list_heads(event.id, after=after)):
        for row in heads:
            if row.id not in seated:
                return _queued(row)
        after = heads[-1].queue_no
    return None


def _queued(row: AnyRow) -> Queued:
    return Queued(row.code, row.contact_name)
