"""Lists to take away: which people, which columns, in which form.

Columns (their names and order are stable; new ones are added at the end):
reference, state, first_name, last_name, email, organisation, job_title, country (ISO 3166 code), country_name
(English), language (in which the person is written to), registered_at (local time of the event), time_zone,
organisation_type, position (while waiting), tags (in alphabetical order), name (first name first), consent (privacy:
the person agreed to the notice; organizer: somebody vouched for that), consent_version, announcements (yes or no:
whether the person still wants them), note (only where it is asked for by name), category (its name in the language of
whoever takes the list away, by default in English).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from zoneinfo import ZoneInfo

from babel import Locale
from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, func, literal, null, select

from regapp.db import AnyRow
from regapp.errors import NotFound
from regapp.models import Category, Consent, Event, Party, Registration, Tag
from regapp.models.event import text_in
from regapp.rules.states import State
from regapp.services import drafts, people
from regapp.services.formats import WRITERS, Column, Format, Kind
from regapp.services.people import Sort, View
from regapp.speech import DEFAULT

KINDS = {
    "reference": Kind.PLAIN,
    "state": Kind.PLAIN,
    "first_name": Kind.TEXT,
    "last_name": Kind.TEXT,
    "email": Kind.TEXT,
    "organisation": Kind.TEXT,
    "job_title": Kind.TEXT,
    "country": Kind.PLAIN,
    "country_name": Kind.PLAIN,
    "language": Kind.PLAIN,
    "registered_at": Kind.MOMENT,
    "time_zone": Kind.PLAIN,
    "organisation_type": Kind.PLAIN,
    "position": Kind.NUMBER,
    "tags": Kind.WORDS,
    "name": Kind.TEXT,
    "consent": Kind.PLAIN,
    "consent_version": Kind.PLAIN,
    "announcements": Kind.PLAIN,
    "note": Kind.TEXT,
    "category": Kind.TEXT,
}
ALL_COLUMNS = tuple(KINDS)
COLUMNS = ALL_COLUMNS[: ALL_COLUMNS.index("organisation_type")]
"""The columns of a list for which none were chosen."""
ATTENDEES = View(state=State.CONFIRMED, sort=Sort.QUEUE, descending=False)
"""Who have a place, in the order in which they registered (R15)."""
ROWS_AT_A_TIME = 1000

_COUNTRIES = Locale("en").territories
_EVENT = select(Event.id, Event.tz).where(Event.slug == bindparam("slug"))
_CATEGORIES = select(Category.id, Category.texts).where(Category.event_id == bindparam("event"))
_BASES = (drafts.AGREED, drafts.VOUCHED)
_QUEUE = (
    select(Registration.queue_no, Registration.category_id)
    .where(Registration.event_id == bindparam("event"), Registration.queue_no.is_not(None))
    .order_by(Registration.queue_no)
)
_Turn = Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list that somebody wants. `erased_too`: rows of those who were erased as well, without what named them.

    `lang`: the language of names of categories.
    """

    view: View = ATTENDEES
    columns: tuple[str, ...] = COLUMNS
    format: Format = Format.CSV
    erased_too: bool = False
    lang: str = DEFAULT


def write(snapshot: Connection, slug: str, wanted: Wanted, to: IO[bytes]) -> int:
    """Write the people of an event into a file; return how many. Raises: NotFound.

    The list of attendees is the list of the confirmed (R15); it is what is written if nothing else is wanted.
    """
    event = snapshot.execute(_EVENT, {"slug": slug}).one_or_none()
    if event is None:
        raise NotFound(slug)
    columns = [Column(name, KINDS[name]) for name in wanted.columns]
    return WRITERS[wanted.format](columns, _pages(snapshot, event, wanted), to)


def count(snapshot: Connection, event_id: int, view: View) -> int:
    """Return how many people are in a view."""
    return snapshot.execute(select(func.count()).where(*people.conditions(event_id, view))).scalar_one()


def _pages(snapshot: Connection, event: AnyRow, wanted: Wanted) -> Iterator[list[Sequence[Any]]]:
    """Yield a thousand people at a time, column by column: what is done to a column is done to all of them at once."""
    turns = _turns(snapshot, event, wanted)
    statement = _statement(event.id, wanted)
    for rows in snapshot.execution_options(yield_per=ROWS_AT_A_TIME).execute(statement).partitions():
        columns = zip(*rows, strict=True)
        yield [column if turn is None else turn(column) for turn, column in zip(turns, columns, strict=True)]


