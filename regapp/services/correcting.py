"""What managers do to one registration: correct what the person wrote, move their mails."""

from __future__ import annotations

from datetime import datetime

from regapp.errors import ChangedMeanwhile
from regapp.services import contacts, current, registrations
from regapp.services.drafts import Details


def change_details(registration_id: int, details: Details, *, seen: int, actor: str, now: datetime) -> None:
    """Store new details and tell the person. `seen`: the revision that they were drawn from.

    Raises: NotFound; IllegalMove if the registration has ended; ChangedMeanwhile.
    """
    _event, row = current.lock(registration_id)
    if row.revision != seen:
        raise ChangedMeanwhile
    registrations.change_details(registration_id, details, actor=actor, now=now)


def change_email(registration_id: int, email: str, *, seen: int, actor: str, now: datetime) -> None:
    """Let all further mails go to another address; both are told. `seen` as above.

    In a transaction of its own, before others: whoever holds the event's lock never waits for an address.
    Raises: NotFound; IllegalMove; AddressTaken; ChangedMeanwhile.
    """
    if current.get(registration_id).revision != seen:
        raise ChangedMeanwhile
    contacts.change_email(registration_id, email, actor=actor, now=now)
