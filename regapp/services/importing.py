"""Registering many people from a list: first what would become of each row, then exactly that.

A list is kept in the database between its steps: the next request may be answered by another process. It goes with the
step that ends it, and after an hour at most.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from regapp.db import db, table
from regapp.errors import Moved, NotFound
from regapp.mail.messages import BULK
from regapp.models import Import, Party, Registration
from regapp.rules.seating import Waiting, serve
from regapp.rules.window import check_alive, is_serving
from regapp.services import adding, bulk_rows, drafts, events, records, seats, waitlist
from regapp.services.adding import WhenFull
from regapp.services.drafts import Applicant, Draft
from regapp.services.events import EventFacts
from regapp.services.records import Action
from regapp.services.sheets import Sheet
from regapp.services.waitlist import Standing

KEPT = timedelta(hours=1)
"""How long a list lies here before it is dropped."""
PAGE = 500
"""Addresses looked up by one statement."""

_party = table(Party).c
_registration = table(Registration).c
_UNCLAIM = delete(table(Party)).where(_party.id.in_(bindparam("ids", expanding=True)))
_QUEUE = (
    update(table(Party))
    .where(
        _party.id == _registration.party_id,
        _registration.event_id == bindparam("event"),
        _registration.queue_no > bindparam("last"),
    )
    .values(queue_no=_registration.queue_no)
)
"""Gives the numbers of new registrations to their parties."""
_SEEN = select(_party.id, _party.submission_hash, _party.contact_key)
_BY_ADDRESS = _SEEN.where(
    _party.event_id == bindparam("event"), _party.contact_key.in_(bindparam("keys", expanding=True))
)
_BY_ROW = _SEEN.where(_party.submission_hash.in_(bindparam("hashes", expanding=True)))
_CODES = select(_registration.party_id, _registration.code).where(
    _registration.party_id.in_(bindparam("parties", expanding=True))
)
"""Three statements without OR and joins: each has an index of its own, and no plan for them is ever a bad one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that says who it is. `number`: in the file."""

    number: int
    applicant: Applicant


class Fate(StrEnum):
    """What becomes of a row: a place, a place in the queue, or nothing.

    Nothing because the person is registered already, or stands in an earlier row, or because there is no room.
    """

    CONFIRMED = "confirmed"
    WAITING = "waiting"
    KNOWN = "known"
    TWICE = "twice"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decided:
    """The fate of a row. `position`: in the queue; `code`: of who is known; `twin`: the earlier row."""

    number: int
    fate: Fate
    position: int | None = None
    code: str | None = None
    twin: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an import would do, in the order of its rows, and to which numbers of the event it leads."""

    rows: list[Decided]
    event: EventFacts

    @property
    def seal(self) -> str:
        """Return what stands for this outlook: it is another one as soon as anything in it is."""
        return hashlib.sha256(repr(self.rows).encode()).hexdigest()[:32]

    def count(self, fate: Fate) -> int:
        """Return how many rows share a fate."""
        return sum(row.fate is fate for row in self.rows)


def keep(event_id: int, account_id: int, name: str, sheet: Sheet, *, now: datetime) -> int:
    """Keep a list that somebody has sent; return its id."""
    kept = Import(
        event_id=event_id, account_id=account_id, name=name[:200], read_as=sheet.read_as, header=sheet.header,
        rows=[[number, *cells] for number, cells in sheet.rows], created_at=now,
    )  # fmt: skip
    db.session.add(kept)
    db.session.flush()
    return kept.id


def get(import_id: int, event_id: int, account_id: int, *, now: datetime) -> Import:
    """Return a list that this account has sent to this event. Raises: NotFound, also after its hour."""
    found = db.session.scalar(select(Import).where(*_mine(import_id, event_id, account_id, now)))
    if found is None:
        raise NotFound
    return found


def drop(import_id: int, event_id: int, account_id: int, *, now: datetime) -> None:
    """Drop a list: whoever drops it first may carry it out. Raises: NotFound."""
    gone = db.session.execute(
        delete(Import).where(*_mine(import_id, event_id, account_id, now)).returning(Import.id)
    ).scalar_one_or_none()
    if gone is None:
        raise NotFound


