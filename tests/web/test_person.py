"""One person in the workspace: what is shown to whom, notes, corrections, cancelling, sending the link, erasing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Event, History, OutboxMail, Role
from regapp.services import contacts, registrations
from regapp.services.events import EventFacts
from regapp.services.own import Own, get_own
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import Page, read

STEPS = ("edit", "cancel", "link", "erase")


@pytest.fixture
def event(app: Flask) -> EventFacts:
    """Give an event with one place, which asks everything that can be asked."""
    return make_event(size=1, asks_organisation_type=True)


@pytest.fixture
def own(event: EventFacts) -> Own:
    """Give the one who has the place."""
    return make_registration(
        event, first_name="Ana", last_name="Nagy", email="ana@example.org", organisation_type="region"
    )


def _path(own: Own) -> str:
    return f"/organizer/events/{own.event.slug}/people/{own.code}"


def _read(answer: TestResponse) -> Page:
    html5lib.HTMLParser(strict=True).parse(answer.text.lstrip())
    return read(answer)


def _send(client: FlaskClient, own: Own, step: str, **typed: str) -> Page:
    """Open a step, fill it in, send it; return the page that comes then."""
    path = f"{_path(own)}/{step}"
    form = read(client.get(_path(own) if step == "note" else path)).inputs
    return _read(client.post(path, data=form | typed, follow_redirects=True))


def _letters() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail.message).order_by(OutboxMail.id)))


def _history() -> list[tuple[str, str]]:
    db.session.rollback()
    return [(line.action, line.actor) for line in db.session.scalars(select(History).order_by(History.id))]


def test_the_page_says_all_that_is_known(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)

    page = _read(client.get(_path(own)))

    for words in (
        "Ana Nagy", "Confirmed", "Danube Cluster, Hungary", own.code, "Regional or local authority", "ana@example.org",
        "Ana Nagy registered: confirmed", "You have a place", "Still to be sent", "in this language: English",
    ):  # fmt: skip
        assert words in page.words
    assert page.links["Edit"] == f"{_path(own)}/edit"
    assert page.links["Cancel registration"] == f"{_path(own)}/cancel"


def test_who_waits_is_shown_with_position_and_how_many_are_ahead(
    client: FlaskClient, event: EventFacts, own: Own
) -> None:
    first, second = make_registration(event), make_registration(event)
    sign_in(client, event, Role.VIEWER)

    assert (
        "First in line: the next free place is theirs. 1 of 1 places are taken."
        in _read(client.get(_path(first))).words
    )
    page = _read(client.get(_path(second)))
    assert "Waiting, number 2" in page.words
    assert "One person is ahead." in page.words


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sent_at": utcnow()}, "Written into a file"),
        ({"error": "450 mailbox busy", "attempts": 2}, "Refused, to be tried again"),
        ({"error": "550 no such user", "attempts": 3, "failed_at": utcnow()}, "after 3 attempts: 550 no such user"),
    ],
)
def test_the_fate_of_each_mail_is_shown(
    client: FlaskClient, event: EventFacts, own: Own, values: dict[str, Any], said: str
) -> None:
    sign_in(client, event, Role.VIEWER)
    with transaction():
        db.session.execute(update(OutboxMail).values(values))

    assert said in _read(client.get(_path(own))).words


def test_a_viewer_sees_and_changes_nothing(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.VIEWER)
    before = everything()

    page = _read(client.get(_path(own)))

    assert page.buttons == []
    assert not {"Edit", "Cancel registration", "Erase this person"} & set(page.links)
    for step in (*STEPS, "note"):
        assert client.post(f"{_path(own)}/{step}").status_code == 403
    for step in (*STEPS, "data.json"):
        assert client.get(f"{_path(own)}/{step}").status_code == 403
    assert everything() == before


def test_the_desk_writes_notes_and_nothing_else(client: FlaskClient, event: EventFacts, own: Own) -> None:
    me = sign_in(client, event, Role.DESK)

    page = _send(client, own, "note", note="Comes by train\n and bus", tags=" speaker, press,, speaker ")

    assert "Note and tags are saved." in page.words
    assert (page.inputs["note"], page.inputs["tags"]) == ("Comes by train\nand bus", "press, speaker")
    assert _history()[1:] == [("noted", me.actor), ("tagged", me.actor)]
    assert page.buttons == ["Save note and tags"]
    for step in STEPS:
        assert client.post(f"{_path(own)}/{step}").status_code == 403


def test_a_person_of_another_event_is_not_found(client: FlaskClient, event: EventFacts) -> None:
    theirs = make_registration(make_event())
    sign_in(client, event, Role.OWNER)
    before = everything()

    path = f"/organizer/events/{event.slug}/people/{theirs.code}"
    for step in ("", *(f"/{step}" for step in STEPS), "/data.json"):
        assert client.get(path + step).status_code == 404
    for step in (*STEPS, "note"):
        assert client.post(f"{path}/{step}").status_code == 404
    assert everything() == before


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"note": "x" * 100_000}, "note", "Shorten this to 5,000 characters: it has 100,000 now"),
        ({"note": "a\u202eb"}, "note", "Take out the character"),
        ({"tags": "x" * 41}, "tags", "to 40 characters, or put a comma between two tags"),
        ({"tags": ",".join(map(str, range(21)))}, "tags", "at most 20 tags, these are 21"),
        ({"tags": "x" * 100_000}, "tags", "to 40 characters"),
    ],
)
def test_notes_that_cannot_be_kept_say_why(
    client: FlaskClient, event: EventFacts, own: Own, typed: dict[str, str], field: str, said: str
) -> None:
    sign_in(client, event, Role.DESK)
    before = everything()

    page = _send(client, own, "note", **typed)

    assert (page.status, said in page.described(field)) == (422, True)
    assert everything() == before


def test_two_who_write_notes_lose_nothing(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.DESK)
    old = read(client.get(_path(own))).inputs
    _send(client, own, "note", note="Theirs", tags="speaker")

    second = _read(client.post(f"{_path(own)}/note", data=old | {"note": "Mine"}))

    assert second.status == 409
    assert "Note: “Theirs” now. What you wrote stands below." in second.words
    assert "Tags: “speaker” now. You had not touched it" in second.words
    assert (second.inputs["note"], second.inputs["tags"]) == ("Mine", "speaker")
    after = read(client.post(f"{_path(own)}/note", data=second.inputs, follow_redirects=True))
    assert (after.status, after.inputs["note"], after.inputs["tags"]) == (200, "Mine", "speaker")


def test_a_manager_corrects_details_and_the_person_is_told(client: FlaskClient, event: EventFacts, own: Own) -> None:
    me = sign_in(client, event, Role.MANAGER)

    page = _send(client, own, "edit", last_name="Kiss", email="kiss@example.org", country="AT")
    after = get_own(own.code)

    assert "The details of Ana Kiss are saved." in page.words
    assert (after.details.name, after.details.country, after.email) == ("Ana Kiss", "AT", "kiss@example.org")
    assert after.details.organisation_type == "region"
    assert _letters() == ["confirmed", "email_changed", "email_left", "changed"]
    assert _history()[1:] == [("changed", me.actor)] * 2
    assert "Details of Ana Kiss were changed: last name, country" in page.words


def test_saving_what_is_there_already_changes_nothing(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)
    before = everything()

    assert _send(client, own, "edit").status == 200
    assert everything() == before


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"first_name": "", "last_name": ""}, "first_name", "Write at least one of the names"),
        ({"last_name": "x" * 100_000}, "last_name", "Shorten this to 200 characters"),
        ({"country": "XX"}, "country", "Choose a country from the list"),
        ({"email": "ana"}, "email", "Add the @"),
        ({"email": "taken@example.org"}, "email", "Use another address"),
        ({"organisation_type": "circus"}, "organisation_type", "Choose one from the list"),
    ],
)
def test_details_are_checked(
    client: FlaskClient, event: EventFacts, own: Own, typed: dict[str, str], field: str, said: str
) -> None:
    make_registration(event, email="taken@example.org")
    sign_in(client, event, Role.MANAGER)
    before = everything()

    page = _send(client, own, "edit", job_title="Director", **typed)

    assert (page.status, said in page.described(field)) == (422, True)
    assert page.inputs["job_title"] == "Director"
    assert everything() == before


def test_the_second_who_edits_sees_what_changed_and_loses_nothing(
    client: FlaskClient, event: EventFacts, own: Own
) -> None:
    sign_in(client, event, Role.MANAGER)
    old = read(client.get(f"{_path(own)}/edit")).inputs
    _send(client, own, "edit", last_name="Theirs", job_title="Director")

    page = _read(client.post(f"{_path(own)}/edit", data=old | {"last_name": "Mine", "organisation": "New Cluster"}))

    assert page.status == 409
    assert "Last name: “Theirs” now. What you wrote stands below." in page.words
    assert "Job title: “Director” now. You had not touched it" in page.words
    assert (page.inputs["last_name"], page.inputs["job_title"]) == ("Mine", "Director")
    assert get_own(own.code).details.name == "Ana Theirs"
    assert client.post(f"{_path(own)}/edit", data=page.inputs).status_code == 303
    details = get_own(own.code).details
    assert (details.name, details.organisation, details.job_title) == ("Ana Mine", "New Cluster", "Director")


@pytest.mark.parametrize(("tell", "told"), [({}, ["cancelled"]), ({"tell": ""}, [])])
def test_a_manager_cancels_and_the_next_in_line_gets_the_place(
    client: FlaskClient, event: EventFacts, own: Own, tell: dict[str, str], told: list[str]
) -> None:
    waits = make_registration(event)
    me = sign_in(client, event, Role.MANAGER)

    asked = _read(client.get(f"{_path(own)}/cancel"))
    page = _send(client, own, "cancel", **tell)

    assert "The place goes to the one person who waits, who is told by mail." in asked.words
    assert "The registration of Ana Nagy is cancelled." in page.words
    assert ("No mail says so." in page.words) is not bool(told)
    assert get_own(own.code).state == "cancelled"
    assert get_own(waits.code).state == "confirmed"
    assert _letters() == ["confirmed", "waitlisted", *told, "promoted"]
    assert ("cancelled", me.actor) in _history()
    assert "Edit" not in page.links


def test_looking_at_the_steps_changes_nothing(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)
    before = everything()

    for step in STEPS:
        assert _read(client.get(f"{_path(own)}/{step}")).status == 200
    assert everything() == before


def test_a_form_that_is_too_old_asks_once_more(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)
    before = everything()

    for step in (*STEPS, "note"):
        page = _read(client.post(f"{_path(own)}/{step}", data={"csrf_token": "old"}))
        assert page.status == 422, step
        assert page.title.startswith("Problem:"), step
    assert everything() == before


def test_what_has_ended_or_begun_is_not_touched(client: FlaskClient, event: EventFacts, own: Own) -> None:
    other = make_registration(make_event(size=5))
    sign_in(client, event, Role.MANAGER)
    form = read(client.get(f"{_path(own)}/cancel")).inputs
    edited = read(client.get(f"{_path(own)}/edit")).inputs | {"last_name": "Kiss"}
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=utcnow())
    before = everything()

    for step, data in (("cancel", form), ("edit", edited), ("link", form)):
        page = _read(client.post(f"{_path(own)}/{step}", data=data, follow_redirects=True))
        assert page.status == 200
    assert everything() == before
    sign_in(client, other.event, Role.MANAGER)
    with transaction():
        db.session.execute(update(Event).values(starts_at=utcnow() - timedelta(hours=1)))
    page = _read(client.get(f"{_path(other)}/cancel", follow_redirects=True))
    assert "The event has begun: nobody can be cancelled any more." in page.words


def test_the_link_is_sent_again_once_an_hour(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)

    first, second = _send(client, own, "link"), _send(client, own, "link")

    assert "The link is sent to ana@example.org." in first.words
    assert "it is sent at most once an hour" in second.words
    assert _letters() == ["confirmed", "link_again"]
    with transaction():
        contacts.send_link_again(event.id, own.email, now=utcnow())
    assert _letters() == ["confirmed", "link_again"]


def test_a_person_is_erased_and_gone(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)
    _send(client, own, "note", note="Secret", tags="secret")

    page = _send(client, own, "erase")

    assert "The person is erased, and gets one last mail that says so." in page.words
    assert "Ana Nagy" not in page.words
    assert client.get(_path(own)).status_code == 404
    stored = {table: rows for table, rows in everything().items() if table not in ("outbox", "accounts")}
    assert "Secret" not in str(stored)
    assert "Nagy" not in str(stored)


def test_a_manager_takes_the_data_away_for_the_person(client: FlaskClient, event: EventFacts, own: Own) -> None:
    sign_in(client, event, Role.MANAGER)

    answer = client.get(f"{_path(own)}/data.json")

    assert json.loads(answer.text)["registration"]["last_name"] == "Nagy"
    assert own.code in answer.headers["Content-Disposition"]


def test_whoever_was_added_with_little_is_corrected_with_little(client: FlaskClient, event: EventFacts) -> None:
    own = make_registration(event, organisation="", country=None, organisation_type=None, email="mistypd@example.org")
    sign_in(client, event, Role.MANAGER)

    assert _send(client, own, "edit", email="mistyped@example.org").status == 200

    assert get_own(own.code).email == "mistyped@example.org"
