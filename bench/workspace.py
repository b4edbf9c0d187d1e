"""What pages of the workspace cost with many people: `python -m bench.workspace` prints JSON, page → milliseconds.

It asks about the event of the measurement in the database of the settings, after `python -m bench.people` filled it.
"""

from __future__ import annotations

import json
import statistics
import time

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text

from bench.database import SLUG, Installation
from bench.people import AT_A_TIME
from regapp import create_app
from regapp.clock import utcnow
from regapp.db import db, table, transaction
from regapp.mail.messages import Message
from regapp.models import OutboxMail, Registration, Role
from regapp.services import accounts, events, teams

PEOPLE = 100_000
PAGES = {
    "overview": "/",
    "capacity": "/capacity",
    "capacity, 1,000 more places": "/capacity?event={more}",
    "history": "/history",
    "mail": "/mail",
    "mail that went wrong": "/mail?fate=trouble",
}
"""Pages by what they are called in the figures."""
WARM, COUNTED = 3, 30
TROUBLED = 500
"""One mail of so many was given up."""


def measure(installation: Installation) -> dict[str, float]:
    """Fill the event with people, and return the median time of each page; the first look of a process counts alone."""
    installation.python("-m", "bench.people", SLUG, str(PEOPLE))
    found: dict[str, float] = json.loads(installation.python("-m", "bench.workspace").splitlines()[-1])
    return found


def main() -> None:
    """Ask for each page, and print what it took."""
    app = create_app()
    with app.app_context():
        _post_mails()
        _settle_down()
        print(json.dumps(_time_pages(app)))


def _post_mails() -> None:
    """Write the mail that everybody who is there got."""
    event_id, now = events.get_id(SLUG), utcnow()
    people = db.session.scalars(select(Registration.id).where(Registration.event_id == event_id)).all()
    sent = {"event_id": event_id, "message": Message.CONFIRMED, "lang": "en", "facts": {}, "created_at": now}
    with transaction():
        for first in range(0, len(people), AT_A_TIME):
            some = people[first : first + AT_A_TIME]
            rows = [{**sent, "registration_id": id_, "due_at": now, **_fate(id_)} for id_ in some]
            db.session.execute(insert(table(OutboxMail)), rows)


def _fate(number: int) -> dict[str, object]:
    if number % TROUBLED:
        return {"sent_at": utcnow(), "failed_at": None, "error": None, "attempts": 0}
    return {"sent_at": None, "failed_at": utcnow(), "error": "550 5.1.1 no such user", "attempts": 13}


def _settle_down() -> None:
    """Do what PostgreSQL does by itself soon after so many rows have come."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _time_pages(app: Flask) -> dict[str, float]:
    client, more = _signed_in(app), (events.get_by_slug(SLUG).size or 0) + 1000
    paths = {name: f"/organizer/events/{SLUG}{path}".format(more=more) for name, path in PAGES.items()}
    found = {"overview, first look": _milliseconds(client, paths["overview"])}
    for name, path in paths.items():
        times = [_milliseconds(client, path) for _ in range(WARM + COUNTED)][WARM:]
        found[name] = statistics.median(times)
    return found


def _signed_in(app: Flask) -> FlaskClient:
    with transaction():
        me = accounts.create("bench@example.org", "Eszter Varga", now=utcnow())
        teams.add(events.get_id(SLUG), me.id, Role.OWNER)
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(account=me.id, version=me.session_version, at=int(utcnow().timestamp()))
    return client


def _milliseconds(client: FlaskClient, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise ValueError(f"{path} answers {answer.status_code}")
    return took


if __name__ == "__main__":
    main()
