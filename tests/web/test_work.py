"""The calculation against robots: asked for by some events, made by browsers, good for one form."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from altcha import Challenge, Payload, solve_challenge
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from regapp.db import db
from regapp.models import Party, Registration, RobotCheck
from regapp.services.events import EventFacts
from regapp.web import limits
from regapp.web.public.forms import PRIVACY_VERSION
from tests.factories import make_event, make_registration
from tests.statements import counting
from tests.web.visitor import FIELDS, read

MISSING = "Your browser has not made the small calculation that keeps robots out. It makes it now: send this again"


def _guarded(**overrides: object) -> EventFacts:
    return make_event(robot_check=RobotCheck.WORK, **overrides)


def _path(event: EventFacts) -> str:
    return f"/events/{event.slug}/register"


def _challenge(page: str) -> Challenge:
    found = re.search('data-challenge="([^"]*)"', page)
    assert found, "no challenge on this page"
    return Challenge.from_dict(json.loads(html.unescape(found[1])))


def _solve(page: str) -> str:
    """Do what the script does."""
    challenge = _challenge(page)
    solution = solve_challenge(challenge)
    assert solution
    return Payload(challenge, solution).to_base64()


def _open(client: FlaskClient, event: EventFacts) -> tuple[dict[str, str], str]:
    """Open the form; return what somebody sends from it, and the page."""
    page = client.get(_path(event))
    typed = read(page).inputs | FIELDS
    del typed["without_work"]  # stands in <noscript>
    return typed, page.text


def _people() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Registration)) or 0


def test_who_made_the_calculation_gets_a_place(client: FlaskClient) -> None:
    event = _guarded()
    typed, page = _open(client, event)

    answer = client.post(_path(event), data=typed | {"altcha": _solve(page)})

    assert answer.status_code == 303
    assert _people() == 1


def test_the_same_form_sent_again_gets_the_first_answer(client: FlaskClient) -> None:
    event = _guarded()
    typed, page = _open(client, event)
    solved = typed | {"altcha": _solve(page)}

    first = client.post(_path(event), data=solved)
    again = [client.post(_path(event), data=sent) for sent in (solved, typed, solved | {"altcha": "x"})]

    assert {answer.status_code for answer in again} == {303}
    assert {answer.location for answer in again} == {first.location}
    assert _people() == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("x", id="no payload"),
        pytest.param(base64.b64encode(b"[]").decode(), id="another shape"),
        pytest.param(base64.b64encode(b'{"challenge": {"parameters": []}, "solution": 7}').decode(), id="wrong types"),
        pytest.param(base64.b64encode(b"[" * 9000).decode(), id="deep"),
    ],
)
def test_without_a_solution_nothing_happens_and_every_word_is_kept(client: FlaskClient, spoilt: str | None) -> None:
    event = _guarded()
    typed, before = _open(client, event)

    answer = client.post(_path(event), data=typed if spoilt is None else typed | {"altcha": spoilt})

    page = read(answer)
    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert MISSING in page.words
    assert page.links[f"Keeping robots out: {MISSING}"] == "#altcha"
    assert {name: page.inputs[name] for name in FIELDS} == FIELDS | {"privacy": PRIVACY_VERSION}
    assert _people() == 0
    fresh = _challenge(answer.text)
    assert fresh.parameters.nonce != _challenge(before).parameters.nonce
    again = client.post(_path(event), data=page.inputs | {"altcha": _solve(answer.text)})
    assert again.status_code == 303


def test_a_solution_with_other_numbers_is_none(client: FlaskClient) -> None:
    event = _guarded()
    typed, page = _open(client, event)
    payload = json.loads(base64.b64decode(_solve(page)))
    spoilt = []
    for part, name, value in (
        ("solution", "derivedKey", "00" * 32),
        ("challenge", "signature", "00" * 32),
        ("parameters", "cost", 1),
        ("parameters", "keyPrefix", "00"),
        ("parameters", "expiresAt", 9_999_999_999),
    ):
        copy = json.loads(json.dumps(payload))
        (copy["challenge"]["parameters"] if part == "parameters" else copy[part])[name] = value
        spoilt.append(base64.b64encode(json.dumps(copy).encode()).decode())

    answers = [client.post(_path(event), data=typed | {"altcha": sent}).status_code for sent in spoilt]

    assert answers == [422] * len(spoilt)
    assert _people() == 0


def test_a_solution_is_good_for_its_own_form_and_event_only(client: FlaskClient) -> None:
    event, other = _guarded(), _guarded()
    typed, page = _open(client, event)
    another, _ = _open(client, event)
    solution = _solve(page)

    form = client.post(_path(event), data=another | {"altcha": solution})
    elsewhere = client.post(_path(other), data=typed | {"altcha": solution})

    assert (form.status_code, elsewhere.status_code) == (422, 422)
    assert _people() == 0


def test_a_solution_expires_with_its_form(app: Flask, client: FlaskClient) -> None:
    event = _guarded()
    began = datetime(2030, 5, 1, 9, 0, tzinfo=UTC)
    with time_machine.travel(began, tick=False) as clock:
        typed, page = _open(client, event)
        solution = _solve(page)

        clock.shift(timedelta(seconds=app.config["WTF_CSRF_TIME_LIMIT"] + 1))
        fresh, _ = _open(client, event)
        answer = client.post(_path(event), data=typed | {"csrf_token": fresh["csrf_token"], "altcha": solution})

    assert answer.status_code == 422
    assert MISSING in read(answer).words
    assert _people() == 0


def test_who_agrees_to_wait_calculates_once_more(client: FlaskClient) -> None:
    event = _guarded(size=1)
    typed, page = _open(client, event)
    make_registration(event)

    full = client.post(_path(event), data=typed | {"altcha": _solve(page)})
    joined = client.post(_path(event), data=read(full).inputs | {"altcha": _solve(full.text)})

    assert full.status_code == 409
    assert joined.status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Party).where(Party.queue_no.is_not(None))) == 1


def test_a_browser_without_scripts_sends_the_form_without_the_calculation(client: FlaskClient) -> None:
    event = _guarded(contact_address="office@example.org")
    page = read(client.get(_path(event)))

    answer = client.post(_path(event), data=page.inputs | FIELDS)

    assert page.inputs["without_work"] == "yes"
    assert "runs no JavaScript" in page.words
    assert page.links["Write to the organizers"] == f"/events/{event.slug}/contact"
    assert answer.status_code == 303


def test_without_the_calculation_a_few_an_hour_come_in_and_the_next_is_told_when(client: FlaskClient) -> None:
    event, other = _guarded(), _guarded()
    allowed = limits.WITHOUT_WORK.amount

    def send(event: EventFacts, number: int) -> tuple[dict[str, str], int]:
        typed = read(client.get(_path(event))).inputs | FIELDS | {"email": f"p{number}@example.org"}
        return typed, client.post(_path(event), data=typed).status_code

    with time_machine.travel(datetime(2030, 5, 1, 9, 0, tzinfo=UTC), tick=False) as clock:
        sent = [send(event, number) for number in range(allowed)]
        clock.shift(timedelta(minutes=40))
        late = read(client.get(_path(event))).inputs | FIELDS
        refused = client.post(_path(event), data=late)
        first_again = client.post(_path(event), data=sent[0][0])
        _, elsewhere = send(other, 0)

    page = read(refused)
    assert [status for _, status in sent] == [303] * allowed
    assert page.status == 422
    assert "or send this again in 20 minutes" in page.words
    assert page.inputs["email"] == FIELDS["email"]
    assert first_again.status_code == 303
    assert elsewhere == 303
    assert _people() == allowed + 1


def test_other_events_ask_for_nothing_and_take_no_step_more(client: FlaskClient) -> None:
    event, guarded = make_event(), _guarded()
    page = client.get(_path(event))

    with counting() as plain:
        answer = client.post(_path(event), data=read(page).inputs | FIELDS)
    typed, solved = _open(client, guarded)
    typed["altcha"] = _solve(solved)
    client.get(_path(guarded))  # so that it is as well known as the other one
    with counting() as asked:
        client.post(_path(guarded), data=typed)

    assert "altcha" not in page.text
    assert "work.js" not in page.text
    assert answer.status_code == 303
    assert len(asked) == len(plain)
