"""Every page in every state is sound HTML: a strict parser finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import html5lib
import pytest
from flask.testing import FlaskClient

from regapp import links
from regapp.clock import utcnow
from regapp.db import transaction
from regapp.models import EventStatus
from regapp.services import registrations, waitlist
from regapp.services.own import Own
from tests.factories import make_event, make_registration
from tests.web.organizers import resume
from tests.web.visitor import FIELDS, read
from tests.web.workspace import furnish

SOON, LATER, AGO = timedelta(hours=1), timedelta(days=30), timedelta(days=-1)
EVENTS: dict[str, dict[str, Any]] = {
    "open": {"contact_address": "office@example.org", "online_url": "https://meet.example/x?a=1&b=2"},
    "full": {"size": 0},
    "unlimited": {"size": None},
    "guarded against robots": {"robot_check": "work"},
    "upcoming": {"opens_at": utcnow() + SOON},
    "closed": {"closes_at": utcnow() + AGO},
    "past": {"closes_at": utcnow() + 3 * AGO, "starts_at": utcnow() + 2 * AGO, "ends_at": utcnow() + AGO},
    "cancelled": {"status": EventStatus.CANCELLED},
    "imprint": {"texts": {"en": {"name": "A & B", "imprint": "**Us**", "privacy": "- a\n- b", "description": "# T"}}},
}
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _strict(html: str) -> None:
    html5lib.HTMLParser(strict=True).parse(html.lstrip())


@pytest.mark.parametrize("state", EVENTS)
def test_pages_of_an_event(client: FlaskClient, state: str) -> None:
    event = make_event(**EVENTS[state])

    for page in ("", "/register", "/link", "/contact", "/privacy", "/imprint"):
        answer = client.get(f"/events/{event.slug}{page}")
        assert answer.status_code in (200, 404)
        _strict(answer.text)
    for page in ("/", "/privacy", "/nowhere"):
        _strict(client.get(page).text)


@pytest.mark.parametrize("robot_check", ["none", "work"])
@pytest.mark.parametrize("form", ["register", "link", "contact"])
@pytest.mark.parametrize("typed", [{}, {"website": "x", "email": '"<a@b>', "message": "</textarea><b>", "name": "'"}])
def test_forms_that_come_back(client: FlaskClient, form: str, typed: dict[str, str], robot_check: str) -> None:
    path = f"/events/{make_event(contact_address='office@example.org', robot_check=robot_check).slug}/{form}"
    hidden = read(client.get(path)).inputs

    answer = client.post(path, data={"csrf_token": hidden["csrf_token"], **typed})

    assert answer.status_code == 422
    _strict(answer.text)


def test_answers_to_forms(client: FlaskClient) -> None:
    event = make_event(size=0, contact_address="office@example.org")
    letter = {"name": "Ana", "email": "ana@example.org", "message": "Hello\n\nYou"}

    for form, status in (("register", 409), ("link", 200), ("contact", 200)):
        path = f"/events/{event.slug}/{form}"
        inputs = read(client.get(path)).inputs | FIELDS | letter
        inputs.pop("accept_waitlist", None)
        answer = client.post(path, data=inputs)
        assert answer.status_code == status
        _strict(answer.text)


def _people() -> Iterator[Own]:
    """Return somebody in each state that there is."""
    event = make_event(size=1, online_url="https://meet.example/x", change_until=utcnow() + LATER)
    yield make_registration(event)
    yield make_registration(event)
    gone = make_registration(make_event())
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=utcnow())
    yield gone
    unserved = make_registration(make_event(size=0, serve_until=utcnow() + SOON))
    with transaction():
        waitlist.end_serving(unserved.event.id, now=utcnow() + LATER)
    yield unserved


def test_ones_own_pages_in_every_state(client: FlaskClient) -> None:
    for own in _people():
        for page in ("", "/change", "/email", "/cancel", "/erase"):
            answer = client.get(links.own_path(own.code, own.link_version) + page)
            assert answer.status_code in (200, 303)
            _strict(answer.text)


def test_pages_of_the_workspace(client: FlaskClient) -> None:
    workspace = furnish(make_event())
    resume(client, workspace.me)

    for endpoint, path in workspace.pages(client.application).items():
        answer = client.get(path)
        assert answer.status_code in (200, 303), endpoint
        _strict(answer.text)
