"""One registration as its owner sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from regapp.compiled import Compiled
from regapp.db import db, read, table
from regapp.errors import NotFound
from regapp.models import History, Party, Registration
from regapp.rules import window
from regapp.rules.states import FINAL, LIVING, State
from regapp.services import events
from regapp.services.drafts import Details
from regapp.services.events import EventFacts


@dataclass(frozen=True, slots=True)
class Own:
    """A registration with its event. `position` from 1, while waiting; `ended_…` once it has ended."""

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
    ended_why: str | None
    event: EventFacts
    announcements_ended_at: datetime | None = None
    category_id: int | None = None
    queue_no: int | None = None

    def can_change(self, now: datetime) -> bool:
        """Say whether details and address may still be changed by the person."""
        return self._is_open and now < window.change_ends_at(self.event)

    def change_ended_at(self, now: datetime) -> datetime | None:
        """Return when changing ended, None while it has not, and where it is not a matter of time."""
        ends_at = window.change_ends_at(self.event)
        return ends_at if self._is_open and ends_at <= now else None

    def can_leave(self, now: datetime) -> bool:
        """Say whether the person may still give the place up: nobody has one at an event that is called off."""
        return self._is_open and now < self.event.starts_at

    def can_cancel(self, now: datetime) -> bool:
        """Say whether it may still be cancelled, if only by organizers."""
        return State(self.state) in LIVING and now < self.event.starts_at

    @property
    def _is_open(self) -> bool:
        return State(self.state) in LIVING and not self.event.cancelled


_mine = table(Registration).c
_OWN = Compiled(
    select(
        _mine.id, _mine.event_id, _mine.code, _mine.link_version, _mine.revision, _mine.state, _mine.queue_no,
        _mine.first_name, _mine.last_name, _mine.organisation, _mine.job_title, _mine.country, _mine.email,
        table(Party).c.lang, _mine.registered_at, _mine.organisation_type, table(Party).c.announcements_ended_at,
        _mine.category_id, _mine.erased_at,
    )
    .join_from(table(Registration), table(Party), table(Party).c.id == _mine.party_id)
    .where(_mine.code == bindparam("code"))
)  # fmt: skip
"""Asks for nobody but this person: with `erased_at IS NULL` beside it, PostgreSQL plans a table that is still empty by
an index of all who are not erased, and keeps that plan while the table grows."""
_ALL_AHEAD = select(func.count()).where(_mine.event_id == bindparam("event"), _mine.queue_no < bindparam("number"))
_AHEAD = _ALL_AHEAD.where(_mine.category_id == bindparam("category"))
_AHEAD_OF_THE_REST = _ALL_AHEAD.where(_mine.category_id.is_(None))
_END = (
    select(History.at, History.actor, History.reason)
    .where(History.registration_id == bindparam("id"), History.after.is_not(None))
    .order_by(History.id.desc())
    .limit(1)
)


def get_own(code: str, *, read_event: Callable[[int], EventFacts] = events.get) -> Own:
    """Return the registration with this reference, as it stands now. Raises: NotFound.

    `read_event`: where its event comes from, unless the person waits: who waits looks at its numbers.
    """
    found = read(_OWN, {"code": code})
    if not found:
        raise NotFound
    [row] = found
    if row[-1] is not None:
        raise NotFound
    (id_, event_id, code, link_version, revision, state, queue_no, first, last, organisation, job, country, email, lang,
     registered_at, kind, announcements_ended_at, category_id, _erased_at) = row  # fmt: skip
    waits = queue_no is not None
    end = db.session.execute(_END, {"id": id_}).one() if state in FINAL else None
    return Own(
        id=id_,
        code=code,
        link_version=link_version,
        revision=revision,
        state=state,
        position=_position(event_id, category_id, queue_no) if waits else None,
        details=Details(first, last, organisation, job, country, kind),
        email=email,
        lang=lang,
        registered_at=registered_at,
        ended_at=end.at if end else None,
        ended_by=end.actor if end else None,
        ended_why=end.reason if end else None,
        event=events.get(event_id) if waits else read_event(event_id),
        announcements_ended_at=announcements_ended_at,
        category_id=category_id,
        queue_no=queue_no,
    )


def _position(event_id: int, category_id: int | None, queue_no: int) -> int:
    """Return the place in the queue among the people of one's own category, from 1."""
    asked = {"event": event_id, "number": queue_no}
    if category_id is None:
        return db.session.execute(_AHEAD_OF_THE_REST, asked).scalar_one() + 1
    return db.session.execute(_AHEAD, {**asked, "category": category_id}).scalar_one() + 1
