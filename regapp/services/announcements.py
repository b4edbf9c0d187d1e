"""Messages to the people of a view: to whom they go, sending them in ten minutes, calling them back. See ADR 0012."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import AnyRow, db, table
from regapp.errors import EventOver, RuleViolation
from regapp.mail.letters import Written
from regapp.mail.messages import BULK, About, Message, compose
from regapp.models import Announcement, OutboxMail, Party, Registration
from regapp.rules.addresses import ascii_address, contact_key
from regapp.rules.states import State
from regapp.services import announced, records, waitlist
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.records import Action
from regapp.services.selections import Selection

DELAY = timedelta(minutes=10)
"""How long an announcement waits before it leaves, so that it can be called back."""
PAGE = 1000
"""People read, and mails written, at a time."""

_CLAIM = {
    "sqlite": sqlite.insert(table(Announcement)).on_conflict_do_nothing().returning(table(Announcement).c.id),
    "postgresql": postgresql.insert(table(Announcement)).on_conflict_do_nothing().returning(table(Announcement).c.id),
}
_PEOPLE = (
    select(
        Registration.id, Registration.code, Registration.link_version, Registration.revision, Registration.state,
        Party.contact_name, Party.contact_email, Party.lang, Party.announcements_ended_at,
    )
    .join(Party, Party.id == Registration.party_id)
    .order_by(Registration.id)
    .limit(PAGE)
)  # fmt: skip


class AudienceMoved(RuleViolation):
    """The message would go to others than those who were shown. Nothing was written."""

    code = "audience_moved"


class NobodyToWriteTo(RuleViolation):
    """The message would go to nobody."""

    code = "nobody_to_write_to"


@dataclass(frozen=True, slots=True)
class Audience:
    """To whom a message goes. Units: people, and addresses, each of which gets one mail.

    `sharing`: people whose address gets the mail already; `ended`: who have ended such messages; `apart`: those chosen
    whom it does not mean, by state (R15). `seen`: what a page keeps, to be compared when it is sent.
    """

    people: int
    addresses: int
    sharing: int
    ended: int
    apart: Counter[State]
    seen: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An announcement that is written. `first`: whether by this form; sent twice, a form gets its first answer."""

    id: int
    addresses: int
    first: bool


@dataclass
class _Sieve:
    """Lets one person through for each address, and counts the others."""

    ended_keys: set[str]
    people: int = 0
    sharing: int = 0
    ended: int = 0
    _keys: set[str] = field(default_factory=set)
    _digest: Any = field(default_factory=hashlib.sha256)

    def pick(self, rows: Sequence[AnyRow]) -> list[AnyRow]:
        """Return those of these people who get a mail."""
        picked = []
        for row in rows:
            key = contact_key(row.contact_email)
            self.people += 1
            if key in self.ended_keys:
                self.ended += 1
            elif key in self._keys:
                self.sharing += 1
            else:
                self._keys.add(key)
                self._digest.update(f"{row.id} {row.state} {key}\n".encode())
                picked.append(row)
        return picked

    @property
    def seen(self) -> str:
        """Return what stands for exactly these recipients."""
        return f"{len(self._keys)}-{self._digest.hexdigest()}"

    @property
    def addresses(self) -> int:
        """Return how many mails there are."""
        return len(self._keys)


def state_meant(selection: Selection) -> State:
    """Return the state in which people must be to be written to: that of the view, else they have a place (R15)."""
    return selection.view.state or State.CONFIRMED


def count(event_id: int, selection: Selection) -> Audience:
    """Count to whom a message to these people would go. Within a snapshot it is of one moment."""
    sieve = _sieve(event_id, selection)
    for rows in _pages(event_id, selection):
        sieve.pick(rows)
    chosen = select(Registration.state, func.count()).where(*selection.conditions(event_id))
    apart = Counter({State(row[0]): row[1] for row in db.session.execute(chosen.group_by(Registration.state))})
    apart.pop(state_meant(selection), None)
    return Audience(sieve.people, sieve.addresses, sieve.sharing, sieve.ended, apart, sieve.seen)


def find_first(event_id: int, selection: Selection) -> AnyRow | None:
    """Return the first person who would get a message, None if nobody would."""
    sieve = _sieve(event_id, selection)
    for rows in _pages(event_id, selection):
        if picked := sieve.pick(rows):
            return picked[0]
    return None


