"""Who organizes which event, in which role."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select

from regapp.db import db, table
from regapp.errors import NotFound
from regapp.models import Event, Membership, Quota, Role
from regapp.services.events import FACTS, OWN_QUOTA, EventFacts


@dataclass(frozen=True, slots=True)
class Mine:
    """One of my events, and what I may do there."""

    event: EventFacts
    role: Role


_MINE = (
    select(*FACTS, table(Membership).c.role)
    .join_from(table(Event), table(Quota), OWN_QUOTA)
    .join(table(Membership), table(Membership).c.event_id == table(Event).c.id)
    .where(table(Membership).c.account_id == bindparam("account"))
)
_ONE = _MINE.where(table(Event).c.slug == bindparam("slug"))
_ALL = _MINE.order_by(table(Event).c.starts_at.desc(), table(Event).c.id)


def get_event(account_id: int, slug: str) -> tuple[EventFacts, Role]:
    """Return an event that this person helps to organize, and the role there. Raises: NotFound for any other event."""
    row = db.session.execute(_ONE, {"account": account_id, "slug": slug}).one_or_none()
    if row is None:
        raise NotFound
    return EventFacts(*row[:-1]), Role(row.role)


def list_events(account_id: int) -> list[Mine]:
    """Return the events of this person, the latest first."""
    return [Mine(EventFacts(*row[:-1]), Role(row.role)) for row in db.session.execute(_ALL, {"account": account_id})]


def add(event_id: int, account_id: int, role: Role) -> None:
    """Give somebody who has none a role at an event."""
    db.session.execute(insert(Membership).values(event_id=event_id, account_id=account_id, role=role))
