"""Fill an event with people of many scripts, so that lists can be measured: `python -m bench.people SLUG COUNT`.

The books stay right: `flask seats verify` finds nothing. Nobody is written to.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select, update

from regapp import create_app
from regapp.clock import utcnow
from regapp.db import db, table, transaction
from regapp.links import new_code
from regapp.models import Consent, OrganisationType, Party, Quota, Registration, Tag
from regapp.rules.addresses import contact_key
from regapp.rules.states import LIVING, State
from regapp.services import drafts, events, records
from regapp.services.drafts import Details
from regapp.services.records import Action
from regapp.speech import LANGUAGES

AT_A_TIME = 2000
COUNTRIES = tuple("ATBEBGCHCYCZDEDKEEESFIFRGBGRHRHUIEITLTLULVMTNLNOPLPTROSESISK"[at : at + 2] for at in range(0, 60, 2))
NAMES = (
    ("Ana", "Kovács"), ("Péter", "Őrsi"), ("Łukasz", "Żółkiewski"), ("Zoë", "d’Aubigné"), ("Jürgen", "Großmann"),
    ("Δήμητρα", "Παπαδάκη"), ("Дмитрий", "Шевченко"), ("Ђорђе", "Љубић"), ("محمد", "الحسيني"), ("דנה", "כהן"),
    ("कमला", "देवी"), ("สมชาย", "ใจดี"), ("美咲", "佐藤"), ("伟", "王"), ("민준", "김"), ("ნინო", "ბერიძე"),
    ("Արամ", "Սարգսյան"), ("Nguyễn", "Văn Ánh"), ("Saskia", "de Vries"), ("Siobhán", "O’Connor"), ("Ólafur", "Þórsson"),
    ("Inês", "Gonçalves"), ("Ștefan", "Țurcanu"), ("Şebnem", "Yıldız"), (None, "Suharto"), ("Bjørn", "Sæther"),
    ("Katrin", "Weiß"), ("Marc", "Dubois"), ("Chiara", "Russo"), ("Anna-Maria", "Lehtonen"),
)  # fmt: skip
"""First and last names; a few people have one name only."""
ORGANISATIONS = ("Cluster", "Region", "Ministry", "University", "Chamber of Commerce", "Institute", "Agency", "Network")
FIELDS = ("Wood", "Photonics", "Textile", "Automotive", "Health", "Water", "Packaging", "Energy", "Food", "Aerospace")
TITLES = ("Director", "Cluster manager", "Policy officer", "Analyst", None)
STATES = {State.CONFIRMED: 70, State.WAITLISTED: 15, State.CANCELLED: 12, State.EXPIRED: 3}
"""How many of a hundred are in which state."""
TAGS = {"speaker": 0.02, "press": 0.01, "invoice": 0.1, "Vegetarian": 0.05}
BEFORE_THE_END = {State.CANCELLED: State.CONFIRMED, State.EXPIRED: State.WAITLISTED}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody made up. `queue_no`: who waits, or has waited."""

    details: Details
    email: str
    code: str
    state: State
    queue_no: int | None
    at: datetime
    lang: str


def fill(event_id: int, people: int, *, seed: int = 1) -> None:
    """Store so many people, some of whom wait; the size of the event becomes what is taken then."""
    event = events.get(event_id)
    dice, numbers, now = random.Random(seed), count(event.last_seq + 1), utcnow()
    already = db.session.scalar(select(func.count()).where(Registration.event_id == event_id)) or 0
    made = [
        _person(dice, already + number, numbers, now - timedelta(minutes=people - number)) for number in range(people)
    ]
    for start in range(0, people, AT_A_TIME):
        _store(event_id, made[start : start + AT_A_TIME], dice, now)
    taken = event.taken + sum(person.state == State.CONFIRMED for person in made)
    waiting = event.waiting + sum(person.state == State.WAITLISTED for person in made)
    quota = update(Quota).where(Quota.id == event.quota_id)
    db.session.execute(quota.values(size=taken, taken=taken, waiting=waiting, last_seq=next(numbers) - 1))