def send(
    event: EventFacts, me: Me, selection: Selection, written: Written, *,
    query: str, submission: str, seen: str, now: datetime,
) -> Sent:  # fmt: skip
    """Write an announcement and its mails, which leave in ten minutes. A form sent twice gets the first answer.

    `query`: the view, as the page shows it later; `seen`: the recipients who were shown. Raises: EventOver for an event
    that was called off; AudienceMoved; NobodyToWriteTo.
    """
    submission_hash = hashlib.sha256(f"announcement:{event.id}:{submission}".encode()).hexdigest()
    id_ = _claim({
        "event_id": event.id, "account_id": me.id, "subject": written.subject, "body": written.body, "query": query,
        "recipients": 0, "created_at": now, "due_at": now + DELAY, "submission_hash": submission_hash,
    })  # fmt: skip
    if id_ is None:
        first = select(Announcement.id, Announcement.recipients)
        row = db.session.execute(first.where(Announcement.submission_hash == submission_hash)).one()
        return Sent(row.id, row.recipients, first=False)
    if event.cancelled:
        raise EventOver
    sieve = _sieve(event.id, selection)
    for rows in _pages(event.id, selection):
        _write(event, id_, sieve.pick(rows), now=now)
    if sieve.seen != seen:
        raise AudienceMoved
    if not sieve.addresses:
        raise NobodyToWriteTo
    db.session.execute(update(Announcement).where(Announcement.id == id_).values(recipients=sieve.addresses))
    _remember(Action.ANNOUNCED, event.id, me, now=now, announcement=id_, addresses=sieve.addresses)
    return Sent(id_, sieve.addresses, first=True)


def send_test(event: EventFacts, me: Me, written: Written, *, now: datetime) -> None:
    """Send the message to the one who writes it, and to nobody else."""
    about = About(
        event_id=event.id, registration_id=None, code="", link_version=0, sequence=0, lang=me.lang,
        address=ascii_address(me.email), name=me.name,
    )  # fmt: skip
    words = {"subject": written.subject, "body": written.body}
    records.post([compose(Message.ANNOUNCEMENT, about, now=now, written=words) | {"account_id": me.id}])


def undo(event_id: int, announcement_id: int, me: Me, *, now: datetime) -> int:
    """Call back what has not left; return how many mails that were. What a worker has in its hands leaves.

    Raises: NotFound. A second time calls nothing back.
    """
    mine = (Announcement.id == announcement_id, Announcement.event_id == event_id)
    announced.get(event_id, announcement_id)
    undone = update(Announcement).where(*mine, Announcement.undone_at.is_(None)).values(undone_at=now)
    if not db.session.execute(undone).rowcount:  # type: ignore[attr-defined]  # a cursor result has one
        return 0
    unclaimed = or_(OutboxMail.lease_until.is_(None), OutboxMail.lease_until <= now)
    unsent = (OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None), unclaimed)
    gone = db.session.execute(delete(OutboxMail).where(OutboxMail.announcement_id == announcement_id, *unsent))
    called_back: int = gone.rowcount  # type: ignore[attr-defined]  # see above
    _remember(Action.ANNOUNCEMENT_UNDONE, event_id, me, now=now, announcement=announcement_id, mails=called_back)
    return called_back


def _claim(row: dict[str, Any]) -> int | None:
    """Store the announcement, which makes its form ours; return its id, None if the form came before."""
    claimed: int | None = db.session.execute(_CLAIM[db.engine.dialect.name], row).scalar_one_or_none()
    return claimed


def _write(event: EventFacts, announcement_id: int, rows: Sequence[AnyRow], *, now: datetime) -> None:
    mine = {"due_at": now + DELAY, "announcement_id": announcement_id}
    mails = [
        compose(Message.ANNOUNCEMENT, waitlist.about(event, row), now=now, priority=BULK, state=row.state) | mine
        for row in rows
    ]
    if mails:
        records.post(mails)


def _remember(action: Action, event_id: int, me: Me, *, now: datetime, **numbers: int) -> None:
    records.remember([records.line(action, event_id=event_id, actor=me.actor, now=now, numbers=numbers)])


def _meant(event_id: int, selection: Selection) -> list[ColumnElement[bool]]:
    return [*selection.conditions(event_id), Registration.state == state_meant(selection)]


def _pages(event_id: int, selection: Selection) -> Iterator[Sequence[AnyRow]]:
    """Yield the people who are meant, the earliest registration first, a page at a time."""
    after = 0
    found = _PEOPLE.where(*_meant(event_id, selection))
    while rows := db.session.execute(found.where(Registration.id > after)).all():
        yield rows
        after = rows[-1].id


def _sieve(event_id: int, selection: Selection) -> _Sieve:
    """Return a sieve that knows which addresses have ended such messages: for any of those meant who share it."""
    ended = (
        select(Party.contact_email)
        .join(Registration, Registration.party_id == Party.id)
        .where(*_meant(event_id, selection), Party.announcements_ended_at.is_not(None))
    )
    return _Sieve({contact_key(email) for email in db.session.scalars(ended)})
