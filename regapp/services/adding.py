"""Registering somebody by hand: what organizers may do that visitors may not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import delete, update

from regapp.db import db
from regapp.models import Party
from regapp.rules.states import State
from regapp.rules.window import check_alive
from regapp.services import current, drafts, records, seats, waitlist
from regapp.services.drafts import VOUCHED, Applicant, Draft
from regapp.services.events import EventFacts
from regapp.services.own import get_own
from regapp.services.records import Action
from regapp.services.waitlist import Standing


class WhenFull(StrEnum):
    """What to do where a newcomer gets no seat: nothing, put them on the waiting list, or go over the limit."""

    REFUSE = "refuse"
    WAIT = "wait"
    EXCEED = "exceed"


@dataclass(frozen=True, slots=True)
class Added:
    """There is a registration. `position` while waiting; `taken` and `size` if the limit was exceeded for it."""

    code: str
    state: State
    position: int | None = None
    taken: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Full:
    """No place, and nothing stored. `waiting`: people who wait; `can_wait`: whether one more may."""

    waiting: int
    can_wait: bool


@dataclass(frozen=True, slots=True)
class Known:
    """This address has a living registration already (R8); nothing stored."""

    code: str


Outcome: TypeAlias = Added | Full | Known


def prepare(event: EventFacts, applicant: Applicant, *, actor: str, tells: bool, now: datetime) -> Draft:
    """Work out all that needs no lock. `tells`: whether the person gets the usual mail."""
    return replace(drafts.prepare(event, applicant, now=now), actor=actor, basis=VOUCHED, tells=tells)


def add(draft: Draft, *, when_full: WhenFull) -> Outcome:
    """Register somebody, also before registration opens and after it has closed. The same form twice counts once.

    The newcomer is the last in the queue and passes nobody, unless the limit is exceeded knowingly.
    Raises: NotFound; EventOver. Source: docs/rules.md, R1, R3, R8, R9.
    """
    party_id = drafts.claim(draft)
    if party_id is None:  # without an earlier answer: what was in the way ended just now
        return _answer_again(draft) or add(draft, when_full=when_full)
    event = seats.lock(draft.event.id)
    check_alive(event, draft.now)
    standing = waitlist.serve_queue(event, now=draft.now)
    outcome, event = _settle(replace(draft, event=standing.event), party_id, standing, when_full)
    seats.write(event)
    return outcome


def _settle(draft: Draft, party_id: int, standing: Standing, when_full: WhenFull) -> tuple[Outcome, EventFacts]:
    """Write what is decided; return the answer and the event's new numbers."""
    event, category_id = draft.event, draft.applicant.category_id
    room, me = waitlist.has_room(standing, category_id), {category_id: 1}
    if room or when_full is WhenFull.EXCEED:
        drafts.admit(draft, party_id)
        event = event.plus(taken=me)
        if room:
            return Added(draft.code, State.CONFIRMED), event
        _remember_excess(event, draft)
        return Added(draft.code, State.CONFIRMED, taken=event.taken, size=event.size), event
    if when_full is WhenFull.WAIT and event.can_wait(draft.now):
        queue_no, position = event.last_seq + 1, waitlist.count_waiting(event, category_id) + 1
        drafts.admit(draft, party_id, queue_no=queue_no, position=position)
        db.session.execute(update(Party).where(Party.id == party_id).values(queue_no=queue_no))
        return Added(draft.code, State.WAITLISTED, position), replace(event.plus(waiting=me), last_seq=queue_no)
    db.session.execute(delete(Party).where(Party.id == party_id))
    return Full(waitlist.count_waiting(event, category_id), event.can_wait(draft.now)), event


def _remember_excess(event: EventFacts, draft: Draft) -> None:
    """Write down each limit that was passed, or that of the event if only people who wait were. Source: R1."""
    category = event.category(draft.applicant.category_id)
    limits = [limit for limit in (event, category) if limit is not None and limit.free < 0]
    records.remember([
        records.line(
            Action.OVERBOOKED, event_id=event.id, quota_id=limit.quota_id, actor=draft.actor, now=draft.now,
            numbers={"size": limit.size, "taken": limit.taken, "waiting": limit.waiting},
        )
        for limit in limits or [event]
    ])  # fmt: skip


def _answer_again(draft: Draft) -> Outcome | None:
    """Answer a form that came before (R9), or an address that takes part already (R8); None if there is neither."""
    first = current.find_by_submission(draft.submission_hash)
    if first is not None:
        return Added(first.code, State(first.state), get_own(first.code).position)
    known = current.find_living(draft.event.id, draft.contact_key)
    return None if known is None else Known(known.code)
