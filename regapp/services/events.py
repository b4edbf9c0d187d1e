"""Reading events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, select

from regapp.db import AnyRow, db, table
from regapp.errors import NotFound
from regapp.models import Category, Event, EventStatus, Quota, QuotaKind
from regapp.models.event import CALLED_OFF, PUT_AWAY, text_in
from regapp.rules import window
from regapp.rules.seating import QuotaId, free_seats

EMPTY: Mapping[int | None, int] = MappingProxyType({})
VISIBLE = (EventStatus.PUBLISHED, EventStatus.CANCELLED, *PUT_AWAY)


@dataclass(frozen=True, slots=True)
class CategoryFacts:
    """A category and its limit at one moment. Units: seats and people; `size` None is unlimited.

    `counts`: whether its people take seats of the event too.
    """

    id: int
    texts: dict[str, dict[str, Any]]
    counts: bool
    hidden: bool
    opens_at: datetime | None
    closes_at: datetime | None
    rank: int
    quota_id: int
    size: int | None
    taken: int
    waiting: int
    held: int

    @property
    def free(self) -> float:
        """Return the seats left, below zero after a cut; infinite if there is no limit."""
        return free_seats(size=self.size, taken=self.taken, held=self.held)

    @property
    def places_left(self) -> int | None:
        """Return how many places its own limit still has, never below 0; None if there is no limit."""
        return None if self.size is None else max(0, self.size - self.taken - self.held)

    def text(self, key: str, lang: str) -> str:
        """Return its `name` or `text` in this language, else in English, else in any; empty if there is none."""
        return text_in(self.texts, key, lang)


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event and its limits at one moment. Units: seats and people; `size` None is unlimited; instants in UTC.

    `taken`: seats of the event itself; `waiting`: all who wait; `categories`: in the order in which they are shown,
    read only where they matter (`with_categories`).
    """

    id: int
    slug: str
    status: str
    tz: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    serve_until: datetime | None
    fit: str
    waitlist_limit: int | None
    revision: int
    texts: dict[str, dict[str, Any]]
    change_until: datetime | None
    online_url: str | None
    contact_address: str | None
    retain_until: datetime | None
    robot_check: str
    series_id: int | None
    asks_organisation_type: bool
    quota_id: int
    size: int | None
    taken: int
    waiting: int
    held: int
    last_seq: int
    version: int
    categorised: bool = False
    categories: tuple[CategoryFacts, ...] = ()

    @property
    def cancelled(self) -> bool:
        """Say whether the event has been called off."""
        return self.status in CALLED_OFF

    @property
    def archived(self) -> bool:
        """Say whether the event has been put away; its page stays."""
        return self.status in PUT_AWAY

    @property
    def draft(self) -> bool:
        """Say whether nobody outside sees the event yet."""
        return self.status == EventStatus.DRAFT

    @property
    def places_left(self) -> int | None:
        """Return how many places the public may still take, never below 0; None if there is no limit."""
        return None if self.size is None else max(0, self.size - self.taken - self.held)

    @property
    def free(self) -> float:
        """Return the seats left, below zero after a cut; infinite if there is no limit."""
        return free_seats(size=self.size, taken=self.taken, held=self.held)

    def category(self, category_id: int | None) -> CategoryFacts | None:
        """Return one of the categories; None for those who have none. Raises: NotFound."""
        if category_id is None:
            return None
        for found in self.categories:
            if found.id == category_id:
                return found
        raise NotFound

    def demand(self, category_id: int | None, people: int = 1) -> dict[QuotaId, int]:
        """Return the seats that people of a category need, by quota."""
        found = self.category(category_id)
        if found is None:
            return {self.quota_id: people}
        return ({self.quota_id: people} if found.counts else {}) | {found.quota_id: people}

    @property
    def free_by_quota(self) -> dict[QuotaId, float]:
        """Return the seats left in each of the limits."""
        return {self.quota_id: self.free} | {found.quota_id: found.free for found in self.categories}

    def plus(self, *, taken: Mapping[int | None, int] = EMPTY, waiting: Mapping[int | None, int] = EMPTY) -> EventFacts:
        """Return the numbers once so many more people of each category have a seat, or wait. Less is below zero."""
        seats = sum(number for id_, number in taken.items() if (found := self.category(id_)) is None or found.counts)
        categories = tuple(
            replace(found, taken=found.taken + taken.get(found.id, 0), waiting=found.waiting + waiting.get(found.id, 0))
            for found in self.categories
        )
        total = self.waiting + sum(waiting.values())
        return replace(self, taken=self.taken + seats, waiting=total, categories=categories)

    @property
    def serving_ends_at(self) -> datetime:
        """Return until when those who wait are served."""
        return window.serving_ends_at(self)

    def can_wait(self, now: datetime) -> bool:
        """Say whether one more person may wait: the list has room, and those on it are still served."""
        return window.is_serving(self, now) and (self.waitlist_limit is None or self.waiting < self.waitlist_limit)

    def is_over(self, now: datetime) -> bool:
        """Say whether nothing about when and where it is can change any more: called off, put away, or ended."""
        return self.cancelled or self.archived or (not self.draft and now >= self.ends_at)

    def text(self, key: str, lang: str) -> str:
        """Return a text in this language, else in English, else in any; empty if there is none."""
        return text_in(self.texts, key, lang)


