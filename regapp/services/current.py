"""Registrations as they stand, with their party: what changes read before they write."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from regapp.db import AnyRow, db
from regapp.errors import NotFound
from regapp.models import Party, Registration
from regapp.services import seats
from regapp.services.drafts import Details
from regapp.services.events import EventFacts

_CURRENT = select(
    Registration.id, Registration.event_id, Registration.party_id, Registration.code, Registration.link_version,
    Registration.revision, Registration.state, Registration.queue_no, Registration.first_name, Registration.last_name,
    Registration.organisation, Registration.job_title, Registration.country, Registration.erased_at,
    Registration.organisation_type, Registration.category_id,
    Party.lang, Party.contact_key, Party.contact_email, Party.contact_name,
).join(Party, Party.id == Registration.party_id)  # fmt: skip
UNERASED = _CURRENT.where(Registration.erased_at.is_(None)).order_by(Registration.id)
"""To be narrowed down by the caller."""
_BY_ID = _CURRENT.where(Registration.id == bindparam("id"))
_BY_CODE = _CURRENT.where(Registration.code == bindparam("code"))
_BY_SUBMISSION = _CURRENT.where(Party.submission_hash == bindparam("hash"))
_BY_CONTACT = _CURRENT.where(Party.event_id == bindparam("event"), Party.contact_key == bindparam("key"))


def get(registration_id: int) -> AnyRow:
    """Return a registration. Raises: NotFound."""
    return _one(db.session.execute(_BY_ID, {"id": registration_id}).one_or_none())


def get_by_code(code: str) -> AnyRow:
    """Return the registration with this reference. Raises: NotFound."""
    return _one(db.session.execute(_BY_CODE, {"code": code}).one_or_none())


def find_by_submission(submission_hash: str) -> AnyRow | None:
    """Return the registration that this form made, None if it made none."""
    return db.session.execute(_BY_SUBMISSION, {"hash": submission_hash}).one_or_none()


def find_living(event_id: int, contact_key: str) -> AnyRow | None:
    """Return the first registration of the living party of this address, None if there is none."""
    return db.session.execute(_BY_CONTACT, {"event": event_id, "key": contact_key}).first()


def details(row: AnyRow) -> Details:
    """Return what a person says about themselves, as it stands."""
    return Details(
        row.first_name, row.last_name, row.organisation, row.job_title, row.country, row.organisation_type
    )  # fmt: skip


def lock(registration_id: int) -> tuple[EventFacts, AnyRow]:
    """Lock the event of a registration; return both as they stand now. Raises: NotFound."""
    event = seats.lock(get(registration_id).event_id)
    return event, get(registration_id)


def _one(row: AnyRow | None) -> AnyRow:
    if row is None:
        raise NotFound
    return row
