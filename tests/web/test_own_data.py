"""What a person can do with their own data: move it to another address, take it away, erase it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from regapp import links
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import OutboxMail, Registration
from regapp.services import waitlist
from regapp.services.own import Own, get_own
from tests.factories import make_event, make_registration
from tests.web.visitor import read


def _path(own: Own) -> str:
    return links.own_path(own.code, own.link_version)


def test_a_new_address_means_a_new_link(client: FlaskClient) -> None:
    own = make_registration(make_event(), email="old@example.org")
    form = read(client.get(read(client.get(_path(own))).links["Change my e-mail address"]))

    answer = client.post(f"{_path(own)}/email", data=form.inputs | {"email": "new@example.org"})

    assert form.inputs["email"] == "old@example.org"
    assert answer.status_code == 303
    assert "new@example.org" in read(client.get(answer.location)).words
    assert client.get(_path(own)).status_code == 404


def test_an_address_of_somebody_else_is_refused_beside_the_field(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event, email="ana@example.org")
    own = make_registration(event, email="eva@example.org")
    path = f"{_path(own)}/email"

    page = read(client.post(path, data=read(client.get(path)).inputs | {"email": "ANA@example.org"}))

    assert page.status == 422
    assert "Use another address" in page.described("email")
    assert page.inputs["email"] == "ANA@example.org"
    assert get_own(own.code).email == "eva@example.org"


def test_details_and_address_are_changed_until_their_date_and_cancelled_until_the_start(client: FlaskClient) -> None:
    event = make_event(change_until=utcnow() - timedelta(minutes=1))
    own = make_registration(event)
    page = read(client.get(_path(own)))

    assert "Cancel my place" in page.links
    assert "Change my details" not in page.links
    assert "Change my e-mail address" not in page.links
    assert "You could change your details until " in page.words
    assert "You can still cancel until Monday 1 December 2036, 09:00" in page.words
    assert "no longer" not in page.words
    for step in ("change", "email"):
        answer = client.get(f"{_path(own)}/{step}")
        assert answer.status_code == 303
        assert (
            "Your details can no longer be changed: that was possible until " in read(client.get(answer.location)).words
        )


def test_a_page_says_that_it_is_too_late_only_where_it_is(client: FlaskClient) -> None:
    own = make_registration(make_event())

    assert "no longer" not in read(client.get(f"{_path(own)}?late=1")).words


def test_the_form_says_until_when_one_may_change(client: FlaskClient) -> None:
    event = make_event(change_until=utcnow() + timedelta(days=30))

    words = read(client.get(f"/events/{event.slug}/register")).words

    assert "You can change your details until " in words
    assert "and cancel until the event begins." in words


def test_everything_that_is_stored_can_be_taken_away(client: FlaskClient) -> None:
    own = make_registration(make_event(slug="conference"), first_name="Ilona")

    answer = client.get(read(client.get(_path(own))).links["Take it away as a file"])
    found = json.loads(answer.text)

    assert answer.headers["Content-Disposition"] == f"attachment; filename=registration-{own.code}.json"
    assert (found["registration"]["first_name"], found["registration"]["event"]) == ("Ilona", "conference")
    assert [consent["kind"] for consent in found["consents"]] == ["privacy"]
    assert [(line["action"], line["after"]) for line in found["history"]] == [("registered", "confirmed")]
    assert [mail["message"] for mail in found["mails"]] == ["confirmed"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.rule("R10")
@pytest.mark.rule("R18")
def test_looking_erases_nothing_and_the_post_erases(client: FlaskClient) -> None:
    own = make_registration(make_event(), first_name="Zsuzsanna")
    path = read(client.get(_path(own))).links["Erase my data"]

    asked = read(client.get(path))
    client.head(path)
    untouched = get_own(own.code)
    answer = read(client.post(path, data=asked.inputs))
    db.session.rollback()

    assert "This cannot be undone." in asked.words
    assert "Your registration is cancelled first" in asked.words
    assert untouched == own
    assert answer.status == 200
    assert "Your data is erased" in answer.words
    assert client.get(_path(own)).status_code == 404
    assert db.session.scalars(select(Registration.first_name)).all() == [None]
    assert [mail.message for mail in db.session.scalars(select(OutboxMail))] == ["erased"]


def test_who_waited_in_vain_reads_why(client: FlaskClient) -> None:
    event = make_event(size=0, serve_until=utcnow() + timedelta(days=1))
    own = make_registration(event)
    with transaction():
        waitlist.end_serving(event.id, now=utcnow() + timedelta(days=2))

    page = read(client.get(_path(own)))

    assert page.main["data-state"] == "expired"
    assert "You were on the waiting list. Places were given until" in page.words
    assert "Please do not travel without a place." in page.words


def test_the_online_address_is_for_those_who_have_a_place(client: FlaskClient) -> None:
    event = make_event(size=1, online_url="https://meet.example/room")
    seated, waiting = make_registration(event), make_registration(event)

    public = client.get(f"/events/{event.slug}").text
    own, other = (client.get(_path(person)).text for person in (seated, waiting))

    assert "Those who have a place find the link" in public
    assert "meet.example" in own
    assert "meet.example" not in public + other


def test_who_waits_reads_when_and_where_it_is(client: FlaskClient) -> None:
    own = make_registration(make_event(size=0))

    words = read(client.get(_path(own))).words

    assert "2 December 2036" in words
    assert "Crowne Plaza" in words
    assert "Rue Gineste 3, 1210 Brussels" in words


def test_only_a_new_page_says_that_a_mail_is_on_its_way(client: FlaskClient) -> None:
    own = make_registration(make_event(), email="ana@example.org")

    new = read(client.get(_path(own))).words
    with time_machine.travel(utcnow() + timedelta(minutes=16), tick=False):
        later = read(client.get(_path(own))).words

    assert "A mail with the address of this page goes to ana@example.org." in new
    assert "A mail with" not in later
    assert "We look forward to seeing you" in later
