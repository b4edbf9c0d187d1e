"""Registering, and what a person does with a registration afterwards: change it, cancel it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import delete, update

from regapp.db import AnyRow, db
from regapp.errors import CategoryClosed, IllegalMove, NotFound
from regapp.mail.messages import Message, compose
from regapp.models import Party, Registration
from regapp.rules.states import LIVING, SEATED, State, check_move
from regapp.rules.window import Phase, check_before_start, check_may_change, check_open, is_offered, phase
from regapp.services import arrivals, contacts, current, drafts, records, seats, waitlist
from regapp.services.drafts import Details, Draft
from regapp.services.events import EventFacts
from regapp.services.records import Action
from regapp.services.seats import GuardMissed


@dataclass(frozen=True, slots=True)
class Registered:
    """There is a registration, new or the first answer to the same form; its own page says where it stands."""

    code: str
    link_version: int


@dataclass(frozen=True, slots=True)
class MustAgreeToWait:
    """No place, and no agreement to wait (R7). `waiting`: people who wait already. Nothing was stored."""

    waiting: int


@dataclass(frozen=True, slots=True)
class NoPlace:
    """No place, and nobody more may wait. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class AlreadyKnown:
    """This address takes part already (R8); it gets its own link by mail."""


Outcome: TypeAlias = Registered | MustAgreeToWait | NoPlace | AlreadyKnown


def register_at_once(draft: Draft) -> Outcome:
    """Give the usual answer, a seat, without waiting for the lock.

    Raises: GuardMissed, whenever the answer may be another one: roll back, then call `register`.
    Source: docs/rules.md, R1 to R9; ADR 0002.
    """
    event, category_id = draft.event, draft.applicant.category_id
    if phase(event, draft.now) is not Phase.OPEN or event.waiting or not _is_offered(event, category_id, draft.now):
        raise GuardMissed
    if any(event.free_by_quota[quota] < seats_ for quota, seats_ in event.demand(category_id).items()):
        raise GuardMissed
    if not arrivals.store(draft):
        if answer := _answer_again(draft):
            return answer
        raise GuardMissed
    if not seats.take(draft.event, 1, category_id=draft.applicant.category_id, now=draft.now):
        raise GuardMissed
    return Registered(draft.code, 0)


def register(draft: Draft) -> Outcome:
    """Decide under the lock: a seat, a place in the queue, or neither. A form that came before gets its first answer.

    Raises: RegistrationClosed; NotFound if the event has become a draft again.
    Source: docs/rules.md, R1 to R9.
    """
    party_id = drafts.claim(draft)
    if party_id is None:  # without an earlier answer: what was in the way ended just now
        return _answer_again(draft) or register(draft)
    event = seats.lock(draft.event.id)
    if event.draft:
        raise NotFound
    check_open(event, draft.now)
    if not _is_offered(event, draft.applicant.category_id, draft.now):
        raise CategoryClosed
    standing = waitlist.serve_queue(event, now=draft.now)
    seated = waitlist.has_room(standing, draft.applicant.category_id)
    outcome, event = _settle_newcomer(replace(draft, event=standing.event), party_id, seated=seated)
    seats.write(event)
    return outcome


def _settle_newcomer(draft: Draft, party_id: int, *, seated: bool) -> tuple[Outcome, EventFacts]:
    """Write what was decided; return the answer and the event's new numbers."""
    event, applicant = draft.event, draft.applicant
    me = {applicant.category_id: 1}
    if seated:
        drafts.admit(draft, party_id)
        return Registered(draft.code, 0), event.plus(taken=me)
    can_wait = event.can_wait(draft.now)
    if can_wait and applicant.accept_waitlist:
        queue_no = event.last_seq + 1
        position = waitlist.count_waiting(event, applicant.category_id) + 1
        drafts.admit(draft, party_id, queue_no=queue_no, position=position)
        db.session.execute(update(Party).where(Party.id == party_id).values(queue_no=queue_no))
        return Registered(draft.code, 0), replace(event.plus(waiting=me), last_seq=queue_no)
    db.session.execute(delete(Party).where(Party.id == party_id))
    waiting = waitlist.count_waiting(event, applicant.category_id)
    return (MustAgreeToWait(waiting) if can_wait else NoPlace()), event


def _is_offered(event: EventFacts, category_id: int | None, now: datetime) -> bool:
    """Say whether visitors may choose this category now: none where there are some to choose from is no choice."""
    if category_id is None:
        return not event.categories
    return any(found.id == category_id and is_offered(found, now) for found in event.categories)


