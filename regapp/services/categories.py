"""Kinds of attendees: setting them up, and moving people from one to another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import delete, select, update

from regapp.db import AnyRow, db
from regapp.errors import CategoryClosed, ChangedMeanwhile, IllegalMove, NotFound, PeopleRegistered
from regapp.mail.messages import Message, compose
from regapp.models import Category, Party, Quota, QuotaKind, Registration
from regapp.rules.seating import QuotaId
from regapp.rules.states import LIVING, State
from regapp.rules.window import check_alive, check_may_change, is_offered
from regapp.services import current, records, registrations, seats, waitlist
from regapp.services.events import CategoryFacts, EventFacts
from regapp.services.records import Action


@dataclass(frozen=True, slots=True)
class Plan:
    """What organizers say of a category. `texts`: language code → name, text; instants in UTC.

    `counts`: whether its people take seats of the event too; `hidden`: visitors are not offered it.
    """

    texts: dict[str, dict[str, Any]]
    counts: bool = True
    hidden: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    rank: int = 0

    def row(self) -> dict[str, Any]:
        """Return the columns that hold it."""
        return {
            "texts": self.texts, "counts": self.counts, "hidden": self.hidden, "opens_at": self.opens_at,
            "closes_at": self.closes_at, "rank": self.rank,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """The person is in the other category. `waits`: at the end of its queue, or served from there already."""

    waits: bool


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The person has a seat, and the other category has none. `lacking`: the limits that are full; nothing changed."""

    lacking: tuple[QuotaId, ...]


Outcome: TypeAlias = Moved | NoRoom


def create(event_id: int, plan: Plan, *, size: int | None, actor: str, now: datetime) -> int:
    """Add a category with a limit of its own (None: none); return its id. Raises: NotFound; EventOver.

    Who has registered before it keeps having no category.
    """
    event = seats.lock(event_id)
    check_alive(event, now)
    quota = Quota(event_id=event_id, kind=QuotaKind.CATEGORY, size=size)
    db.session.add(quota)
    db.session.flush()
    category = Category(event_id=event_id, quota_id=quota.id, **plan.row())
    db.session.add(category)
    db.session.flush()
    numbers = {"size": size, "names": _names(plan.texts)}
    _remember(event, Action.CATEGORY_CREATED, category.id, quota.id, actor=actor, now=now, numbers=numbers)
    return category.id


def change(
    event_id: int, category_id: int, plan: Plan, *, seen: int | None = None, actor: str, now: datetime
) -> None:  # fmt: skip
    """Store what is said of a category; its size is changed with the other limits (`capacity`).

    Whether it counts can only change while nobody has it. `seen`: the version that a page was drawn from.
    Raises: NotFound; EventOver; ChangedMeanwhile; PeopleRegistered.
    """
    event = seats.lock(event_id)
    check_alive(event, now)
    category = _get(event, category_id)
    if seen is not None and event.version != seen:
        raise ChangedMeanwhile
    if category.counts != plan.counts and (category.taken or category.waiting):
        raise PeopleRegistered(people=category.taken + category.waiting)
    db.session.execute(update(Category).where(Category.id == category_id).values(plan.row()))
    numbers = {"names": _names(plan.texts)}
    _remember(event, Action.CATEGORY_CHANGED, category_id, category.quota_id, actor=actor, now=now, numbers=numbers)


def shift(event_id: int, category_id: int, steps: int, *, actor: str, now: datetime) -> None:
    """Show a category so many places later, or earlier if below zero; at most at the end. Raises: NotFound; EventOver.

    All get ranks anew: they may have had equal ones.
    """
    event = seats.lock(event_id)
    check_alive(event, now)
    category = _get(event, category_id)
    order = [one.id for one in event.categories if one.id != category_id]
    place = max(0, event.categories.index(category) + steps)
    order.insert(place, category_id)
    if order == [one.id for one in event.categories]:
        return
    for rank, id_ in enumerate(order):
        db.session.execute(update(Category).where(Category.id == id_).values(rank=rank))
    numbers = {"names": _names(category.texts), "place": order.index(category_id) + 1}
    _remember(event, Action.CATEGORY_CHANGED, category_id, category.quota_id, actor=actor, now=now, numbers=numbers)


