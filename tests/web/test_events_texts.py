"""Texts of an event in each language: what is missing, what is too long, what would run in a browser."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from regapp.db import db
from regapp.models import History, Role
from regapp.services import events
from regapp.services.events import EventFacts
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import Page, read

SCRIPTS = """
<script>alert(1)</script> <img src=x onerror=alert(1)>

[click](javascript:alert(1)) ![x](data:text/html,x) <a href="https://x" onclick="x()">y</a>
"""


def _path(event: EventFacts, lang: str = "en") -> str:
    return f"/organizer/events/{event.slug}/texts/{lang}"


def _save(client: FlaskClient, event: EventFacts, lang: str = "en", **typed: str) -> Page:
    inputs = read(client.get(_path(event, lang))).inputs
    return read(client.post(_path(event, lang), data=inputs | typed, follow_redirects=True))


def _texts(event: EventFacts, lang: str = "en") -> dict[str, str]:
    db.session.rollback()
    return events.get(event.id).texts[lang]


def test_what_is_written_is_what_visitors_read(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    written = "### Day one\r\n\r\n- plenary\r\n  - **four** blocks\r\n\r\nSee [the site](https://example.org)."

    assert '<textarea rows="12" id="description"' in client.get(_path(event)).text
    page = _save(client, event, summary="Two days.", description=written)
    public = client.get(f"/events/{event.slug}").text

    assert "Saved." in page.words
    assert _texts(event)["description"] == written.replace("\r\n", "\n")
    assert "<strong>four</strong>" in public
    assert public.count("<ul>\n<li>") == 2  # one list inside the other
    assert '<a href="https://example.org"' in public


def test_saving_what_is_there_changes_nothing(client: FlaskClient) -> None:
    event = make_event(texts={"en": {"name": "X", "description": "\n    code\n\ntext\n", "audience": "\n- a\n"}})
    sign_in(client, event, Role.MANAGER)
    first = _save(client, event)
    before = everything()

    again = _save(client, event)

    assert (first.status, again.status) == (200, 200)
    assert everything() == before


def test_what_a_language_lacks_is_marked(client: FlaskClient) -> None:
    event = make_event(texts={"en": {"name": "Forum", "summary": "Two days", "venue": "Hall"}, "hu": {"name": "Fórum"}})
    sign_in(client, event, Role.MANAGER)

    english, hungarian = read(client.get(_path(event))), read(client.get(_path(event, "hu")))

    assert "2 texts are missing" in english.words
    assert "Not written in this language yet" not in english.words
    assert "Its readers see: “Two days”" in hungarian.words
    assert hungarian.inputs["summary"] == ""


def test_a_language_that_we_do_not_speak_is_not_found(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)

    assert client.get(_path(event, "xx")).status_code == 404
    assert client.post(_path(event, "xx")).status_code == 404


def test_an_event_keeps_a_name(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, name="")
    other = _save(client, event, "hu", name="", kicker="Ötödik")

    assert page.status == 422
    assert "Write what the event is called" in page.described("name")
    assert other.status == 200


def test_a_text_of_100_000_characters_comes_back_with_a_sentence(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    before = everything()

    for char in "xő王👍":
        page = _save(client, event, description=char * 100_000)

        assert page.status == 422
        assert "Shorten this to 20,000 characters: it has 100,000 now" in page.described("description")
        assert page.inputs["description"] == char * 100_000
    assert everything() == before


def test_scripts_in_texts_are_harmless(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    keys = ("name", "kicker", "summary", "description", "audience", "venue", "organiser", "privacy", "imprint")

    page = _save(client, event, **dict.fromkeys(keys, SCRIPTS.strip()))

    assert page.status == 200
    for path in ("", "/register", "/privacy", "/imprint"):
        html = client.get(f"/events/{event.slug}{path}").text
        assert "<script>alert" not in html
        assert "<img" not in html
        assert 'href="javascript' not in html
        assert "<a onclick" not in html
    for path in ("preview", "settings", "texts/en"):
        html = client.get(f"/organizer/events/{event.slug}/{path}").text
        assert "<script>alert" not in html
        assert "<img" not in html


def test_characters_that_turn_text_around_are_refused(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)

    page = _save(client, event, description="a\u202eb", kicker="x\0y")

    assert page.status == 422
    assert "Take out the character" in page.described("description")
    assert "Take out the character" in page.described("kicker")


def test_another_place_is_told_after_the_number(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)

    asked = _save(client, event, venue="New Hall")
    done = read(client.post(_path(event), data=asked.inputs, follow_redirects=True))

    assert (asked.status, "One person will be told" in asked.words) == (409, True)
    assert "One person is told by mail." in done.words
    assert _texts(event)["venue"] == "New Hall"
    assert db.session.scalars(select(History.action).where(History.registration_id.is_(None))).all() == [
        "texts_changed"
    ]


def test_two_who_write_lose_nothing(app: Flask) -> None:
    event = make_event()
    first, second = app.test_client(), app.test_client()
    sign_in(first, event, Role.MANAGER)
    sign_in(second, event, Role.MANAGER)
    mine = read(second.get(_path(event))).inputs
    _save(first, event, description="Theirs", kicker="Sixth edition")
    _save(first, event, "hu", name="Konferencia")

    answer = second.post(_path(event), data=mine | {"description": "Mine", "summary": "Mine too"})
    page = read(answer)
    done = second.post(_path(event), data=page.inputs)

    assert answer.status_code == 409
    assert "Somebody else has changed 2 things here meanwhile" in page.words
    assert "“Theirs” now." in page.words
    assert done.status_code == 303
    texts = _texts(event)
    assert (texts["description"], texts["summary"], texts["kicker"]) == ("Mine", "Mine too", "Sixth edition")
    assert _texts(event, "hu") == {"name": "Konferencia"}


def test_a_form_that_names_nothing_it_was_drawn_from_is_compared_with_everything(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    inputs = read(client.get(_path(event))).inputs

    for seen in ("", "[]", "{", "null", '{"name": 1}'):
        page = read(client.post(_path(event), data=inputs | {"seen": seen, "name": "Mine"}))
        assert (page.status, "Somebody else has changed one thing" in page.words) == (409, True), seen
