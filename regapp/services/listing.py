"""A page of the table of people, and what it can be narrowed down by; quick with 100,000 people.

Which people stand on a page is found in indexes that hold all that a view asks for (`models.registration`); only those
of one page are read. Pages behind the middle are counted from the end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import Any, TypeAlias

from sqlalchemy import CTE, ColumnElement, Select, bindparam, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from regapp.db import AnyRow, db
from regapp.models import Registration, Tag
from regapp.rules.states import State
from regapp.services import people, unchanged
from regapp.services.people import Sort, View

PAGE = 50
"""People on a page."""
BLOCK = 4096
FEW = 8
"""Registrations, by id, that are counted together; and blocks that are counted one by one, not all at once."""
Counts: TypeAlias = dict[int, Counter[State]]
"""Number of a block → people by state."""
MANY = 1000
"""People of a search that can be looked through; who finds more needs another word. Counting all of them takes long."""

_SHOWN = (
    Registration.id, Registration.code, Registration.state, Registration.queue_no, Registration.first_name,
    Registration.last_name, Registration.email, Registration.organisation, Registration.job_title,
    Registration.country, Registration.organisation_type, Registration.lang, Registration.registered_at,
)  # fmt: skip
"""As `Person` has them; for `position` and `tags` stands the number in the queue."""
_TAGS = (
    select(Tag.registration_id, Tag.tag)
    .where(Tag.registration_id.in_(bindparam("ids", expanding=True)))
    .order_by(Tag.registration_id, Tag.tag)
)


_ASKED = (
    select(
        Registration.queue_no, func.lag(Registration.queue_no, 1, 0).over(order_by=Registration.queue_no).label("last")
    )
    .where(Registration.event_id == bindparam("event"), Registration.queue_no.in_(bindparam("numbers", expanding=True)))
    .cte("asked")
)
_QUEUE = aliased(Registration)
_STEPS = select(
    _ASKED.c.queue_no,
    select(func.count())
    .where(_QUEUE.event_id == bindparam("event"), _QUEUE.queue_no > _ASKED.c.last, _QUEUE.queue_no <= _ASKED.c.queue_no)
    .scalar_subquery(),
).order_by(_ASKED.c.queue_no)
"""Each number in the queue that is asked for, and the people between the number before it and itself."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the table. `position` from 1, while waiting; `country`: ISO 3166 code; `tags` in their order."""

    id: int
    code: str
    state: State
    position: int | None
    tags: tuple[str, ...]
    first_name: str | None
    last_name: str | None
    email: str
    organisation: str
    job_title: str | None
    country: str | None
    organisation_type: str | None
    lang: str | None
    registered_at: datetime

    @property
    def name(self) -> str:
        """Return the names that there are, first name first."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a view. `counts`: people by state, as if the view asked for no state; None where a search finds many.

    `total`: people in the view; with `more`, as many of them as can be looked through. `page` from 1: the one asked
    for, or the last one.
    """

    people: list[Person]
    counts: Counter[State] | None
    total: int
    more: bool
    page: int

    @property
    def pages(self) -> int:
        """Return how many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))

    @property
    def start(self) -> int:
        """Return how many people stand on the pages before."""
        return (self.page - 1) * PAGE


@dataclass(frozen=True, slots=True)
class Choices:
    """Codes of the countries from which people come, and the tags that they have, both in their order."""

    countries: list[str]
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a view that is read in one go: its order and its people, and the first and last place wanted of it."""

    view: View
    conditions: list[ColumnElement[bool]]
    size: int
    start: int = 0
    stop: int = 0


def list_page(event_id: int, view: View, *, page: int) -> Listing:
    """Return a page of a view; a page behind the last one is the last one."""
    if people.words(view):
        return _search(event_id, view, page)
    counts = _count(event_id, view)
    listing = _empty(counts, view, page)
    rows: list[AnyRow] = []
    for part in _parts(view, counts, listing):
        wanted = [*_walked(event_id, view, listing.total), *part.conditions]
        rows += _read(wanted, part.view, part.start, part.stop, part.size)
    return replace(listing, people=_people(event_id, rows))


def _walked(event_id: int, view: View, size: int) -> list[ColumnElement[bool]]:
    """Return the conditions by which so many people are found who are walked in their order."""
    if not view.tag or size <= MANY:
        return people.conditions(event_id, view)
    return [*people.conditions(event_id, replace(view, tag="")), people.is_among_tagged(event_id, view.tag)]