def _person(dice: random.Random, number: int, numbers: Any, at: datetime) -> Person:
    first, last = dice.choice(NAMES)
    state = dice.choices(list(STATES), weights=list(STATES.values()))[0]
    return Person(
        details=Details(
            first_name=first,
            last_name=f"{last} {dice.choice('ABCDEFGHIJKLMNOPRSTUVZ')}{number % 997}",
            organisation=f"{dice.choice(FIELDS)} {dice.choice(ORGANISATIONS)} {dice.randrange(400)}",
            job_title=dice.choice(TITLES),
            country=COUNTRIES[min(dice.randrange(40), dice.randrange(40)) % len(COUNTRIES)],
            organisation_type=dice.choice(list(OrganisationType)),
        ),
        email=f"person.{number}@{dice.choice(FIELDS).lower()}.example.org",
        code=new_code(),
        state=state,
        queue_no=next(numbers) if BEFORE_THE_END.get(state, state) == State.WAITLISTED else None,
        at=at,
        lang=dice.choice(list(LANGUAGES)),
    )


def _store(event_id: int, people: list[Person], dice: random.Random, now: datetime) -> None:
    parties = _insert(Party, [_party(event_id, person) for person in people])
    ids = _insert(
        Registration, [_registration(event_id, *both) for both in zip(people, parties, strict=True)]
    )  # fmt: skip
    consents = [
        {"registration_id": id_, "kind": "privacy", "version": "2026-12", "at": person.at}
        for id_, person in zip(ids, people, strict=True)
    ]
    db.session.execute(insert(table(Consent)), consents)
    records.remember([line for both in zip(ids, people, strict=True) for line in _history(event_id, *both, now)])
    tags = [
        {"registration_id": id_, "tag": tag, "event_id": event_id}
        for id_ in ids
        for tag, share in TAGS.items()
        if dice.random() < share
    ]
    if tags:
        db.session.execute(insert(table(Tag)), tags)


def _insert(model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """Store rows; return their ids in the same order."""
    into = table(model)
    return list(db.session.scalars(insert(into).returning(into.c.id, sort_by_parameter_order=True), rows))


def _party(event_id: int, person: Person) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "contact_key": contact_key(person.email) if person.state in LIVING else None,
        "contact_name": person.details.name,
        "contact_email": person.email,
        "lang": person.lang,
        "submission_hash": f"{event_id}-{person.code}",
        "queue_no": person.queue_no if person.state == State.WAITLISTED else None,
    }


def _registration(event_id: int, person: Person, party_id: int) -> dict[str, Any]:
    details = person.details
    return {
        "event_id": event_id,
        "party_id": party_id,
        "code": person.code,
        "state": person.state,
        "queue_no": person.queue_no if person.state == State.WAITLISTED else None,
        "first_name": details.first_name,
        "last_name": details.last_name,
        "organisation": details.organisation,
        "job_title": details.job_title,
        "country": details.country,
        "organisation_type": details.organisation_type,
        "email": person.email,
        "lang": person.lang,
        "registered_at": person.at,
        **drafts.keys(details, person.email, person.code),
    }


def _history(event_id: int, registration_id: int, person: Person, now: datetime) -> list[dict[str, Any]]:
    """Return the lines of a person: registered, and how it ended if it did."""
    about: dict[str, Any] = {"event_id": event_id, "registration_id": registration_id}
    came = BEFORE_THE_END.get(person.state, person.state)
    numbers = None if person.queue_no is None else {"queue_no": person.queue_no}
    lines = [
        records.line(Action.REGISTERED, **about, actor="attendee", now=person.at, after=came, numbers=numbers)
    ]  # fmt: skip
    if person.state in BEFORE_THE_END:
        cancelled = person.state == State.CANCELLED
        action, actor = (Action.CANCELLED, "attendee") if cancelled else (Action.EXPIRED, "system")
        reason = None if cancelled else "serving_ended"
        lines.append(
            records.line(action, **about, actor=actor, now=now, before=came, after=person.state, reason=reason)
        )
    return lines


def main() -> None:
    """Fill the event of the settings' database that is named."""
    slug, people = sys.argv[1:]
    app = create_app()
    with app.app_context(), transaction():
        fill(events.get_id(slug), int(people))


if __name__ == "__main__":
    main()
