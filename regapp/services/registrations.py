"""Registering, and what a person does with a registration afterwards: change it, cancel it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import and_, bindparam, delete, or_, select, update

from regapp.db import AnyRow, db
from regapp.errors import IllegalMove, NotFound
from regapp.mail.messages import Message, compose
from regapp.models import Party, Registration
from regapp.rules.seating import Waiting, serve
from regapp.rules.states import LIVING, SEATED, State, check_move
from regapp.rules.window import Phase, check_before_start, check_open, phase
from regapp.services import arrivals, drafts, records, seats, waitlist
from regapp.services.drafts import Details, Draft
from regapp.services.events import EventFacts
from regapp.services.records import Action
from regapp.services.seats import GuardMissed

NEWCOMER = 0
"""Stands for the newcomer among the ids of parties."""
REMIND_AGAIN_AFTER = timedelta(hours=1)


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

_CURRENT = select(
    Registration.id, Registration.event_id, Registration.party_id, Registration.code, Registration.link_version,
    Registration.revision, Registration.state, Registration.queue_no, Registration.first_name, Registration.last_name,
    Registration.organisation, Registration.job_title, Registration.country,
    Party.lang, Party.contact_email, Party.contact_name,
).join(Party, Party.id == Registration.party_id)  # fmt: skip
_BY_ID = _CURRENT.where(Registration.id == bindparam("id"))
_BY_SUBMISSION = _CURRENT.where(Party.submission_hash == bindparam("hash"))
_BY_CONTACT = _CURRENT.where(Party.event_id == bindparam("event"), Party.contact_key == bindparam("key"))


def register_at_once(draft: Draft) -> Outcome:
    """Give the usual answer, a seat, without waiting for the lock.

    Raises: GuardMissed, whenever the answer may be another one: roll back, then call `register`.
    Source: docs/rules.md, R1 to R9; ADR 0002.
    """
    if phase(draft.event, draft.now) is not Phase.OPEN or draft.event.waiting or draft.event.free < 1:
        raise GuardMissed
    if not arrivals.store(draft):
        if answer := _answer_again(draft):
            return answer
        raise GuardMissed
    if not seats.take(draft.event, 1, now=draft.now):
        raise GuardMissed
    return Registered(draft.code, 0)


def register(draft: Draft) -> Outcome:
    """Decide under the lock: a seat, a place in the queue, or neither. A form that came before gets its first answer.

    Raises: RegistrationClosed.
    Source: docs/rules.md, R1 to R9.
    """
    party_id = drafts.claim(draft)
    if party_id is None:  # without an earlier answer: what was in the way ended just now
        return _answer_again(draft) or register(draft)
    event = seats.lock(draft.event.id)
    check_open(event, draft.now)
    standing = waitlist.serve_queue(event, now=draft.now)
    newcomer = Waiting(NEWCOMER, {event.quota_id: 1}, frozenset({None}))
    free = {event.quota_id: standing.event.free}
    served = serve(free, [newcomer], waitlist.policy(event), standing.blocked)
    outcome, event = _settle_newcomer(replace(draft, event=standing.event), party_id, seated=bool(served.moves))
    seats.write(event)
    return outcome


def _settle_newcomer(draft: Draft, party_id: int, *, seated: bool) -> tuple[Outcome, EventFacts]:
    """Write what was decided; return the answer and the event's new numbers."""
    event, applicant = draft.event, draft.applicant
    if seated:
        drafts.admit(draft, party_id)
        return Registered(draft.code, 0), replace(event, taken=event.taken + 1)
    can_wait = event.can_wait(draft.now)
    if can_wait and applicant.accept_waitlist:
        queue_no = event.last_seq + 1
        drafts.admit(draft, party_id, queue_no=queue_no, position=event.waiting + 1)
        db.session.execute(update(Party).where(Party.id == party_id).values(queue_no=queue_no))
        return Registered(draft.code, 0), replace(event, waiting=event.waiting + 1, last_seq=queue_no)
    db.session.execute(delete(Party).where(Party.id == party_id))
    return (MustAgreeToWait(event.waiting) if can_wait else NoPlace()), event


