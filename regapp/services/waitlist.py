"""The queue of an event: whoever can be seated is, in order, after every change (R2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, or_, select, update

from regapp.db import AnyRow, db, table
from regapp.mail.messages import BULK, About, Message, compose
from regapp.models import Event, EventStatus, Party, Quota, Registration
from regapp.rules.addresses import ascii_address
from regapp.rules.seating import Blocked, Category, Fit, Policy, Served, Waiting, serve
from regapp.rules.states import State, check_move
from regapp.rules.window import is_serving
from regapp.services import events, records, seats
from regapp.services.events import FACTS, OWN_QUOTA, EventFacts
from regapp.services.records import Action

PAGE = 500
"""Parties read from the queue at a time."""
MOST = 1000
"""Promotions in one transaction; the rest follow in further ones."""
NEWCOMER = 0
"""Stands for a newcomer among the ids of parties."""
NOBODY = Blocked()
"""Nobody must wait because of somebody ahead."""

_HEADS = (
    select(
        Party.id.label("party_id"), Party.queue_no, Party.contact_name, Party.contact_email, Party.lang,
        Registration.id, Registration.code, Registration.link_version, Registration.revision, Registration.category_id,
    )
    .join(Registration, Registration.party_id == Party.id)
    .where(Party.event_id == bindparam("event"), Party.queue_no > bindparam("after"))
    .order_by(Party.queue_no)
    .limit(PAGE)
)  # fmt: skip
_LEAVE_QUEUE = update(table(Party)).where(Party.id.in_(bindparam("ids", expanding=True))).values(queue_no=None)
_END_PARTY = (
    update(table(Party)).where(Party.id.in_(bindparam("ids", expanding=True))).values(queue_no=None, contact_key=None)
)
_EXPIRE = (
    update(table(Registration))
    .where(Registration.id.in_(bindparam("ids", expanding=True)))
    .values(state=State.EXPIRED, queue_no=None)
)
_CONFIRM = (
    update(table(Registration))
    .where(Registration.id.in_(bindparam("ids", expanding=True)))
    .values(state=State.CONFIRMED, queue_no=None)
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling did. `promoted`: people; `more`: call again, in a further transaction."""

    promoted: int
    more: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What ending the serving did. `people`: who were told; `more`: call again, in a further transaction."""

    people: int
    more: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A page of the queue, walked: who of it gets a place and who stays, in order; who is blocked; the new numbers."""

    seated: list[AnyRow]
    staying: list[AnyRow]
    blocked: Blocked
    event: EventFacts


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue after serving: the event's new numbers, who is still blocked, how many got a place, if more could."""

    event: EventFacts
    blocked: Blocked
    promoted: int
    more: bool


def settle(event_id: int, *, now: datetime) -> Settled:
    """Lock the event and give its free places to those who wait, in order. Raises: NotFound. Source: R2, R3."""
    standing = serve_queue(seats.lock(event_id), now=now)
    if standing.promoted:
        seats.write(standing.event)
    return Settled(standing.promoted, standing.more)


def end_serving(event_id: int, *, now: datetime) -> Ended:
    """Tell those who still wait, once serving has ended, that no place came to them. Raises: NotFound. Source: R12.

    Their registrations expire. An event that was called off has told them already.
    """
    event = seats.lock(event_id)
    if is_serving(event, now) or event.cancelled or event.archived:
        return Ended(0, more=False)
    ended, after = 0, 0
    while ended < MOST:
        heads = list_heads(event.id, after=after)
        if not heads:
            break
        _expire(event, heads, now=now)
        ended, after = ended + len(heads), heads[-1].queue_no
        event = event.plus(waiting=_fewer(heads))
    if ended:
        seats.write(event)
    return Ended(ended, more=event.waiting > 0)


def list_unserved(*, now: datetime) -> list[int]:
    """Return the ids of events in which people wait although serving has ended; they are to be told."""
    wanted = select(*FACTS).join_from(table(Event), table(Quota), OWN_QUOTA).where(Quota.waiting > 0)
    found = [EventFacts(*row) for row in db.session.execute(wanted.where(Event.status == EventStatus.PUBLISHED))]
    return [event.id for event in found if not is_serving(event, now)]


