"""The application with guard and lock of the seats switched off: every race for seats must notice it.

It does what one would write who has never met a second visitor: read the event, decide, store the new numbers. What is
decided on was read before the transaction began, so SQLite's one writer at a time is no help either.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import g

from regapp import create_app
from regapp.cli.serve import serve
from regapp.db import transaction
from regapp.services import events, seats
from regapp.services.events import EventFacts
from regapp.web.public import own_routes, routes

PAUSE = 0.02
"""Seconds between reading and writing, so that others surely come in between."""


@contextmanager
def careless_transaction(**options: bool) -> Iterator[None]:
    """Read all events, wait, and only then begin."""
    g.read_before = {event.id: events.with_categories(event) for event in events.list_public()}
    time.sleep(PAUSE)
    with transaction(**options):
        yield


def take(event: EventFacts, people: int, *, category_id: int | None = None, now: datetime) -> bool:
    """Take seats without asking again whether they are free: stands in for `seats.take`."""
    seats.write(event.plus(taken={category_id: people}))
    return True


def lock(event_id: int) -> EventFacts:
    """Return the event as it once was, and lock nothing: stands in for `seats.lock`."""
    event: EventFacts = g.read_before[event_id]
    return event


def switch_off() -> None:
    """Put the careless versions in place."""
    seats.take = take
    seats.lock = lock
    routes.transaction = own_routes.transaction = careless_transaction


switch_off()
app = create_app()

if __name__ == "__main__":
    serve(app)