def _answer_again(draft: Draft) -> Outcome | None:
    """Answer a form that came before (R9), or an address that takes part already (R8); None if there is neither."""
    first = db.session.execute(_BY_SUBMISSION, {"hash": draft.submission_hash}).one_or_none()
    if first is not None:
        return Registered(first.code, first.link_version)
    known = db.session.execute(_BY_CONTACT, {"event": draft.event.id, "key": draft.contact_key}).first()
    return AlreadyKnown() if known is not None and _remind(draft, known) else None


def _remind(draft: Draft, row: AnyRow) -> bool:
    """Send the person their own link, at most once an hour; say whether the address still takes part."""
    living = and_(Party.id == row.party_id, Party.contact_key == draft.contact_key)  # it may just be cancelling
    long_ago = or_(Party.reminded_at.is_(None), Party.reminded_at <= draft.now - REMIND_AGAIN_AFTER)
    due = db.session.execute(update(Party).where(living, long_ago).values(reminded_at=draft.now))
    if not due.rowcount:  # type: ignore[attr-defined]
        return db.session.scalar(select(Party.id).where(living)) is not None
    records.post([compose(Message.ALREADY_REGISTERED, waitlist.about(draft.event, row), now=draft.now)])
    return True


def change_details(registration_id: int, details: Details, *, actor: str, now: datetime) -> None:
    """Store new details. Raises: NotFound; TooLate after the start; IllegalMove for a registration that has ended."""
    event, row = _lock(registration_id)
    if State(row.state) not in LIVING:
        raise IllegalMove(before=row.state, after=row.state)
    check_before_start(event, now)
    new = asdict(details)
    changed = [key for key, value in new.items() if getattr(row, key) != value]
    if not changed:
        return
    db.session.execute(
        update(Registration).where(Registration.id == registration_id).values(**new, revision=Registration.revision + 1)
    )
    db.session.execute(update(Party).where(Party.id == row.party_id).values(contact_name=details.name))
    records.remember([
        records.line(
            Action.CHANGED, event_id=event.id, registration_id=registration_id, actor=actor, now=now,
            reason=",".join(changed),
        )
    ])  # fmt: skip


def cancel(registration_id: int, *, actor: str, now: datetime) -> None:
    """Give the place, or the place in the queue, back, and serve the queue. A second time changes nothing.

    Raises: NotFound; TooLate after the start; IllegalMove for a registration that ended otherwise. Source: R2, R13.
    """
    event, row = _lock(registration_id)
    if row.state == State.CANCELLED:
        return
    check_move(State(row.state), State.CANCELLED)
    check_before_start(event, now)
    _end(event, row, actor=actor, now=now)
    seated, waited = State(row.state) in SEATED, row.state == State.WAITLISTED
    event = replace(event, taken=event.taken - seated, waiting=event.waiting - waited)
    seats.write(waitlist.serve_queue(event, now=now).event)


def _end(event: EventFacts, row: AnyRow, *, actor: str, now: datetime) -> None:
    """Write the end of a registration: its state, the freed address, its history and its mail."""
    db.session.execute(
        update(Registration)
        .where(Registration.id == row.id)
        .values(state=State.CANCELLED, queue_no=None, revision=Registration.revision + 1)
    )
    db.session.execute(update(Party).where(Party.id == row.party_id).values(contact_key=None, queue_no=None))
    records.remember([
        records.line(
            Action.CANCELLED, event_id=event.id, registration_id=row.id, actor=actor, now=now,
            before=row.state, after=State.CANCELLED,
        )
    ])  # fmt: skip
    about = replace(waitlist.about(event, row), sequence=event.revision + row.revision + 1)
    records.post([compose(Message.CANCELLED, about, now=now, state=State.CANCELLED, before=row.state)])


def _lock(registration_id: int) -> tuple[EventFacts, AnyRow]:
    """Lock the event of a registration; return both as they stand now. Raises: NotFound."""
    event_id = db.session.scalar(select(Registration.event_id).where(Registration.id == registration_id))
    if event_id is None:
        raise NotFound
    return seats.lock(event_id), db.session.execute(_BY_ID, {"id": registration_id}).one()
