"""Categories in the workspace: setting them up, their limits on the capacity page, what is refused."""

from __future__ import annotations

import io
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
from regapp.services import categories, events, own
from regapp.services.events import CategoryFacts, EventFacts
from regapp.services.own import Own
from tests.everything import everything
from tests.factories import make_category, make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.reading import hidden_fields, words


def path(event: EventFacts, *parts: object) -> str:
    return "/".join([f"/organizer/events/{event.slug}/categories", *map(str, parts)])


def send(client: FlaskClient, address: str, **values: Any) -> TestResponse:
    """Send the form of a page, with its guards, as it was drawn and with these values."""
    return client.post(address, data=hidden_fields(client.get(address).text) | values)


def stored(event: EventFacts) -> list[CategoryFacts]:
    db.session.rollback()
    return list(events.get(event.id).categories)


def test_a_category_is_added_changed_and_sorted(client: FlaskClient) -> None:
    event = make_event(size=60)
    me = sign_in(client, event, Role.MANAGER)

    send(client, path(event, "new"), name_en="Members", name_hu="Tagok", size="40", counts="yes")
    send(client, path(event, "new"), name_en="Press", text_en="With a card", size="", hidden="yes")
    members, press = stored(event)
    moved = client.post(path(event, press.id, "move"), data={**guards(client, event), "to": "up"})
    changed = send(
        client, path(event, members.id), name_en="Our members", counts="yes", opens_at="2036-10-01T09:00",
        closes_at="2036-11-01T18:00",
    )  # fmt: skip

    assert (moved.status_code, changed.status_code) == (303, 303)
    press, members = stored(event)
    assert (members.texts, members.size, members.counts, members.hidden) == (
        {"en": {"name": "Our members"}}, 40, True, False,
    )  # fmt: skip
    assert members.opens_at is not None
    assert members.opens_at.isoformat() == "2036-10-01T07:00:00+00:00"
    assert (press.text("text", "hu"), press.size, press.counts, press.hidden) == ("With a card", None, False, True)
    said = words(client.get(path(event)))
    assert said.index("Press") < said.index("Our members")
    assert "hidden" in said
    told = words(client.get(f"/organizer/events/{event.slug}/history"))
    assert "The category “Our members” was added" in told
    assert "The category “Press” is shown in another place" in told
    lines = db.session.scalars(select(History.actor).where(History.event_id == event.id))
    assert set(lines) == {me.actor}


def guards(client: FlaskClient, event: EventFacts) -> dict[str, str]:
    return {"csrf_token": hidden_fields(client.get(f"/organizer/events/{event.slug}/team").text)["csrf_token"]}