def list_unsettled(*, now: datetime) -> list[int]:
    """Return the ids of events in which people wait although places are free and serving goes on; usually none."""
    wanted = select(*FACTS).join_from(table(Event), table(Quota), OWN_QUOTA).where(Quota.waiting > 0)
    found = [EventFacts(*row) for row in db.session.execute(wanted)]
    return [event.id for event in found if is_serving(event, now) and servable(events.with_categories(event))]


def serve_queue(event: EventFacts, *, now: datetime) -> Standing:
    """Walk the queue of a locked event and seat whom the rule seats. The caller stores the returned numbers."""
    if event.waiting == 0 or not is_serving(event, now):  # who is not served any more is in nobody's way
        return Standing(event, NOBODY, 0, more=False)
    blocked, promoted = NOBODY, 0
    for step in walk(event):
        _promote(event, step.seated, now=now)
        event, blocked, promoted = step.event, step.blocked, promoted + len(step.seated)
        if promoted >= MOST:
            break
    return standing(event, blocked, promoted)


def standing(event: EventFacts, blocked: Blocked, promoted: int) -> Standing:
    """Return the queue after so many were served: where more than at a time may be, nobody passes those left over."""
    more = promoted >= MOST and bool(servable(event, blocked))
    return Standing(event, _behind_all(event) if more else blocked, promoted, more)


def servable(event: EventFacts, blocked: Blocked = NOBODY) -> list[Category]:
    """Return the categories in which somebody waits and a seat is free; None is those who have no category.

    Nobody else need be read from the queue: who lacks a seat in a full limit stays, and lacks it again as a newcomer.
    """
    return [
        category
        for category, people in _waiting_by_category(event).items()
        if people
        and category not in blocked.categories
        and not (blocked.everybody and event.quota_id in event.demand(category))
        and all(event.free_by_quota[quota] > 0 for quota in event.demand(category))
    ]


def look(event: EventFacts, *, before: int | None) -> Standing:
    """Return the queue as it stands for whoever has this number in it: only those ahead are walked. Stores nothing."""
    blocked = NOBODY
    for step in walk(event, before=before):
        event, blocked = step.event, step.blocked
    return Standing(event, blocked, 0, more=False)


def walk(event: EventFacts, *, without: Collection[int] = (), before: int | None = None) -> Iterator[Step]:
    """Ask the rule about the queue, page by page, and store nothing: serving does, a look ahead does not.

    `without`: ids of registrations that are to be thought away; `before`: the queue number to stop at.
    """
    blocked, after = NOBODY, 0
    while categories := servable(event, blocked):
        heads = list_heads(event.id, after=after, categories=categories if event.categories else None)
        if not heads or (before is not None and after >= before):
            break
        after, heads = heads[-1].queue_no, [row for row in heads if row.id not in without]
        heads = heads if before is None else [row for row in heads if row.queue_no < before]
        served = serve(event.free_by_quota, [_waiting(event, row) for row in heads], policy(event), blocked)
        moves = set(served.moves)
        seated = [row for row in heads if row.party_id in moves]
        people, blocked = Counter(row.category_id for row in seated), served.blocked
        event = event.plus(taken=people, waiting=_fewer(seated))
        yield Step(seated, [row for row in heads if row.party_id not in moves], blocked, event)


def list_heads(
    event_id: int, *, after: int = 0, categories: Sequence[Category] | None = None
) -> Sequence[AnyRow]:  # fmt: skip
    """Return the first parties of the queue behind this number, a page of them; of these `categories` only."""
    found = _HEADS if categories is None else _HEADS.where(is_of(categories))
    return db.session.execute(found, {"event": event_id, "after": after}).all()


