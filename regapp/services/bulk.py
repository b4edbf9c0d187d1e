"""Doing one thing to many people: what would happen, and doing it, in a few statements however many they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import AnyRow, db, table
from regapp.mail.messages import BULK, Message, compose
from regapp.models import Party, Registration, Tag
from regapp.rules.states import FINAL, LIVING, State
from regapp.rules.window import check_before_start, is_serving
from regapp.services import contacts, current, records, registrations, seats, selections, waitlist
from regapp.services.events import EventFacts
from regapp.services.records import Action
from regapp.services.selections import Selection

PAGE = 1000
"""People for whom something is done in one transaction; the rest follow in further ones."""
NAMED = 20
"""People whom a page names."""

_TAG = {
    "sqlite": sqlite.insert(table(Tag)).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(table(Tag)).on_conflict_do_nothing(),
}


class Deed(StrEnum):
    """What can be done to many people at once."""

    CANCEL = "cancel"
    TAG = "tag"
    UNTAG = "untag"
    RESEND = "resend"


class Hindrance(StrEnum):
    """Why something cannot be done for somebody."""

    ENDED = "ended"
    BEGUN = "begun"
    REMINDED = "reminded"


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. Units: people. `able`, `served`: the first of them by name; `hindered`: why → how many.

    `promoted`: how many who wait would get a place; `seen`: the signature of the selection.
    """

    count: int
    able_count: int
    able: Sequence[AnyRow]
    hindered: Counter[Hindrance]
    hindered_first: Sequence[AnyRow]
    states: Counter[State]
    promoted: int
    served: Sequence[str]
    tags: Sequence[tuple[str, int]]
    seen: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of it. Units: people. `more`: the queue is to be served on."""

    done: int = 0
    skipped: int = 0
    promoted: int = 0
    more: bool = False

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.done + other.done,
            self.skipped + other.skipped,
            self.promoted + other.promoted,
            self.more or other.more,
        )


def plan(event: EventFacts, selection: Selection, deed: Deed, *, now: datetime) -> Plan:
    """Work out what would happen to whom. Writes nothing; read within a snapshot it is of one moment."""
    chosen = selections.read(event.id, selection)
    able = _able(event, deed, now=now)
    hindered = _count_hindered(event, selection, chosen, deed, now=now)
    states = Counter(State(row.state) for row in chosen)
    served = _foresee(event, chosen, now=now) if deed is Deed.CANCEL and not hindered[Hindrance.BEGUN] else []
    return Plan(
        count=len(chosen),
        able_count=len(chosen) - hindered.total(),
        able=selections.named(event.id, selection, able, limit=NAMED),
        hindered=hindered,
        hindered_first=selections.named(event.id, selection, ~able, limit=NAMED) if hindered else [],
        states=states,
        promoted=len(served),
        served=[row.contact_name for row in served[:NAMED]],
        tags=list_tags(event.id, selection) if deed is Deed.UNTAG else [],
        seen=selections.signature(chosen),
    )


def list_tags(event_id: int, selection: Selection | None = None) -> list[tuple[str, int]]:
    """Return the tags of an event, or of those chosen, with how many have each, in alphabetical order."""
    found = select(Tag.tag, func.count()).where(Tag.event_id == event_id).group_by(Tag.tag).order_by(Tag.tag)
    if selection is not None:
        chosen = select(Registration.id).where(*selection.conditions(event_id))
        found = found.where(Tag.registration_id.in_(chosen))
    return [(row[0], row[1]) for row in db.session.execute(found)]


def cancel(event_id: int, ids: Sequence[int], *, actor: str, now: datetime) -> Tally:
    """Cancel those of these registrations that live, and serve the queue once. Raises: NotFound; TooLate.

    Source: R2, R13.
    """
    event = seats.lock(event_id)
    check_before_start(event, now)
    rows = _lock_living(event_id, ids)
    if not rows:
        return Tally(skipped=len(ids))
    registrations.end(event, rows, actor=actor, now=now)
    standing = waitlist.serve_queue(registrations.without(event, rows), now=now)
    seats.write(standing.event)
    return Tally(len(rows), len(ids) - len(rows), standing.promoted, standing.more)


def tag(event_id: int, ids: Sequence[int], word: str, *, actor: str, now: datetime) -> Tally:
    """Put a word on these people; who has it already keeps it. Raises: NotFound."""
    seats.lock(event_id)
    there = select(Registration.id).where(
        Registration.event_id == event_id, Registration.id.in_(ids), Registration.erased_at.is_(None), ~_has_tag(word)
    )
    found = list(db.session.scalars(there))
    if found:
        rows = [{"registration_id": id_, "tag": word, "event_id": event_id} for id_ in found]
        db.session.execute(_TAG[db.engine.dialect.name], rows)
        _remember(Action.TAGGED, event_id, found, actor=actor, now=now)
    return Tally(len(found), len(ids) - len(found))


def untag(event_id: int, ids: Sequence[int], word: str, *, actor: str, now: datetime) -> Tally:
    """Take a word off these people. Raises: NotFound."""
    seats.lock(event_id)
    having = (Tag.event_id == event_id, Tag.registration_id.in_(ids), Tag.tag == word)
    found = list(db.session.scalars(select(Tag.registration_id).where(*having)))
    if found:
        db.session.execute(delete(Tag).where(*having))
        _remember(Action.UNTAGGED, event_id, found, actor=actor, now=now)
    return Tally(len(found), len(ids) - len(found))


def send_links(event_id: int, ids: Sequence[int], *, now: datetime) -> Tally:
    """Send these people their own links again, each at most once an hour. Raises: NotFound. Source: R8."""
    event = seats.lock(event_id)
    rows = _lock_living(event_id, ids)
    parties = [row.party_id for row in rows]
    due = update(Party).where(Party.id.in_(parties), Party.contact_key.is_not(None), _not_reminded(now))
    reminded = set(db.session.scalars(due.values(reminded_at=now).returning(Party.id)))
    told = [row for row in rows if row.party_id in reminded]
    if told:
        records.post([
            compose(
                Message.LINK_AGAIN, waitlist.about(event, row), now=now, priority=BULK, state=row.state,
                by_organizers=True,
            )
            for row in told
        ])  # fmt: skip
    return Tally(len(told), len(ids) - len(told))


def _lock_living(event_id: int, ids: Sequence[int]) -> Sequence[AnyRow]:
    living = current.UNERASED.where(Registration.event_id == event_id, Registration.state.in_(LIVING))
    return db.session.execute(living.where(Registration.id.in_(ids))).all()


def _remember(action: Action, event_id: int, ids: Sequence[int], *, actor: str, now: datetime) -> None:
    """Write who was tagged. The word is not repeated: the history outlives what is erased."""
    records.remember([
        records.line(action, event_id=event_id, registration_id=id_, actor=actor, now=now) for id_ in ids
    ])  # fmt: skip


def _has_tag(word: str) -> ColumnElement[bool]:
    return select(Tag.tag).where(Tag.registration_id == Registration.id, Tag.tag == word).exists()


def _not_reminded(now: datetime) -> ColumnElement[bool]:
    return or_(Party.reminded_at.is_(None), Party.reminded_at <= now - contacts.REMIND_AGAIN_AFTER)


def _able(event: EventFacts, deed: Deed, *, now: datetime) -> ColumnElement[bool]:
    """Return what somebody must fulfil for it to be done; read with the party."""
    match deed:
        case Deed.CANCEL:
            return Registration.state.in_(LIVING) if now < event.starts_at else Registration.id.is_(None)
        case Deed.RESEND:
            return Registration.state.in_(LIVING) & _not_reminded(now)
    return true()


def _count_hindered(
    event: EventFacts, selection: Selection, chosen: Sequence[AnyRow], deed: Deed, *, now: datetime
) -> Counter[Hindrance]:
    found: Counter[Hindrance] = Counter()
    if deed in (Deed.TAG, Deed.UNTAG) or not chosen:
        return found
    found[Hindrance.ENDED] = sum(row.state in FINAL for row in chosen)
    if deed is Deed.CANCEL and now >= event.starts_at:
        found[Hindrance.BEGUN] = len(chosen) - found[Hindrance.ENDED]
    if deed is Deed.RESEND:
        found[Hindrance.REMINDED] = _count_reminded(event.id, selection, now=now)
    return +found


def _count_reminded(event_id: int, selection: Selection, *, now: datetime) -> int:
    reminded = (
        select(func.count())
        .join_from(Registration, Party, Party.id == Registration.party_id)
        .where(*selection.conditions(event_id), Registration.state.in_(LIVING), ~_not_reminded(now))
    )
    return db.session.scalar(reminded) or 0


def _foresee(event: EventFacts, chosen: Sequence[AnyRow], *, now: datetime) -> list[AnyRow]:
    """Return who would get the places of those who leave, first in line first, by the rule that gives them."""
    leaving = [row for row in chosen if State(row.state) in LIVING]
    after = registrations.without(event, leaving)
    if not is_serving(event, now):
        return []
    return [row for step in waitlist.walk(after, without={row.id for row in leaving}) for row in step.seated]
