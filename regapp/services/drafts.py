"""A registration before it is decided: who applies, and the rows that need no lock to prepare."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.dialects import postgresql, sqlite

from regapp import speech
from regapp.db import db, table
from regapp.links import new_code
from regapp.mail.messages import SINGLE, About, Message, compose
from regapp.models import Consent, History, OutboxMail, Party, Registration
from regapp.rules.addresses import ascii_address, contact_key
from regapp.rules.searching import search_key
from regapp.rules.states import State, check_move
from regapp.services import records
from regapp.services.events import EventFacts
from regapp.services.records import Action

_CLAIM = {
    "sqlite": sqlite.insert(table(Party)).on_conflict_do_nothing().returning(table(Party).c.id),
    "postgresql": postgresql.insert(table(Party)).on_conflict_do_nothing().returning(table(Party).c.id),
}
_REGISTER = insert(table(Registration)).returning(table(Registration).c.id)
_INSERT = {into: insert(into) for into in (table(Consent), table(History), table(OutboxMail))}


AGREED, VOUCHED = "privacy", "organizer"
"""Kinds of consent: the person agreed to the notice; an organizer says that the person may be kept here."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a person says about themselves. One of the two names may be missing; `country` is an ISO 3166 code.

    `organisation_type`: an OrganisationType, where the event asks for it.
    """

    first_name: str | None
    last_name: str | None
    organisation: str
    job_title: str | None
    country: str | None
    organisation_type: str | None = None

    @property
    def name(self) -> str:
        """Return the names that there are, first name first."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    def name_in(self, lang: str) -> str:
        """Return the names that there are, in the order of this language."""
        return speech.full_name(self.first_name, self.last_name, lang)

    def row(self) -> dict[str, str | None]:
        """Return the columns that hold them."""
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "organisation": self.organisation,
            "job_title": self.job_title,
            "country": self.country,
            "organisation_type": self.organisation_type,
        }


@dataclass(frozen=True, slots=True)
class Applicant:
    """A valid form. `submission`: the hidden value, one per rendering of the form (R9)."""

    details: Details
    email: str
    lang: str
    submission: str
    accept_waitlist: bool
    privacy_version: str
    category_id: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A registration that only waits for its decision.

    `actor`: who registers the person; `basis`: why we may keep them; `tells`: whether they get a mail about it, of
    this `priority`.
    """

    event: EventFacts
    applicant: Applicant
    contact_key: str
    submission_hash: str
    code: str
    now: datetime
    actor: str = "attendee"
    basis: str = AGREED
    tells: bool = True
    priority: int = SINGLE


def prepare(event: EventFacts, applicant: Applicant, *, now: datetime) -> Draft:
    """Work out all that needs no lock. `event`: as just read."""
    digest = hashlib.sha256(f"{event.id}:{applicant.submission}".encode()).hexdigest()
    return Draft(event, applicant, contact_key(applicant.email), digest, new_code(), now)


def claim(draft: Draft) -> int | None:
    """Store the party, which makes address and submission ours; return its id, None if either is taken already.

    Always before the lock: whoever holds the lock never waits for somebody's claim, so the two cannot deadlock.
    """
    claimed: int | None = db.session.execute(_CLAIM[db.engine.dialect.name], party_row(draft)).scalar_one_or_none()
    return claimed


def admit(draft: Draft, party_id: int, *, queue_no: int | None = None, position: int | None = None) -> None:
    """Store the registration with all that belongs to it: confirmed, or waiting with its number and position."""
    made = rows(draft, queue_no=queue_no, position=position)
    mine = made.pop(table(Registration))
    registration_id = db.session.execute(_REGISTER, {**mine, "party_id": party_id}).scalar_one()
    for into, row in made.items():
        db.session.execute(_INSERT[into], {**row, "registration_id": registration_id})


def party_row(draft: Draft) -> dict[str, Any]:
    """Return the row of the party."""
    applicant = draft.applicant
    return {
        "event_id": draft.event.id,
        "contact_key": draft.contact_key,
        "contact_name": applicant.details.name_in(applicant.lang),
        "contact_email": applicant.email,
        "lang": applicant.lang,
        "submission_hash": draft.submission_hash,
    }


def rows(draft: Draft, *, queue_no: int | None = None, position: int | None = None) -> dict[Table, dict[str, Any]]:
    """Return the other rows of a registration by table, without the ids that only storing gives. No lock is needed."""
    state = State.CONFIRMED if queue_no is None else State.WAITLISTED
    check_move(None, state)
    event, now = draft.event, draft.now
    message = Message.CONFIRMED if queue_no is None else Message.WAITLISTED
    facts: dict[str, Any] = {"state": state} if position is None else {"state": state, "position": position}
    consent = {"kind": draft.basis, "version": draft.applicant.privacy_version, "at": now}
    line = records.line(
        Action.REGISTERED, event_id=event.id, actor=draft.actor, now=now, after=state,
        numbers=None if queue_no is None else {"queue_no": queue_no},
    )  # fmt: skip
    made = {
        table(Registration): _registration(draft, state, queue_no),
        table(Consent): consent,
        table(History): _unnumbered(line),
    }
    if draft.tells:
        made[table(OutboxMail)] = _unnumbered(
            compose(message, _about(draft), now=now, priority=draft.priority, **facts)
        )
    return made


def _unnumbered(row: dict[str, Any]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column != "registration_id"}


def _registration(draft: Draft, state: State, queue_no: int | None) -> dict[str, Any]:
    return {
        "event_id": draft.event.id,
        "code": draft.code,
        "state": state,
        "queue_no": queue_no,
        "email": draft.applicant.email,
        "lang": draft.applicant.lang,
        "registered_at": draft.now,
        "category_id": draft.applicant.category_id,
        **keys(draft.applicant.details, draft.applicant.email, draft.code),
        **draft.applicant.details.row(),
    }


def keys(details: Details, email: str, code: str) -> dict[str, str]:
    """Return the columns by which organizers find and sort a person: the last name comes first."""
    words = (details.last_name, details.first_name, details.organisation, email, code)
    return {"search_key": search_key(*words), "organisation_key": search_key(details.organisation)}


def _about(draft: Draft) -> About:
    applicant = draft.applicant
    return About(
        event_id=draft.event.id,
        registration_id=None,  # not known before it is stored
        code=draft.code,
        link_version=0,
        sequence=draft.event.revision,
        lang=applicant.lang,
        address=ascii_address(applicant.email),
        name=applicant.details.name_in(applicant.lang),
    )
