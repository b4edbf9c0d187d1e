"""The history in words: newest first, by kind, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from regapp.clock import utcnow
from regapp.db import db, table, transaction
from regapp.models import History, Role
from regapp.services import capacity, editing, erasure, registrations
from regapp.services.drafts import Details
from regapp.services.editing import EventChange
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.reading import words


def path(event: EventFacts, **args: object) -> str:
    query = "&".join(f"{key}={value}" for key, value in args.items())
    return f"/organizer/events/{event.slug}/history?{query}"


@pytest.fixture
def event(client: FlaskClient) -> EventFacts:
    """Return an event with one line of each kind, and a viewer signed in."""
    event = make_event(size=1)
    me = sign_in(client, event, Role.VIEWER)
    now = utcnow()
    first = make_registration(event, first_name="Ana", last_name="Kovács")
    second = make_registration(event, first_name="Piotr", last_name="Zieliński")
    third = make_registration(event, first_name="Zoë", last_name="Bell")
    last = make_registration(event, first_name="Gone", last_name="Person")
    with transaction():
        details = Details("Anna", "Kovács", "Danube Cluster", None, "HU")
        registrations.change_details(first.id, details, actor="attendee", now=now)
        registrations.cancel(first.id, actor=me.actor, now=now)
        registrations.cancel(third.id, actor="attendee", now=now)
        capacity.resize(event.id, 5, actor=me.actor, now=now)
        capacity.resize(event.id, None, actor="operator", now=now)
        editing.change_event(event.id, EventChange(online_url="https://example.org/x"), actor=me.actor, now=now)
        erasure.erase(last.id, actor="attendee", now=now)
        registrations.cancel(second.id, actor="attendee", now=now)
    return event


EVERYTHING = [
    "Anna Kovács registered: confirmed",
    "Piotr Zieliński joined the waiting list",
    "Zoë Bell joined the waiting list",
    "Anna Kovács changed details: first name",
    "The place of Anna Kovács was cancelled Eszter Varga",
    "Piotr Zieliński got a place from the waiting list",
    "Zoë Bell left the waiting list",
    "Number of places: 1 → 5 Eszter Varga",
    "Number of places: 5 → no limit the operator, by a command",
    "The event was changed: online address Eszter Varga",
    "Somebody who was erased: name, address and answers are gone",
    "Piotr Zieliński cancelled",
]


def test_everything_is_told_in_words(client: FlaskClient, event: EventFacts) -> None:
    said = words(client.get(path(event)))

    places = [said.index(sentence) for sentence in EVERYTHING]
    assert places == sorted(places, reverse=True)
    assert "Gone Person" not in said


@pytest.mark.parametrize(
    ("kind", "there", "not_there"),
    [
        ("seats", ["Number of places: 1 → 5", "Piotr Zieliński cancelled"], ["changed details", "online address"]),
        ("people", ["changed details: first name"], ["Number of places: 1", "registered", "online address"]),
        ("settings", ["The event was changed"], ["Number of places: 1", "registered", "changed details"]),
        ("nonsense", EVERYTHING, []),
    ],
)
def test_a_kind_can_be_chosen(
    client: FlaskClient, event: EventFacts, kind: str, there: list[str], not_there: list[str]
) -> None:
    said = words(client.get(path(event, kind=kind)))

    assert [sentence for sentence in there if sentence not in said] == []
    assert [sentence for sentence in not_there if sentence in said] == []


def test_a_long_history_is_read_page_by_page(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.VIEWER)
    lines = [
        {"event_id": event.id, "at": utcnow() - timedelta(days=400), "actor": "system", "action": f"step_{number}"}
        for number in range(1, 121)
    ]
    with transaction():
        db.session.execute(insert(table(History)), lines)

    seen, address, pages = [], path(event), 0
    while address:
        page = client.get(address).text
        seen += [int(part.split("<")[0]) for part in page.split("Step ")[1:]]
        pages += 1
        address = page.split('rel="next"')[0].rpartition('href="')[2].split('"')[0] if 'rel="next"' in page else ""
        address = address.replace("&amp;", "&")

    assert seen == list(range(120, 0, -1))
    assert pages == 3


@pytest.mark.parametrize("before", ["x", "-1", "1e3", "9" * 30, "١", "0"])
def test_a_page_that_is_none_is_no_error(client: FlaskClient, event: EventFacts, before: str) -> None:
    assert client.get(path(event, before=before)).status_code == 200


def test_nothing_of_another_event_is_told(client: FlaskClient, event: EventFacts) -> None:
    other = make_event()
    make_registration(other, first_name="Somebody", last_name="Else")

    assert "Somebody Else" not in client.get(path(event)).text
    assert client.get(path(other)).status_code == 404
