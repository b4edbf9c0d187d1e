"""Makes what tests need: plain functions with defaults that may be overridden, and that commit by themselves."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from itertools import count
from typing import Any

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Event, EventStatus, Quota, QuotaKind
from regapp.services import categories, drafts, registrations
from regapp.services.categories import Plan
from regapp.services.drafts import Applicant, Details
from regapp.services.events import EventFacts, get
from regapp.services.own import Own, get_own
from regapp.services.registrations import Outcome, Registered
from regapp.services.seats import GuardMissed

OPENS_AT = datetime(2020, 9, 1, 8, 0, tzinfo=UTC)
CLOSES_AT = datetime(2036, 11, 24, 22, 0, tzinfo=UTC)
STARTS_AT = datetime(2036, 12, 1, 8, 0, tzinfo=UTC)
ENDS_AT = datetime(2036, 12, 2, 15, 30, tzinfo=UTC)

TEXTS = {
    "en": {
        "name": "European Cluster Conference",
        "kicker": "Fifth edition",
        "summary": "Two days on how clusters shape smart industries.",
        "description": "Plenary sessions and **four parallel discussions**.",
        "venue": "Crowne Plaza",
        "address": "Rue Gineste 3, 1210 Brussels",
        "languages": "English",
        "organiser": "Cluster Association",
    }
}

_numbers = count(1)


def make_event(**overrides: Any) -> EventFacts:
    """Make an event with 250 places that is open, whether asked by the `now` of tests or by the true clock.

    Overrides: `size`, columns of `Event`, or a key of `texts` in English (`name="…"`).
    """
    size = overrides.pop("size", 250)
    texts = {"en": TEXTS["en"] | {key: overrides.pop(key) for key in set(overrides) & set(TEXTS["en"])}}
    values = {
        "slug": f"event-{next(_numbers)}",
        "status": EventStatus.PUBLISHED,
        "tz": "Europe/Brussels",
        "opens_at": OPENS_AT,
        "closes_at": CLOSES_AT,
        "starts_at": STARTS_AT,
        "ends_at": ENDS_AT,
        "texts": texts,
    }
    with transaction():
        event = Event(**values | overrides)
        db.session.add(event)
        db.session.flush()
        db.session.add(Quota(event_id=event.id, kind=QuotaKind.EVENT, size=size))
        db.session.flush()
        return get(event.id)


def make_category(event: EventFacts, **overrides: Any) -> int:
    """Add a category; return its id. Overrides: `size` (default 10), `name`, fields of `Plan`."""
    size, name = overrides.pop("size", 10), overrides.pop("name", f"Category {next(_numbers)}")
    with transaction():
        plan = Plan(**{"texts": {"en": {"name": name}}} | overrides)
        return categories.create(event.id, plan, size=size, actor="account:1", now=event.opens_at)


def make_applicant(**overrides: Any) -> Applicant:
    """Make a valid form of somebody new, who agrees to wait. Overrides: fields of `Applicant` or of `Details`."""
    number = next(_numbers)
    details = {
        "first_name": "Ana",
        "last_name": f"Kovács {number}",
        "organisation": "Danube Cluster",
        "job_title": None,
        "country": "HU",
        "organisation_type": None,
    }
    details |= {key: overrides.pop(key) for key in set(overrides) & set(details)}
    values = {
        "details": Details(**details),
        "email": f"ana.kovacs.{number}@example.org",
        "lang": "en",
        "submission": secrets.token_hex(16),
        "accept_waitlist": True,
        "privacy_version": "1",
    }
    return Applicant(**values | overrides)


def make_registration(event: EventFacts, *, now: datetime | None = None, **overrides: Any) -> Own:
    """Register somebody through the real service, as the event stands now; seated, or waiting if it is full."""
    with transaction():
        draft = drafts.prepare(get(event.id), make_applicant(**overrides), now=now or utcnow())
        outcome = registrations.register(draft)
        assert isinstance(outcome, Registered), f"not registered: {outcome}"
        return get_own(outcome.code)


def attempt(event: EventFacts, applicant: Applicant, *, now: datetime, locked: bool = False) -> Outcome:
    """Register as the page does: the quick answer, else the slow path; `locked` takes the slow path at once."""
    draft = drafts.prepare(event, applicant, now=now)
    try:
        with transaction():
            if not locked:
                return registrations.register_at_once(draft)
    except GuardMissed:
        pass
    with transaction():
        return registrations.register(draft)