def forget_old(*, now: datetime) -> int:
    """Drop all lists whose hour is over; return how many."""
    return len(db.session.scalars(delete(Import).where(Import.created_at <= now - KEPT).returning(Import.id)).all())


def preview(event_id: int, candidates: Sequence[Candidate], *, when_full: WhenFull, now: datetime) -> Outlook:
    """Say what would become of each row, by the rule that decides it; change nothing. Raises: NotFound; EventOver."""
    event = events.get(event_id)
    check_alive(event, now)
    ready = _prepare(event, candidates, actor="", tells=False, now=now)
    return _decide(_foresee(event, now), ready, _look_up(event.id, ready), when_full, now)


def apply(
    event_id: int, candidates: Sequence[Candidate], *, when_full: WhenFull, tells: bool, seal: str, actor: str,
    now: datetime,
) -> Outlook:  # fmt: skip
    """Do what was shown, all of it or nothing. The same rows a second time change nothing.

    `seal`: of the outlook that was shown. Addresses are claimed before the lock, always in the same order, so that two
    imports, or an import and a visitor, never wait for each other (ADR 0002).
    Raises: NotFound; EventOver; Moved if something else would happen now. Source: docs/rules.md, R1, R3, R7 to R9.
    """
    ready = _prepare(events.get(event_id), candidates, actor=actor, tells=tells, now=now)
    claimed = _claim(list(ready.values()))
    event = seats.lock(event_id)
    check_alive(event, now)
    known = _look_up(event_id, {n: draft for n, draft in ready.items() if draft.submission_hash not in claimed})
    outlook = _decide(waitlist.serve_queue(event, now=now), ready, known, when_full, now)
    if outlook.seal != seal:
        raise Moved
    _admit(outlook, ready, claimed, actor=actor, now=now)
    seats.write(outlook.event)
    return outlook


def _mine(import_id: int, event_id: int, account_id: int, now: datetime) -> tuple[Any, ...]:
    mine = (Import.id == import_id, Import.event_id == event_id, Import.account_id == account_id)
    return (*mine, Import.created_at > now - KEPT)


def _prepare(
    event: EventFacts, candidates: Sequence[Candidate], *, actor: str, tells: bool, now: datetime
) -> dict[int, Draft]:
    """Return number of row → draft, with the priority of mails that go to many."""
    made = ((row.number, adding.prepare(event, row.applicant, actor=actor, tells=tells, now=now)) for row in candidates)
    return {number: replace(draft, priority=BULK) for number, draft in made}


def _claim(ready: Sequence[Draft]) -> dict[str, int]:
    """Claim each address once; return hash of the row → party. Left out is what is taken already."""
    first = {draft.contact_key: draft for draft in reversed(ready)}
    parties = [drafts.party_row(first[key]) for key in sorted(first)]
    found = bulk_rows.claim_many(table(Party), parties, returning=[_party.id, _party.submission_hash])
    return {row.submission_hash: row.id for row in found}


def _look_up(event_id: int, ready: dict[int, Draft]) -> dict[str, str]:
    """Return address, and hash of the row, → code of the registration that has it. A mere claim is none."""
    known: dict[str, str] = {}
    for page in _pages(list(ready.values())):
        keys, hashes = [one.contact_key for one in page], [one.submission_hash for one in page]
        by_row = db.session.execute(_BY_ROW, {"hashes": hashes}).all()
        by_address = db.session.execute(_BY_ADDRESS, {"event": event_id, "keys": keys}).all()
        parties = [row.id for row in (*by_row, *by_address)]
        codes = {row.party_id: row.code for row in db.session.execute(_CODES, {"parties": parties})}
        known |= {row.submission_hash: codes[row.id] for row in by_row if row.id in codes}
        known |= {row.contact_key: codes[row.id] for row in by_address if row.id in codes}
    return known


def _pages(drafts_: list[Draft]) -> Iterator[list[Draft]]:
    return (drafts_[first : first + PAGE] for first in range(0, len(drafts_), PAGE))


def _foresee(event: EventFacts, now: datetime) -> Standing:
    """Return the queue as serving it would leave it."""
    blocked, served = waitlist.NOBODY, 0
    for step in waitlist.walk(event) if is_serving(event, now) else ():
        event, blocked, served = step.event, step.blocked, served + len(step.seated)
        if served >= waitlist.MOST:
            break
    return waitlist.standing(event, blocked, served)


