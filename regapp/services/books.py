"""The books: what is stored beside what is counted. Reads one snapshot, so it may run on a live system.

Each check is one statement over all events, whatever their size. Differences name registrations by their codes and
hold no personal data. Source: DESIGN, "seats verify"; docs/rules.md, R1, R2, R8, R13.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Subquery,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from regapp.db import AnyRow
from regapp.models import Category, Event, History, Party, Quota, Registration
from regapp.rules.seating import Waiting, serve
from regapp.rules.states import LIVING, SEATED, State
from regapp.rules.window import is_serving
from regapp.services import waitlist
from regapp.services.events import CATEGORY, FACTS, OWN_QUOTA, CategoryFacts, EventFacts
from regapp.services.records import Action

AnySelect: TypeAlias = Select[*tuple[Any, ...]]

MOST_NAMED = 20
"""Registrations named by one check; the line says when there are more."""
HEADS = 500
"""Parties read from a queue that should be empty or blocked at its head."""


@dataclass(frozen=True, slots=True)
class Book:
    """A limit's counters beside what was counted. Units: seats, for `waiting` people; `size` None is unlimited.

    `category`: whose limit it is, None for the event's own.
    """

    slug: str
    size: int | None
    taken: int
    taken_counted: int
    waiting: int
    waiting_counted: int
    category: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree. `unsettled`: a queue that is to be served, which may be under way just now."""

    slug: str
    what: str
    unsettled: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All books, oldest event first, and all differences."""

    books: list[Book]
    differences: list[Difference]

    @property
    def only_unsettled(self) -> bool:
        """Say whether all that is wrong are queues whose serving may be under way."""
        return bool(self.differences) and all(difference.unsettled for difference in self.differences)


def verify(snapshot: Connection, *, now: datetime) -> Report:
    """Recount every quota, and compare states, history, queue and addresses."""
    rows = snapshot.execute(_counters()).all()
    beside = _categories(snapshot)
    books = [book for row in rows for book in (_own_book(row), *map(_book_beside, beside[row.slug]))]
    differences = [
        Difference(row.slug, what) for row in rows for what in (*_compare(row), *_compare_beside(beside[row.slug]))
    ]
    differences += [
        Difference(row.slug, "people wait although places are free", unsettled=True)
        for row in rows
        if _is_unsettled(snapshot, row, beside[row.slug], now=now)
    ]
    for what, wrong in _checks():
        differences += _name(what, snapshot.execute(wrong.order_by("slug", "name").limit(MOST_NAMED + 1)).all())
    return Report(books, differences)


_SITS, _WAITS = Registration.state.in_(SEATED), Registration.state == State.WAITLISTED


def _counters() -> AnySelect:
    """Return the counters of every event with the numbers that they should show."""
    counts = or_(Registration.category_id.is_(None), Category.counts)
    people = (
        select(
            Registration.event_id,
            func.sum(case((_SITS & counts, 1), else_=0)).label("seated"),
            func.sum(case((_WAITS, 1), else_=0)).label("waitlisted"),
            func.max(Registration.queue_no).label("highest"),
        )
        .outerjoin(Category, Category.id == Registration.category_id)
        .group_by(Registration.event_id)
        .subquery()
    )
    return (
        select(
            *FACTS,
            func.coalesce(people.c.seated, 0).label("seated"),
            func.coalesce(people.c.waitlisted, 0).label("waitlisted"),
            func.coalesce(people.c.highest, 0).label("highest"),
            _was_exceeded_knowingly(people).label("knowingly"),
        )
        .join(Quota, OWN_QUOTA)
        .outerjoin(people, people.c.event_id == Event.id)
        .order_by(Event.id)
    )  # fmt: skip


def _categories(snapshot: Connection) -> dict[str, list[AnyRow]]:
    """Return event → its categories, each with its counters and the numbers that they should show."""
    people = (
        select(
            Registration.category_id,
            func.sum(case((_SITS, 1), else_=0)).label("seated"),
            func.sum(case((_WAITS, 1), else_=0)).label("waitlisted"),
        )
        .where(Registration.category_id.is_not(None))
        .group_by(Registration.category_id)
        .subquery()
    )
    wanted = (
        select(
            *CATEGORY, Event.slug,
            func.coalesce(people.c.seated, 0).label("seated"),
            func.coalesce(people.c.waitlisted, 0).label("waitlisted"),
            _was_exceeded_knowingly(people).label("knowingly"),
        )
        .join_from(Category, Quota, Quota.id == Category.quota_id)
        .join(Event, Event.id == Category.event_id)
        .outerjoin(people, people.c.category_id == Category.id)
        .order_by(Category.rank, Category.id)
    )  # fmt: skip
    found = defaultdict(list)
    for row in snapshot.execute(wanted):
        found[row.slug].append(row)
    return found


def _own_book(row: AnyRow) -> Book:
    return Book(row.slug, row.size, row.taken, row.seated, row.waiting, row.waitlisted)


def _book_beside(row: AnyRow) -> Book:
    return replace(_own_book(row), category=row.id)


def _was_exceeded_knowingly(people: Subquery) -> ColumnElement[bool]:
    """Say whether, with at least as many seats taken as now, a size was lowered or somebody overbooked (R1, R4)."""
    before, after = History.numbers["before"].as_integer(), History.numbers["after"].as_integer()
    lowered = (History.action == Action.RESIZED) & after.is_not(None) & or_(before.is_(None), before > after)
    return (
        select(literal(1))
        .where(
            History.quota_id == Quota.id,
            or_(lowered, History.action == Action.OVERBOOKED),
            History.numbers["taken"].as_integer() >= people.c.seated,
        )
        .correlate(Quota, people)
        .exists()
    )


def _compare(row: AnyRow) -> Iterator[str]:
    """Yield what is wrong with the counters of one limit."""
    if row.taken != row.seated:
        yield f"{row.taken} seats stored as taken, {row.seated} counted"
    if row.waiting != row.waitlisted:
        yield f"{row.waiting} people stored as waiting, {row.waitlisted} counted"
    if row.held:
        yield f"{row.held} seats stored as held, 0 counted"  # nothing holds seats until there are offers and blocks
    if row.size is not None and row.seated > row.size and not row.knowingly:
        yield f"{row.seated} seats given of {row.size}, though no size was lowered and nobody overbooked knowingly"
    if "highest" in row._fields and row.highest > row.last_seq:
        yield f"{row.last_seq} stored as the last queue number, {row.highest} found"


def _compare_beside(categories: Sequence[AnyRow]) -> Iterator[str]:
    """Yield what is wrong with the counters of the categories of one event."""
    for row in categories:
        yield from (f"category {row.id}: {what}" for what in _compare(row))


def _is_unsettled(snapshot: Connection, row: AnyRow, beside: Sequence[AnyRow], *, now: datetime) -> bool:
    """Say whether somebody waits whom the rule would seat (R2) while serving goes on (R12)."""
    categories = tuple(
        replace(CategoryFacts(*of[: len(CATEGORY)]), taken=of.seated, waiting=of.waitlisted) for of in beside
    )  # fmt: skip
    event = replace(
        EventFacts(*row[: len(FACTS)]), taken=row.seated, waiting=row.waitlisted, categories=categories
    )  # fmt: skip
    among = waitlist.servable(event)
    if not among or not is_serving(event, now):
        return False
    heads = (
        select(Registration.party_id, Registration.category_id, func.count().label("people"))
        .where(Registration.event_id == event.id, _WAITS, waitlist.is_of(among))
        .group_by(Registration.party_id, Registration.category_id)
        .order_by(func.min(Registration.queue_no))
        .limit(HEADS)
    )
    waiting = [
        Waiting(head.party_id, event.demand(head.category_id, head.people), frozenset({head.category_id}))
        for head in snapshot.execute(heads)
    ]
    return bool(serve(event.free_by_quota, waiting, waitlist.policy(event)).moves)


def _checks() -> list[tuple[str, AnySelect]]:
    """Return what can be wrong, each with a query for `slug` and `name` of all that is."""
    moves = _moves()
    living = _has_member(Registration.state.in_(LIVING))
    return [
        ("no limit of its own", select(Event.slug, literal(None).label("name")).where(~_has_quota())),
        (
            "state differs from the last line of the history",
            _registrations().where(_last_state().is_distinct_from(Registration.state)),
        ),
        (
            "history with a gap: a line does not begin where the one before ended",
            _registrations()
            .join(moves, moves.c.registration_id == Registration.id)
            .where(moves.c.before.is_distinct_from(moves.c.previous))
            .distinct(),
        ),
        (
            "a number in the queue without waiting, or the reverse",
            _registrations().where(Registration.queue_no.is_not(None) != (Registration.state == State.WAITLISTED)),
        ),
        (
            "party and registration differ in their queue numbers",
            _with_party().where(Party.queue_no.is_distinct_from(Registration.queue_no)),
        ),
        ("queue number given twice", _with_party().where(_has_twin())),
        ("party and registration differ in their events", _with_party().where(Party.event_id != Registration.event_id)),
        ("an address kept or freed against the state", _parties().where(Party.contact_key.is_not(None) != living)),
        ("a party without a registration", _parties().where(~_has_member(true()))),
        (
            "a category of another event",
            _registrations()
            .join(Category, Category.id == Registration.category_id)
            .where(Category.event_id != Registration.event_id),
        ),
    ]


def _last_state() -> ColumnElement[str | None]:
    """Return what the last change of state of a registration led to: one look into an index for each of them."""
    return (
        select(History.after)
        .where(History.registration_id == Registration.id, History.after.is_not(None))
        .order_by(History.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _moves() -> Subquery:
    """Return the changes of state in the history, each with what the one before it led to."""
    order: dict[str, Any] = {"partition_by": History.registration_id, "order_by": History.id}
    return (
        select(
            History.registration_id,
            History.before,
            History.after,
            func.lag(History.after).over(**order).label("previous"),
        )
        .where(History.registration_id.is_not(None), History.after.is_not(None))
        .subquery()
    )


def _registrations() -> AnySelect:
    return select(Event.slug, Registration.code.label("name")).join_from(
        Event, Registration, Registration.event_id == Event.id
    )


def _with_party() -> AnySelect:
    return _registrations().join(Party, Party.id == Registration.party_id)


def _parties() -> AnySelect:
    name = literal("party ") + cast(Party.id, String)
    return select(Event.slug, name.label("name")).join_from(Event, Party, Party.event_id == Event.id)


def _has_quota() -> ColumnElement[bool]:
    return select(literal(1)).where(OWN_QUOTA).correlate(Event).exists()


def _has_member(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).where(Registration.party_id == Party.id, condition).correlate(Party).exists()


def _has_twin() -> ColumnElement[bool]:
    other: Any = aliased(Party)
    same = (other.event_id == Party.event_id) & (other.queue_no == Party.queue_no) & (other.id != Party.id)
    return select(literal(1)).where(same).correlate(Party).exists()


def _name(what: str, wrong: Sequence[AnyRow]) -> Iterator[Difference]:
    """Yield one difference per event, naming the first of what is wrong there."""
    names: dict[str, list[str]] = {}
    for slug, name in wrong[:MOST_NAMED]:
        names.setdefault(slug, []).append(name or "")
    more = " and others" if len(wrong) > MOST_NAMED else ""
    for slug, found in names.items():
        yield Difference(slug, f"{what}: {', '.join(found)}{more}" if any(found) else what)
