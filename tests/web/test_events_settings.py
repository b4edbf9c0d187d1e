"""Settings of an event: whole visits of one organizer, and of two at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import History, OutboxMail, Role
from regapp.services import capacity, events, registrations
from regapp.services.events import EventFacts
from tests.everything import everything
from tests.factories import ENDS_AT, STARTS_AT, make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import Page, read


def _path(event: EventFacts) -> str:
    return f"/organizer/events/{event.slug}/settings"


def _save(client: FlaskClient, event: EventFacts, **typed: str) -> Page:
    inputs = read(client.get(_path(event))).inputs
    return read(client.post(_path(event), data=inputs | typed, follow_redirects=True))


def _now(event: EventFacts) -> EventFacts:
    db.session.rollback()
    return events.get(event.id)


def _mails(message: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(OutboxMail.message == message)) or 0


def test_saving_what_is_there_changes_nothing(client: FlaskClient) -> None:
    event = make_event(
        waitlist_limit=5, serve_until=STARTS_AT, change_until=STARTS_AT, retain_until=ENDS_AT + timedelta(days=9),
        online_url="https://meet.example.org/x", contact_address="office@example.org",
    )  # fmt: skip
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    page = _save(client, event)

    assert (page.status, "Saved." in page.words) == (200, True)
    assert everything() == before


def test_settings_that_concern_nobody_tell_nobody(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)

    page = _save(
        client, event, closes_at="2036-11-20T18:00", change_until="2036-11-25T18:00", waitlist_limit="20", fit="next",
        contact_address="office@example.org", asks_organisation_type="yes", retain_until="2037-12-02T00:00",
    )  # fmt: skip
    after = _now(event)

    assert "Saved." in page.words
    assert after.closes_at == datetime(2036, 11, 20, 17, 0, tzinfo=UTC)
    assert after.change_until == datetime(2036, 11, 25, 17, 0, tzinfo=UTC)
    assert (after.waitlist_limit, after.fit, after.contact_address) == (20, "next", "office@example.org")
    assert after.asks_organisation_type
    assert after.version == event.version + 1
    assert after.revision == event.revision
    assert _mails("event_changed") == 0
    line = db.session.scalars(select(History).where(History.action == "settings_changed")).one()
    assert line.numbers["fields"] == [
        "asks_organisation_type", "change_until", "closes_at", "contact_address", "fit", "retain_until",
        "waitlist_limit",
    ]  # fmt: skip
    assert "office@example.org" not in str(line.numbers)


def test_moving_an_event_says_first_how_many_are_told(client: FlaskClient) -> None:
    event = make_event(size=1)
    for _ in range(2):
        make_registration(event)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    asked = client.post(
        _path(event),
        data=read(client.get(_path(event))).inputs
        | {"starts_at": "2036-12-08T09:00", "ends_at": "2036-12-09T16:30", "fit": "next"},
    )
    page = read(asked)

    assert asked.status_code == 409
    assert "2 people will be told" in page.words
    assert "Save and tell 2 people" in page.buttons
    assert page.inputs["starts_at"] == "2036-12-08T09:00"
    assert everything() == before

    done = read(client.post(_path(event), data=page.inputs, follow_redirects=True))
    after = _now(event)

    assert "2 people are told by mail" in done.words
    assert after.starts_at == datetime(2036, 12, 8, 8, 0, tzinfo=UTC)
    assert (after.fit, after.revision) == ("next", event.revision + 1)
    assert _mails("event_changed") == 2


def test_who_comes_meanwhile_is_asked_for_again(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    page = _save(client, event, ends_at="2036-12-02T18:00")
    make_registration(event)

    again = read(client.post(_path(event), data=page.inputs))

    assert "2 people will be told" in again.words
    assert _mails("event_changed") == 0
    assert _now(event).ends_at == ENDS_AT


def test_two_who_save_lose_nothing(app: Flask) -> None:
    event = make_event()
    first, second = app.test_client(), app.test_client()
    sign_in(first, event, Role.MANAGER)
    sign_in(second, event, Role.MANAGER)
    mine = read(second.get(_path(event))).inputs
    _save(first, event, waitlist_limit="10", contact_address="first@example.org")

    answer = second.post(_path(event), data=mine | {"waitlist_limit": "20", "online_url": "https://meet.example.org/x"})
    page = read(answer)

    assert answer.status_code == 409
    assert "Somebody else has changed 2 things here meanwhile" in page.words
    assert "“10” now. What you wrote stands below." in page.words
    assert "“first@example.org” now. You had not touched it" in page.words
    assert page.inputs["waitlist_limit"] == "20"
    assert page.inputs["contact_address"] == "first@example.org"
    assert page.inputs["online_url"] == "https://meet.example.org/x"
    assert _now(event).waitlist_limit == 10

    second.post(_path(event), data=page.inputs)
    after = _now(event)

    assert (after.waitlist_limit, after.contact_address) == (20, "first@example.org")
    assert after.online_url == "https://meet.example.org/x"


def test_another_size_meanwhile_is_in_nobodys_way(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    mine = read(client.get(_path(event))).inputs
    with transaction():
        capacity.resize(event.id, 10, actor="operator", now=utcnow())

    answer = client.post(_path(event), data=mine | {"waitlist_limit": "20"})

    assert answer.status_code == 303
    assert (_now(event).size, _now(event).waitlist_limit) == (10, 20)


def test_who_is_served_again_gets_a_place_at_once(client: FlaskClient) -> None:
    event = make_event(size=1, serve_until=utcnow() + timedelta(hours=1))
    seated, waiting = make_registration(event), make_registration(event)
    later = utcnow() + timedelta(hours=2)
    with transaction():  # after serving ended: the place stays free
        registrations.cancel(seated.id, actor="attendee", now=later)
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, serve_until="")

    assert "One person got a place because of it" in page.words
    assert _now(event).taken == 1
    assert _mails("promoted") == 1
    assert waiting.position == 1


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        pytest.param("ends_at", "2036-12-01T09:00", "Choose an end after the beginning", id="ends as it begins"),
        pytest.param("starts_at", "2036-03-30T02:30", "becomes 03:30", id="a skipped hour"),
        pytest.param("closes_at", "2036-10-26T02:30", "Clocks show this time twice", id="a doubled hour"),
        pytest.param("opens_at", "", "Write when registration opens", id="no opening"),
        pytest.param("starts_at", "2020-12-01T09:00", "still to come", id="moved into the past"),
        pytest.param("retain_until", "2036-12-01T12:00", "after the end of the event", id="erased too early"),
        pytest.param("waitlist_limit", "-1", "Write a whole number of at least 0", id="fewer than nobody"),
        pytest.param("online_url", "javascript:alert(1)", "Write the whole address", id="a script as address"),
        pytest.param("online_url", "meet.example.org", "Write the whole address", id="half an address"),
        pytest.param("online_url", "https://[x", "Write the whole address", id="a broken address"),
        pytest.param("online_url", "https://" + "x" * 500, "Shorten this to 500", id="a long address"),
        pytest.param("contact_address", "office", "Add the @", id="half a mail address"),
        pytest.param("fit", "random", "Choose one from the list", id="an order that is not there"),
        pytest.param("robot_check", "", "Choose one from the list", id="no check"),
        pytest.param("tz", "Mars/Olympus", "Choose a time zone", id="an odd zone"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(client: FlaskClient, name: str, text: str, sentence: str) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    page = _save(client, event, **{name: text})

    assert page.status == 422
    assert sentence in page.described(name)
    if name not in ("tz", "fit", "robot_check"):
        assert page.inputs[name] == text
    assert everything() == before


def test_a_doubled_hour_keeps_which_one_it_is(client: FlaskClient) -> None:
    second = datetime(2036, 10, 26, 1, 30, tzinfo=UTC)
    event = make_event(closes_at=second)
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, waitlist_limit="1")

    assert page.inputs["closes_at-which"] == "second"
    assert (_now(event).closes_at, _now(event).waitlist_limit) == (second, 1)

    _save(client, event, **{"closes_at-which": "first"})

    assert _now(event).closes_at == second - timedelta(hours=1)


def test_another_zone_keeps_the_times_on_the_clock(client: FlaskClient) -> None:
    event = make_event(status="draft")
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, tz="Europe/Helsinki")

    assert page.inputs["starts_at"] == "2036-12-01T09:00"
    assert _now(event).starts_at == STARTS_AT - timedelta(hours=1)


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        pytest.param("Forum 2036", "Use small letters", id="capitals and a space"),
        pytest.param("../x", "Use small letters", id="a way out"),
        pytest.param("-x", "Use small letters", id="begins with a hyphen"),
        pytest.param("x" * 81, "Use small letters", id="too long"),
        pytest.param("győr", "Use small letters", id="other letters"),
        pytest.param("", "Write the last part", id="empty"),
        pytest.param("taken", "Another event has this address", id="taken"),
    ],
)
def test_an_odd_address_is_refused(client: FlaskClient, slug: str, sentence: str) -> None:
    event = make_event(status="draft")
    make_event(slug="taken")
    sign_in(client, event, Role.MANAGER)
    before = everything()

    page = _save(client, event, slug=slug)

    assert (page.status, page.inputs["slug"]) == (422, slug)
    assert sentence in page.described("slug")
    assert everything() == before


def test_the_address_of_a_draft_can_be_changed(client: FlaskClient) -> None:
    event = make_event(status="draft")
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, slug="forum-2036")

    assert page.inputs["slug"] == "forum-2036"
    assert client.get("/organizer/events/forum-2036/").status_code == 200


def test_the_address_of_a_published_event_stays(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, slug="forum-2036")

    assert "slug" not in page.inputs
    assert _now(event).slug == event.slug


@pytest.mark.parametrize("status", ["cancelled", "archived", "published"])
def test_of_what_is_over_little_can_be_set(client: FlaskClient, status: str) -> None:
    now = utcnow()
    event = make_event(status=status, starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1))
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, contact_address="office@example.org", starts_at="2036-01-01T10:00", tz="UTC")
    after = _now(event)

    assert "nothing about when and where it is changes any more" in page.words
    assert after.contact_address == "office@example.org"
    assert (after.starts_at, after.tz) == (event.starts_at, event.tz)


def test_a_running_event_may_end_later(client: FlaskClient) -> None:
    now = utcnow().replace(second=0, microsecond=0)
    event = make_event(starts_at=now - timedelta(hours=2), ends_at=now + timedelta(hours=1))
    sign_in(client, event, Role.MANAGER)

    _save(client, event, ends_at="2036-12-01T10:00")

    assert _now(event).ends_at == datetime(2036, 12, 1, 9, 0, tzinfo=UTC)


def test_a_form_that_lay_open_for_hours_comes_back_whole(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    inputs = read(client.get(_path(event))).inputs | {"csrf_token": "old", "waitlist_limit": "7"}

    page = read(client.post(_path(event), data=inputs))
    done = client.post(_path(event), data=page.inputs)

    assert (page.status, page.inputs["waitlist_limit"]) == (422, "7")
    assert "This page was open for a long time" in page.words
    assert done.status_code == 303
    assert _now(event).waitlist_limit == 7


def test_what_does_not_fit_together_is_said(client: FlaskClient) -> None:
    event = make_event(status="draft")
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, opens_at="2036-11-28T10:00", waitlist_limit="0", online_url="http://meet.example.org")

    assert "Registration closes before it opens" in page.words
    assert "There is no waiting list" in page.words
    assert "does not begin with https" in page.words
    assert page.links["5 things are worth a look"] == "#remarks"
    assert "There are no texts in this language yet: Magyar" in page.words
    assert "Visitors cannot write to you" in page.words
