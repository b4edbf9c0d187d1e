"""One registration as its owner sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from regapp.db import db, table
from regapp.errors import NotFound
from regapp.models import Event, History, Party, Quota, Registration
from regapp.rules.states import FINAL, LIVING, State
from regapp.services.drafts import Details
from regapp.services.events import FACTS, OWN_QUOTA, EventFacts


@dataclass(frozen=True, slots=True)
class Own:
    """A registration with its event. `position` from 1, while waiting; `ended_at` and `ended_by` once it has ended."""

    id: int
    code: str
    link_version: int
    revision: int
    state: str
    position: int | None
    details: Details
    email: str
    lang: str
    registered_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    event: EventFacts

    def can_change(self, now: datetime) -> bool:
        """Say whether it may still be changed or cancelled."""
        return State(self.state) in LIVING and now < self.event.starts_at


_mine, _other = table(Registration).c, table(Registration).alias()
_AHEAD = (
    select(func.count())
    .where(_other.c.event_id == _mine.event_id, _other.c.queue_no < _mine.queue_no)
    .correlate(table(Registration))
    .scalar_subquery()
)
_OWN = (
    select(
        _mine.id, _mine.code, _mine.link_version, _mine.revision, _mine.state, _mine.queue_no, _AHEAD.label("ahead"),
        _mine.first_name, _mine.last_name, _mine.organisation, _mine.job_title, _mine.country, _mine.email,
        table(Party).c.lang, _mine.registered_at, *FACTS,
    )
    .join_from(table(Registration), table(Party), table(Party).c.id == _mine.party_id)
    .join(table(Event), table(Event).c.id == _mine.event_id)
    .join(table(Quota), OWN_QUOTA)
    .where(_mine.code == bindparam("code"))
)  # fmt: skip
_END = (
    select(History.at, History.actor)
    .where(History.registration_id == bindparam("id"), History.after.is_not(None))
    .order_by(History.id.desc())
    .limit(1)
)


def get_own(code: str) -> Own:
    """Return the registration with this reference, as it stands now. Raises: NotFound."""
    row = db.session.execute(_OWN, {"code": code}).one_or_none()
    if row is None:
        raise NotFound
    values = tuple(row)
    (id_, code, link_version, revision, state, queue_no, ahead, first, last, organisation, job, country, email, lang,
     registered_at) = values[: -len(FACTS)]  # fmt: skip
    ended_at, ended_by = db.session.execute(_END, {"id": id_}).one() if state in FINAL else (None, None)
    return Own(
        id=id_,
        code=code,
        link_version=link_version,
        revision=revision,
        state=state,
        position=None if queue_no is None else ahead + 1,
        details=Details(first, last, organisation, job, country),
        email=email,
        lang=lang,
        registered_at=registered_at,
        ended_at=ended_at,
        ended_by=ended_by,
        event=EventFacts(*values[-len(FACTS) :]),
    )
