"""Organizers do something to many people: first the exact number, then the deed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import OutboxMail, Registration, Role, Tag
from regapp.services import bulk, registrations
from regapp.services.events import EventFacts
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import read

LETTERS = "BCDEFGHJKMNPQRSTVWXYZ23456789"
MANY = [f"AAAAA-AAA{first}{second}" for first in LETTERS[:20] for second in LETTERS]
"""580 references."""


def _path(event: EventFacts, view: str = "") -> str:
    return f"/organizer/events/{event.slug}/people/bulk{view}"


def _ask(client: FlaskClient, event: EventFacts, do: str, *picked: str, view: str = "", **more: str) -> TestResponse:
    """Send the form of the table; its guard is the one of any page."""
    guard = read(client.get("/organizer/account")).inputs["csrf_token"]
    return client.post(_path(event, view), data={"csrf_token": guard, "do": do, "pick": list(picked), **more})


def _confirm(
    client: FlaskClient, event: EventFacts, asked: TestResponse, *, view: str = "", **typed: str
) -> TestResponse:
    """Send the form of the page that says what would happen."""
    page = read(asked)
    assert page.status == 200
    data: dict[str, Any] = page.inputs | typed
    data["pick"] = re.findall(r'name="pick" value="([^"]+)"', asked.text)
    return client.post(_path(event, view), data=data)


def _states(event: EventFacts) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Registration.state).order_by(Registration.id)))


def test_the_number_the_names_and_what_happens_come_before_the_deed(client: FlaskClient) -> None:
    event = make_event(size=24)
    people = [make_registration(event) for _ in range(27)]
    sign_in(client, event, Role.MANAGER)
    before = everything()

    asked = _ask(client, event, "cancel", *(own.code for own in people[:23]))
    page = read(asked)

    assert everything() == before
    assert "Cancel 23 registrations?" in page.words
    assert "The 3 people first in line get these places" in page.words
    assert all(own.details.name in page.words for own in people[24:])
    assert "and 3 others" in page.words
    assert "Cancel 23 registrations" in page.buttons
    done = _confirm(client, event, asked)
    assert done.status_code == 303
    assert _states(event) == ["cancelled"] * 23 + ["confirmed"] * 4
    said = read(client.get(done.location)).words
    assert "23 registrations are cancelled. 3 people who waited got a place." in said


def test_a_whole_view_is_taken_by_its_address(client: FlaskClient) -> None:
    event = make_event(size=2)
    for _ in range(5):
        make_registration(event)
    sign_in(client, event, Role.MANAGER)
    view = "?state=waitlisted"

    asked = _ask(client, event, "cancel", view=view, whole_view="yes")

    assert "3 people are in this view" in read(asked).words
    assert _confirm(client, event, asked, view=view).status_code == 303
    assert _states(event) == ["confirmed"] * 2 + ["cancelled"] * 3


def test_who_moved_meanwhile_is_shown_and_nothing_is_done(client: FlaskClient) -> None:
    event = make_event()
    ana, eva = make_registration(event), make_registration(event)
    sign_in(client, event, Role.MANAGER)
    asked = _ask(client, event, "cancel", ana.code, eva.code)
    with transaction():
        registrations.cancel(ana.id, actor="attendee", now=utcnow())
    before = everything()

    answer = _confirm(client, event, asked)
    page = read(answer)

    assert (page.status, everything()) == (409, before)
    assert page.title.startswith("Problem:")
    assert f"{ana.details.name}: Confirmed before, Cancelled now" in page.words
    assert "Cancel one registration" in page.buttons
    assert _confirm_again(client, event, answer).status_code == 303
    assert _states(event) == ["cancelled", "cancelled"]


def _confirm_again(client: FlaskClient, event: EventFacts, answer: TestResponse) -> TestResponse:
    data: dict[str, Any] = dict(read(answer).inputs)
    data["pick"] = re.findall(r'name="pick" value="([^"]+)"', answer.text)
    return client.post(_path(event), data=data)


def test_a_double_click_cancels_once_and_is_told_so(client: FlaskClient) -> None:
    event = make_event()
    ana = make_registration(event)
    sign_in(client, event, Role.MANAGER)
    asked = _ask(client, event, "cancel", ana.code)

    answers = [_confirm(client, event, asked).status_code for _ in range(2)]

    assert answers == [303, 409]
    assert db.session.scalar(select(func.count()).where(OutboxMail.message == "cancelled")) == 1


def test_a_form_without_its_guard_keeps_the_people_and_does_nothing(client: FlaskClient) -> None:
    event = make_event()
    ana = make_registration(event)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    for guard in ({}, {"csrf_token": "forged"}):
        answer = client.post(
            _path(event), data={"do": "cancel", "pick": ana.code, "seen": f"{ana.id}.0.confirmed", **guard}
        )
        page = read(answer)
        assert page.status == 422
        assert "please send it again" in page.words
        assert page.inputs["pick"] == ana.code

    assert everything() == before


@pytest.mark.parametrize(("role", "allowed"), [(Role.DESK, {"tag", "untag"}), (Role.VIEWER, set())])
@pytest.mark.parametrize("do", ["cancel", "tag", "untag", "resend", "write"])
def test_lower_roles_do_no_more_than_they_may(client: FlaskClient, role: Role, allowed: set[str], do: str) -> None:
    event = make_event()
    ana = make_registration(event)
    with transaction():
        bulk.tag(event.id, [ana.id], "VIP", actor="account:1", now=utcnow())
    sign_in(client, event, role)
    before = everything()

    answer = _ask(client, event, do, ana.code, seen=f"{ana.id}.0.confirmed", tag="VIP")

    assert (answer.status_code == 303) == (do in allowed)
    if do not in allowed:
        assert (answer.status_code, everything()) == (403, before)


def test_people_are_tagged_and_the_tag_is_taken_off(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event) for _ in range(3)]
    sign_in(client, event, Role.DESK)
    asked = _ask(client, event, "tag", people[0].code, people[1].code)

    done = _confirm(client, event, asked, tag="  Dinner  on\tMonday ")
    said = read(client.get(done.location)).words

    assert "2 people have the tag “Dinner on Monday” now." in said
    asked = _ask(client, event, "untag", whole_view="yes")
    assert "Dinner on Monday (2)" in read(asked).words
    done = _confirm(client, event, asked, tag="Dinner on Monday")
    assert (
        "2 people no longer have the tag “Dinner on Monday”. One person did not have it."
        in read(client.get(done.location)).words
    )
    assert db.session.scalars(select(Tag)).all() == []


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [("", "Write the word"), ("x" * 41, "Shorten this to 40 characters"), ("a\u202eb", "Take out the character")],
)
def test_a_bad_tag_is_refused_beside_its_field(client: FlaskClient, tag: str, sentence: str) -> None:
    event = make_event()
    sign_in(client, event, Role.DESK)
    asked = _ask(client, event, "tag", make_registration(event).code)
    before = everything()

    page = read(_confirm(client, event, asked, tag=tag))

    assert (page.status, everything()) == (422, before)
    assert sentence in page.described("tag")


def test_links_are_sent_again_and_those_skipped_are_counted(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event) for _ in range(2)]
    sign_in(client, event, Role.MANAGER)

    asked = _ask(client, event, "resend", people[0].code)
    _confirm(client, event, asked)
    asked = _ask(client, event, "resend", whole_view="yes")
    page = read(asked)
    done = _confirm(client, event, asked)

    assert "Send one person the link again?" in page.words
    assert "One person is left out: the link went out within the last hour." in page.words
    assert "One link is on its way. One person got none" in read(client.get(done.location)).words


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"do": "cancel"}, id="nobody picked"),
        pytest.param({"do": "cancel", "pick": "<b>"}, id="no reference"),
        pytest.param({"do": "cancel", "pick": "AAAAA-AAAAA"}, id="an unknown reference"),
        pytest.param({"do": "explode", "whole_view": "yes"}, id="an unknown deed"),
        pytest.param({"do": "cancel", "pick": MANY}, id="too many"),
        pytest.param({"do": "cancel", "pick": ["AAAAA-AAAAA"] * 2000}, id="more fields than are read"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(client: FlaskClient, sent: dict[str, Any]) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.OWNER)
    guard = read(client.get("/organizer/account")).inputs["csrf_token"]
    before = everything()

    page = read(client.post(_path(event, "?state=nonsense&q=%00"), data={"csrf_token": guard, **sent}))

    assert (page.status, everything()) == (422, before)
    assert "Back to the people" in page.links


def test_an_event_that_has_begun_keeps_its_people(client: FlaskClient) -> None:
    event = make_event()
    own = make_registration(event)
    with transaction():
        db.session.execute(db.text("UPDATE events SET starts_at = '2021-01-01 00:00:00'"))
    sign_in(client, event, Role.MANAGER)

    asked = _ask(client, event, "cancel", own.code)
    page = read(asked)

    assert "the event has begun, and nothing can be cancelled any more" in page.words
    assert page.buttons == []
    assert _confirm(client, event, asked).status_code == 409
