"""Lists to take away and to sign, as organizers ask for them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from python_calamine import load_workbook

from regapp.db import db, transaction
from regapp.models import Role, Tag
from regapp.services import attendance, registrations
from regapp.services.events import EventFacts
from regapp.web.organizer import lists_routes
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import read


def file_of(client: FlaskClient, event: EventFacts, query: str) -> bytes:
    with client.get(f"/organizer/events/{event.slug}/lists/file?{query}") as answer:
        assert answer.status_code == 200
        return answer.data


def rows_of(client: FlaskClient, event: EventFacts, query: str) -> list[dict[str, str]]:
    text = file_of(client, event, f"format=csv&{query}").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.rule("R15")
def test_the_page_offers_the_attendees_and_its_form_gives_exactly_them(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=1)
    make_registration(event, last_name="Őrsi")
    make_registration(event)
    sign_in(client, event, Role.VIEWER)

    page = read(client.get("/organizer/events/conference/lists"))
    with client.get("/organizer/events/conference/lists/file", query_string=page.inputs) as answer:
        rows = load_workbook(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()

    assert "This view has one person now." in page.words
    assert (page.inputs["state"], page.inputs["format"]) == ("confirmed", "xlsx")
    assert answer.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert rows == [["time_zone"], ["Europe/Brussels"]]  # of the boxes that are ticked, this reader sends the last


def test_a_file_is_named_after_event_and_day_and_nobody_keeps_it_on_the_way(client: FlaskClient) -> None:
    event = make_event(slug="conference", tz="Pacific/Auckland")
    own = make_registration(event)
    sign_in(client, event)

    with time_machine.travel(datetime(2026, 11, 25, 12, 0, tzinfo=UTC), tick=False):
        sign_in(client, event)
        with client.get(
            f"/organizer/events/conference/lists/file?format=json&columns=reference&q={own.code}"
        ) as answer:
            found = answer.data

    assert answer.headers["Content-Disposition"] == "attachment; filename=conference-2026-11-26.json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) == len(found)
    assert json.loads(found) == [{"reference": own.code}]


def test_a_list_follows_the_view_that_its_link_carries(client: FlaskClient) -> None:
    event = make_event(size=2)
    names = ["Zola", "Őrsi", "Adams", "Orsini"]
    own = [make_registration(event, last_name=name, country="FR" if name == "Zola" else "HU") for name in names]
    with transaction():
        db.session.add(Tag(registration_id=own[3].id, tag="vip", event_id=event.id))
        registrations.cancel(own[1].id, actor="attendee", now=datetime(2026, 9, 14, tzinfo=UTC))
    sign_in(client, event)
    columns = "columns=last_name&columns=state"

    def listed(query: str) -> list[str]:
        return [row["last_name"] for row in rows_of(client, event, f"{columns}&{query}")]

    assert listed("") == ["Zola", "Adams"]
    assert listed("state=all&sort=-name") == ["Zola", "Orsini", "Őrsi", "Adams"]
    assert listed("q=ors&sort=name") == ["Őrsi", "Orsini"]
    assert listed("state=cancelled") == ["Őrsi"]
    assert listed("tag=vip") == ["Orsini"]
    assert listed("state=all&country=FR") == ["Zola"]


def test_what_narrows_a_list_is_said_and_can_be_dropped(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    make_registration(event, last_name="Őrsi")
    make_registration(event, last_name="Zola")
    sign_in(client, event)

    page = read(client.get("/organizer/events/conference/lists?q=orsi&tag=&country=HU"))

    assert "Only: Found by “orsi”; Country: Hungary." in page.words
    assert "This view has one person now." in page.words
    assert (page.inputs["q"], page.inputs["country"]) == ("orsi", "HU")
    assert "/organizer/events/conference/lists?state=all" in page.links.values()


def test_notes_come_along_only_if_they_are_asked_for(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event)

    page = client.get("/organizer/events/conference/lists").text

    assert 'value="note">' in page
    assert 'value="reference" checked>' in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("format=pdf&columns=state", "Choose one of these formats"),
        ("format=csv", "Tick at least one column"),
        ("format=csv&columns=password", "Tick at least one column"),
        ("format=csv&columns=state&columns=search_key", "Tick at least one column"),
    ],
)
def test_a_list_that_does_not_exist_is_asked_for_again(client: FlaskClient, query: str, sentence: str) -> None:
    event = make_event(slug="conference")
    sign_in(client, event)

    answer = client.get(f"/organizer/events/conference/lists/file?{query}")

    assert answer.status_code == 422
    assert sentence in answer.text


def test_anything_in_the_address_is_answered(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event)

    for query in ("state=x&sort=--&q=%00%ff", "columns=&format=", "q=" + "x" * 5000, "country=%F0%9F%98%80"):
        for page in ("lists", "lists/file", "attendance"):
            with client.get(f"/organizer/events/conference/{page}?{query}&part=-1&days=99999999999") as answer:
                assert answer.status_code in (200, 422), (page, query)


def test_a_second_large_list_waits_for_its_turn_and_is_told_when_to_come_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event(slug="conference")
    make_registration(event)
    sign_in(client, event)
    monkeypatch.setattr(lists_routes, "LARGE", 0)
    monkeypatch.setattr(lists_routes, "PATIENCE", 0.01)

    with lists_routes._turn:
        answer = client.get("/organizer/events/conference/lists/file?format=csv&columns=email")
    file_of(client, event, "format=csv&columns=email")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "Another large list is being made just now. Ask for yours again in 10 seconds." in answer.text
    assert not lists_routes._turn.locked()


def test_taking_lists_away_changes_nothing_and_gives_the_connection_back(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.VIEWER)
    before = everything()

    for kind in ("csv", "csv-semicolon", "xlsx", "json"):
        file_of(client, event, f"format={kind}&columns=email")
        assert not db.session().in_transaction()

    assert everything() == before


# --- to sign on the day --------------------------------------------------------


@pytest.mark.rule("R15")
def test_the_list_to_sign_holds_who_has_a_place_by_last_name(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=6)
    for first, last in (
        ("Ana", "Zola"),
        ("王", "小明"),
        ("Björn", "Őrsi"),
        ("Cecil", "orsini"),
        (None, "Ng"),
        ("Ali", None),
    ):
        make_registration(event, first_name=first, last_name=last)
    make_registration(event, last_name="Waiting")
    sign_in(client, event, Role.VIEWER)

    text = read(client.get("/organizer/events/conference/attendance")).words

    places = [text.index(name) for name in ("Ali", "Ng", "Őrsi Björn", "orsini Cecil", "Zola Ana", "小明 王")]
    assert places == sorted(places)
    assert "6 people have a place." in text
    assert "Waiting Ana" not in text


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("starts_at", "ends_at", "days"),
    [
        pytest.param((2026, 11, 30, 23, 30), (2026, 12, 1, 15, 0), ["2026-12-01"], id="it is December there already"),
        pytest.param((2026, 12, 1, 8, 0), (2026, 12, 2, 23, 0), ["2026-12-01", "2026-12-02"], id="until midnight"),
        pytest.param((2026, 12, 1, 23, 0), (2026, 12, 1, 23, 0), ["2026-12-02"], id="no time at all"),
        pytest.param((2026, 10, 24, 22, 0), (2026, 10, 25, 23, 0), ["2026-10-25"], id="a day of 25 hours"),
        pytest.param((2026, 3, 28, 23, 0), (2026, 3, 29, 22, 0), ["2026-03-29"], id="a day of 23 hours"),
    ],
)
def test_there_is_a_line_to_sign_for_each_day_where_the_event_is(
    client: FlaskClient, starts_at: tuple[int, ...], ends_at: tuple[int, ...], days: list[str]
) -> None:
    starts, ends = (datetime(*at, tzinfo=UTC) for at in (starts_at, ends_at))  # type: ignore[misc]
    event = make_event(tz="Europe/Budapest", starts_at=starts, ends_at=ends, closes_at=starts)

    assert [str(day) for day in attendance.list_days(event)] == days


def test_a_long_event_is_signed_on_several_lists(client: FlaskClient) -> None:
    starts_at = datetime(2036, 12, 1, 8, 0, tzinfo=UTC)
    event = make_event(slug="course", starts_at=starts_at, ends_at=starts_at + timedelta(days=8, hours=2))
    make_registration(event)
    sign_in(client, event)

    first = client.get("/organizer/events/course/attendance").text
    last = client.get("/organizer/events/course/attendance?days=3").text

    assert [first.count("<br><time"), last.count("<br><time")] == [4, 1]
    assert '<time datetime="2036-12-09">' in last


def test_many_people_are_printed_in_parts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "MOST_PEOPLE", 2)
    event = make_event(slug="conference")
    for name in ("Adams", "Bell", "Cole"):
        make_registration(event, last_name=name)
    sign_in(client, event)

    page = read(client.get("/organizer/events/conference/attendance?part=2"))

    assert "Cole" in page.words
    assert "Bell" not in page.words
    assert "3 people have a place." in page.words


def test_nobody_to_sign_is_said(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=0)
    make_registration(event)
    sign_in(client, event)

    assert "Nobody has a place yet." in client.get("/organizer/events/conference/attendance").text