def _turns(snapshot: Connection, event: AnyRow, wanted: Wanted) -> list[_Turn | None]:
    """Return what is done to each column after it has been read."""
    zone = ZoneInfo(event.tz)
    turns: dict[str, _Turn] = {
        "registered_at": lambda column: [instant.astimezone(zone) for instant in column],
        "country_name": lambda column: [_COUNTRIES.get(code, code) for code in column],
        "time_zone": lambda column: [event.tz] * len(column),
        "tags": lambda column: ["\n".join(sorted(words.split("\n"))) if words else words for words in column],
    }
    if "category" in wanted.columns:
        categories = snapshot.execute(_CATEGORIES, {"event": event.id})
        names = {row.id: text_in(row.texts, "name", wanted.lang) for row in categories}
        turns["category"] = lambda column: [names.get(id_) for id_ in column]
    if "position" in wanted.columns:
        turns["position"] = _positions(snapshot.execute(_QUEUE, {"event": event.id}))
    return [turns.get(name) for name in wanted.columns]


def _positions(queue: Iterable[AnyRow]) -> _Turn:
    """Return what turns numbers in the queue into positions, which are counted in each category by itself."""
    numbers, positions, people = array("q"), array("q"), Counter[int | None]()
    for number, category_id in queue:
        people[category_id] += 1
        numbers.append(number)
        positions.append(people[category_id])
    return lambda column: [
        None if number is None else positions[bisect_left(numbers, number)] for number in column
    ]  # fmt: skip


def _statement(event_id: int, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    """Return the statement that reads the people. What lies elsewhere is looked up for each person by its key.

    Joins of whole tables would be quicker by a little, and slower by far where the database has no statistics yet.
    """
    sources = _sources()
    found: Any = select(*(sources[name].label(name) for name in wanted.columns)).select_from(Registration)
    if {"language", "announcements"} & set(wanted.columns):
        found = found.join(Party, Party.id == Registration.party_id)
    return found.where(*_conditions(event_id, wanted)).order_by(*people.order(wanted.view))  # type: ignore[no-any-return]


def _conditions(event_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    if not wanted.erased_too:
        return people.conditions(event_id, wanted.view)
    view, found = wanted.view, [Registration.event_id == event_id]
    if view.state is not None:
        found.append(Registration.state == view.state)
    if view.category is not None:
        found.append(Registration.category_id == view.category)
    return found


def _sources() -> dict[str, ColumnElement[Any]]:
    """Return where each column comes from."""
    columns = Registration.__table__.c
    plain = ("state", "first_name", "last_name", "email", "organisation", "job_title", "country", "registered_at",
             "organisation_type", "note")  # fmt: skip
    return {
        **{name: columns[name] for name in plain},
        "reference": columns.code,
        "country_name": columns.country,
        "language": Party.__table__.c.lang,
        "time_zone": null(),
        "name": _name(columns.first_name, columns.last_name),
        "consent": _consent(Consent.__table__.c.kind),
        "consent_version": _consent(Consent.__table__.c.version),
        "position": columns.queue_no,
        "category": columns.category_id,
        "tags": _tags(),
        "announcements": case((Party.announcements_ended_at.is_(None), "yes"), else_="no"),
    }


def _name(first: ColumnElement[Any], last: ColumnElement[Any]) -> ColumnElement[Any]:
    both = func.coalesce(first, "") + literal(" ") + func.coalesce(last, "")
    return func.nullif(func.trim(both), "")


def _consent(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column of the ground on which we keep a person: their own agreement, else an organizer's word."""
    kept = (Consent.registration_id == Registration.id) & Consent.kind.in_(_BASES)
    return select(func.max(column)).where(kept).correlate(Registration).scalar_subquery()


def _tags() -> ColumnElement[Any]:
    mine = Tag.registration_id == Registration.id
    return select(func.aggregate_strings(Tag.tag, "\n")).where(mine).correlate(Registration).scalar_subquery()
