"""The table of people: what it shows, what its address keeps, the views of it that somebody saves."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qs, urlencode, urlsplit

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from bench import people as generator
from regapp.db import db, transaction
from regapp.models import Role, SavedView
from regapp.rules.states import State
from regapp.services import notes, registrations
from regapp.services.events import EventFacts
from regapp.services.notes import Beside
from regapp.services.people import Sort, View
from regapp.web.organizer import views
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import Page, read


def _path(event: EventFacts) -> str:
    return f"/organizer/events/{event.slug}/people"


def _look(client: FlaskClient, event: EventFacts, **args: str) -> Page:
    answer = client.get(_path(event), query_string=args)
    assert answer.status_code == 200
    html5lib.HTMLParser(strict=True).parse(answer.text.lstrip())
    return read(answer)


def _listed(page: Page, *names: str) -> list[str]:
    """Return those of the names that the page links to, in its order."""
    return [words for words in page.links if words in names]


@pytest.fixture
def event(app: Flask) -> EventFacts:
    """Give an event with one seated, one waiting and one who cancelled."""
    event = make_event(size=1, asks_organisation_type=True)
    gone = make_registration(event, first_name="Cy", last_name="Gone")
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=gone.registered_at)
    make_registration(event, first_name="Ana", last_name="Nagy", country="HU", organisation_type="region")
    waits = make_registration(event, first_name="Bo", last_name="Wait", country="AT", lang="hu")
    with transaction():
        beside = Beside("", ("speaker",))
        notes.save(waits.id, beside, seen=Beside("", ()), actor="account:1", now=waits.registered_at)
    return event


NAMES = ("Ana Nagy", "Bo Wait", "Cy Gone")


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_everybody_newest_first(client: FlaskClient, event: EventFacts, role: Role) -> None:
    sign_in(client, event, role)

    page = _look(client, event)

    assert _listed(page, *NAMES) == ["Bo Wait", "Ana Nagy", "Cy Gone"]
    assert "3 people" in page.words
    assert "Waiting, no. 1" in page.words
    assert [words for words in page.links if words[-1:].isdigit() and words[0].isalpha()] == []
    assert page.links["People"] == _path(event)


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ({"q": "nagy"}, ["Ana Nagy"]),
        ({"q": "danube bo"}, ["Bo Wait"]),
        ({"state": "confirmed"}, ["Ana Nagy"]),
        ({"country": "AT"}, ["Bo Wait"]),
        ({"organisation_type": "region"}, ["Ana Nagy"]),
        ({"language": "hu"}, ["Bo Wait"]),
        ({"tag": "speaker"}, ["Bo Wait"]),
        ({"until": "2020-01-01"}, []),
        ({"since": "2020-01-01", "sort": "name"}, ["Cy Gone", "Ana Nagy", "Bo Wait"]),
        ({"sort": "registered"}, ["Cy Gone", "Ana Nagy", "Bo Wait"]),
        ({"sort": "-name"}, ["Bo Wait", "Ana Nagy", "Cy Gone"]),
        ({"sort": "queue"}, ["Bo Wait", "Cy Gone", "Ana Nagy"]),
        ({"state": "asleep", "sort": "-height", "since": "soon", "page": "x", "country": "\0AT"}, ["Bo Wait"]),
    ],
)
def test_the_address_says_whom_the_table_shows(
    client: FlaskClient, event: EventFacts, args: dict[str, str], found: list[str]
) -> None:
    sign_in(client, event, Role.VIEWER)

    page = _look(client, event, **args)

    assert _listed(page, *NAMES) == found
    assert ("Nobody is found like this." in page.words) is (found == [])


def test_nobody_yet_is_said_so(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event)

    assert "Nobody has registered yet." in _look(client, event).words


def test_each_link_keeps_the_rest_of_the_view(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)

    page = _look(client, event, q="danube", country="AT", columns="email,country", sort="name", lang="hu")
    kept = {"q": ["danube"], "country": ["AT"], "columns": ["email,country"], "sort": ["name"], "lang": ["hu"]}
    here = {name: parse_qs(urlsplit(address).query) for name, address in page.links.items() if "people?" in address}

    states = [query for query in here.values() if "state" in query]
    assert states
    assert all({name: value for name, value in query.items() if name != "state"} == kept for query in states)
    off = [query for query in here.values() if "country" not in query and "q" in query]
    assert off
    assert all(query == {name: value for name, value in kept.items() if name != "country"} for query in off)
    assert any(query.get("sort") == ["-name"] for query in here.values())


def test_only_the_columns_that_are_chosen_are_shown(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)

    usual, chosen = _look(client, event), _look(client, event, columns="email,organisation_type")
    none = client.get(_path(event) + "?columns=none")

    assert "Hungary" in usual.words
    assert "@example.org" not in usual.words
    assert "@example.org" in chosen.words
    assert "Regional or local authority" in chosen.words
    assert "minor" not in none.text
    ticked = client.get(_path(event) + "?columns=none&columns=code&columns=tags").text
    assert ticked.count('class="code"') == 3


def test_pages_follow_each_other_and_say_where_they_are(client: FlaskClient) -> None:
    event = make_event()
    with transaction():
        generator.fill(event.id, 120)
    sign_in(client, event)

    first = _look(client, event, sort="name")
    second = _look(client, event, **{k: v[0] for k, v in parse_qs(urlsplit(first.links["Next"]).query).items()})
    last = _look(client, event, page="99")

    assert "1 to 50 of 120" in first.words
    assert "51 to 100 of 120" in second.words
    assert "101 to 120 of 120" in last.words
    assert "Next" not in last.links
    assert parse_qs(urlsplit(second.links["Back"]).query) == {"sort": ["name"]}
    assert second.main == first.main


def test_what_people_are_called_is_text_and_nothing_else(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event, first_name="<script>alert(1)</script>", last_name="{{ 7 * 7 }}", organisation="<b>Co</b>")
    sign_in(client, event)

    answer = client.get(_path(event))

    assert "<script>alert" not in answer.text
    assert "<b>Co" not in answer.text
    assert "<script>alert(1)</script> {{ 7 * 7 }}" in read(answer).links


@given(st.text(max_size=40), st.sampled_from(["q", "country", "tag", "sort", "state", "since", "columns", "page"]))
def test_no_address_breaks_the_table(client: FlaskClient, text: str, name: str) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.VIEWER)

    answer = client.get(f"{_path(event)}?{urlencode({name: text})}")

    assert answer.status_code == 200


def test_a_search_of_100_000_letters_is_cut(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)

    assert len(_look(client, event, q="x" * 100_000).inputs["q"]) == views.LENGTH


@given(
    st.builds(
        View,
        q=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200).map(str.strip),
        state=st.one_of(st.none(), st.sampled_from(State)),
        country=st.sampled_from(["", "HU"]),
        tag=st.sampled_from(["", "a & b"]),
        lang=st.sampled_from(["", "hu"]),
        since=st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2099, 12, 31))),
        sort=st.sampled_from(Sort),
        descending=st.booleans(),
    )
)
def test_an_address_names_the_view_that_it_was_made_of(view: View) -> None:
    assert views.from_args(views.to_args(view)) == view


def _save(client: FlaskClient, event: EventFacts, name: str, **args: str) -> Page:
    token = _look(client, event).inputs["csrf_token"]
    address = f"{_path(event)}/views?{urlencode(args)}"
    return read(client.post(address, data={"csrf_token": token, "name": name}, follow_redirects=True))


def test_a_view_is_kept_without_the_words_of_a_search_and_found_again(client: FlaskClient, event: EventFacts) -> None:
    me = sign_in(client, event, Role.VIEWER)

    page = _save(client, event, "Waiting in Austria", q="bo", country="AT", columns="email", state="waitlisted")

    assert "The view “Waiting in Austria” is kept." in page.words
    query = parse_qs(urlsplit(page.links["Waiting in Austria"]).query)
    assert query == {"country": ["AT"], "columns": ["email"], "state": ["waitlisted"]}
    assert page.inputs["q"] == "bo"
    (kept,) = db.session.query(SavedView).all()
    assert (kept.account_id, kept.event_id) == (me.id, event.id)


def test_nobody_sees_or_forgets_the_views_of_others(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)
    _save(client, event, "Mine")
    (kept,) = db.session.query(SavedView).all()
    sign_in(client, event)

    page = _look(client, event)
    address = f"{_path(event)}/views/{kept.id}/forget"
    answer = client.post(address, data={"csrf_token": page.inputs["csrf_token"]})

    assert "Mine" not in page.links
    assert answer.status_code == 404
    db.session.rollback()
    assert db.session.query(SavedView).count() == 1


def test_a_view_is_forgotten(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)
    page = _save(client, event, "Mine")
    (kept,) = db.session.query(SavedView).all()

    address = f"{_path(event)}/views/{kept.id}/forget?country=AT"
    answer = client.post(address, data={"csrf_token": page.inputs["csrf_token"]})

    assert (answer.status_code, answer.location) == (303, f"{_path(event)}?country=AT")
    assert "The view “Mine” is forgotten." in read(client.get(answer.location)).words


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "Write a name for this view"), ("x" * 100_000, "Shorten this to 80 characters"), ("a\u202eb", "Take out")],
)
def test_a_view_without_a_good_name_is_not_kept(client: FlaskClient, event: EventFacts, name: str, said: str) -> None:
    sign_in(client, event)
    before = everything()

    page = _save(client, event, name, country="AT")

    assert (page.status, said in page.described("name")) == (422, True)
    assert _listed(page, *NAMES) == ["Bo Wait"]
    assert everything() == before


def ticked(html: str) -> list[str]:
    """Return the columns that are ticked."""
    return re.findall(r'name="columns" value="(\w+)" checked', html)


def test_the_list_to_take_away_holds_what_the_table_shows(client: FlaskClient) -> None:
    event = make_event(size=1)
    seated, waiting = (make_registration(event, organisation="Elbe Cluster") for _ in range(2))
    sign_in(client, event)
    table = f"/organizer/events/{event.slug}/people?q=elbe&columns=code,registered"

    page = read(client.get(table))
    there = read(client.get(page.links["Take this list away"]))

    assert "Found by “elbe”" in there.words
    assert set(ticked(client.get(page.links["Take this list away"]).text)) == {
        "reference", "registered_at", "first_name", "last_name", "organisation", "state",
    }  # fmt: skip
    assert "This view has 2 people now." in there.words
    assert seated.code != waiting.code