MEMBERS = {"name_en": "Members", "counts": "yes"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param({"name_en": "  "}, "Write what the category is called", id="no name"),
        pytest.param({"name_hu": "x" * 81}, "Shorten this to 80 characters: it has 81 now", id="too long"),
        pytest.param(
            {"opens_at": "2036-11-01T18:00", "closes_at": "2036-11-01T18:00"}, "Choose an end after the beginning",
            id="ends before it begins",
        ),
        pytest.param({"opens_at": "2036-03-30T02:30"}, "Clocks skip this time on that day", id="a skipped hour"),
        pytest.param({"closes_at": "2036-10-26T02:30"}, "Clocks show this time twice on that day", id="a doubled hour"),
        pytest.param({"size": "-1"}, "Write a whole number such as 250", id="negative"),
        pytest.param({"size": "2.5"}, "Write a whole number such as 250", id="a fraction"),
        pytest.param({"size": "1000001"}, "Write at most 1,000,000", id="huge"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_field(client: FlaskClient, values: dict[str, str], sentence: str) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    before = everything()

    answer = send(client, path(event, "new"), **MEMBERS | values)

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert [answer.text.count('aria-invalid="true"'), everything() == before] == [1, True]


def test_a_number_that_somebody_else_changed_is_not_lost(client: FlaskClient) -> None:
    event = make_event()
    number = make_category(event, name="Members")
    sign_in(client, event, Role.MANAGER)
    drawn = hidden_fields(client.get(path(event, number)).text)
    send(client, path(event, number), name_en="Our members", counts="yes")

    answer = client.post(path(event, number), data=drawn | {"name_en": "All members", "counts": "yes", "hidden": "yes"})

    assert answer.status_code == 409
    assert "“Our members” now. What you wrote stands below." in words(answer)
    [kept] = stored(event)
    assert (kept.text("name", "en"), kept.hidden) == ("Our members", False)


def test_who_has_a_category_keeps_it_and_whether_it_counts(client: FlaskClient) -> None:
    event = make_event(size=5)
    number, empty = make_category(event, name="Members"), make_category(event, name="Guests")
    make_registration(event, category_id=number)
    sign_in(client, event, Role.MANAGER)

    page = client.get(path(event, number))
    changed = send(client, path(event, number), name_en="Members", counts="")
    kept = client.post(path(event, number, "remove"), data=guards(client, event))
    gone = send(client, path(event, empty, "remove"))

    assert "That can no longer change: somebody has this category." in words(page)
    assert changed.status_code == 303
    assert "It stays: somebody has this category, or had it." in words(client.get(path(event, number, "remove")))
    assert (kept.status_code, gone.status_code) == (409, 303)
    [left] = stored(event)
    assert (left.id, left.counts) == (number, True)
    assert "The category “Guests” was removed" in words(client.get(f"/organizer/events/{event.slug}/history"))


def test_a_category_of_another_event_leads_nowhere(client: FlaskClient) -> None:
    event, other = make_event(), make_event()
    number = make_category(other, name="Theirs")
    sign_in(client, event, Role.OWNER)
    guard, before = guards(client, event), everything()

    answers = [
        client.get(path(event, number)), client.post(path(event, number), data={**guard, **MEMBERS}),
        client.post(path(event, number, "move"), data={**guard, "to": "up"}),
        client.get(path(event, number, "remove")), client.post(path(event, number, "remove"), data=guard),
        client.get(path(event, 10**30)), client.get(limits(event), query_string={f"category-{number}": "1"}),
        client.post(limits(event), data={**guard, "event": "1", f"category-{number}": "1", "seal": "x"}),
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {404}
    assert everything() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DESK])
def test_others_see_categories_and_change_nothing(client: FlaskClient, role: Role) -> None:
    event = make_event()
    number = make_category(event, name="Members")
    sign_in(client, event, role)
    page, before = client.get(path(event)), everything()

    answers = [
        client.post(path(event, *to), data=MEMBERS)
        for to in [("new",), (number,), (number, "move"), (number, "remove")]
    ]

    assert "Members" in words(page)
    assert "<button" not in page.text[page.text.index("<main") :]
    assert {answer.status_code for answer in answers} == {403}
    assert everything() == before


def test_an_event_that_is_over_keeps_its_categories(client: FlaskClient) -> None:
    event = make_event()
    number = make_category(event, name="Members")
    sign_in(client, event, Role.MANAGER)
    guard = guards(client, event)
    with transaction():
        db.session.execute(update(Event).values(starts_at=utcnow() - timedelta(days=2), ends_at=utcnow()))
    before = everything()

    answers = [
        client.post(path(event, *to), data={**guard, **values})
        for to, values in [(("new",), MEMBERS), ((number, "move"), {"to": "up"}), ((number, "remove"), {})]
    ]

    assert {answer.status_code for answer in answers} == {409}
    assert everything() == before


def test_people_are_found_listed_and_counted_by_category(client: FlaskClient) -> None:
    event, members, guests, _people = nested(before="Nobody’s")
    sign_in(client, event, Role.VIEWER)
    people, chosen = f"/organizer/events/{event.slug}/people", "format=csv&columns=first_name,category"

    tables = [words(client.get(f"{people}?category={asked}")) for asked in (members, guests, "none", "9" * 30, "x")]
    waiting = words(client.get(f"{people}?category={members}&state=waitlisted"))
    file = client.get(f"/organizer/events/{event.slug}/lists/file?{chosen}&category={guests}")
    signed = words(client.get(f"/organizer/events/{event.slug}/attendance"))
    overview = words(client.get(f"/organizer/events/{event.slug}/"))

    assert [[name for name in ("M1", "G2", "Nobody’s") if f"{name} Danube" in table] for table in tables] == [
        ["M1"], ["G2"], ["Nobody’s"], ["M1", "G2", "Nobody’s"], ["M1", "G2", "Nobody’s"],
    ]  # fmt: skip
    assert "Category: Members" in tables[0]
    assert ["M3 Danube" in waiting, "M1 Danube" in waiting] == [True, False]
    assert file.text.lstrip("\ufeff").split() == ["first_name,category", "G1,Guests", "G2,Guests"]
    assert "M1 Danube Cluster Members" in signed
    assert "Members 2 2 Full, 1 waiting 1" in overview


ANA = {"first_name": "Ana", "email": "ana@example.org", "lang": "en", "when_full": "exceed", "tell": ""}


def test_somebody_is_added_to_a_category_beyond_its_limit(client: FlaskClient) -> None:
    event = make_event(size=60)
    press, theirs = make_category(event, name="Press", size=0, hidden=True), make_category(make_event())
    sign_in(client, event, Role.MANAGER)
    address = f"/organizer/events/{event.slug}/add"

    wrong = [send(client, address, **ANA, category=chosen) for chosen in ("", str(theirs), "x")]
    added = send(client, address, **ANA, category=str(press))
    said = words(client.get(added.location))
    plain = send(client, address, **ANA | {"email": "b@example.org", "category": "none"})

    assert {answer.status_code for answer in wrong} == {422}
    assert all("Choose a category, or that the person has none" in words(answer) for answer in wrong)
    assert [added.status_code, plain.status_code] == [303, 303]
    assert "Ana has a place, beyond the limit: Press 1 of 0." in said
    assert [events.get(event.id).taken, stored(event)[0].taken] == [2, 1]


def test_a_list_brings_people_into_categories_by_their_names_in_any_language(client: FlaskClient) -> None:
    event, other = make_event(size=60), make_category(make_event())
    members = make_category(event, size=1, texts={"en": {"name": "Members"}, "hu": {"name": "Tagok"}})
    guests = make_category(event, name="Guests", size=5)
    sign_in(client, event, Role.MANAGER)
    start = f"/organizer/events/{event.slug}/import"
    rows = [
        "name,email,category",
        "A,a@example.org,tagok",
        "B,b@example.org,MEMBERS",
        "C,c@example.org,",
        "D,d@example.org,x",
    ]
    file = {"file": (io.BytesIO("\n".join(rows).encode()), "people.csv")}
    sent = client.post(start, data={**guards(client, event), **file}, content_type="multipart/form-data")
    chosen = {"name": 0, "email": 1, "category": 2, "when_full": "wait"}

    shown = client.get(f"{sent.location}/check", query_string={**chosen, "default_category": guests})
    foreign = client.get(f"{sent.location}/check", query_string={**chosen, "default_category": other})
    done = client.post(
        f"{sent.location}/check", query_string={**chosen, "default_category": guests}, data=hidden_fields(shown.text)
    )  # fmt: skip

    said = words(shown)
    assert "A a@example.org Members Gets a place" in said
    assert "B b@example.org Members Waits as number 1" in said
    assert "C c@example.org Guests Gets a place" in said
    assert "This category is not known: write one of Members, Guests" in said
    assert [foreign.status_code, done.status_code] == [404, 303]
    assert [(one.id, one.taken, one.waiting) for one in stored(event)] == [(members, 1, 1), (guests, 1, 0)]


def test_the_page_of_somebody_who_waits_says_why(client: FlaskClient) -> None:
    event, _members, _guests, people = nested()
    sign_in(client, event, Role.VIEWER)

    said = [words(client.get(f"/organizer/events/{event.slug}/people/{person.code}")) for person in people]

    assert "Members" in said[0]
    assert "“Members” is full (2 of 2). The event is full (3 of 3). First in line of this category." in said[2]
    assert "The event is full (3 of 3). First in line of this category." in said[4]
    assert "“Guests” is full" not in said[4]
    assert not any("Change the category" in page for page in said)


@pytest.mark.rule("R3", "R5")
def test_a_person_gets_another_category_where_there_is_room(client: FlaskClient) -> None:
    event, members, guests, people = nested()
    press, theirs = make_category(event, name="Press", size=1, counts=False), make_category(make_event())
    sign_in(client, event, Role.MANAGER)
    page = [f"/organizer/events/{event.slug}/people/{person.code}/category" for person in people]

    asked, before = client.get(page[2]), everything()
    refused = [send(client, page[3], category=str(members)), send(client, page[3], category=str(theirs))]
    unchanged = everything() == before
    waits, seated = send(client, page[2], category=str(guests)), send(client, page[0], category=str(press))

    assert "waits as number 1, and goes to the end of the waiting list of another category" in words(asked)
    assert [answer.status_code for answer in refused] == [409, 422]
    assert "“Members” is full (2 of 2)." in words(refused[0])
    assert unchanged
    assert (waits.status_code, seated.status_code) == (303, 303)
    assert "was given another category: Members → Guests" in words(client.get(waits.location))
    assert states(people) == ["confirmed", "confirmed", "waitlisted", "confirmed", "confirmed"]
    assert [(one.taken, one.waiting) for one in stored(event)] == [(1, 0), (2, 1), (1, 0)]


def limits(event: EventFacts) -> str:
    return f"/organizer/events/{event.slug}/capacity"


def nested(*, before: str = "") -> tuple[EventFacts, int, int, list[Own]]:
    """Make an event of 3 with members (2) and guests (2); one of each waits. `before`: who had registered by then."""
    event = make_event(size=4 if before else 3)
    if before:
        make_registration(event, first_name=before, last_name=None)
    members, guests = make_category(event, name="Members", size=2), make_category(event, name="Guests", size=2)
    order = [(members, "M1"), (members, "M2"), (members, "M3"), (guests, "G1"), (guests, "G2")]
    people = [make_registration(event, category_id=kind, first_name=name, last_name=None) for kind, name in order]
    return event, members, guests, people


def states(people: list[Own]) -> list[str]:
    db.session.rollback()
    return [own.get_own(person.code).state for person in people]


@pytest.mark.rule("R3")
def test_one_dry_run_covers_all_limits_and_is_what_happens(client: FlaskClient) -> None:
    event, members, _guests, people = nested()
    sign_in(client, event, Role.MANAGER)
    before = everything()
    assert states(people) == ["confirmed", "confirmed", "waitlisted", "confirmed", "waitlisted"]

    shown = client.get(limits(event), query_string={"event": "5", f"category-{members}": "3"})
    unchanged = everything() == before
    form = shown.text[shown.text.index('<form method="post"') :]
    answer = client.post(limits(event), data=hidden_fields(form))

    said = words(shown)
    assert "Whole event: 3 → 5 Members: 2 → 3" in said
    assert "2 people get a place now and one mail each. Who M3, G2" in said
    assert "Free then: Whole event 0, Members 0, Guests 0." in said
    assert (unchanged, answer.status_code) == (True, 303)
    assert states(people) == ["confirmed"] * 5
    told = words(client.get(limits(event)))
    assert "The number of places is now: 5. Places of “Members” are now: 3. 2 people got a place." in told
    assert "Members: Number of places: 2 → 3" in told


def test_numbers_that_are_not_named_stay(client: FlaskClient) -> None:
    event, members, guests, _people = nested()
    sign_in(client, event, Role.MANAGER)

    shown = client.get(limits(event), query_string={f"category-{guests}": "1"})
    answer = client.post(limits(event), data=hidden_fields(shown.text[shown.text.index('<form method="post"') :]))

    assert "Guests: 2 → 1" in words(shown)
    assert answer.status_code == 303
    assert [one.size for one in stored(event)] == [2, 1]
    assert events.get(event.id).size == 3
    assert members


def test_a_category_that_moved_meanwhile_is_shown_again(client: FlaskClient) -> None:
    event, members, _guests, people = nested()
    me = sign_in(client, event, Role.MANAGER)
    shown = client.get(limits(event), query_string={f"category-{members}": "3"})
    with transaction():
        categories.shift(event.id, members, 1, actor=me.actor, now=utcnow())

    answer = client.post(limits(event), data=hidden_fields(shown.text[shown.text.index('<form method="post"') :]))

    assert answer.status_code == 409
    assert "Nothing has been changed yet." in words(answer)
    assert states(people)[2] == "waitlisted"


def test_a_wrong_number_of_a_category_stands_beside_its_field(client: FlaskClient) -> None:
    event, members, _guests, _people = nested()
    sign_in(client, event, Role.MANAGER)

    answer = client.get(limits(event), query_string={f"category-{members}": "-3"})

    assert answer.status_code == 422
    assert re.search(f'id="category-{members}"[^>]*aria-invalid="true"', answer.text)
