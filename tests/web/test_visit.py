"""A visitor's whole way, read as a person reads it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import OutboxMail, Party, Registration
from regapp.services import registrations
from regapp.services.own import get_own
from tests.factories import make_event, make_registration
from tests.web.visitor import fill, read


def _count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_visitor_finds_the_event_registers_and_reads_that_the_place_is_theirs(client: FlaskClient) -> None:
    event = make_event(name="Clusters in Europe")

    listing = read(client.get("/"))
    event_page = read(client.get(listing.links["Clusters in Europe"]))
    form = read(client.get(event_page.links["Register"]))
    answer = fill(client, event_page.links["Register"])
    own = read(client.get(answer.location))

    assert "250 of 250 places left" in event_page.words
    assert form.labels["first_name"] == "First name"
    assert answer.status_code == 303
    assert own.main["data-state"] == "confirmed"
    assert own.main["data-position"] == ""
    assert own.main["data-code"] in own.words
    assert "You have a place, Ana." in own.words
    assert "Hungary" in own.words
    assert event.slug in own.links["See the event"]


def test_what_was_typed_is_what_is_stored(client: FlaskClient) -> None:
    event = make_event()

    answer = fill(client, f"/events/{event.slug}/register", first_name="  Ana \r\n Maria ", job_title="Head")

    own = get_own(read(client.get(answer.location)).main["data-code"])
    assert own.details.first_name == "Ana Maria"
    assert own.details.job_title == "Head"
    assert own.details.country == "HU"
    assert own.email == "ana@example.org"
    assert own.lang == "en"


def test_the_one_after_the_last_place_is_asked_first_and_then_waits(client: FlaskClient) -> None:
    event = make_event(size=1)
    path = f"/events/{event.slug}/register"
    typed = read(client.get(path)).inputs
    make_registration(event)

    asked = client.post(path, data=typed | {"first_name": "Zoë", "last_name": "", "email": "zoe@example.org",
                                            "organisation": "Danube", "country": "FR", "privacy": "1"})  # fmt: skip
    page = read(asked)
    answer = client.post(path, data=page.inputs)
    own = read(client.get(answer.location))

    assert asked.status_code == 409
    assert page.words.index("All places are taken") < page.words.index("First name")
    assert page.buttons == ["Join the waiting list"] * 2
    assert page.offered["accept_waitlist"]["type"] == "hidden"
    assert page.inputs["submission"] == typed["submission"]
    assert page.inputs["first_name"] == "Zoë"
    assert page.inputs["country"] == "FR"
    assert own.main["data-state"] == "waitlisted"
    assert own.main["data-position"] == "1"
    assert "You have no place yet, Zoë." in own.words
    assert "1 of 1." in own.words
    assert "You are the first in line." in own.words


def test_a_refusal_to_wait_stores_nothing(client: FlaskClient) -> None:
    event = make_event(size=0)
    path = f"/events/{event.slug}/register"

    answer = client.post(path, data=read(client.get(path)).inputs | {
        "accept_waitlist": "", "first_name": "Ana", "email": "ana@example.org", "organisation": "x", "country": "HU",
        "privacy": "1"})  # fmt: skip

    assert answer.status_code == 409
    assert (_count(Party), _count(Registration), _count(OutboxMail)) == (0, 0, 0)


def test_a_full_event_offers_the_waiting_list_from_the_start(client: FlaskClient) -> None:
    event = make_event(size=1)
    make_registration(event)
    make_registration(event)

    event_page = read(client.get(f"/events/{event.slug}"))
    form = read(client.get(event_page.links["Join the waiting list"]))
    own = read(client.get(fill(client, event_page.links["Join the waiting list"]).location))

    assert "You would be number 2" in event_page.words
    assert "One person waits." in event_page.words
    assert form.buttons == ["Join the waiting list"]
    assert own.main["data-position"] == "2"
    assert "One person is ahead of you." in own.words


def test_without_a_waiting_list_a_full_event_says_so(client: FlaskClient) -> None:
    event = make_event(size=1, waitlist_limit=0)
    path = f"/events/{event.slug}/register"
    typed = read(client.get(path)).inputs
    make_registration(event)

    event_page, form_page = read(client.get(f"/events/{event.slug}")), read(client.get(path))
    refused = client.post(path, data=typed | {"first_name": "Ana", "email": "ana@example.org", "organisation": "Danube",
                                              "country": "HU", "privacy": "1"})  # fmt: skip
    page = read(refused)

    assert "Register" not in event_page.links
    assert form_page.buttons == []
    assert refused.status_code == 409
    assert "no more people can wait" in page.words
    assert page.inputs["organisation"] == "Danube"
    assert "Join the waiting list" not in page.buttons


@pytest.mark.rule("R8")
def test_a_second_try_with_the_same_address_is_answered_the_same_whatever_the_state(app: Flask) -> None:
    waiting, seated = make_event(size=1, name="X", slug="event-w"), make_event(size=3, name="X", slug="event-s")
    make_registration(waiting)
    for event in (waiting, seated):
        make_registration(event, email="Ana@Example.org")

    answers = [fill(app.test_client(), f"/events/{event.slug}/register") for event in (waiting, seated)]

    bodies = [answer.text.replace(event.slug, "…") for answer, event in zip(answers, (waiting, seated), strict=True)]
    assert bodies[0] == bodies[1]
    assert _headers(answers[0]) == _headers(answers[1])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "in a mail to ana@example.org" in read(answers[0]).words
    assert _count(Registration) == 3


def _headers(answer: TestResponse) -> list[tuple[str, str]]:
    """Return the headers of an answer, cookies included, without the time at which it was given."""
    return [(name, value) for name, value in answer.headers if name != "Date"]


def test_the_same_form_sent_twice_is_one_registration_and_shows_the_first_answer(client: FlaskClient) -> None:
    event = make_event()
    path = f"/events/{event.slug}/register"
    form = read(client.get(path)).inputs | {"first_name": "Ana", "email": "ana@example.org", "organisation": "Danube",
                                            "country": "HU", "privacy": "1"}  # fmt: skip

    first, second = client.post(path, data=form), client.post(path, data=form)

    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert (_count(Registration), _count(OutboxMail)) == (1, 1)


def test_each_rendering_of_the_form_has_its_own_hidden_values(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"

    first, second = read(client.get(path)), read(client.get(path))

    assert len(first.inputs["submission"]) == 32
    assert first.inputs["submission"] != second.inputs["submission"]


def test_two_visitors_use_two_guards(app: Flask) -> None:
    path = f"/events/{make_event().slug}/register"

    answers = [fill(app.test_client(), path, email=f"{name}@example.org") for name in ("a", "b")]

    assert [answer.status_code for answer in answers] == [303, 303]


@pytest.mark.rule("R10")
def test_looking_at_a_link_changes_nothing_and_the_post_cancels(client: FlaskClient) -> None:
    event = make_event(size=1)
    own_path = fill(client, f"/events/{event.slug}/register").location
    waiting = make_registration(event)
    before = _count(OutboxMail)

    page = read(client.get(own_path))
    step = read(client.get(page.links["Cancel my place"]))
    for path in [own_path, *(link for link in page.links.values() if link.startswith("/r/"))]:
        client.head(path)
        client.get(path)
    untouched = read(client.get(own_path)).main["data-state"]
    mails = _count(OutboxMail)
    answer = client.post(page.links["Cancel my place"], data=step.inputs)
    own = read(client.get(answer.location))

    assert untouched == "confirmed"
    assert mails == before
    assert step.buttons == ["Cancel my place"]
    assert step.links["Keep my place"] == own_path
    assert answer.status_code == 303
    assert own.main["data-state"] == "cancelled"
    assert "You cancelled on" in own.words
    assert get_own(waiting.code).state == "confirmed"


def test_cancelling_twice_leads_to_the_same_page(client: FlaskClient) -> None:
    own_path = fill(client, f"/events/{make_event().slug}/register").location
    form = read(client.get(f"{own_path}/cancel")).inputs
    client.post(f"{own_path}/cancel", data=form)

    again = client.post(f"{own_path}/cancel", data=form)
    asked = client.get(f"{own_path}/cancel")

    assert (again.status_code, again.location) == (303, own_path)
    assert (asked.status_code, asked.location) == (303, own_path)


def test_details_are_changed_and_the_page_says_so(client: FlaskClient) -> None:
    own_path = fill(client, f"/events/{make_event().slug}/register").location

    form = read(client.get(f"{own_path}/change"))
    answer = client.post(f"{own_path}/change", data=form.inputs | {"last_name": "Nagy", "country": "SE"})
    own = read(client.get(answer.location))

    assert form.inputs["last_name"] == "Kovács"
    assert form.inputs["country"] == "HU"
    assert "email" not in form.offered
    assert answer.status_code == 303
    assert "Saved." in own.words
    assert "Ana Nagy" in own.words
    assert "Sweden" in own.words


def test_a_wrong_change_comes_back_as_typed_and_changes_nothing(client: FlaskClient) -> None:
    own_path = fill(client, f"/events/{make_event().slug}/register").location
    form = read(client.get(f"{own_path}/change")).inputs

    page = read(client.post(f"{own_path}/change", data=form | {"organisation": "", "last_name": "Nagy"}))

    assert page.status == 422
    assert page.inputs["last_name"] == "Nagy"
    assert "Write the name of your organisation" in page.described("organisation")
    assert "Kovács" in read(client.get(own_path)).words


def test_a_cancelled_registration_cannot_be_changed_by_an_old_page(client: FlaskClient) -> None:
    event = make_event()
    own_path = fill(client, f"/events/{event.slug}/register").location
    form = read(client.get(f"{own_path}/change")).inputs
    own = get_own(read(client.get(own_path)).main["data-code"])
    with transaction():
        registrations.cancel(own.id, actor="operator", now=utcnow())

    refused = client.post(f"{own_path}/change", data=form | {"last_name": "Nagy"})
    page = read(client.get(own_path))

    assert refused.status_code == 409
    assert "Nagy" not in page.words
    assert "The organizers cancelled it on" in page.words


def test_who_cancelled_may_register_again(client: FlaskClient) -> None:
    event = make_event()
    own_path = fill(client, f"/events/{event.slug}/register").location
    client.post(f"{own_path}/cancel", data=read(client.get(f"{own_path}/cancel")).inputs)

    again = fill(client, read(client.get(own_path)).links["Register again"])

    assert again.status_code == 303
    assert again.location != own_path


def test_people_who_stand_alike_read_their_own_words(app: Flask) -> None:
    path = f"/events/{make_event().slug}/register"
    people = [
        {"first_name": "Ana", "email": "a@example.org", "country": "HU", "job_title": "Head <1>"},
        {"first_name": "Zoë", "email": "z@example.org", "country": "SE", "job_title": "Head & 2"},
        {"first_name": "", "email": "n@example.org", "country": "SE", "job_title": ""},
    ]
    answers = [fill(app.test_client(), path, **person) for person in people]

    pages = [read(app.test_client().get(answer.location)) for answer in answers]

    for page, person, country in zip(pages, people, ["Hungary", "Sweden", "Sweden"], strict=True):
        assert page.main["data-code"] in page.words
        assert f"You have a place, {person['first_name'] or 'Kovács'}." in page.words
        assert person["email"] in page.words
        assert country in page.words
        assert person["job_title"] in page.words
        assert ("Job title" in page.words) == bool(person["job_title"])
        strangers = {other["email"] for other in people} - {person["email"]}
        assert not any(stranger in page.words for stranger in strangers)
    assert len({page.main["data-code"] for page in pages}) == 3
    assert len({page.links["Cancel my place"] for page in pages}) == 3
