"""What the table of people costs with 100,000 of them: `python -m bench.tables` prints it as JSON, view → milliseconds.

The event of the settings' database is filled first (`bench.people`).
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.test import Client

from bench import people
from bench.database import SLUG, Installation
from regapp import create_app
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Registration, Role
from regapp.services import accounts, events, records, teams, unchanged
from regapp.services.records import Action

PEOPLE = 100_000
TIMES, FEWER = 9, 5
"""How often each page is asked for; and how often as if nobody had asked before."""
FAR = 1000
"""The page in the middle of everybody: the farthest from both ends."""


def views() -> dict[str, dict[str, object]]:
    """Return what is asked for: name → parts of the address."""
    month_ago, week_ago = (utcnow() - timedelta(days=days) for days in (30, 7))
    days = {"since": f"{month_ago:%Y-%m-%d}", "until": f"{week_ago:%Y-%m-%d}"}
    return {
        "everybody": {},
        "everybody, page 1,000": {"page": FAR},
        "by name, page 1,000": {"sort": "name", "page": FAR},
        "by organisation, page 1,000": {"sort": "organisation", "page": FAR},
        "by country, page 1,000": {"sort": "country", "page": FAR},
        "waiting, page 150": {"state": "waitlisted", "sort": "queue", "page": 150},
        "confirmed, by name": {"state": "confirmed", "sort": "name", "page": 700},
        "one country, by name": {"country": "HU", "sort": "name"},
        "one kind of organisation": {"organisation_type": "region", "page": 100},
        "one language, by organisation": {"language": "hu", "sort": "organisation", "page": 500},
        "three weeks, by name": {**days, "sort": "name", "page": 200},
        "one tag, by name": {"tag": "invoice", "sort": "name", "page": 100},
        "all filters": {**days, "country": "DE", "state": "confirmed", "language": "hu", "tag": "invoice"},
        "a name": {"q": "orsi 123"},
        "an address": {"q": "person.77777@"},
        "a word of many": {"q": "cluster", "sort": "name"},
        "two letters": {"q": "qx"},
        "nobody": {"q": "nobody is called like this"},
    }


def measure(installation: Installation) -> dict[str, dict[str, float]]:
    """Return the figures of an installation: view → milliseconds, `again`, after somebody `changed`, and at `first`."""
    found: dict[str, dict[str, float]] = json.loads(installation.python("-m", "bench.tables").splitlines()[-1])
    return found


def main() -> None:
    """Fill the event, look at each view, print what it took."""
    app = create_app()
    with app.app_context():
        with transaction():
            people.fill(events.get_id(SLUG), PEOPLE)
        if db.engine.dialect.name == "postgresql":  # as autovacuum does by itself, some time later
            with db.engine.connect() as connection:
                connection.execute(text("VACUUM ANALYZE"))
        client = _signed_in(app)
    print(json.dumps({name: _times(app, client, args) for name, args in views().items()}))


def _signed_in(app: Flask) -> Client:
    with transaction():
        me = accounts.create("organizer@example.org", "Eszter Varga", now=utcnow())
        teams.add(events.get_id(SLUG), me.id, Role.VIEWER)
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(account=me.id, version=me.session_version, at=int(utcnow().timestamp()))
    return client


def _times(app: Flask, client: Client, args: dict[str, object]) -> dict[str, float]:
    """Return the median times of a page: when nothing has changed, after each change, and first in a process."""
    address = f"/organizer/events/{SLUG}/people?{urlencode(args)}"
    _time(client, address)
    again = [_time(client, address) for _ in range(TIMES)]
    changed, first = [], []
    for _ in range(TIMES):
        _change_somebody(app)
        changed.append(_time(client, address))
    for _ in range(FEWER):
        unchanged.forget(app)
        first.append(_time(client, address))
    return {"again": median(again), "changed": median(changed), "first": median(first)}


def _change_somebody(app: Flask) -> None:
    """Write what every change of a person leaves behind: a line of the history."""
    with app.app_context(), transaction():
        event_id = events.get_id(SLUG)
        ids = select(func.min(Registration.id), func.max(Registration.id)).where(Registration.event_id == event_id)
        about = {"event_id": event_id, "registration_id": random.randint(*db.session.execute(ids).one())}
        records.remember([records.line(Action.NOTED, actor="account:1", now=utcnow(), **about)])


def _time(client: Client, address: str) -> float:
    started = perf_counter()
    answer = client.get(address)
    if answer.status_code != 200:
        raise ValueError(f"{address} answers {answer.status_code}")
    return (perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