def _search(event_id: int, view: View, page: int) -> Listing:
    """Return a page of what a search finds. What finds many finds no more than can be looked through."""
    everywhere = _find(event_id, replace(view, state=None))
    here: Sequence[AnyRow] = [row for row in everywhere if view.state in (None, row.state)]
    if len(everywhere) > MANY and view.state is not None:
        here = _find(event_id, view)
    counts = None if len(everywhere) > MANY else Counter(State(row.state) for row in everywhere)
    more = len(here) > MANY
    listing = _empty(Counter({view.state or State.CONFIRMED: min(len(here), MANY)}), view, page)
    wanted = people.conditions(event_id, view) if more else [Registration.id.in_([row.id for row in here])]
    stop = min(listing.start + PAGE, listing.total)
    rows = _read(wanted, view, listing.start, stop, None if more else listing.total)
    return replace(listing, people=_people(event_id, rows), counts=counts, more=more)


def _empty(counts: Counter[State], view: View, page: int) -> Listing:
    total = counts.total() if view.state is None else counts[view.state]
    listing = Listing([], counts, total, more=False, page=page)
    return replace(listing, page=min(max(1, page), listing.pages))


def find_choices(event_id: int) -> Choices:
    """Return what the people of an event can be narrowed down by."""
    return unchanged.work_out(event_id, "choices", lambda _before, _changed: _read_choices(event_id))


def _read_choices(event_id: int) -> Choices:
    return Choices(_each(Registration.country, *_there(event_id)), _each(Tag.tag, Tag.event_id == event_id))


def _find(event_id: int, view: View) -> Sequence[AnyRow]:
    """Return id and state of whom a search finds, one more than can be looked through at most."""
    found = select(Registration.id, Registration.state).where(*people.conditions(event_id, view)).limit(MANY + 1)
    return db.session.execute(found).all()


def _count(event_id: int, view: View) -> Counter[State]:
    """Return the people by state, as if the view asked for no state."""
    narrowed = replace(view, state=None, sort=Sort.REGISTERED, descending=True)
    counts = unchanged.work_out(event_id, narrowed, partial(_count_blocks, event_id, narrowed))
    return sum(counts.values(), Counter())