def _decide(
    standing: Standing, ready: dict[int, Draft], known: dict[str, str], when_full: WhenFull, now: datetime
) -> Outlook:
    """Decide about all rows in their order, newcomers as the last in the queue. Source: R3, R7, R8."""
    apart = _tell_apart(ready, known)
    seated = _seated(standing, {number: draft for number, draft in ready.items() if number not in apart})
    event = standing.event.plus(taken=Counter(ready[number].applicant.category_id for number in seated))
    decided = []
    for number, draft in ready.items():
        category_id = draft.applicant.category_id
        if number in apart:
            decided.append(apart[number])
        elif number in seated:
            decided.append(Decided(number, Fate.CONFIRMED))
        elif when_full is WhenFull.WAIT and event.can_wait(now):
            event = replace(event.plus(waiting={category_id: 1}), last_seq=event.last_seq + 1)
            decided.append(Decided(number, Fate.WAITING, position=waitlist.count_waiting(event, category_id)))
        else:
            decided.append(Decided(number, Fate.REFUSED))
    return Outlook(decided, event)


def _seated(standing: Standing, new: dict[int, Draft]) -> set[int]:
    """Return the numbers of the rows that get seats."""
    event = standing.event
    heads = [
        Waiting(number, event.demand(category_id), frozenset({category_id}))
        for number, draft in new.items()
        for category_id in [draft.applicant.category_id]
    ]
    return set(serve(event.free_by_quota, heads, waitlist.policy(event), standing.blocked).moves)


def _tell_apart(ready: dict[int, Draft], known: dict[str, str]) -> dict[int, Decided]:
    """Return the rows that bring nobody new: who is registered, who stands in an earlier row."""
    apart: dict[int, Decided] = {}
    first: dict[str, int] = {}
    for number, draft in ready.items():
        code = known.get(draft.contact_key) or known.get(draft.submission_hash)
        if code is not None:
            apart[number] = Decided(number, Fate.KNOWN, code=code)
            first.setdefault(draft.contact_key, number)
        elif draft.contact_key in first:
            apart[number] = Decided(number, Fate.TWICE, twin=first[draft.contact_key])
        else:
            first[draft.contact_key] = number
    return apart


def _admit(outlook: Outlook, ready: dict[int, Draft], claimed: dict[str, int], *, actor: str, now: datetime) -> None:
    """Store what was decided, each kind of row in one statement, and give back what was claimed in vain."""
    queue_no = last = outlook.event.last_seq - outlook.count(Fate.WAITING)
    made: list[dict[Any, dict[str, Any]]] = []
    unused = set(claimed.values())
    for row in outlook.rows:
        if row.fate not in (Fate.CONFIRMED, Fate.WAITING):
            continue
        draft = ready[row.number]
        party_id = claimed[draft.submission_hash]
        if row.fate is Fate.WAITING:
            queue_no += 1
            made.append(drafts.rows(draft, queue_no=queue_no, position=row.position))
        else:
            made.append(drafts.rows(draft))
        made[-1][table(Registration)]["party_id"] = party_id
        unused.remove(party_id)
    _unclaim(sorted(unused))
    if made:
        _store(made)
        db.session.connection().execute(_QUEUE, {"event": outlook.event.id, "last": last})
        numbers = {fate.value: outlook.count(fate) for fate in Fate}
        line = records.line(Action.IMPORTED, event_id=outlook.event.id, actor=actor, now=now, numbers=numbers)
        records.remember([line])


def _unclaim(ids: list[int]) -> None:
    for first in range(0, len(ids), PAGE):
        db.session.execute(_UNCLAIM, {"ids": ids[first : first + PAGE]})


def _store(made: Sequence[dict[Any, dict[str, Any]]]) -> None:
    mine: list[dict[str, Any]] = [rows.pop(table(Registration)) for rows in made]
    found = bulk_rows.insert_many(table(Registration), mine, returning=[_registration.id, _registration.party_id])
    ids = {row.party_id: row.id for row in found}
    for into in made[0]:
        rows = [
            {**rows[into], "registration_id": ids[registration["party_id"]]}
            for rows, registration in zip(made, mine, strict=True)
        ]
        bulk_rows.insert_many(into, rows)
