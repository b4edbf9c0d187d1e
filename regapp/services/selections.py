"""Which people something is to be done to, picked one by one or a whole view, and whether they are still the same.

What is shown before it is done is done to exactly those people: a page hands out the selection's `signature`, and
`agree` compares it under the event's lock.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select

from regapp.db import AnyRow, db
from regapp.errors import RuleViolation
from regapp.models import Party, Registration
from regapp.rules.states import State
from regapp.services import people, seats
from regapp.services.people import View

MOST_PICKED = 500
"""People who can be picked one by one, and who are compared one by one; larger selections are compared as a whole."""

_ENTRY = re.compile(r"(\d{1,18})\.(\d{1,9})\.([a-z]{1,20})", re.ASCII)
_COUNT = re.compile(r"([a-z]{1,20})=(\d{1,9})", re.ASCII)

_CHOSEN = select(
    Registration.id, Registration.revision, Registration.state, Registration.queue_no, Registration.category_id
)
_NOW = (
    select(Registration.id, Registration.state, Registration.event_id, Party.contact_name)
    .join(Party, Party.id == Registration.party_id)
    .where(Registration.event_id == bindparam("event"), Registration.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Selection:
    """People of an event: those with these references, or, where `codes` is None, all of a view."""

    view: View
    codes: tuple[str, ...] | None = None

    def conditions(self, event_id: int) -> list[ColumnElement[bool]]:
        """Return what a registration must fulfil to be among them. Those who were erased never are."""
        if self.codes is None:
            return people.conditions(event_id, self.view)
        return [*people.conditions(event_id, View()), Registration.code.in_(self.codes)]


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody for whom things are no longer as shown. `before`: the state then, None if not chosen then.

    `now`: the state now, None if there is no such person any more; `chosen`: whether still among those chosen.
    """

    name: str
    before: State | None
    now: State | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What has changed since a selection was shown: one by one, or for a large one the people by state."""

    people: list[Move] = field(default_factory=list)
    before: Counter[State] = field(default_factory=Counter)
    now: Counter[State] = field(default_factory=Counter)


class SelectionMoved(RuleViolation):
    """The people are no longer those who were shown. Values: `moved`, a Moved."""

    code = "selection_moved"


def read(event_id: int, selection: Selection) -> Sequence[AnyRow]:
    """Return id, revision, state, queue number and category of the chosen, the earliest registration first."""
    return db.session.execute(_CHOSEN.where(*selection.conditions(event_id)).order_by(Registration.id)).all()


def signature(chosen: Sequence[AnyRow]) -> str:
    """Return what a page keeps of a selection: each person as `id.revision.state`, of many a digest and counts."""
    entries = [f"{row.id}.{row.revision}.{row.state}" for row in chosen]
    if len(entries) <= MOST_PICKED:
        return " ".join(entries)
    digest = hashlib.sha256(" ".join(entries).encode()).hexdigest()
    counts = sorted(Counter(row.state for row in chosen).items())
    return " ".join([digest, *(f"{state}={people}" for state, people in counts)])


def agree(event_id: int, selection: Selection, seen: str) -> list[int]:
    """Lock the event and return the ids of the chosen, who must be those of this signature.

    Those who wait come first: where ending registrations takes several transactions, nobody who is to leave is given
    a place on the way. Raises: SelectionMoved.
    """
    seats.lock(event_id)
    chosen = read(event_id, selection)
    if signature(chosen) != seen:
        raise SelectionMoved(moved=compare(event_id, chosen, seen))
    return [row.id for row in sorted(chosen, key=lambda row: (row.queue_no is None, row.queue_no or 0, row.id))]


def compare(event_id: int, chosen: Sequence[AnyRow], seen: str) -> Moved:
    """Return how the chosen differ from those of a signature."""
    then = {int(id_): (int(revision), state) for id_, revision, state in _ENTRY.findall(seen)}
    counted = {State(state): int(people) for state, people in _COUNT.findall(seen) if state in set(State)}
    if counted or len(chosen) > MOST_PICKED:
        before = Counter(State(state) for _, state in then.values() if state in set(State)) + Counter(counted)
        return Moved([], before, Counter(State(row.state) for row in chosen))
    now = {row.id: (row.revision, row.state) for row in chosen}
    different = sorted(id_ for id_ in then.keys() | now.keys() if then.get(id_) != now.get(id_))
    found = {row.id: row for row in db.session.execute(_NOW, {"event": event_id, "ids": different[:MOST_PICKED]})}
    return Moved([_move(found.get(id_), then.get(id_), chosen=id_ in now) for id_ in different])


def _move(row: AnyRow | None, then: tuple[int, str] | None, *, chosen: bool) -> Move:
    before = State(then[1]) if then and then[1] in set(State) else None
    return Move(row.contact_name if row else "", before, State(row.state) if row else None, chosen)


def named(event_id: int, selection: Selection, *conditions: Any, limit: int) -> Sequence[AnyRow]:
    """Return name, organisation and state of the first of the chosen who fulfil more conditions, as the view sorts."""
    found = (
        select(Registration.id, Registration.state, Registration.organisation, Party.contact_name)
        .join(Party, Party.id == Registration.party_id)
        .where(and_(*selection.conditions(event_id), *conditions))
        .order_by(*people.order(selection.view))
        .limit(limit)
    )
    return db.session.execute(found).all()