def _count_blocks(event_id: int, view: View, before: Counts | None, changed: frozenset[int]) -> Counts:
    """Return the people of a view by state, block by block; only those in which somebody has changed are read again."""
    blocks = {id_ // BLOCK for id_ in changed}
    if before is None or len(blocks) > FEW:
        return _count_few(event_id, view) if view.tag else _count_many(event_id, view)
    counts = {block: count for block, count in before.items() if block not in blocks}
    for block in blocks:
        counts |= _count_one(event_id, view, block)
    return counts


def _count_one(event_id: int, view: View, block: int) -> Counts:
    first, last = block * BLOCK, block * BLOCK + BLOCK - 1
    within = [Registration.id.between(first, last)]
    if view.tag:
        tagged = people.tagged(event_id, view.tag).where(Tag.registration_id.between(first, last))
        within.append(Registration.id.in_(tagged))
    return _count_few(event_id, replace(view, tag=""), *within)


def _count_few(event_id: int, view: View, *within: ColumnElement[bool]) -> Counts:
    """Count people by grouping them."""
    block = (Registration.id // BLOCK).label("block")
    counted = select(block, Registration.state, func.count()).where(*people.conditions(event_id, view), *within)
    return _counts(counted.group_by(block, Registration.state))


def _count_many(event_id: int, view: View) -> Counts:
    """Count the people of each state in each block by itself: the index of states holds them side by side.

    Grouping them takes SQLite, which sorts them first, several times as long.
    """
    blocks, states = _all_blocks(event_id), _different(Registration.state, *_there(event_id))
    start = blocks.c.value * BLOCK
    these = (Registration.state == states.c.value, Registration.id.between(start, start + (BLOCK - 1)))
    counted = select(func.count()).where(*people.conditions(event_id, view), *these).scalar_subquery()
    return _counts(select(blocks.c.value, states.c.value, counted).join_from(blocks, states, true()))


def _counts(counted: Select[int, str, int]) -> Counts:
    counts: Counts = defaultdict(Counter)
    for block, state, count in db.session.execute(counted):
        counts[block][State(state)] = count
    return counts


def _parts(view: View, counts: Counter[State], listing: Listing) -> Iterator[Part]:
    """Yield the parts of a view that its page lies in.

    There are two where those who wait come before the others: no index holds both in this order.
    """
    start, stop = listing.start, min(listing.start + PAGE, listing.total)
    for part in _queue_and_rest(view, counts, listing) if view.sort is Sort.QUEUE else [Part(view, [], listing.total)]:
        first, last = max(start, 0), min(stop, part.size)
        if first < last:
            yield replace(part, start=first, stop=last)
        start, stop = start - part.size, stop - part.size


def _queue_and_rest(view: View, counts: Counter[State], listing: Listing) -> list[Part]:
    waiting = counts[State.WAITLISTED] if view.state in (None, State.WAITLISTED) else 0
    rest = replace(view, sort=Sort.REGISTERED)
    parts = [
        Part(view, [Registration.queue_no.is_not(None)], waiting),
        Part(rest, [Registration.queue_no.is_(None)], listing.total - waiting),
    ]
    return parts[::-1] if view.descending else parts


def _read(wanted: Sequence[ColumnElement[bool]], view: View, start: int, stop: int, size: int | None) -> list[AnyRow]:
    """Return the people in these places, in order. Of `size` places the later ones are read from the end."""
    from_end = size is not None and start + stop > size
    if start == stop:
        return []
    if size is not None and from_end:
        view, start, stop = replace(view, descending=not view.descending), size - stop, size - start
    order = people.order(view)
    page = select(Registration.id).where(*wanted).order_by(*order).offset(start).limit(stop - start).subquery()
    found = select(*_SHOWN).join(page, page.c.id == Registration.id).order_by(*order)
    rows = list(db.session.execute(found))
    return rows[::-1] if from_end else rows


def _people(event_id: int, rows: Sequence[AnyRow]) -> list[Person]:
    """Return the lines of a page, with positions and tags."""
    if not rows:
        return []
    positions = find_positions(event_id, [row.queue_no for row in rows if row.queue_no is not None])
    tags = defaultdict(list)
    for registration_id, tag in db.session.execute(_TAGS, {"ids": [row.id for row in rows]}):
        tags[registration_id].append(tag)
    return [
        Person(id_, code, State(state), positions.get(queue_no), tuple(tags[id_]), *facts)
        for id_, code, state, queue_no, *facts in rows
    ]


def find_positions(event_id: int, queue_numbers: Sequence[int]) -> dict[int, int]:
    """Return number in the queue → position, from 1. The queue is walked once, up to the highest of the numbers."""
    if not queue_numbers:
        return {}
    steps = db.session.execute(_STEPS, {"event": event_id, "numbers": list(queue_numbers)}).all()
    positions = accumulate(people for _number, people in steps)
    return dict(zip((number for number, _people in steps), positions, strict=True))


def _each(of: InstrumentedAttribute[Any], *wanted: ColumnElement[bool]) -> list[str]:
    """Return the different values of an indexed column, in order."""
    return list(db.session.scalars(select(_different(of, *wanted).c.value)))


def _different(of: InstrumentedAttribute[Any], *wanted: ColumnElement[bool]) -> CTE:
    """Find the different values of an indexed column, in order: one look into the index for each of them."""
    return _hop(select(func.min(of).label("value")).where(*wanted), lambda value: of > value)


def _all_blocks(event_id: int) -> CTE:
    """Find the numbers of the blocks that hold anybody of an event: one look into the index for each of them."""
    lowest = (func.min(Registration.id) // BLOCK).label("value")
    return _hop(select(lowest).where(*_there(event_id)), lambda value: Registration.id >= (value + 1) * BLOCK)


def _hop(lowest: Select[Any], beyond: Callable[[ColumnElement[Any]], ColumnElement[bool]]) -> CTE:
    """Find the lowest value, then the lowest one beyond that, and so on."""
    each = lowest.cte(recursive=True)
    following = lowest.where(beyond(each.c.value)).scalar_subquery()
    each = each.union_all(select(following).where(each.c.value.is_not(None)))
    return select(each.c.value).where(each.c.value.is_not(None)).cte()


def _there(event_id: int) -> tuple[ColumnElement[bool], ...]:
    return Registration.event_id == event_id, Registration.erased_at.is_(None)
