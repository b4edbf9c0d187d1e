"""No statement of a visit, of settling or of the worker reads a whole table that grows with registrations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event

from regapp import links
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.errors import NotFound
from regapp.mail import outbox
from regapp.rules.states import State
from regapp.services import (
    capacity,
    categories,
    figures,
    history,
    listing,
    mails,
    notes,
    notices,
    overview,
    own,
    person,
    registrations,
    saved_views,
    tallies,
    waitlist,
    why,
)
from regapp.services.events import EventFacts, get
from regapp.services.notes import Beside
from regapp.services.people import Sort, View
from tests.factories import make_category, make_event, make_registration
from tests.web.visitor import fill

GROWING = "registrations|parties|history|outbox|consents"
READS = {
    "sqlite": re.compile(rf"SCAN ({GROWING})(?! USING (COVERING )?INDEX ix_outbox)"),
    "postgresql": re.compile(rf"Seq Scan on ({GROWING})"),
}
"""What a plan says that reads a whole table. The indexes of the outbox hold only what is not sent yet."""


@contextmanager
def recording() -> Iterator[list[tuple[str, Any]]]:
    """Collect each statement executed inside the block with its values, once."""
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)", statement):
            seen.setdefault(statement, values[0] if many else values)

    event.listen(db.engine, "before_cursor_execute", note)
    found: list[tuple[str, Any]] = []
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
        found.extend(seen.items())


def explain(connection: Connection, statement: str, values: Any) -> str:
    """Return the database's plan for a statement, in its own words."""
    words = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{words} {statement}", values))


def everything_that_happens_often(client: FlaskClient) -> None:
    """Register, wait, look, change, cancel, resize, settle, send, and be watched."""
    happening = make_event(size=2)
    first = make_registration(happening)
    for number in range(3):
        typed = {"email": f"v{number}@example.org", "accept_waitlist": "yes"}
        page = fill(client, f"/events/{happening.slug}/register", **typed)
        assert page.status_code == 303
        assert client.get(page.location).status_code == 200
    for path in ("/", f"/events/{happening.slug}", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200
    own = links.own_path(first.code, first.link_version)
    assert fill(client, f"{own}/change", last_name="Kiss").status_code == 303
    assert fill(client, f"{own}/cancel").status_code == 303
    with transaction():
        capacity.resize(happening.id, 3, actor="operator", now=utcnow())
    choose_categories()
    waitlist.list_unsettled(now=utcnow())
    notices.list_due(now=utcnow())
    look_at_the_workspace(get(happening.id))
    look_for_people(happening.id, first.code)
    while outbox.send_due().sent:
        pass
    outbox.list_troubled()
    outbox.find_oldest()


def choose_categories() -> None:
    """Register in categories, wait there, look why, move, cancel."""
    nested = make_event(size=4)
    small, large = make_category(nested, size=1), make_category(nested, size=5)
    people = [make_registration(nested, category_id=category) for category in (small, small, small, large)]
    assert people[2].position == 2
    assert why.explain(people[2], now=utcnow())
    for person_, category in ((people[3], large), (people[2], large)):
        with transaction():
            categories.move(person_.id, category, actor="attendee", now=utcnow())
    with transaction():
        registrations.cancel(people[0].id, actor="attendee", now=utcnow())
    listing.list_page(nested.id, View(sort=Sort.QUEUE), page=1)


def look_at_the_workspace(event: EventFacts) -> None:
    """Read all that the pages about figures, mails and history read, as often as organizers like."""
    capacity.preview(event.id, 4, now=utcnow())
    for _again in range(2):
        overview.look(event, 1, now=utcnow())
    figures.find_edition_before(event, 1, now=utcnow())
    for kind in (None, *history.Kind):
        history.list_lines(event.id, kind=kind, before=1000)
    history.list_sizes([event.quota_id])
    mails.count_by_message(event.id)
    for fate in (None, *mails.Fate):
        mails.list_mails(event.id, fate=fate, message="confirmed", before=1000)


def look_for_people(event_id: int, code: str) -> None:
    """Look at the table of people in every way, and at one of them."""
    narrowed = [
        View(), View(state=State.WAITLISTED), View(country="HU"), View(organisation_type="region"), View(lang="en"),
        View(tag="speaker"), View(since=date(2020, 1, 1), until=date(2030, 1, 1)), View(q="kovacs danube"),
        View(category=1), View(category=1, state=State.WAITLISTED), View(category=0), View(q="k"), View(q="kő"),
        View(q="nobody is called like this"),
    ]  # fmt: skip
    for view in narrowed:
        for sort in Sort:
            for descending in (False, True):
                listing.list_page(event_id, replace(view, sort=sort, descending=descending), page=1)
    tallies.find_choices(event_id)
    found = person.get_person(event_id, code)
    person.list_mails(found.own.id)
    person.list_history(found.own.id)
    with transaction():
        beside = Beside("Comes by train", ("speaker",))
        notes.save(found.own.id, beside, seen=Beside("", ()), actor="account:1", now=utcnow())
    saved_views.list_views(event_id, 1)


def test_no_plan_reads_a_whole_table_that_grows(app: Any, client: FlaskClient, database: str) -> None:
    with recording() as statements:
        everything_that_happens_often(client)

    with db.engine.connect() as connection:
        if database == "postgresql":  # few rows are read whole, whatever indexes there are
            connection.exec_driver_sql("SET enable_seqscan = off")
        plans = {statement: explain(connection, statement, values) for statement, values in statements}
    assert len(plans) > 25
    assert {statement: plan for statement, plan in plans.items() if READS[database].search(plan)} == {}


def test_a_statement_without_an_index_would_be_noticed(app: Any, database: str) -> None:
    with db.engine.connect() as connection:
        if database == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        plan = explain(connection, "SELECT id FROM registrations WHERE job_title = 'Director'", ())

    assert READS[database].search(plan)


def test_ones_own_page_is_found_by_its_reference_alone_even_in_an_empty_table(app: Flask) -> None:
    """A plan made before anybody has registered is kept by a connection while thousands come."""
    with recording() as statements, pytest.raises(NotFound):
        own.get_own("7K4M2-QXTB9")

    with db.engine.connect() as connection:
        plans = [explain(connection, statement, values) for statement, values in statements]
    assert plans
    assert not re.findall(r"ix_registrations_\w+", "\n".join(plans))
