"""Categories as visitors meet them first: on the event's page and on the form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.datastructures import MultiDict

from regapp.clock import utcnow
from regapp.db import db, snapshot, transaction
from regapp.models import Category, Registration
from regapp.services import books, categories, events
from regapp.services.categories import Plan
from regapp.services.events import EventFacts
from regapp.services.own import Own
from tests.everything import everything
from tests.factories import make_category, make_event, make_registration
from tests.statements import counting
from tests.web.visitor import FIELDS, fill, read

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the kind of database makes no difference to."""


def form_of(event: EventFacts) -> str:
    return f"/events/{event.slug}/register"


def seat(event: EventFacts, category: int, people: int) -> list[Own]:
    return [make_registration(event, category_id=category) for _ in range(people)]


def change(event: EventFacts, category: int, **plan: Any) -> None:
    with transaction():
        plan = {"texts": {"en": {"name": "Guests"}}} | plan
        categories.change(event.id, category, Plan(**plan), actor="account:1", now=utcnow())


# --- registering ---------------------------------------------------------------


@pytest.mark.rule("R5")
def test_a_visitor_sees_the_categories_chooses_one_and_has_a_place_in_it(client: FlaskClient) -> None:
    event = make_event(size=60)
    makers, guests = make_category(event, size=40, name="Policy makers"), make_category(event, size=9, name="Guests")

    event_page = read(client.get(f"/events/{event.slug}"))
    form = read(client.get(event_page.links["Register"]))
    answer = fill(client, form_of(event), category=str(guests))
    own = read(client.get(answer.location))
    found = events.get(event.id)

    assert "Policy makers 40 places left of 40 Guests 9 places left of 9" in event_page.words
    assert "category" not in form.inputs, "nothing is chosen for who has a choice"
    assert form.labels[f"category-{makers}"] == "Policy makers"
    assert "9 places left" in form.described("category")
    assert answer.status_code == 303
    assert "CategoryGuests" in own.words
    assert [(one.id, one.taken) for one in found.categories] == [(makers, 0), (guests, 1)]
    assert found.taken == 1
    with snapshot() as connection:
        assert books.verify(connection, now=utcnow()).differences == []


@on_sqlite
def test_without_categories_nothing_is_asked_and_nothing_is_stored(client: FlaskClient) -> None:
    other = make_category(make_event())
    event = make_event()

    page = read(client.get(form_of(event)))
    answer = fill(client, form_of(event), category=str(other))

    assert "category" not in page.offered
    assert "Category" not in page.words + read(client.get(f"/events/{event.slug}")).words
    assert answer.status_code == 303
    assert "Category" not in read(client.get(answer.location)).words
    assert db.session.scalar(select(Registration.category_id)) is None


@on_sqlite
def test_the_only_open_category_is_chosen_beforehand(client: FlaskClient) -> None:
    event = make_event()
    lone = make_category(event)
    make_category(event, opens_at=utcnow() + timedelta(days=1))
    make_category(event, hidden=True)

    assert read(client.get(form_of(event))).inputs["category"] == str(lone)
    assert fill(client, form_of(event)).status_code == 303


BAD = [
    *["", " ", "0", "-1", "guest", "1.0", "1e3", "9" * 31, "०१", "null", "true", "' OR 1=1 --", "\x00", "[1]"],
    *["{other}", "{hidden}", "{guests}0", "0{guests}", "{guests},{guests}"],
]


@on_sqlite
def test_whatever_is_no_category_to_choose_is_refused_beside_the_field(client: FlaskClient) -> None:
    event, elsewhere = make_event(), make_event()
    ids = {"guests": make_category(event), "hidden": make_category(event, hidden=True, name="Secret")}
    ids["other"] = make_category(elsewhere)
    form, before = read(client.get(form_of(event))).inputs | FIELDS | {"first_name": "Zoë"}, everything()

    for bad in [None, *BAD]:
        typed = MultiDict(form)
        typed.pop("category", None)
        if bad is not None:
            typed["category"] = _filled(bad, ids)
        answer = client.post(form_of(event), data=typed)
        page = read(answer)

        assert answer.status_code == 422, bad
        expected = "Choose one of these categories" if (bad or "").strip() else "Choose a category"
        assert expected in page.described("category"), bad
        assert "#category" in page.links.values()
        assert page.inputs["first_name"] == "Zoë"
        assert "Secret" not in page.words
    typed = MultiDict(form)
    typed.setlist("category", ["x", str(ids["guests"])])
    assert client.post(form_of(event), data=typed).status_code == 422, "of several the first counts"
    assert everything() == before


def _filled(bad: str, ids: dict[str, int]) -> str:
    for name, id_ in ids.items():
        bad = bad.replace(f"{{{name}}}", str(id_))
    return bad


