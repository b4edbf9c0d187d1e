"""The seats of an event: the guard for the usual answer, the lock for all others. See docs/adr/0002."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, update

from regapp.compiled import Compiled
from regapp.db import connection, db, table
from regapp.errors import NotFound
from regapp.models import Quota, QuotaKind
from regapp.services import events
from regapp.services.events import EventFacts


class GuardMissed(Exception):
    """The quick answer does not hold: roll back and take the slow path."""


_quota = table(Quota).c
_TAKE = Compiled(
    update(table(Quota))
    .where(
        _quota.id == bindparam("quota"),
        _quota.version == bindparam("seen"),
        _quota.waiting == 0,
        or_(_quota.size.is_(None), _quota.taken + _quota.held + bindparam("seats") <= _quota.size),
        or_(
            _quota.next_expiry_at.is_(None), _quota.next_expiry_at > bindparam("now", type_=_quota.next_expiry_at.type)
        ),
    )
    .values(taken=_quota.taken + bindparam("seats"))
)

_TAKE_BESIDE = Compiled(
    update(table(Quota))
    .where(
        _quota.id == bindparam("quota"),
        or_(_quota.size.is_(None), _quota.taken + _quota.held + bindparam("seats") <= _quota.size),
    )
    .values(taken=_quota.taken + bindparam("seats"))
)

_LOCK = (
    update(table(Quota))
    .where(_quota.event_id == bindparam("event"), _quota.kind == QuotaKind.EVENT)
    .values(version=_quota.version)
    .returning(_quota.id)
)

_WRITE = (
    update(table(Quota))
    .where(_quota.id == bindparam("quota"))
    .values(taken=bindparam("taken"), waiting=bindparam("waiting"), last_seq=bindparam("last_seq"))
)
_WRITE_BESIDE = (
    update(table(Quota))
    .where(_quota.id == bindparam("quota"))
    .values(taken=bindparam("taken"), waiting=bindparam("waiting"))
)


def take(event: EventFacts, seats: int, *, category_id: int | None = None, now: datetime) -> bool:
    """Take seats by guarded updates, the last statements before the commit; say whether the guards held.

    They hold only where `rules.seating.serve` would seat a newcomer too: nobody waits, nothing has to be expired, the
    settings are those that were read, there is room, in the event and in the category. If not, the caller rolls back.
    Source: DESIGN, "One rule, two ways to ask it"; ADR 0002.
    """
    needed = event.demand(category_id, seats)
    own = {"quota": event.quota_id, "seen": event.version, "seats": needed.pop(event.quota_id, 0), "now": now}
    if not _TAKE.count(connection(), own):
        return False
    return all(_TAKE_BESIDE.count(connection(), {"quota": quota, "seats": number}) for quota, number in needed.items())


def lock(event_id: int) -> EventFacts:
    """Lock the event until the transaction ends, and return it as it stands now. Raises: NotFound."""
    if db.session.execute(_LOCK, {"event": event_id}).scalar_one_or_none() is None:
        raise NotFound
    return events.get(event_id)


def write(event: EventFacts) -> None:
    """Store seats taken and people waiting of all its limits, and the last queue number. Only under the lock."""
    own = {"quota": event.quota_id, "taken": event.taken, "waiting": event.waiting, "last_seq": event.last_seq}
    db.session.execute(_WRITE, own)
    beside = [{"quota": one.quota_id, "taken": one.taken, "waiting": one.waiting} for one in event.categories]
    if beside:
        db.session.execute(_WRITE_BESIDE, beside)
