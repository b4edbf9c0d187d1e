"""Changing an event that people have registered for: everybody who takes part is told, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from regapp.db import AnyRow, db
from regapp.errors import BadDates, EventOver, WrongStatus
from regapp.mail.messages import BULK, Message, compose
from regapp.models import Event, EventStatus, Party, Quota, Registration, RobotCheck
from regapp.rules.states import LIVING
from regapp.services import events, records, seats, waitlist
from regapp.services.events import EventFacts
from regapp.services.records import Action

PLACE = ("venue", "address")

_PEOPLE = (
    select(
        Registration.id, Registration.code, Registration.link_version, Registration.revision, Registration.state,
        Party.contact_name, Party.contact_email, Party.lang,
    )
    .join(Party, Party.id == Registration.party_id)
    .where(Registration.state.in_(LIVING), Registration.erased_at.is_(None))
    .order_by(Registration.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventChange:
    """What is to be new; None and missing keys stay as they are. `texts`: language → venue and address.

    `online_url`: empty takes it away.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    online_url: str | None = None
    texts: dict[str, dict[str, str]] = field(default_factory=dict)


def change_event(event_id: int, change: EventChange, *, actor: str, now: datetime) -> int:
    """Change when and where an event takes place; return how many people are told. Nothing new tells nobody.

    Raises: NotFound; EventOver if it was called off or is over; BadDates if it would end before it begins, or be moved
    into the past. A draft may be anywhere.
    """
    event = seats.lock(event_id)
    _check_alive(event, now)
    new = _new_values(event, change)
    if not new:
        return 0
    starts_at, ends_at = new.get("starts_at", event.starts_at), new.get("ends_at", event.ends_at)
    moved_back = "starts_at" in new and starts_at <= now and not event.draft
    if ends_at <= starts_at or moved_back:
        raise BadDates(starts_at=starts_at, ends_at=ends_at)
    if event.closes_at > starts_at:
        new["closes_at"] = starts_at  # nobody registers for what has begun
    _store(event, new, Action.EVENT_CHANGED, reason=",".join(sorted(new)), actor=actor, now=now)
    return _tell(event, Message.EVENT_CHANGED, now=now, changed=sorted(new), was=_was(event, new))


def change_place(event_id: int, lang: str, place: dict[str, str], *, now: datetime) -> int:
    """Change where an event takes place, in one language; return how many people are told.

    `place`: key → text. The caller writes the line of the history. Raises: NotFound; EventOver.
    """
    event = seats.lock(event_id)
    _check_alive(event, now)
    new = _new_values(event, EventChange(texts={lang: place}))
    _write(event, new)
    return _tell(event, Message.EVENT_CHANGED, now=now, changed=sorted(new), was=_was(event, new))


def check_robots(event_id: int, robot_check: RobotCheck, *, actor: str, now: datetime) -> None:
    """Choose how robots are kept from registering; nobody is told. Raises: NotFound; EventOver."""
    event = seats.lock(event_id)
    _check_alive(event, now)
    if event.robot_check != robot_check:
        _store(event, {"robot_check": robot_check}, Action.EVENT_CHANGED, reason="robot_check", actor=actor, now=now)


def count_told(event_id: int) -> int:
    """Return how many people a change would be told to now."""
    living = select(func.count()).select_from(Registration).where(Registration.event_id == event_id)
    told = living.where(Registration.state.in_(LIVING), Registration.erased_at.is_(None))
    return db.session.execute(told).scalar_one()


def cancel_event(event_id: int, *, actor: str, now: datetime) -> int:
    """Call an event off; return how many people are told. A second time changes nothing and tells nobody.

    Registrations keep their state. Nobody is served or registered any more. Raises: NotFound; EventOver; WrongStatus
    for a draft, of which nobody knows.
    """
    event = seats.lock(event_id)
    if event.cancelled:
        return 0
    if event.draft:
        raise WrongStatus(status=event.status)
    _check_alive(event, now)
    _store(event, {"status": EventStatus.CANCELLED}, Action.EVENT_CANCELLED, reason=None, actor=actor, now=now)
    return _tell(event, Message.EVENT_CANCELLED, now=now)


def _check_alive(event: EventFacts, now: datetime) -> None:
    if event.is_over(now):
        raise EventOver


def _new_values(event: EventFacts, change: EventChange) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "starts_at": change.starts_at, "ends_at": change.ends_at, "online_url": change.online_url,
    }  # fmt: skip
    new = {
        name: value or None
        for name, value in wanted.items()
        if value is not None and (value or None) != getattr(event, name)
    }
    langs = [*event.texts, *(lang for lang in change.texts if lang not in event.texts)]
    texts = {lang: {**event.texts.get(lang, {}), **change.texts.get(lang, {})} for lang in langs}
    return new if texts == event.texts else {**new, "texts": texts}


def _was(event: EventFacts, new: dict[str, Any]) -> dict[str, Any]:
    """Return how it was, as far as it is new: what a mail says beside how it is."""
    was: dict[str, Any] = {
        name: getattr(event, name).isoformat() for name in ("starts_at", "ends_at") if name in new
    }  # fmt: skip
    if "texts" in new:
        was["where"] = {lang: ", ".join(filter(None, map(texts.get, PLACE))) for lang, texts in event.texts.items()}
    return was


def _store(
    event: EventFacts, new: dict[str, Any], action: Action, *, reason: str | None, actor: str, now: datetime
) -> None:
    _write(event, new)
    records.remember([records.line(action, event_id=event.id, actor=actor, now=now, reason=reason)])


def _write(event: EventFacts, new: dict[str, Any]) -> None:
    db.session.execute(update(Event).where(Event.id == event.id).values(**new, revision=Event.revision + 1))
    db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(version=Quota.version + 1))


def _tell(event: EventFacts, message: Message, *, now: datetime, **facts: Any) -> int:
    """Write one mail for each living registration, in one statement."""
    people: list[AnyRow] = list(db.session.execute(_PEOPLE.where(Registration.event_id == event.id)))
    told = events.get(event.id)
    mails = [
        compose(message, waitlist.about(told, row), now=now, priority=BULK, state=row.state, **facts) for row in people
    ]
    if mails:
        records.post(mails)
    return len(mails)