@on_sqlite
def test_a_problem_with_the_category_is_told_in_the_visitors_language(client: FlaskClient) -> None:
    event = make_event()
    make_category(event), make_category(event)

    page = read(fill(client, f"{form_of(event)}?lang=hu"))

    assert page.lang == "hu"
    assert "Válasszon kategóriát" in page.described("category")


@on_sqlite
def test_a_hidden_category_is_nowhere(client: FlaskClient) -> None:
    event = make_event()
    make_category(event, name="Guests")
    make_category(event, name="Secret", hidden=True)

    assert "Secret" not in client.get(f"/events/{event.slug}").text
    assert "Secret" not in client.get(form_of(event)).text


@on_sqlite
def test_where_all_categories_are_hidden_nobody_is_led_to_a_form(client: FlaskClient) -> None:
    event = make_event()
    hidden = make_category(event, hidden=True)

    page = read(client.get(form_of(event)))

    assert "No category is open now." in page.words
    assert "first_name" not in page.offered
    assert "Register" not in read(client.get(f"/events/{event.slug}")).links
    form = read(client.get(f"/events/{make_event().slug}/register")).inputs | FIELDS
    for typed in ({}, {"category": str(hidden)}):
        assert client.post(form_of(event), data=form | typed).status_code == 422


OPENS, CLOSES = datetime(2026, 9, 20, 8, tzinfo=UTC), datetime(2026, 9, 25, 8, tzinfo=UTC)
TICK = timedelta(seconds=1)


@on_sqlite
@pytest.mark.rule("R16")
def test_a_window_opens_and_closes_to_the_second_on_pages_drawn_before(client: FlaskClient) -> None:
    event = make_event()
    early = make_category(event, name="Students", opens_at=OPENS, closes_at=CLOSES)
    make_category(event, name="Guests")
    seen = []
    with time_machine.travel(OPENS - TICK, tick=False) as clock:
        for moment in (OPENS - TICK, OPENS, CLOSES - TICK, CLOSES):
            clock.move_to(moment)
            page, shared = read(client.get(form_of(event))), client.get(f"/events/{event.slug}")
            answer = fill(client, form_of(event), category=str(early), email=f"{moment.timestamp()}@example.org")
            refused = "" if answer.status_code == 303 else read(answer).described("category")
            seen.append((answer.status_code, "disabled" in _radio(client, event, early), refused))
            assert ("Students Not yet open" in read(shared).words) is (moment < OPENS)
            assert ("Students Closed since" in read(shared).words) is (moment >= CLOSES)
            assert "Guests" in page.words
            edge = [at - moment for at in (OPENS, CLOSES) if at > moment]
            if edge and edge[0] == TICK:
                assert shared.headers["Cache-Control"] == "public, max-age=1"

    assert [status for status, _, _ in seen] == [422, 303, 303, 422]
    assert [disabled for _, disabled, _ in seen] == [True, False, False, True]
    assert "“Students” is open from Sunday 20 September 2026, 10:00 Brussels time (CEST)" in seen[0][2]
    assert "“Students” is closed since Friday 25 September 2026, 10:00 Brussels time (CEST)" in seen[3][2]


def _radio(client: FlaskClient, event: EventFacts, category: int) -> str:
    """Return the input of a category as it stands in the page."""
    html = client.get(form_of(event)).text
    start = html.index(f'id="category-{category}"')
    return html[start : html.index(">", start)]


@pytest.mark.rule("R9")
def test_a_category_closed_by_organizers_is_refused_but_a_form_sent_before_keeps_its_answer(
    client: FlaskClient,
) -> None:
    event = make_event()
    guests = make_category(event, name="Guests")
    make_category(event)
    sent = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(guests)}
    first = client.post(form_of(event), data=sent)
    late = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(guests), "email": "late@example.org"}
    change(event, guests, closes_at=utcnow() - TICK)
    before = everything()

    again, refused = client.post(form_of(event), data=sent), client.post(form_of(event), data=late)

    assert again.location == first.location
    assert refused.status_code == 422
    assert "“Guests” is closed since" in read(refused).described("category")
    assert everything() == before


def test_a_category_that_was_removed_elsewhere_a_moment_ago_is_no_failure(client: FlaskClient) -> None:
    event = make_event()
    gone, stays = make_category(event, name="Guests"), make_category(event)
    with time_machine.travel(utcnow(), tick=False):
        form = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(gone)}
        client.get(f"/events/{event.slug}")
        with db.engine.begin() as elsewhere:  # so this process does not learn of it
            elsewhere.execute(delete(Category).where(Category.id == gone))

        answer = client.post(form_of(event), data=form)
        page = read(answer)

        assert answer.status_code == 422
        assert "Choose one of these categories" in page.described("category")
        assert page.labels.keys() >= {f"category-{stays}", "first_name"}
        assert f"category-{gone}" not in page.labels
        client.get(f"/events/{event.slug}")
        with db.engine.begin() as elsewhere:
            elsewhere.execute(delete(Category))

        last = client.post(form_of(event), data=page.inputs | {"category": str(stays)})

    assert last.status_code == 422
    assert "category" not in read(last).offered
    assert client.post(form_of(event), data=read(last).inputs).status_code == 303


