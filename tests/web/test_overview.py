"""The first page of an event: its figures, as a picture and as a table; what needs somebody; what happened last."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Event, OutboxMail, Registration, Role
from regapp.services import capacity, erasure, registrations
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration
from tests.statements import counting
from tests.web.organizers import sign_in
from tests.web.reading import words


def opened(days_ago: int = 10, **values: Any) -> EventFacts:
    return make_event(
        opens_at=utcnow() - timedelta(days=days_ago), closes_at=utcnow() + timedelta(days=10),
        starts_at=utcnow() + timedelta(days=49), ends_at=utcnow() + timedelta(days=50), **values,
    )  # fmt: skip


def open_page(client: FlaskClient, event: EventFacts, role: Role = Role.VIEWER) -> str:
    sign_in(client, event, role)
    answer = client.get(f"/organizer/events/{event.slug}/")
    assert answer.status_code == 200
    return words(answer)


def html(client: FlaskClient, event: EventFacts) -> str:
    sign_in(client, event, Role.VIEWER)
    return str(client.get(f"/organizer/events/{event.slug}/").text)


def test_the_tiles_say_how_it_stands(client: FlaskClient) -> None:
    event = opened(size=3)
    people = [make_registration(event, country=country) for country in ("HU", "HU", "BE", "FR", "FR")]
    with transaction():
        registrations.cancel(people[2].id, actor="attendee", now=utcnow())
        db.session.execute(update(OutboxMail).where(OutboxMail.id == 1).values(failed_at=utcnow(), error="550 no"))

    said = open_page(client, event)

    assert "Crowne Plaza, " in said
    assert "In 49 days. Registration is open until" in said
    for tile in (
        "Confirmed 3 of 3 places", "Free 0 places", "Waiting 1 since", "Cancelled 1 1 in the last seven days",
        "Countries 2 of the confirmed", "Mail trouble 1 one given up",
    ):  # fmt: skip
        assert tile in said


def test_the_picture_and_the_table_show_the_same(client: FlaskClient) -> None:
    event = opened(days_ago=3, size=4)
    for days in (2.5, 1.2, 1.1, 0):
        make_registration(event, now=utcnow() - timedelta(days=days))

    page = html(client, event)

    (path,) = re.findall(r'<path class="now" d="M([^"]+)"', page)
    heights = [float(point.split()[1]) for point in path.split("L")]
    table = page[page.index("Until the end of") :]
    rows = [int(cell) for cell in re.findall(r'<td class="number">(\d+)</td>', table[: table.index("</table>")])]
    assert heights == [200 - 200 * people / 4 for people in [0, *rows]]
    assert rows[-1] == 4
    assert rows == sorted(rows)
    assert len(rows) == 4


def test_countries_and_organisations_count_confirmed_people_and_those_who_were_erased(client: FlaskClient) -> None:
    event = opened(size=30, asks_organisation_type=True)
    named = ("HU", "BE", "FR", "DE", "IT", "ES", "PL", "AT", "NL", "SE")
    people = [make_registration(event, country=code) for code in ("HU", "HU", *named)]
    with transaction():
        db.session.execute(update(Registration).values(organisation_type="research"))
    with transaction():
        over = {"starts_at": utcnow() - timedelta(days=1), "closes_at": utcnow() - timedelta(days=2)}
        db.session.execute(update(Event).values(over))
    with transaction():
        erasure.erase(people[0].id, actor="attendee", now=utcnow())

    said = open_page(client, event)

    assert "Countries 12 confirmed people" in said
    assert "Hungary 3 Austria 1 Belgium 1" in said
    assert "Netherlands 1 2 others 2" in said
    assert "Organisations 12 confirmed people Kind of organisation Share People Research or education 12" in said
    assert "Somebody who was erased" in said


def make_texts_missing(event: EventFacts) -> None:
    texts = event.texts | {"hu": {"name": "Konferencia"}}
    db.session.execute(update(Event).values(texts=texts))


def fill_up(event: EventFacts) -> None:
    capacity.resize(event.id, 1, actor="operator", now=utcnow())


def close_list(event: EventFacts) -> None:
    db.session.execute(update(Event).values(serve_until=utcnow() - timedelta(hours=1)))


def refuse_mail(event: EventFacts) -> None:
    db.session.execute(update(OutboxMail).where(OutboxMail.id == 1).values(attempts=1, error="452 mailbox full"))


def complete(event: EventFacts) -> None:
    texts = {"en": event.texts["en"] | {"description": "Two days about clusters."}}
    db.session.execute(update(Event).values(texts=texts, contact_address="office@example.org"))


def draft(event: EventFacts) -> None:
    db.session.execute(update(Event).values(status="draft", opens_at=utcnow() + timedelta(days=2)))


@pytest.mark.parametrize(
    ("size", "change", "sentence"),
    [
        pytest.param(1, fill_up, "The event is full and 2 people wait. The first since", id="full"),
        pytest.param(0, make_texts_missing, "3 people wait for places to be added.", id="an interest list"),
        pytest.param(
            1, close_list, "2 people wait in vain. Places have not gone to the waiting list", id="list closed"
        ),
        pytest.param(9, refuse_mail, "One mail was refused and will be tried again. In the words", id="mail refused"),
        pytest.param(9, make_texts_missing, "Not written yet in this language: Magyar. It lacks", id="texts"),
        pytest.param(9, draft, "but the event is still a draft", id="a draft that should open"),
        pytest.param(9, complete, "Nothing needs you now.", id="nothing"),
    ],
)
def test_what_needs_somebody(client: FlaskClient, size: int, change: Any, sentence: str) -> None:
    event = opened(size=size)
    for _ in range(3):
        make_registration(event)
    with transaction():
        change(event)

    assert sentence in open_page(client, event)


def test_what_does_not_fit_is_said_of_a_draft_in_full_and_later_only_if_it_is_no_choice(client: FlaskClient) -> None:
    event = opened(size=None)
    choice, slip = "There is no limit", "Visitors cannot write to you"

    published = open_page(client, event)
    with transaction():
        db.session.execute(update(Event).values(status="draft"))
    as_draft = open_page(client, event)

    assert (choice in published, slip in published) == (False, True)
    assert (choice in as_draft, slip in as_draft) == (True, True)
    assert "Look at it" not in as_draft
    assert "Look at it" in open_page(client, event, Role.MANAGER)


def test_managers_are_led_to_what_more_places_would_do(client: FlaskClient) -> None:
    event = opened(size=1)
    for _ in range(3):
        make_registration(event)
    path = f"/organizer/events/{event.slug}/capacity?event=3"

    assert "See what more places would do" not in open_page(client, event, Role.VIEWER)
    assert "See what more places would do" in open_page(client, event, Role.MANAGER)
    assert "2 people get a place now" in words(client.get(path))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param({"status": "cancelled"}, "It has been called off.", id="called off"),
        pytest.param({"ends_at": utcnow() - timedelta(days=1)}, "It is over.", id="over"),
        pytest.param({"starts_at": utcnow() - timedelta(hours=1)}, "It takes place now.", id="now"),
        pytest.param({"opens_at": utcnow() + timedelta(days=30)}, "Registration opens on", id="not open yet"),
        pytest.param({"status": "draft"}, "Nobody outside sees it yet", id="a draft"),
    ],
)
def test_events_in_every_phase_have_an_overview(client: FlaskClient, values: dict[str, Any], sentence: str) -> None:
    event = opened()
    with transaction():
        db.session.execute(update(Event).values(values))

    assert sentence in open_page(client, event)


@pytest.mark.parametrize("size", [None, 0, 1_000_000])
def test_any_size_can_be_drawn(client: FlaskClient, size: int | None) -> None:
    event = opened(size=size)
    make_registration(event)

    assert 'class="now"' in html(client, event)


def test_a_name_is_shown_as_it_was_typed(client: FlaskClient) -> None:
    event = opened()
    make_registration(event, first_name="<b>%(person)s", last_name="100%")

    assert "<b>%(person)s 100% registered: confirmed" in open_page(client, event)
    assert "<b>%" not in html(client, event)


def test_the_whole_page_needs_few_statements(client: FlaskClient) -> None:
    event = opened(size=2)
    for _ in range(6):
        make_registration(event)
    open_page(client, event)

    with counting() as statements:
        client.get(f"/organizer/events/{event.slug}/")

    assert len(statements) <= 10
