"""The mails of an event: what failed and sending it again, what waits, and reading mails that became files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.mail.messages import Message
from regapp.models import OutboxMail, Role
from regapp.services import contacts, notices
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.web.organizer.mail_words import mail_name
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.reading import words


def path(event: EventFacts, *rest: object) -> str:
    return "/".join(["/organizer/events", event.slug, "mail", *map(str, rest)])


def shown(client: FlaskClient, event: EventFacts, **chosen: object) -> str:
    return words(client.get(path(event), query_string=chosen))


def mail_of(registration: Own) -> OutboxMail:
    db.session.rollback()
    return db.session.scalars(select(OutboxMail).where(OutboxMail.registration_id == registration.id)).one()


def fail(*registrations: Own, **values: Any) -> None:
    with transaction():
        mine = OutboxMail.registration_id.in_([registration.id for registration in registrations])
        failed = {"failed_at": utcnow(), "attempts": 13, "error": "550 5.1.1 <no> such user"} | values
        db.session.execute(update(OutboxMail).where(mine).values(failed))


def token(client: FlaskClient, event: EventFacts) -> dict[str, str]:
    (found, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(path(event)).text)
    return {"csrf_token": found}


def test_what_failed_and_what_waits_is_shown_with_the_servers_words(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event, first_name=name, last_name=None) for name in ("Ana", "Piotr", "Zoë", "Elena")]
    fail(people[0])
    fail(people[1], failed_at=None, attempts=2, error="452 mailbox full")
    fail(people[3], failed_at=None, attempts=0, error=None, sent_at=utcnow())
    sign_in(client, event, Role.VIEWER)

    said = shown(client, event)

    assert "Ana You have a place Given up after 13 attempts “550 5.1.1 <no> such user”" in said
    assert "Piotr You have a place Refused 2 times, will be tried again “452 mailbox full” Next attempt: " in said
    assert "Zoë You have a place Not sent yet It leaves with the next ones" in said
    assert "Elena You have a place Written into a file" in said
    assert "Everything 4 Trouble 2 Not sent yet 2 Sent 1" in said
    assert "You have a place 1 2 1" in said
    assert "Send again" not in said


@pytest.mark.parametrize(
    ("chosen", "there"),
    [
        ({}, {"Ana", "Piotr", "Zoë", "Elena"}),
        ({"fate": "trouble"}, {"Ana", "Piotr"}),
        ({"fate": "waiting"}, {"Piotr", "Zoë"}),
        ({"fate": "sent"}, {"Elena"}),
        ({"fate": "sent", "message": "confirmed"}, {"Elena"}),
        ({"message": "promoted"}, set()),
        ({"fate": "\x00", "message": "\x00'--"}, {"Ana", "Piotr", "Zoë", "Elena"}),
    ],
)
def test_mails_are_narrowed_down_by_fate_and_by_kind(
    client: FlaskClient, chosen: dict[str, str], there: set[str]
) -> None:
    event, names = make_event(), ("Ana", "Piotr", "Zoë", "Elena")
    people = [make_registration(event, first_name=name, last_name=None) for name in names]
    fail(people[0])
    fail(people[1], failed_at=None, attempts=2, error="452 mailbox full")
    fail(people[3], failed_at=None, attempts=0, error=None, sent_at=utcnow())
    sign_in(client, event, Role.VIEWER)

    said = shown(client, event, **chosen)

    assert {name for name in names if f"{name} You have a place" in said} == there


def test_hundreds_of_mails_that_failed_are_all_there_page_by_page(client: FlaskClient) -> None:
    event = make_event()
    fail(*(make_registration(event, first_name=f"Guest{number}.", last_name=None) for number in range(120)))
    sign_in(client, event, Role.MANAGER)

    seen, address = [], f"{path(event)}?fate=trouble"
    while address:
        page = client.get(address).text
        seen += re.findall(r"<bdi>(Guest\d+\.)</bdi>", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""

    assert seen == [f"Guest{number}." for number in reversed(range(120))]
    assert "Send all 120 again that were given up" in words(client.get(f"{path(event)}?fate=trouble"))


def test_every_kind_of_mail_has_a_name(app: Flask) -> None:
    with app.test_request_context():
        assert [kind for kind in Message if mail_name(kind) == kind.replace("_", " ")] == []
        assert mail_name("badge_ready") == "badge ready"


def test_a_mail_to_one_of_the_organizers_bears_their_name(client: FlaskClient) -> None:
    event = make_event(size=1)
    sign_in(client, event, Role.VIEWER)
    make_registration(event)
    with transaction():
        assert notices.tell(event.id, now=utcnow()) == 1

    assert "Eszter Varga To organizers: full Not sent yet" in shown(client, event)


def test_one_mail_or_all_can_be_sent_again(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event) for _ in range(3)]
    fail(*people)
    sign_in(client, event, Role.MANAGER)

    answer = client.post(
        path(event, mail_of(people[0]).id, "again"), data=token(client, event), query_string={"fate": "trouble"}
    )

    assert (answer.status_code, answer.location) == (303, f"{path(event)}?fate=trouble")
    assert [mail_of(person).failed_at is None for person in people] == [True, False, False]
    assert "One mail will be sent again." in words(client.get(path(event)))
    assert client.post(path(event, "again"), data=token(client, event)).status_code == 303
    assert "2 mails will be sent again." in words(client.get(path(event)))
    assert outbox.send_due().sent == 3


def test_what_has_not_failed_is_not_sent_again(client: FlaskClient) -> None:
    event = make_event()
    person, failed = make_registration(event), make_registration(event)
    fail(failed)
    sign_in(client, event, Role.MANAGER)
    guard = token(client, event)

    assert client.post(path(event, mail_of(person).id, "again"), data=guard).status_code == 404
    assert client.post(path(event, "again"), data=guard).status_code == 303
    assert client.post(path(event, "again"), data=guard).status_code == 303
    assert "there is nothing to send again" in words(client.get(path(event)))


def test_a_mail_of_another_event_is_out_of_reach(client: FlaskClient) -> None:
    mine, other = make_event(), make_event()
    own, foreign = make_registration(mine), make_registration(other)
    while outbox.send_due().sent:
        pass
    fail(own, foreign)
    sign_in(client, mine, Role.OWNER)
    guard, before = token(client, mine), everything()
    foreign_id = mail_of(foreign).id

    assert client.get(path(mine, foreign_id)).status_code == 404
    assert client.post(path(mine, foreign_id, "again"), data=guard).status_code == 404
    assert everything() == before
    assert client.post(path(mine, "again"), data=guard).status_code == 303
    assert mail_of(foreign).failed_at is not None


def test_a_mail_that_became_a_file_is_shown_as_text(client: FlaskClient) -> None:
    event = make_event(name="<script>alert(1)</script>")
    person = make_registration(event, first_name="<b>Ana</b>", last_name="Żółć")
    while outbox.send_due().sent:
        pass
    sign_in(client, event, Role.MANAGER)

    answer = client.get(path(event, mail_of(person).id))

    assert answer.status_code == 200
    assert "<b>Ana" not in answer.text
    assert "<script>alert" not in answer.text
    assert 'href="http' not in answer.text
    said = words(answer)
    assert re.search(r"To \S?<b>Ana</b> Żółć\S? <ana\.kovacs\.\d+@example\.org>", said)
    assert "You have a place, <b>Ana</b> Żółć." in said
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DESK])
def test_others_do_not_get_peoples_links(client: FlaskClient, role: Role) -> None:
    event = make_event()
    person = make_registration(event)
    while outbox.send_due().sent:
        pass
    sign_in(client, event, role)

    assert client.get(path(event, mail_of(person).id)).status_code == 403
    assert "/r/" not in client.get(path(event)).text


def test_a_message_to_the_organizers_can_be_read_but_no_mail_to_one_account_alone(client: FlaskClient) -> None:
    event = make_event(contact_address="office@example.org")
    with transaction():
        contacts.write_to_organizers(
            event, name="Pál", email="pal@example.org", body="Is there parking?", lang="en", now=utcnow()
        )  # fmt: skip
    while outbox.send_due().sent:
        pass
    sign_in(client, event, Role.OWNER)
    readable = client.get(path(event, 1))
    assert path(event, 1) in client.get(path(event)).text
    with transaction():
        db.session.execute(update(OutboxMail).values(message="team_invited"))

    assert "Is there parking?" in words(readable)
    assert client.get(path(event, 1)).status_code == 404
    assert path(event, 1) not in client.get(path(event)).text


def test_with_a_mail_server_there_are_no_files_to_read(build_app: Callable[..., Flask]) -> None:
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT="1")
    with app.app_context():
        client = app.test_client()
        event = make_event()
        person = make_registration(event)
        fail(person, failed_at=None, error=None, sent_at=utcnow())
        sign_in(client, event, Role.MANAGER)

        assert "into a file" not in client.get(path(event)).text
        assert client.get(path(event, mail_of(person).id)).status_code == 404


@pytest.mark.parametrize("number", ["0", "9" * 9, "9" * 30, "x"])
def test_a_mail_that_does_not_exist_is_not_found(client: FlaskClient, number: str) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)

    assert client.get(path(event, number)).status_code == 404
