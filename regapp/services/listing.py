"""A page of the table of people; quick with 100,000 of them.

Which people stand on a page is found in indexes that hold all that a view asks for (`models.registration`); only those
of one page are read. Pages behind the middle are counted from the end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from regapp.db import AnyRow, db
from regapp.models import Registration, Tag
from regapp.rules.states import State
from regapp.services import people, tallies
from regapp.services.people import Sort, View

PAGE = 50
"""People on a page."""
MANY = 1000
"""People of a search that can be looked through; who finds more needs another word. Counting all of them takes long."""

_SHOWN = (
    Registration.category_id,
    Registration.id, Registration.code, Registration.state, Registration.queue_no, Registration.first_name,
    Registration.last_name, Registration.email, Registration.organisation, Registration.job_title,
    Registration.country, Registration.organisation_type, Registration.lang, Registration.registered_at,
)  # fmt: skip
"""As `Person` has them, behind the category; for `position` and `tags` stands the number in the queue."""
_TAGS = (
    select(Tag.registration_id, Tag.tag)
    .where(Tag.registration_id.in_(bindparam("ids", expanding=True)))
    .order_by(Tag.registration_id, Tag.tag)
)


def _steps(*of_category: ColumnElement[bool]) -> Select[int, int]:
    asked = (
        select(
            Registration.queue_no,
            func.lag(Registration.queue_no, 1, 0).over(order_by=Registration.queue_no).label("last"),
        )
        .where(Registration.event_id == bindparam("event"), *of_category)
        .where(Registration.queue_no.in_(bindparam("numbers", expanding=True)))
        .cte("asked")
    )
    between = (Registration.queue_no > asked.c.last, Registration.queue_no <= asked.c.queue_no)
    people_between = select(func.count()).where(Registration.event_id == bindparam("event"), *of_category, *between)
    return select(asked.c.queue_no, people_between.scalar_subquery()).order_by(asked.c.queue_no)


_STEPS = _steps(Registration.category_id == bindparam("category"))
_STEPS_OF_THE_REST = _steps(Registration.category_id.is_(None))
"""Each number in the queue that is asked for, and the people of its category from the number before it to itself."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the table. `position` from 1, while waiting; `country`: ISO 3166 code; `tags` in their order.

    `category_id`: None for who has no category.
    """

    id: int
    code: str
    state: State
    position: int | None
    tags: tuple[str, ...]
    category_id: int | None
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
    counts = tallies.count(event_id, view)
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


def _find(event_id: int, view: View) -> Sequence[AnyRow]:
    """Return id and state of whom a search finds, one more than can be looked through at most."""
    found = select(Registration.id, Registration.state).where(*people.conditions(event_id, view)).limit(MANY + 1)
    return db.session.execute(found).all()


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
    positions = _find_positions(event_id, rows)
    tags = defaultdict(list)
    for registration_id, tag in db.session.execute(_TAGS, {"ids": [row.id for row in rows]}):
        tags[registration_id].append(tag)
    return [
        Person(id_, code, State(state), positions.get(queue_no), tuple(tags[id_]), category_id, *facts)
        for category_id, id_, code, state, queue_no, *facts in rows
    ]


def _find_positions(event_id: int, rows: Sequence[AnyRow]) -> dict[int, int]:
    """Return number in the queue → position in its category, from 1. The queue is walked up to the highest of them."""
    asked = defaultdict(list)
    for row in rows:
        if row.queue_no is not None:
            asked[row.category_id].append(row.queue_no)
    found: dict[int, int] = {}
    for category, numbers in asked.items():
        values = {"event": event_id, "numbers": numbers} | ({} if category is None else {"category": category})
        steps = db.session.execute(_STEPS_OF_THE_REST if category is None else _STEPS, values).all()
        found |= zip(
            (number for number, _people in steps), accumulate(people for _number, people in steps), strict=True
        )
    return found
