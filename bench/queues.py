"""What long queues over eight categories cost: `python -m bench.queues` prints JSON, step → milliseconds, statements.

It stores events and people of its own in the database of the settings; the books stay right.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import event, insert, select, text

from bench.database import Installation
from bench.event import TEXTS
from bench.people import AT_A_TIME
from regapp import create_app
from regapp.clock import utcnow
from regapp.db import db, snapshot, table, transaction
from regapp.links import new_code
from regapp.models import Category, Consent, Event, EventStatus, History, Party, Quota, QuotaKind, Registration
from regapp.rules.states import State
from regapp.services import capacity, drafts, events, own, records, why
from regapp.services.events import EventFacts
from regapp.services.records import Action

CATEGORIES, PLACES = 8, 248
SHORT, LONG = 5_000, 50_000
"""People in the two queues."""
FREED = 200
TIMES = 9
Cost = tuple[float, int]
"""Milliseconds, statements."""


def measure(installation: Installation) -> dict[str, Cost]:
    """Return step → its cost, on the installation's database."""
    found: dict[str, list[Any]] = json.loads(installation.python("-m", "bench.queues").splitlines()[-1])
    return {step: (cost[0], cost[1]) for step, cost in found.items()}


def main() -> None:
    """Fill two events, do each step, print what it took."""
    app = create_app()
    with app.app_context():
        short, long = _full_event("short-queue", SHORT), _full_event("long-queue", LONG)
        _settle_down()
        middle = _code_of(long, LONG // 2)
        found = {
            f"why somebody waits among {LONG:,}": _time(lambda: why.explain(own.get_own(middle), now=utcnow())),
            f"look ahead from {PLACES} to {PLACES + 50} places, {LONG:,} waiting": _time(lambda: _look_ahead(long)),
            f"{FREED} places for {SHORT:,} who wait": _time(lambda: _free(short), times=1),
        }
    print(json.dumps(found))


def _look_ahead(full: EventFacts) -> None:
    with snapshot():
        seen = capacity.preview(full.id, PLACES + 50, beside=_each(full, PLACES), now=utcnow())
    if len(seen.seated) != 50:
        raise ValueError(f"{len(seen.seated)} people would be seated")


def _free(full: EventFacts) -> None:
    beside = _each(full, (PLACES + FREED) // CATEGORIES)
    with transaction():
        done = capacity.resize(full.id, PLACES + FREED, beside=beside, actor="operator", now=utcnow())
    if done.promoted != FREED:
        raise ValueError(f"{done.promoted} people were seated")


def _each(full: EventFacts, size: int) -> dict[int, int | None]:
    return {category.quota_id: size for category in full.categories}


def _time(step: Callable[[], object], *, times: int = TIMES) -> Cost:
    """Return the median time of a step, and its statements."""
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    took = []
    for _ in range(times):
        db.session.rollback()
        statements.clear()
        began = time.perf_counter()
        step()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), len(statements)


def _full_event(slug: str, waiting: int) -> EventFacts:
    """Store an event that is full in each category, with people of all of them in its queue by turns."""
    with transaction():
        event_id, categories = _make_event(slug, waiting)
        people = [(category, None) for category in categories for _ in range(PLACES // CATEGORIES)]
        people += [(categories[number % CATEGORIES], number + 1) for number in range(waiting)]
        for first in range(0, len(people), AT_A_TIME):
            _store(event_id, people[first : first + AT_A_TIME], f"{slug}-{first}")
    return events.get(event_id)


def _make_event(slug: str, waiting: int) -> tuple[int, list[int]]:
    now = utcnow()
    starts_at = now + timedelta(days=60)
    full = Event(
        slug=slug, status=EventStatus.PUBLISHED, tz="Europe/Brussels", starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=8), opens_at=now - timedelta(days=30), closes_at=now + timedelta(days=50),
        texts=TEXTS,
    )  # fmt: skip
    db.session.add(full)
    db.session.flush()
    own_quota = Quota(
        event_id=full.id, kind=QuotaKind.EVENT, size=PLACES, taken=PLACES, waiting=waiting, last_seq=waiting
    )  # fmt: skip
    quotas = [
        Quota(
            event_id=full.id, kind=QuotaKind.CATEGORY, size=PLACES // CATEGORIES, taken=PLACES // CATEGORIES,
            waiting=waiting // CATEGORIES,
        )
        for _ in range(CATEGORIES)
    ]  # fmt: skip
    db.session.add_all([own_quota, *quotas])
    db.session.flush()
    made = [Category(event_id=full.id, quota_id=quota.id, texts={"en": {"name": f"{quota.id}"}}) for quota in quotas]
    db.session.add_all(made)
    db.session.flush()
    return full.id, [category.id for category in made]


def _store(event_id: int, people: list[tuple[int, int | None]], tag: str) -> None:
    """Store people as registering leaves them: party, registration, consent, history."""
    now, keys = utcnow(), [f"{tag}-{number}@example.org" for number in range(len(people))]
    party = {"event_id": event_id, "contact_name": "Ana Kovács", "lang": "en"}
    parties = [
        {**party, "contact_key": key, "contact_email": key, "submission_hash": key, "queue_no": queue_no}
        for key, (_category, queue_no) in zip(keys, people, strict=True)
    ]
    db.session.execute(insert(table(Party)), parties)
    ids = dict(db.session.execute(select(Party.contact_key, Party.id).where(Party.contact_key.in_(keys))).all())
    rows = [
        {
            "event_id": event_id, "party_id": ids[key], "code": new_code(), "queue_no": queue_no, "email": key,
            "state": State.CONFIRMED if queue_no is None else State.WAITLISTED, "registered_at": now, "lang": "en",
            "category_id": category,
        }
        for key, (category, queue_no) in zip(keys, people, strict=True)
    ]  # fmt: skip
    db.session.execute(insert(table(Registration)), rows)
    mine = select(Registration.id, Registration.state).where(Registration.party_id.in_(list(ids.values())))
    stored = db.session.execute(mine).all()
    consent = {"kind": drafts.AGREED, "version": "1", "at": now}
    db.session.execute(insert(table(Consent)), [{**consent, "registration_id": row.id} for row in stored])
    lines = [
        records.line(
            Action.REGISTERED, event_id=event_id, registration_id=row.id, actor="attendee", now=now, after=row.state
        )
        for row in stored
    ]
    db.session.execute(insert(table(History)), lines)


def _code_of(full: EventFacts, queue_no: int) -> str:
    found = select(Registration.code).where(Registration.event_id == full.id, Registration.queue_no == queue_no)
    return db.session.execute(found).scalar_one()


def _settle_down() -> None:
    """Do what PostgreSQL does by itself soon after so many rows have come."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    main()
