"""The life of an event: draft, published, called off, put away. Each step is one line of its history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update

from regapp.db import db
from regapp.errors import NotReady, PeopleRegistered, WrongStatus
from regapp.mail.transport import file_name
from regapp.models import (
    Announcement,
    Category,
    Event,
    EventStatus,
    History,
    Import,
    Membership,
    OutboxMail,
    Party,
    Quota,
    Registration,
    SavedView,
)
from regapp.rules.fitting import SERIOUS, Finding, misfits
from regapp.services import contacts, editing, records, seats
from regapp.services.erasure import Erased
from regapp.services.events import EventFacts
from regapp.services.records import Action
from regapp.services.settings import MustTell
from regapp.speech import LANGUAGES

BELONGINGS = (SavedView, Import, OutboxMail, Announcement, History, Membership, Party, Category, Quota)
"""What goes with an event that is deleted, in an order in which nothing refers to what is gone."""


def look_over(event: EventFacts, *, now: datetime) -> list[Finding]:
    """Return what does not fit together in an event, the serious things first."""
    return misfits(event, langs=LANGUAGES, contactable=contacts.is_contactable(event), now=now)


def publish(event_id: int, *, actor: str, now: datetime) -> None:
    """Show a draft to everybody. Raises: NotFound; WrongStatus; NotReady, with what must be mended first."""
    event = _lock(event_id, EventStatus.DRAFT)
    serious = [finding for finding in look_over(event, now=now) if finding.code in SERIOUS]
    if serious:
        raise NotReady(misfits=serious)
    _turn(event, EventStatus.PUBLISHED, Action.PUBLISHED, actor=actor, now=now)


def unpublish(event_id: int, *, actor: str, now: datetime) -> None:
    """Make a draft of it again. Raises: NotFound; WrongStatus; PeopleRegistered while anybody takes part."""
    event = _lock(event_id, EventStatus.PUBLISHED)
    if people := editing.count_told(event_id):
        raise PeopleRegistered(people=people)
    _turn(event, EventStatus.DRAFT, Action.UNPUBLISHED, actor=actor, now=now)


def call_off(event_id: int, *, agreed: int, actor: str, now: datetime) -> MustTell | None:
    """Call an event off and tell everybody, once. `agreed`: how many people may be told; else nothing is done.

    Raises: NotFound; EventOver; WrongStatus for a draft.
    """
    seats.lock(event_id)
    people = editing.count_told(event_id)
    if people != agreed:
        return MustTell(people)
    editing.cancel_event(event_id, actor=actor, now=now)
    return None


def archive(event_id: int, *, actor: str, now: datetime) -> None:
    """Put an event away that has ended or was called off: it leaves the list, its page stays.

    Raises: NotFound; WrongStatus.
    """
    event = seats.lock(event_id)
    if event.archived or not event.is_over(now):
        raise WrongStatus(status=event.status)
    status = EventStatus.WITHDRAWN if event.cancelled else EventStatus.ARCHIVED
    _turn(event, status, Action.ARCHIVED, actor=actor, now=now)


def count_ever(event_id: int) -> int:
    """Return how many registrations an event has or had, whatever became of them."""
    return db.session.scalar(select(func.count()).where(Registration.event_id == event_id)) or 0


def delete_draft(event_id: int) -> Erased:
    """Delete a draft with all that belongs to it; return what is left to do then.

    Raises: NotFound; WrongStatus; PeopleRegistered if anybody ever was: their history stays.
    """
    _lock(event_id, EventStatus.DRAFT)
    if people := count_ever(event_id):
        raise PeopleRegistered(people=people)
    mails = db.session.execute(select(OutboxMail.id, OutboxMail.message).where(OutboxMail.event_id == event_id)).all()
    for model in BELONGINGS:
        db.session.execute(delete(model).where(model.event_id == event_id))
    db.session.execute(delete(Event).where(Event.id == event_id))
    return Erased(0, tuple(file_name(id_, message) for id_, message in mails))


def _lock(event_id: int, wanted: EventStatus) -> EventFacts:
    event = seats.lock(event_id)
    if event.status != wanted:
        raise WrongStatus(status=event.status)
    return event


def _turn(event: EventFacts, status: EventStatus, action: Action, *, actor: str, now: datetime) -> None:
    db.session.execute(update(Event).where(Event.id == event.id).values(status=status))
    db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(version=Quota.version + 1))
    line = records.line(action, event_id=event.id, actor=actor, now=now, before=event.status, after=status)
    records.remember([line])
