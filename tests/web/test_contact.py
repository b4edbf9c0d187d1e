"""Reaching the organizers, getting a lost link again, and the words about who is behind an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from regapp.clock import utcnow
from regapp.db import db
from regapp.models import EventStatus, OutboxMail
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration
from tests.web.visitor import Page, read

OFFICE = "office@example.org"
LETTER = {"name": "Pál Nagy", "email": "pal@example.org", "message": "Is there parking?\n\nThank you"}


def _send(client: FlaskClient, event: EventFacts, page: str, **typed: str) -> Page:
    path = f"/events/{event.slug}/{page}"
    return read(client.post(path, data=read(client.get(path)).inputs | typed))


def _mails() -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def test_a_message_goes_to_the_organizers_and_their_address_to_nobody(client: FlaskClient) -> None:
    event = make_event(contact_address=OFFICE)
    start = client.get(f"/events/{event.slug}")

    form = client.get(read(start).links["Write to the organizers"])
    page = _send(client, event, "contact", **LETTER)
    mail = _mails()[0]

    assert page.status == 200
    assert "The organizers answer to pal@example.org." in page.words
    assert (mail.message, mail.to_address) == ("contact", OFFICE)
    assert mail.facts["body"] == "Is there parking?\n\nThank you"
    assert OFFICE not in start.text + form.text
    assert "<textarea" in form.text  # of several lines


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param({"name": ""}, "Write your name", id="no name"),
        pytest.param({"email": "pal@"}, "Add the part after the @", id="half an address"),
        pytest.param({"email": ""}, "Write the address that the answer goes to", id="no address"),
        pytest.param({"message": " \n "}, "Write your message", id="nothing to say"),
        pytest.param({"message": "x" * 2001}, "Shorten this to 2,000 characters: it has 2,001 now", id="too long"),
        pytest.param({"message": "a\x00b"}, "Take out the character", id="cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_the_field(client: FlaskClient, typed: dict, sentence: str) -> None:
    event = make_event(contact_address=OFFICE)

    page = _send(client, event, "contact", **LETTER | typed)

    assert page.status == 422
    assert sentence in page.described(next(iter(typed)))
    kept = {key: value for key, value in LETTER.items() if key not in typed}
    assert {key: page.inputs[key] for key in kept} == kept
    assert _mails() == []


def test_without_anybody_to_write_to_there_is_no_form(client: FlaskClient) -> None:
    event = make_event()

    assert client.get(f"/events/{event.slug}/contact").status_code == 404
    assert client.post(f"/events/{event.slug}/contact", data=LETTER).status_code == 404
    assert "Write to the organizers" not in read(client.get(f"/events/{event.slug}")).links


@pytest.mark.rule("R8")
def test_the_answer_is_the_same_whether_or_not_the_address_takes_part(client: FlaskClient) -> None:
    event = make_event(closes_at=utcnow() - timedelta(days=1))
    make_registration(event, email="ana@example.org", now=event.closes_at - timedelta(days=1))

    known, unknown = (_send(client, event, "link", email=email) for email in ("ana@example.org", "eva@example.org"))

    assert known.status == unknown.status == 200
    assert known.words.replace("ana@", "eva@") == unknown.words
    assert "If somebody with the address eva@example.org takes part in this event, the link" in unknown.words
    assert [mail.message for mail in _mails()] == ["confirmed", "link_again"]


def test_the_way_to_a_lost_link_is_on_the_event_page_and_on_the_form(client: FlaskClient) -> None:
    event = make_event()

    for page in (f"/events/{event.slug}", f"/events/{event.slug}/register"):
        links = read(client.get(page)).links
        assert links["Registered, but the mail is lost?"] == f"/events/{event.slug}/link"


def test_half_an_address_is_no_address(client: FlaskClient) -> None:
    page = _send(client, make_event(), "link", email="a@b")

    assert page.status == 422
    assert "Add the ending after “b”" in page.described("email")
    assert page.inputs["email"] == "a@b"


def test_each_event_says_who_is_responsible_and_how_long_people_are_kept(client: FlaskClient) -> None:
    texts = {"en": {"name": "X", "imprint": "**Cluster Office**, Brussels", "privacy": "Ask *us*."}}
    event = make_event(texts=texts, retain_until=datetime(2038, 3, 1, 11, 0, tzinfo=UTC))
    footer = read(client.get(f"/events/{event.slug}")).links

    privacy, imprint = (client.get(footer[name]) for name in ("Privacy", "Imprint"))

    assert "Until Monday 1 March 2038, 12:00 Brussels time (CET)." in read(privacy).words
    assert "From the organizers Ask us." in read(privacy).words
    assert "<strong>Cluster Office</strong>, Brussels" in imprint.text
    assert "max-age" in imprint.headers["Cache-Control"]


def test_without_an_imprint_there_is_no_page_for_it(client: FlaskClient) -> None:
    event = make_event()

    assert client.get(f"/events/{event.slug}/imprint").status_code == 404
    assert "Imprint" not in read(client.get(f"/events/{event.slug}")).links


def test_all_public_events_are_one_calendar(client: FlaskClient) -> None:
    shown, off = make_event(name="One"), make_event(name="Two", status=EventStatus.CANCELLED)
    make_event(name="Secret", status=EventStatus.DRAFT)

    answer = client.get("/calendar.ics")
    entries = {str(entry["SUMMARY"]): entry for entry in Calendar.from_ical(answer.text).events}

    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert sorted(entries) == ["One", "Two"]
    assert entries["One"]["URL"].endswith(f"/events/{shown.slug}")
    assert entries["Two"]["STATUS"] == "CANCELLED"
    assert entries["Two"]["UID"] == f"{off.slug}@regapp"
    assert "ETag" in answer.headers


def test_the_address_that_people_guess_leads_to_the_list(client: FlaskClient) -> None:
    assert client.get("/events").location == "/"


def test_before_the_opening_the_page_says_when_and_brings_the_servers_clock(client: FlaskClient) -> None:
    event = make_event(opens_at=utcnow() + timedelta(days=2))

    answer = client.get(f"/events/{event.slug}")

    assert f'data-until="{event.opens_at.isoformat()}"' in answer.text
    assert "js/countdown.js?v=" in answer.text
    assert abs(float(answer.headers["Server-Timing"].split('"')[1]) - utcnow().timestamp()) < 60
    assert "countdown" not in client.get(f"/events/{make_event().slug}").text