_event, _quota, _category = table(Event).c, table(Quota).c, table(Category).c

OWN_QUOTA = (_quota.event_id == _event.id) & (_quota.kind == QuotaKind.EVENT)
FACTS: tuple[ColumnElement[Any], ...] = (
    _event.id, _event.slug, _event.status, _event.tz, _event.starts_at, _event.ends_at, _event.opens_at,
    _event.closes_at, _event.serve_until, _event.fit, _event.waitlist_limit, _event.revision, _event.texts,
    _event.change_until, _event.online_url, _event.contact_address, _event.retain_until, _event.robot_check,
    _event.series_id, _event.asks_organisation_type,
    _quota.id, _quota.size, _quota.taken, _quota.waiting, _quota.held, _quota.last_seq, _quota.version,
    exists().where(_category.event_id == _event.id).label("categorised"),
)  # fmt: skip
"""Columns in the order of the fields of EventFacts. Plain columns: statements on the hot path do without the ORM."""

_FACTS = select(*FACTS).join_from(table(Event), table(Quota), OWN_QUOTA)
_BY_SLUG = _FACTS.where(_event.slug == bindparam("slug"))
_BY_ID = _FACTS.where(_event.id == bindparam("id"))
_PUBLIC = _FACTS.where(_event.status.in_([EventStatus.PUBLISHED, EventStatus.CANCELLED])).order_by(_event.starts_at)


CATEGORY: tuple[ColumnElement[Any], ...] = (
    _category.id, _category.texts, _category.counts, _category.hidden, _category.opens_at, _category.closes_at,
    _category.rank, _quota.id, _quota.size, _quota.taken, _quota.waiting, _quota.held,
)  # fmt: skip
"""Columns in the order of the fields of CategoryFacts."""
_ITS_CATEGORIES = (
    select(*CATEGORY)
    .join_from(table(Category), table(Quota), _quota.id == _category.quota_id)
    .where(_category.event_id == bindparam("event"))
    .order_by(_category.rank, _category.id)
)


def get_by_slug(slug: str) -> EventFacts:
    """Return the event that the public sees under this address. Raises: NotFound."""
    row = db.session.execute(_BY_SLUG, {"slug": slug}).one_or_none()
    if row is None or row.status not in VISIBLE:
        raise NotFound
    return with_categories(EventFacts(*row))


def get(event_id: int) -> EventFacts:
    """Return an event as it stands now, whoever may see it. Raises: NotFound."""
    row = db.session.execute(_BY_ID, {"id": event_id}).one_or_none()
    if row is None:
        raise NotFound
    return with_categories(EventFacts(*row))


def with_categories(event: EventFacts) -> EventFacts:
    """Return an event with its categories, if it has any."""
    if not event.categorised:
        return event
    rows: Sequence[AnyRow] = db.session.execute(_ITS_CATEGORIES, {"event": event.id}).all()
    return replace(event, categories=tuple(CategoryFacts(*row) for row in rows))


def list_public() -> list[EventFacts]:
    """Return what the public list shows, by start, earliest first."""
    return [EventFacts(*row) for row in db.session.execute(_PUBLIC)]


def list_slugs() -> list[str]:
    """Return the slugs of all events, drafts included, in alphabetical order."""
    return list(db.session.scalars(select(Event.slug).order_by(Event.slug)))


def get_id(slug: str) -> int:
    """Return the id of an event, whoever may see it. Raises: NotFound."""
    found = db.session.scalar(select(Event.id).where(Event.slug == slug))
    if found is None:
        raise NotFound(slug)
    return found
