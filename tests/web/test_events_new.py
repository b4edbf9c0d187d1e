"""Making an event: a whole visit, from the list of one's own events to the page that visitors see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Role
from regapp.services import events, teams
from tests.everything import everything
from tests.factories import make_event
from tests.web.organizers import sign_in
from tests.web.visitor import read

NEW = "/organizer/new"
TYPED = {"name": "Joint training in Győr", "starts_at": "2036-06-05T09:00", "ends_at": "", "size": "14"}


def _fill(client: FlaskClient, path: str = NEW, **typed: str):
    return client.post(path.split("?")[0], data=read(client.get(path)).inputs | TYPED | typed)


def test_a_small_event_is_published_with_three_fields_and_four_clicks(client: FlaskClient) -> None:
    sign_in(client)
    clicks = 0

    start = read(client.get("/organizer/"))
    form = read(client.get(start.links["New event"]))
    clicks += 1
    form = read(client.get(form.links["Training"]))
    clicks += 1
    typed = {"name": "Joint training in Győr", "starts_at": "2036-06-05T09:00"}
    made = client.post(NEW, data=form.inputs | typed, follow_redirects=True)
    clicks += 1
    draft = read(made)
    published = client.post(
        "/organizer/events/joint-training-in-gyor/publish", data=draft.inputs, follow_redirects=True
    )
    clicks += 1

    assert form.inputs["size"] == "14"
    assert "Publish" in draft.buttons
    assert "Joint training in Győr" in draft.words
    assert published.status_code == 200
    page = read(client.get("/events/joint-training-in-gyor"))
    assert (page.status, clicks, len(typed)) == (200, 4, 2)
    assert "14 of 14 places left" in page.words
    assert "Register" in page.links


def test_a_draft_is_seen_by_nobody_else(client: FlaskClient) -> None:
    sign_in(client)

    _fill(client)

    assert client.get("/events/joint-training-in-gyor").status_code == 404
    assert client.get("/events/joint-training-in-gyor/register").status_code == 404
    assert "Joint training" not in client.get("/").text
    assert "Joint training" not in client.get("/calendar.ics").text
    assert "Joint training" in client.get("/organizer/").text


def test_whoever_makes_an_event_owns_it(client: FlaskClient) -> None:
    me = sign_in(client)

    _fill(client)

    assert [(mine.event.slug, mine.role) for mine in teams.list_events(me.id)] == [
        ("joint-training-in-gyor", Role.OWNER)
    ]


def test_the_zone_is_the_one_used_last(client: FlaskClient) -> None:
    sign_in(client)

    first = read(client.get(NEW)).inputs["tz"]
    _fill(client, tz="Europe/Budapest")
    second = read(client.get(NEW)).inputs["tz"]

    assert (first, second) == ("Europe/Brussels", "Europe/Budapest")


def test_two_events_of_one_name_get_two_addresses(client: FlaskClient) -> None:
    sign_in(client)

    places = [_fill(client).headers["Location"] for _ in range(3)]

    assert places == [
        f"/organizer/events/joint-training-in-gyor{rest}/preview" for rest in ("", "-2036", "-2036-2")
    ]  # fmt: skip


REFUSED = [
    pytest.param("name", "", "Write what the event is called", id="no name"),
    pytest.param("name", "x" * 201, "Shorten this to 200 characters", id="a name of 201"),
    pytest.param("name", "a\ufffdb", "Take out the character", id="a broken name"),
    pytest.param("starts_at", "", "Write when the event begins", id="no start"),
    pytest.param("starts_at", "tomorrow", "Write the day and the time like", id="a start in words"),
    pytest.param("starts_at", "2036-02-30T09:00", "Write the day and the time like", id="the 30th of February"),
    pytest.param("starts_at", "2036-06-05T25:00", "Write the day and the time like", id="25 o'clock"),
    pytest.param("starts_at", "0001-01-01T00:00", "Write a year from 2000 to 2099", id="the year 1"),
    pytest.param("starts_at", "9999-12-31T23:59", "Write a year from 2000 to 2099", id="the year 9999"),
    pytest.param("starts_at", "2036-06-05T09:00+02:00", "Write the day and the time like", id="with an offset"),
    pytest.param("starts_at", "2036-03-30T02:30", "becomes 03:30", id="in the hour that spring skips"),
    pytest.param("starts_at", "2036-10-26T02:30", "Clocks show this time twice", id="in the hour that autumn doubles"),
    pytest.param("ends_at", "2036-06-05T09:00", "Choose an end after the beginning", id="ends as it begins"),
    pytest.param("ends_at", "2036-06-04T18:00", "Choose an end after the beginning", id="ends before it begins"),
    pytest.param("tz", "Europe/Atlantis", "Choose a time zone from the list", id="a zone that is not there"),
    pytest.param("tz", "../../etc/passwd", "Choose a time zone from the list", id="a zone that is a file"),
    pytest.param("tz", "", "Choose a time zone from the list", id="no zone"),
    pytest.param("size", "-5", "Write a whole number", id="a size below zero"),
    pytest.param("size", "many", "Write a whole number", id="a size in words"),
    pytest.param("size", "1.5", "Write a whole number", id="half a place"),
    pytest.param("size", "1e3", "Write a whole number", id="a size for programmers"),
    pytest.param("size", "١٢", "Write a whole number", id="a size in other figures"),
    pytest.param("size", "1000001", "Write a number up to 1,000,000", id="too large a size"),
    pytest.param("size", "9" * 400, "Write a number up to 1,000,000", id="far too large a size"),
]


@pytest.mark.parametrize(("name", "text", "sentence"), REFUSED)
def test_what_cannot_be_is_refused_beside_its_field(client: FlaskClient, name: str, text: str, sentence: str) -> None:
    sign_in(client)
    before = everything()

    answer = _fill(client, **{name: text})

    page = read(answer)
    assert answer.status_code == 422
    assert sentence in page.described(name)
    assert page.inputs[name] == ("" if name == "tz" else text)
    assert {key: page.inputs[key] for key in TYPED if key != name} == {
        key: value for key, value in TYPED.items() if key != name
    }
    assert everything() == before


def test_which_of_two_hours_is_meant_can_be_said(client: FlaskClient) -> None:
    sign_in(client)

    asked = read(_fill(client, starts_at="2036-10-26T02:30"))
    made = client.post(NEW, data=asked.inputs | {"starts_at-which": "second"})

    assert "02:30 CEST, before the clocks go back" in asked.words
    assert made.status_code == 303
    assert events.get(events.get_id("joint-training-in-gyor")).starts_at == datetime(2036, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        pytest.param("", None, id="no limit"),
        pytest.param("0", 0, id="a list"),
        pytest.param("1 250", 1250, id="spaced"),
    ],
)
def test_the_number_of_places_is_what_was_typed(client: FlaskClient, typed: str, size: int | None) -> None:
    sign_in(client)

    _fill(client, size=typed)

    assert events.get(events.get_id("joint-training-in-gyor")).size == size


def test_odd_kinds_of_events_are_none(client: FlaskClient) -> None:
    sign_in(client)

    page = read(client.get(f"{NEW}?profile=rocket"))
    answer = client.post(NEW, data=page.inputs | TYPED | {"profile": "rocket"})

    assert page.inputs["profile"] == ""
    assert answer.status_code == 303


def test_my_events_stand_in_groups(client: FlaskClient) -> None:
    me = sign_in(client)
    now = utcnow()
    running = make_event(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), name="Running")
    over = make_event(starts_at=now - timedelta(hours=3), ends_at=now - timedelta(hours=1), name="Over")
    draft = make_event(status="draft", name="Not yet")
    with transaction():
        for event in (running, over, draft):
            teams.add(event.id, me.id, Role.VIEWER if event is over else Role.OWNER)
    db.session.rollback()

    page = read(client.get("/organizer/"))

    heads = [page.words.index(word) for word in ("Drafts", "Not yet", "To come", "Running", "Past", "Over")]
    assert heads == sorted(heads)
    assert f"/organizer/events/{running.slug}/copy" in client.get("/organizer/").text
    assert f"/organizer/events/{over.slug}/copy" not in client.get("/organizer/").text
