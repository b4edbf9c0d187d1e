"""When something is wrong: a page that says so, the right status, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import OperationalError

from regapp import links
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.services import contacts
from tests.factories import make_event, make_registration
from tests.web.visitor import FIELDS, fill, read


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/events/none", "/events/none/register", "/events/%00", "/events/a%00b", "/events/A", "/events/x%FF",
     "/r/x", "/r/%00-a", "/r/", "/r/7K4M2-QXTB9-x/change", "/events/" + "a" * 200],
)  # fmt: skip
def test_what_is_not_there_says_so(client: FlaskClient, path: str) -> None:
    page = read(client.get(path))

    assert page.status == 404
    assert "There is no such page" in page.words
    assert page.links["See the events"] == "/"


def test_a_guessed_mac_finds_nothing_and_says_nothing(client: FlaskClient) -> None:
    own = make_registration(make_event())

    wrong = read(client.get(f"/r/{own.code}-{'a' * 26}"))
    unknown = read(client.get(f"/r/22222-22222-{'a' * 26}"))

    assert wrong.status == unknown.status == 404
    assert wrong.words == unknown.words


def test_a_link_that_was_replaced_leads_to_the_way_to_the_new_one(client: FlaskClient) -> None:
    event = make_event()
    own = make_registration(event)
    old, never, elsewhere = links.own_path(own.code, own.link_version), f"/r/22222-22222-{'a' * 26}", "/nowhere"
    with transaction():
        contacts.change_email(own.id, "new@example.org", actor="attendee", now=utcnow())

    moved, unknown, other = (read(client.get(path)) for path in (old, never, elsewhere))
    event_page = read(client.get(read(client.get(moved.links["See the events"])).links[event.text("name", "en")]))

    assert moved.status == 404
    assert "only the one in the latest mail works" in moved.words
    assert "“Registered, but the mail is lost?”" in moved.words
    assert "Registered, but the mail is lost?" in event_page.links
    assert moved.words == unknown.words
    assert "latest mail" not in other.words


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_wrong_method_names_the_right_ones(client: FlaskClient, method: str) -> None:
    answer = client.open(f"/events/{make_event().slug}/register", method=method)

    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.allow)
    assert "This cannot be done here" in read(answer).words


def test_ten_megabytes_are_refused_with_a_page(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"
    form = read(client.get(path)).inputs | FIELDS

    page = read(client.post(path, data=form | {"organisation": "x" * 10_000_000}))

    assert page.status == 413
    assert "That was too much at once" in page.words


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(403, "This page is not for you"), (429, "Wait a minute"), (418, "We could not read this request")],
)
def test_other_errors_have_pages_too(app: Flask, status: int, sentence: str) -> None:
    app.add_url_rule("/broken", view_func=lambda: abort(status))

    page = read(app.test_client().get("/broken"))

    assert page.status == status
    assert sentence in page.words


def test_a_fault_of_ours_shows_a_page_that_needs_nothing(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/broken", view_func=lambda: 1 // 0)

    answer = app.test_client().get("/broken")

    assert answer.status_code == 500
    assert "A fault on our side" in read(answer).words
    assert "Set-Cookie" not in answer.headers


@pytest.fixture
def database_away(app: Flask) -> Any:
    """Make every statement fail while the fixture's value is called with True."""
    away = False

    def refuse(*_args: Any) -> None:
        if away:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

    def switch(value: bool) -> None:
        nonlocal away
        away = value

    sqlalchemy_event.listen(db.engine, "before_cursor_execute", refuse)
    yield switch
    away = False
    sqlalchemy_event.remove(db.engine, "before_cursor_execute", refuse)


def test_with_the_database_away_pages_say_so(client: FlaskClient, database_away: Callable[[bool], None]) -> None:
    own_path = fill(client, f"/events/{make_event(slug='x').slug}/register").location
    database_away(True)

    for path in ("/", "/events/x", "/events/x/register", own_path):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Cache-Control"] in ("private, no-store", "no-store")
        assert "We cannot reach our records just now" in read(answer).words
        assert read(answer).buttons == []


def test_a_form_sent_while_the_database_is_away_is_sent_again_with_one_button(
    client: FlaskClient, database_away: Callable[[bool], None]
) -> None:
    path = f"/events/{make_event().slug}/register"
    form = read(client.get(path)).inputs | FIELDS | {"organisation": 'Café "<Danube>" & Söhne'}

    database_away(True)
    first = read(client.post(path, data=form))
    second = read(client.post(path, data=first.inputs))
    database_away(False)
    answer = client.post(path, data=second.inputs)

    assert (first.status, second.status) == (503, 503)
    assert first.buttons == ["Send it again"]
    assert first.inputs == second.inputs == form
    assert answer.status_code == 303
    assert form["organisation"] in read(client.get(answer.location)).words


@pytest.mark.rule("R9")
def test_an_answer_that_was_lost_is_given_again(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"
    form = read(client.get(path)).inputs | FIELDS
    stored = client.post(path, data=form)

    assert client.post(path, data=form).location == stored.location


def test_a_large_form_sent_while_the_database_is_away_is_no_second_error(
    client: FlaskClient, database_away: Callable[[bool], None]
) -> None:
    path = f"/events/{make_event().slug}/register"
    database_away(True)

    answer = client.post(path, data={"organisation": "x" * 1_000_000})

    assert answer.status_code == 503