def is_of(categories: Sequence[Category]) -> ColumnElement[bool]:
    """Say that a person is of one of these categories."""
    named = Registration.category_id.in_([category for category in categories if category is not None])
    return or_(named, Registration.category_id.is_(None)) if None in categories else named


def has_room(standing: Standing, category_id: int | None = None) -> bool:
    """Say whether a newcomer, who is treated as the last in the queue, would get a seat. Source: R3."""
    return bool(ask(standing, category_id).moves)


def ask(standing: Standing, category_id: int | None) -> Served:
    """Ask the rule about somebody behind all who wait. Source: R3."""
    event = standing.event
    newcomer = Waiting(NEWCOMER, event.demand(category_id), frozenset({category_id}))
    return serve(event.free_by_quota, [newcomer], policy(event), standing.blocked)


def policy(event: EventFacts) -> Policy:
    """Return how the queue of this event is walked."""
    return Policy(event.quota_id, Fit(event.fit))


def _waiting(event: EventFacts, row: AnyRow) -> Waiting:
    return Waiting(row.party_id, event.demand(row.category_id), frozenset({row.category_id}))


def count_waiting(event: EventFacts, category_id: int | None) -> int:
    """Return how many of a category wait; of all who have none, if None."""
    return _waiting_by_category(event)[category_id]


def _waiting_by_category(event: EventFacts) -> dict[Category, int]:
    """Return category → people who wait; None for those who have none."""
    found: dict[Category, int] = {category.id: category.waiting for category in event.categories}
    return {None: event.waiting - sum(found.values())} | found


def _behind_all(event: EventFacts) -> Blocked:
    """Let nobody pass those who are still to be served."""
    return Blocked(everybody=True, categories=frozenset({None, *(category.id for category in event.categories)}))


def _fewer(rows: Sequence[AnyRow]) -> dict[Category, int]:
    """Return category → people who wait no longer, below zero."""
    return {category: -people for category, people in Counter(row.category_id for row in rows).items()}


def _promote(event: EventFacts, rows: Sequence[AnyRow], *, now: datetime) -> None:
    """Seat these parties: their state, their history, their mails, each kind in one statement."""
    if not rows:
        return
    db.session.execute(_LEAVE_QUEUE, {"ids": [row.party_id for row in rows]})
    db.session.execute(_CONFIRM, {"ids": [row.id for row in rows]})
    records.remember([
        records.line(
            Action.PROMOTED, event_id=event.id, registration_id=row.id, actor="system", now=now,
            before=State.WAITLISTED, after=State.CONFIRMED, numbers={"queue_no": row.queue_no},
        )
        for row in rows
    ])  # fmt: skip
    records.post([
        compose(Message.PROMOTED, about(event, row), now=now, state=State.CONFIRMED) for row in rows
    ])  # fmt: skip


def _expire(event: EventFacts, rows: Sequence[AnyRow], *, now: datetime) -> None:
    """End these waiting registrations: each kind of row in one statement."""
    check_move(State.WAITLISTED, State.EXPIRED)
    db.session.execute(_END_PARTY, {"ids": [row.party_id for row in rows]})
    db.session.execute(_EXPIRE, {"ids": [row.id for row in rows]})
    records.remember([
        records.line(
            Action.EXPIRED, event_id=event.id, registration_id=row.id, actor="system", now=now,
            before=State.WAITLISTED, after=State.EXPIRED, reason="serving_ended",
        )
        for row in rows
    ])  # fmt: skip
    records.post([
        compose(Message.NOT_SERVED, about(event, row), now=now, priority=BULK, state=State.EXPIRED)
        for row in rows
        if row.contact_email  # who was erased after the start has none
    ])  # fmt: skip


def about(event: EventFacts, row: AnyRow) -> About:
    """Return whom a mail is about, from a row with the columns of a registration and its party."""
    return About(
        event_id=event.id,
        registration_id=row.id,
        code=row.code,
        link_version=row.link_version,
        sequence=event.revision + row.revision,
        lang=row.lang,
        address=ascii_address(row.contact_email),
        name=row.contact_name,
    )
