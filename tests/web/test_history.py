"""The history in words: newest first, by kind, page by page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from regapp.clock import utcnow
from regapp.db import db, table, transaction
from regapp.models import History, Role
from regapp.services import (
    capacity,
    editing,
    erasure,
    events,
    history,
    planning,
    publishing,
    registrations,
    settings,
    teams,
)
from regapp.services.drafts import Details
from regapp.services.editing import EventChange
from regapp.services.events import EventFacts
from regapp.services.planning import Copy, NewEvent
from regapp.services.records import Action
from regapp.services.settings import Settings
from regapp.web.organizer.history_words import tell
from tests.factories import make_event, make_registration
from tests.web.organizers import make_account, resume, sign_in
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


def say(event: EventFacts, action: str, registration_id: int | None = None, **values: object) -> str:
    """Write one line, and return how the page of the history tells the newest one."""
    line = {"event_id": event.id, "at": utcnow(), "actor": "operator", "action": action}
    with transaction():
        db.session.execute(insert(table(History)), [line | {"registration_id": registration_id} | values])
    newest = history.list_lines(event.id, limit=1)[0]
    return tell(event, newest, now=utcnow())[0].words.striptags()


def has_words(event: EventFacts, action: str, registration_id: int) -> bool:
    """Say whether an action has a sentence of its own, be it about a person or about the event."""
    by_itself = action.replace("_", " ")
    about_event, about_person = say(event, action), say(event, action, registration_id)
    return about_event != by_itself.capitalize() or not about_person.endswith(f": {by_itself}")


@pytest.mark.parametrize("action", sorted(map(str, Action)))
def test_every_action_has_its_sentence(app: Flask, action: str) -> None:
    event = make_event()
    with app.test_request_context():
        assert has_words(event, action, make_registration(event).id)


def test_an_action_without_a_sentence_is_noticed_and_stands_for_itself(app: Flask) -> None:
    event = make_event()
    person = make_registration(event, first_name="Zoë", last_name="Bell")
    with app.test_request_context():
        assert not has_words(event, "badge_printed", person.id)
        assert say(event, "badge_printed", person.id) == "Zoë Bell: badge printed"


def test_somebody_who_was_erased_has_no_capital_within_a_sentence(app: Flask) -> None:
    event = make_event()
    person = make_registration(event, now=utcnow())
    with transaction():
        erasure.erase(person.id, actor="operator", now=utcnow())
    with app.test_request_context():
        assert say(event, "cancelled", person.id) == "The place of somebody who was erased was cancelled"


@pytest.mark.parametrize(
    ("action", "numbers", "sentence"),
    [
        ("imported", {"confirmed": 250, "waiting": 1, "known": 3}, "imported from a file: 250 got a place, one waits"),
        ("imported", {"confirmed": 1}, "People were imported from a file: one got a place"),
        ("imported", None, "People were imported from a file"),
        ("overbooked", {"size": 14, "taken": 15}, "The limit was passed knowingly: 15 places taken of 14"),
        ("announced", {"addresses": 1250}, "A message was written to 1,250 addresses"),
        ("announcement_undone", {"mails": 1}, "A message was called back: one mail had not left yet"),
    ],
)
def test_what_was_done_to_many_is_told_with_its_numbers(
    app: Flask, action: str, numbers: dict[str, int] | None, sentence: str
) -> None:
    with app.test_request_context():
        assert say(make_event(), action, numbers=numbers).endswith(sentence)


def test_the_life_of_an_event_is_told(client: FlaskClient) -> None:
    me, helper, other = (make_account(name) for name in ("Eszter Varga", "<b>Pál</b> 100%s", "Zoë Bell"))
    at, tz = datetime(2026, 3, 1, 9, 0, tzinfo=UTC), "Europe/Budapest"
    new = NewEvent("Training", "en", tz, datetime(2026, 3, 30, 7, 0, tzinfo=UTC), None, 14)
    do = {"actor": me.actor, "now": at}
    with transaction():
        event = events.get(events.get_id(planning.create(new, me.id, **do)))
        closes_at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
        wanted = Settings.of(event, waitlist_limit=5, fit="next", closes_at=closes_at)
        settings.save(event.id, wanted, seen=event.version, agreed=0, **do)
        texts = {"name": "Tréning", "venue": "Budapest"}
        settings.save_texts(event.id, "hu", texts, seen=events.get(event.id).version, agreed=0, **do)
        publishing.publish(event.id, **do)
        publishing.unpublish(event.id, **do)
        teams.join(event.id, helper.id, Role.DESK, **do)
        teams.join(event.id, other.id, Role.VIEWER, **do)
        teams.change_role(event.id, helper.id, Role.MANAGER, **do)
        teams.remove(event.id, other.id, **do)
        teams.remove(event.id, helper.id, actor=helper.actor, now=at)
        publishing.publish(event.id, **do)
        planning.copy(events.get(event.id), Copy(date(2027, 3, 30), {}), me.id, **do)
        copy = events.get(events.get_id("training-2027"))
        publishing.archive(event.id, actor=me.actor, now=new.starts_at + timedelta(days=30))
    resume(client, me)

    said = words(client.get(path(event)))

    told = [
        "The event was begun, as a draft Eszter Varga",
        "Settings were changed: Registration closes (",
        "→ 29 March 2026, 01:30), Order of the waiting list, People who may wait (",
        "Texts were changed in this language: Magyar – Name, Place Eszter Varga",
        "The event was published Eszter Varga",
        "The event was made a draft again",
        "<b>Pál</b> 100%s came into the team: Desk Eszter Varga",
        "Zoë Bell came into the team: Viewer",
        "<b>Pál</b> 100%s has another role: Desk → Manager",
        "Zoë Bell was taken out of the team Eszter Varga",
        "<b>Pál</b> 100%s left the team",
        "The event was put away",
    ]
    assert [sentence for sentence in told if sentence not in said] == []
    assert f"The event was begun as a copy of {event.slug} Eszter Varga" in words(client.get(path(copy)))


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