def is_answered(draft: Draft) -> bool:
    """Say whether this form has its answer already (R9)."""
    return current.find_by_submission(draft.submission_hash) is not None


def _answer_again(draft: Draft) -> Outcome | None:
    """Answer a form that came before (R9), or an address that takes part already (R8); None if there is neither."""
    first = current.find_by_submission(draft.submission_hash)
    if first is not None:
        return Registered(first.code, first.link_version)
    known = current.find_living(draft.event.id, draft.contact_key)
    if known is not None and contacts.remind(draft.event, known, Message.ALREADY_REGISTERED, now=draft.now):
        return AlreadyKnown()
    return None


def change_details(registration_id: int, details: Details, *, actor: str, now: datetime) -> None:
    """Store new details and tell the person. Organizers may correct them at any time.

    Raises: NotFound; TooLate; IllegalMove if the registration has ended.
    """
    event, row = current.lock(registration_id)
    if row.erased_at:
        raise NotFound
    if State(row.state) not in LIVING:
        raise IllegalMove(before=row.state, after=row.state)
    if actor == "attendee":
        check_may_change(event, now)
    new = details.row()
    changed = [key for key, value in new.items() if getattr(row, key) != value]
    if not changed:
        return
    db.session.execute(update(Party).where(Party.id == row.party_id).values(contact_name=details.name_in(row.lang)))
    row = current.get(registration_id)  # an address that was changed meanwhile, which takes no lock, is there now
    keys = drafts.keys(details, row.contact_email, row.code)
    stored = update(Registration).where(Registration.id == registration_id)
    db.session.execute(stored.values(**new, **keys, revision=Registration.revision + 1))
    records.remember([
        records.line(
            Action.CHANGED, event_id=event.id, registration_id=registration_id, actor=actor, now=now,
            reason=",".join(changed),
        )
    ])  # fmt: skip
    about = replace(
        waitlist.about(event, row), name=details.name_in(row.lang), sequence=event.revision + row.revision + 1
    )
    records.post([compose(Message.CHANGED, about, now=now, state=row.state, changed=changed, **records.doer(actor))])


def cancel(registration_id: int, *, actor: str, now: datetime, tell: bool = True) -> None:
    """Give the place, or the place in the queue, back, and serve the queue. A second time changes nothing.

    `tell`: by mail the person who cancels; whoever gets the place is told in any case.
    Raises: NotFound; TooLate after the start; IllegalMove for a registration that ended otherwise. Source: R2, R13.
    """
    event, row = current.lock(registration_id)
    if row.state == State.CANCELLED:
        return
    check_move(State(row.state), State.CANCELLED)
    check_before_start(event, now)
    end(event, [row], actor=actor, now=now, tell=tell)
    seats.write(waitlist.serve_queue(without(event, [row]), now=now).event)


def without(event: EventFacts, rows: Iterable[AnyRow]) -> EventFacts:
    """Return the event's numbers once these registrations have ended; the queue is not served yet."""
    seated, waited = Counter[int | None](), Counter[int | None]()
    for row in rows:
        seated[row.category_id] -= State(row.state) in SEATED
        waited[row.category_id] -= row.state == State.WAITLISTED
    return event.plus(taken=seated, waiting=waited)


def end(event: EventFacts, rows: Sequence[AnyRow], *, actor: str, now: datetime, tell: bool = True) -> None:
    """Write the end of living registrations of a locked event: states, freed addresses, history, mails (if `tell`).

    Each kind of row in one statement. The caller serves the queue and stores the numbers.
    """
    parties, ids = [row.party_id for row in rows], [row.id for row in rows]
    db.session.execute(update(Party).where(Party.id.in_(parties)).values(contact_key=None, queue_no=None))
    ended = {"state": State.CANCELLED, "queue_no": None, "revision": Registration.revision + 1}
    db.session.execute(update(Registration).where(Registration.id.in_(ids)).values(ended))
    records.remember([
        records.line(
            Action.CANCELLED, event_id=event.id, registration_id=row.id, actor=actor, now=now,
            before=row.state, after=State.CANCELLED,
        )
        for row in rows
    ])  # fmt: skip
    if tell and not event.cancelled:  # then everybody has been told that there is no event
        records.post([_tell_end(event, row, actor=actor, now=now) for row in rows])


def _tell_end(event: EventFacts, row: AnyRow, *, actor: str, now: datetime) -> dict[str, Any]:
    about = replace(waitlist.about(event, row), sequence=event.revision + row.revision + 1)
    return compose(
        Message.CANCELLED, about, now=now, state=State.CANCELLED, before=row.state, **records.doer(actor)
    )  # fmt: skip
