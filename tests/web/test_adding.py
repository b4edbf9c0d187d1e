"""Adding a person by hand, as managers do it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from regapp.db import db, transaction
from regapp.models import Event, History, OutboxMail, Registration, Role
from regapp.services import events
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import read

TYPED = {"first_name": "Örs", "last_name": "Kovács", "email": "ors@example.org"}
ADDRESS = "/organizer/events/conference/add"


def typed(client: FlaskClient, **values: str) -> dict[str, str]:
    """Return what a browser sends after somebody has typed."""
    return read(client.get(ADDRESS)).inputs | TYPED | values


def test_a_person_with_a_name_and_an_address_is_added_and_told(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    me = sign_in(client, event, Role.MANAGER)

    answer = client.post(ADDRESS, data=typed(client, country="", organisation=""))

    assert answer.status_code == 303
    row = db.session.scalars(select(Registration)).one()
    assert (row.first_name, row.organisation, row.country, row.state) == ("Örs", "", None, "confirmed")
    assert db.session.scalars(select(History.actor)).all() == [me.actor]
    assert db.session.scalars(select(OutboxMail.message)).all() == ["confirmed"]
    assert "Örs Kovács has a place." in client.get(f"/organizer/events/{event.slug}/lists").text


def test_an_empty_box_tells_nobody(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)
    data = typed(client)
    assert data.pop("tell") == "yes"

    client.post(ADDRESS, data=data)

    assert events.get(event.id).taken == 1
    assert db.session.scalars(select(OutboxMail)).all() == []


def test_a_full_event_asks_what_to_do_and_keeps_every_word(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=1)
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    answer = client.post(ADDRESS, data=typed(client, job_title="Igazgató"))

    page = read(answer)
    assert answer.status_code == 409
    assert "The person would be number 1 on the waiting list." in page.words
    assert (page.inputs["first_name"], page.inputs["job_title"]) == ("Örs", "Igazgató")
    assert everything() == before


@pytest.mark.parametrize(
    ("when_full", "sentence"),
    [
        ("wait", "Örs Kovács is on the waiting list as number 1."),
        ("exceed", "Örs Kovács has a place: 2 are taken now of 1."),
    ],
)
def test_what_to_do_when_it_is_full_is_done_and_said(client: FlaskClient, when_full: str, sentence: str) -> None:
    event = make_event(slug="conference", size=1)
    make_registration(event)
    sign_in(client, event, Role.MANAGER)

    client.post(ADDRESS, data=typed(client, when_full=when_full))

    assert sentence in client.get(f"/organizer/events/{event.slug}/lists").text


def test_an_address_that_takes_part_leads_to_who_it_is(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    own = make_registration(event, email="ors@example.org")
    sign_in(client, event, Role.MANAGER)

    answer = client.post(ADDRESS, data=typed(client))

    assert answer.status_code == 409
    assert own.code in read(answer).links["See who it is"]


def test_a_form_sent_twice_adds_one_person(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)
    data = typed(client)

    assert [client.post(ADDRESS, data=data).status_code for _ in range(2)] == [303, 303]

    assert events.get(event.id).taken == 1


def test_nobody_is_added_to_an_event_that_was_called_off(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)
    data = typed(client)
    with transaction():
        db.session.execute(update(Event).values(status="cancelled"))

    answer, shown = client.post(ADDRESS, data=data), read(client.get(ADDRESS))

    assert answer.status_code == 409
    assert "Nobody can be added any more." in answer.text
    assert "Nobody can be added any more." in shown.words
    assert "Add the person" not in shown.buttons
    assert "email" not in shown.inputs


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("email", "", "Write the person’s e-mail address"),
        ("email", "ors", "Add the @ and the part after it"),
        ("first_name", "x" * 100_000, "Shorten this to 200 characters"),
        ("country", "XX", "Choose a country from the list"),
        ("lang", "tlh", "Choose a language from the list"),
        ("when_full", "perhaps", "Choose what to do when there is no place"),
    ],
)
def test_what_cannot_be_right_is_said_beside_the_field(
    client: FlaskClient, name: str, value: str, sentence: str
) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)
    before = everything()

    answer = client.post(ADDRESS, data=typed(client, **{name: value}))

    assert answer.status_code == 422
    assert sentence in read(answer).words
    assert everything() == before


def test_somebody_without_any_name_cannot_be_added(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)

    answer = client.post(ADDRESS, data=typed(client, first_name="", last_name=""))

    assert answer.status_code == 422
    assert "Write at least one of the names" in read(answer).words
