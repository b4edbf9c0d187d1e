"""The capacity page: what another number would do, and doing exactly that."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Event, History, Role
from regapp.services import capacity, events, own, registrations, waitlist
from regapp.services.events import EventFacts
from regapp.services.own import Own
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.reading import words

Filled = tuple[EventFacts, list[Own]]


def full_event(size: int, people: int, **values: Any) -> Filled:
    event = make_event(size=size, **values)
    names = [f"Person {number}" for number in range(1, people + 1)]
    return event, [make_registration(event, first_name=name, last_name=None) for name in names]


def path(event: EventFacts) -> str:
    return f"/organizer/events/{event.slug}/capacity"


def look(client: FlaskClient, event: EventFacts, size: object) -> TestResponse:
    return client.get(path(event), query_string={"event": size})


def hidden(answer: TestResponse) -> dict[str, str]:
    form = answer.text[answer.text.index('<form method="post"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def apply(client: FlaskClient, event: EventFacts, shown: TestResponse, /, **changes: str) -> TestResponse:
    return client.post(path(event), data=hidden(shown) | changes)


def states(people: list[Own]) -> list[str]:
    db.session.rollback()
    return [own.get_own(person.code).state for person in people]


@pytest.mark.rule("R4")
def test_a_larger_number_shows_who_gets_a_place_and_changes_nothing(client: FlaskClient) -> None:
    event, _ = full_event(2, 6)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    answer = look(client, event, 4)

    said = words(answer)
    assert answer.status_code == 200
    assert "Whole event: 2 → 4" in said
    assert "2 people get a place now and one mail each. Who Person 3, Person 4" in said
    assert "2 people keep waiting. Next is Person 5." in said
    assert "Nobody loses a place. No place stays free." in said
    assert "With 6 places nobody waits." in said
    assert "Apply 2 → 4" in said
    assert everything() == before


def test_what_was_shown_is_applied(client: FlaskClient) -> None:
    event, people = full_event(2, 6)
    me = sign_in(client, event, Role.MANAGER)

    answer = apply(client, event, look(client, event, 4))

    assert (answer.status_code, answer.location) == (303, path(event))
    assert states(people) == ["confirmed"] * 4 + ["waitlisted"] * 2
    line = db.session.scalars(select(History).where(History.action == "resized")).one()
    assert (line.actor, line.numbers) == (me.actor, {"before": 2, "after": 4, "taken": 2})
    said = words(client.get(path(event)))
    assert "The number of places is now: 4. 2 people got a place." in said
    assert "Number of places: 2 → 4 Eszter Varga; 2 were taken then" in said


@pytest.mark.rule("R4")
def test_a_smaller_number_takes_nobodys_place(client: FlaskClient) -> None:
    event, people = full_event(3, 4)
    sign_in(client, event, Role.MANAGER)

    shown = look(client, event, 1)
    answer = apply(client, event, shown)

    said = words(shown)
    assert "That is lower than the 3 places taken." in said
    assert "Nobody loses a place, but nobody is promoted until fewer than 1 are taken." in said
    assert "get a place now" not in said
    assert answer.status_code == 303
    assert states(people) == ["confirmed"] * 3 + ["waitlisted"]


@pytest.mark.parametrize(
    ("size", "sentence", "stored"),
    [
        pytest.param("", "There is a place for everybody who registers.", None, id="no limit"),
        pytest.param("0", "0 places make an interest list", 0, id="an interest list"),
        pytest.param(" 007 ", "2 of 7 places stay free", 7, id="zeros and spaces around"),
        pytest.param("1000000", "999,995 of 1,000,000 places stay free", 1_000_000, id="the largest"),
    ],
)
def test_special_numbers(client: FlaskClient, size: str, sentence: str, stored: int | None) -> None:
    event, _ = full_event(2, 5)
    sign_in(client, event, Role.MANAGER)

    shown = look(client, event, size)
    answer = apply(client, event, shown)

    assert sentence in words(shown)
    assert answer.status_code == 303
    assert events.get(event.id).size == stored


BAD = {
    "a word": ("abc", "Write a whole number such as 250"),
    "below zero": ("-1", "Write a whole number such as 250"),
    "a half": ("1.5", "Write a whole number such as 250"),
    "other digits": ("١٢", "Write a whole number such as 250"),
    "superscript": ("2²", "Write a whole number such as 250"),
    "far too large": ("1000000000", "Write at most 1,000,000"),
    "larger than numbers get": ("9" * 5000, "Write at most 1,000,000"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("typed", "sentence"), BAD.values(), ids=BAD)
def test_what_is_no_number_of_places_is_said_beside_the_field(
    client: FlaskClient, method: str, typed: str, sentence: str
) -> None:
    event, _ = full_event(1, 2)
    sign_in(client, event, Role.MANAGER)
    shown = look(client, event, 2)
    before = everything()

    answer = look(client, event, typed) if method == "GET" else apply(client, event, shown, event=typed)

    assert answer.status_code == 422
    assert "Problem: Capacity" in answer.text
    assert sentence in answer.text
    assert f'value="{typed}"' in answer.text
    assert everything() == before


def cancels(event: EventFacts, people: list[Own]) -> None:
    registrations.cancel(people[-1].id, actor="attendee", now=utcnow())


def resizes(event: EventFacts, people: list[Own]) -> None:
    capacity.resize(event.id, 3, actor="operator", now=utcnow())


def opens_up(event: EventFacts, people: list[Own]) -> None:
    db.session.execute(update(Event).values(closes_at=utcnow() - timedelta(hours=1)))


@pytest.mark.parametrize(
    ("meanwhile", "moved"),
    [
        pytest.param(cancels, "people waiting: 4 → 3", id="somebody left the queue"),
        pytest.param(resizes, "places taken: 2 → 3, people waiting: 4 → 3", id="somebody else changed it"),
        pytest.param(opens_up, "a setting, or who waits", id="serving ended"),
    ],
)
def test_what_moved_meanwhile_is_shown_and_nothing_is_done(client: FlaskClient, meanwhile: Any, moved: str) -> None:
    event, people = full_event(2, 6)
    sign_in(client, event, Role.MANAGER)
    shown = look(client, event, 4)
    with transaction():
        meanwhile(event, people)
    before = everything()

    answer = apply(client, event, shown)

    assert answer.status_code == 409
    assert f"Nothing has been changed yet. Something moved since you looked ({moved})." in words(answer)
    assert everything() == before
    assert apply(client, event, answer).status_code == 303
    assert events.get(event.id).size == 4


def test_two_organizers_who_apply_the_same_make_it_true_once(client: FlaskClient) -> None:
    event, _ = full_event(2, 6)
    sign_in(client, event, Role.MANAGER)
    shown = look(client, event, 4)

    assert [apply(client, event, shown).status_code for _ in range(2)] == [303, 409]


@pytest.mark.parametrize("seal", ["", "x", "9" * 400, "1-1-" + "0" * 32, "\x00", "1-1"])
def test_a_seal_that_was_not_ours_applies_nothing(client: FlaskClient, seal: str) -> None:
    event, _ = full_event(1, 2)
    sign_in(client, event, Role.MANAGER)
    shown = look(client, event, 2)
    before = everything()

    assert apply(client, event, shown, seal=seal).status_code == 409
    assert everything() == before


def test_a_page_that_was_open_too_long_shows_the_same_again(client: FlaskClient) -> None:
    event, _ = full_event(1, 2)
    sign_in(client, event, Role.MANAGER)

    answer = apply(client, event, look(client, event, 2), csrf_token="expired")

    assert answer.status_code == 422
    assert "Please send it once more" in words(answer)
    assert apply(client, event, answer).status_code == 303


def test_after_serving_has_ended_a_larger_number_serves_nobody_and_says_so(client: FlaskClient) -> None:
    event, people = full_event(1, 3)
    with transaction():
        db.session.execute(update(Event).values(closes_at=utcnow() - timedelta(hours=1)))
    sign_in(client, event, Role.MANAGER)

    shown = look(client, event, 5)

    assert "2 people wait, but places no longer go to the waiting list since" in words(shown)
    assert apply(client, event, shown).status_code == 303
    assert states(people) == ["confirmed", "waitlisted", "waitlisted"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param({"status": "cancelled"}, "The event has been called off", id="called off"),
        pytest.param({"status": "archived"}, "The event is over", id="put away"),
        pytest.param({"ends_at": utcnow() - timedelta(days=1)}, "The event is over", id="past"),
    ],
)
def test_an_event_that_is_over_keeps_its_limits(client: FlaskClient, values: dict[str, Any], sentence: str) -> None:
    event, _ = full_event(1, 2)
    sign_in(client, event, Role.MANAGER)
    shown = look(client, event, 2)
    with transaction():
        db.session.execute(update(Event).values(values))
    before = everything()

    pages = [client.get(path(event)), look(client, event, 2), apply(client, event, shown)]

    assert [answer.status_code for answer in pages] == [200, 200, 409]
    for answer in pages:
        assert sentence in words(answer)
        assert "<input id=" not in answer.text
    assert everything() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DESK])
def test_others_see_the_limits_and_change_nothing(client: FlaskClient, role: Role) -> None:
    event, _ = full_event(2, 3)
    sign_in(client, event, Role.MANAGER)
    shown = look(client, event, 3)
    sign_in(client, event, role)

    assert "Show what would happen" not in client.get(path(event)).text
    assert "Apply" not in look(client, event, 3).text
    assert apply(client, event, shown).status_code == 403
    assert events.get(event.id).size == 2


def test_a_long_queue_is_served_in_several_steps(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitlist, "_HEADS", waitlist._HEADS.limit(2))
    monkeypatch.setattr("regapp.services.waitlist.MOST", 2)
    event, people = full_event(1, 8)
    sign_in(client, event, Role.MANAGER)

    shown = look(client, event, 7)
    answer = apply(client, event, shown)

    assert "The first 2 at once, the others within the next minutes" in words(shown)
    assert answer.status_code == 303
    assert states(people) == ["confirmed"] * 7 + ["waitlisted"]
    assert "6 people got a place." in words(client.get(path(event)))


def test_the_worker_goes_on_where_a_page_stops(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitlist, "_HEADS", waitlist._HEADS.limit(1))
    monkeypatch.setattr("regapp.services.waitlist.MOST", 1)
    monkeypatch.setattr("regapp.web.settling.ROUNDS", 2)
    event, people = full_event(1, 6)
    sign_in(client, event, Role.MANAGER)

    apply(client, event, look(client, event, 6))

    assert states(people) == ["confirmed"] * 4 + ["waitlisted"] * 2
    assert "3 people got a place. The others follow within the next minutes." in words(client.get(path(event)))