# --- full ----------------------------------------------------------------------


@pytest.mark.rule("R7")
def test_who_chose_a_full_category_is_asked_with_its_own_numbers(client: FlaskClient) -> None:
    event = make_event(size=20)
    makers, guests = make_category(event, size=2, name="Policy makers"), make_category(event, name="Guests")
    seat(event, makers, 5)
    form = read(client.get(form_of(event)))
    before = everything()

    asked = fill(client, form_of(event), category=str(makers))
    page, stored = read(asked), everything()
    own = read(client.get(client.post(form_of(event), data=page.inputs).location))

    assert "Some categories are full: there you can join the waiting list." in form.words
    assert "Full: you would be number 4 on its waiting list" in form.words
    assert form.buttons == ["Register"]
    assert asked.status_code == 409
    assert "You would be number 4 on the waiting list of “Policy makers”." in page.words
    assert "There are places in: “Guests”." in page.words
    assert page.buttons == ["Join the waiting list"] * 2
    assert page.inputs["category"] == str(makers)
    assert stored == before
    assert (own.main["data-state"], own.main["data-position"]) == ("waitlisted", "4")
    assert fill(client, form_of(event), category=str(guests), email="b@example.org").status_code == 303


@pytest.mark.rule("R7")
@on_sqlite
def test_where_all_categories_are_full_the_form_is_one_for_the_waiting_list(client: FlaskClient) -> None:
    event = make_event(size=2)
    makers, guests = make_category(event, size=2, name="Policy makers"), make_category(event, size=5, name="Guests")
    seat(event, makers, 2)

    event_page, form = read(client.get(f"/events/{event.slug}")), read(client.get(form_of(event)))
    own = read(client.get(fill(client, form_of(event), category=str(guests)).location))

    assert "Join the waiting list" in event_page.links
    assert "The whole event is full, though 5 of the 5 places here are free: you would be number 1" in event_page.words
    assert form.buttons == ["Join the waiting list"]
    assert form.inputs["accept_waitlist"] == "yes"
    assert "All places are taken. Choose a category" in form.words
    assert own.main["data-state"] == "waitlisted"


@on_sqlite
def test_where_nobody_more_may_wait_a_full_category_cannot_be_chosen(client: FlaskClient) -> None:
    event = make_event(size=20, waitlist_limit=0)
    makers, guests = make_category(event, size=1, name="Policy makers"), make_category(event, size=1, name="Guests")
    seat(event, makers, 1)

    form, full = read(client.get(form_of(event))), _radio(client, event, makers)
    refused = fill(client, form_of(event), category=str(makers))
    seat(event, guests, 1)
    closed = read(client.get(form_of(event)))

    assert "disabled" in full
    assert "Some categories are full, and no more people can wait." in form.words
    assert "accept_waitlist" not in form.offered
    assert refused.status_code == 409
    assert "You are not registered. No more people can wait. There are places in: “Guests”." in read(refused).words
    assert "Full: no more people can wait" in closed.words
    assert "first_name" not in closed.offered


@on_sqlite
def test_a_category_that_does_not_count_has_places_in_a_full_event(client: FlaskClient) -> None:
    event = make_event(size=1)
    guests, press = make_category(event, name="Guests"), make_category(event, size=3, counts=False, name="Press")
    seat(event, guests, 1)

    page = read(client.get(f"/events/{event.slug}"))
    own = read(client.get(fill(client, form_of(event), category=str(press)).location))

    assert "There are still places in: “Press”." in page.words
    assert "Register" in page.links
    assert '"https://schema.org/InStock"' in client.get(f"/events/{event.slug}").text
    assert own.main["data-state"] == "confirmed"
    assert events.get(event.id).taken == 1


@on_sqlite
def test_an_event_without_a_limit_says_that_places_go_by_category(client: FlaskClient) -> None:
    event = make_event(size=None)
    seat(event, make_category(event, size=1), 1)

    page = read(client.get(f"/events/{event.slug}"))

    assert "Places by category" in page.words
    assert "Places for everybody" not in page.words + read(client.get("/")).words
    assert "Join the waiting list" in page.links


def test_pages_and_forms_with_categories_take_few_statements(client: FlaskClient) -> None:
    event = make_event()
    guests = make_category(event)
    make_category(event)
    taken = {}
    for path in (f"/events/{event.slug}", form_of(event)):
        with transaction():  # a change, after which nothing read before counts
            pass
        with counting() as statements:
            client.get(path)
        taken[path] = len(statements)
    form = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(guests)}
    with counting() as statements:
        answer = client.post(form_of(event), data=form)

    assert answer.status_code == 303
    assert max(taken.values()) <= 2, taken
    assert len(statements) <= 9, statements