def has_been_had(category_id: int) -> bool:
    """Say whether anybody is or was in a category, whatever became of them."""
    having = select(Registration.id).where(Registration.category_id == category_id).limit(1)
    return db.session.scalar(having) is not None


def remove(event_id: int, category_id: int, *, actor: str, now: datetime) -> None:
    """Remove a category that nobody has ever had. Raises: NotFound; EventOver; PeopleRegistered."""
    event = seats.lock(event_id)
    check_alive(event, now)
    category = _get(event, category_id)
    if has_been_had(category_id):
        raise PeopleRegistered(people=category.taken + category.waiting)
    db.session.execute(delete(Category).where(Category.id == category_id))
    numbers = {"names": _names(category.texts)}
    _remember(event, Action.CATEGORY_DELETED, category_id, category.quota_id, actor=actor, now=now, numbers=numbers)


def move(registration_id: int, category_id: int, *, actor: str, now: datetime) -> Outcome:
    """Change somebody's category, whole or not at all. Who waits goes to the end of the queue, which is served then.

    Raises: NotFound; TooLate; IllegalMove if the registration has ended; CategoryClosed if visitors cannot choose it.
    Source: docs/rules.md, R3, R5.
    """
    event, row = current.lock(registration_id)
    _check_may_move(event, row, category_id, actor=actor, now=now)
    if row.category_id == category_id:
        return Moved(waits=row.state == State.WAITLISTED)
    waits = row.state == State.WAITLISTED
    me: dict[int | None, int] = {category_id: 1}
    event = registrations.without(event, [row])
    full = () if waits else lacking(event, category_id)
    if full:
        return NoRoom(full)
    event = replace(event.plus(waiting=me), last_seq=event.last_seq + 1) if waits else event.plus(taken=me)
    _store(event, row, category_id, waits=waits, actor=actor, now=now)
    seats.write(waitlist.serve_queue(event, now=now).event)
    return Moved(waits)


def _check_may_move(event: EventFacts, row: AnyRow, category_id: int, *, actor: str, now: datetime) -> None:
    if row.erased_at:
        raise NotFound
    if State(row.state) not in LIVING:
        raise IllegalMove(before=row.state, after=row.state)
    category = _get(event, category_id)
    check_alive(event, now)
    if actor == "attendee":
        check_may_change(event, now)
        if not is_offered(category, now):
            raise CategoryClosed


def lacking(event: EventFacts, category_id: int) -> tuple[QuotaId, ...]:
    """Return the limits that have no place for one more person of a category."""
    free = event.free_by_quota
    return tuple(quota for quota, people in event.demand(category_id).items() if free[quota] < people)


def _store(event: EventFacts, row: AnyRow, category_id: int, *, waits: bool, actor: str, now: datetime) -> None:
    """Write the move: category, new number in the queue, history, mail."""
    queue_no = event.last_seq if waits else None
    moved = {"category_id": category_id, "queue_no": queue_no, "revision": Registration.revision + 1}
    db.session.execute(update(Registration).where(Registration.id == row.id).values(moved))
    db.session.execute(update(Party).where(Party.id == row.party_id).values(queue_no=queue_no))
    numbers = {"before": row.category_id, "after": category_id}
    records.remember([
        records.line(
            Action.RECATEGORISED, event_id=event.id, registration_id=row.id, actor=actor, now=now, numbers=numbers
        )
    ])  # fmt: skip
    about = replace(waitlist.about(event, row), sequence=event.revision + row.revision + 1)
    facts = {"state": row.state, "changed": ["category"], **records.doer(actor)}
    records.post([compose(Message.CHANGED, about, now=now, **facts)])


def _get(event: EventFacts, category_id: int) -> CategoryFacts:
    category = event.category(category_id)
    if category is None:
        raise NotFound
    return category


def _names(texts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what a category is called, by language: the history still says it when the category is gone."""
    return {lang: words["name"] for lang, words in texts.items() if words.get("name")}


def _remember(
    event: EventFacts, action: Action, category_id: int, quota_id: int, *, actor: str, now: datetime,
    numbers: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the history; what anybody read of the event before is out of date from now on."""
    db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(version=Quota.version + 1))
    about = {"category": category_id} | (numbers or {})
    line = records.line(action, event_id=event.id, quota_id=quota_id, actor=actor, now=now, numbers=about)
    records.remember([line])
