"""Organizers write to many; those who get it can end it."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from regapp import links
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.models import Announcement, Heartbeat, OutboxMail, Role
from regapp.services import announced, editing, registrations
from regapp.services.events import EventFacts
from regapp.services.own import Own, get_own
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.mail.conftest import read as read_mail
from tests.web.organizers import sign_in
from tests.web.visitor import Page, read

TYPED = {"subject": "Where to meet", "body": "At the **main** entrance.\r\n\r\n- [map](https://maps.example/)"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def _path(event: EventFacts, rest: str = "write") -> str:
    return f"/organizer/events/{event.slug}/{rest}"


def _do(client: FlaskClient, page: Page, path: str, do: str, **typed: str) -> TestResponse:
    """Press a button of a page that was opened before."""
    return client.post(path, data=page.inputs | typed | {"do": do})


def _preview(client: FlaskClient, event: EventFacts, view: str = "", **typed: str) -> Page:
    path = _path(event) + view
    page = read(_do(client, read(client.get(path)), path, "preview", **TYPED | typed))
    assert page.status == 200, page.words
    return page


def _count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def _own_path(own: Own) -> str:
    return links.own_path(own.code, own.link_version) + "/announcements"


def _mails(app: Flask, pattern: str) -> list[EmailMessage]:
    folder = Path(app.config["INSTANCE_DIR"]) / "mail"
    return [read_mail(path.read_bytes()) for path in sorted(folder.glob(pattern))]


def test_a_message_is_seen_tried_sent_and_arrives(app: Flask, client: FlaskClient) -> None:
    event = make_event(size=2, contact_address="office@example.org")
    ana, eva, _waits = [make_registration(event) for _ in range(3)]
    me = sign_in(client, event, Role.MANAGER)
    outbox.send_due()

    form = read(client.get(_path(event)))
    page = _preview(client, event)
    tested = read(_do(client, page, _path(event), "test"))
    outbox.send_due()
    answer = _do(client, tested, _path(event), "send")
    told = read(client.get(answer.location))

    assert "Goes to 2 addresses (2 people)" in form.words
    assert "People with a place" in form.words
    assert "Waiting list: 1" in form.words
    assert f"Dear {ana.details.name}," in page.words
    assert "At the main entrance." in page.words
    assert "office@example.org" in page.words
    assert page.buttons == ["Send to 2 addresses", "Send a test to me", "Change the words"]
    assert f"A test is on its way to {me.email}, and to nobody else." in tested.words
    assert [mail["To"].addresses[0].addr_spec for mail in _mails(app, "*-announcement.eml")] == [me.email]
    assert answer.status_code == 303
    assert "2 mails leave on" in told.words
    assert told.buttons == ["Undo"]
    outbox.send_due(clock=lambda: utcnow() + timedelta(minutes=9))
    assert len(_mails(app, "*-announcement.eml")) == 1
    outbox.send_due(clock=lambda: utcnow() + timedelta(minutes=10))
    mails = _mails(app, "*-announcement.eml")[1:]
    assert [mail["To"].addresses[0].addr_spec for mail in mails] == [ana.email, eva.email]
    assert {str(mail["Subject"]) for mail in mails} == {"Where to meet"}
    assert "Sent2" in read(client.get(answer.location)).words.replace(" ", "")


def test_the_link_of_the_person_shown_is_not_given_away(client: FlaskClient) -> None:
    event = make_event()
    own = make_registration(event)
    sign_in(client, event, Role.MANAGER)
    path = _path(event)

    shown = _do(client, read(client.get(path)), path, "preview", **TYPED).text

    assert f"/r/{own.code}-…" in shown
    assert links.own_token(own.code, own.link_version) not in shown


def test_words_come_back_to_be_changed(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    before = everything()
    body = "a\n  - b\n    - c <b> \"q\" 'é'"

    page = read(_do(client, _preview(client, event, body=body), _path(event), "edit"))

    assert (page.status, everything()) == (200, before)
    assert page.inputs["subject"] == TYPED["subject"]
    assert page.inputs["body"] == body
    assert not page.title.startswith("Problem")


def test_a_double_click_sends_once_and_shows_the_same_page(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    page = _preview(client, event)

    answers = [_do(client, page, _path(event), "send") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert _count(Announcement) == 1
    assert db.session.scalar(select(func.count()).where(OutboxMail.message == "announcement")) == 1


def test_other_people_than_those_shown_are_asked_about_again(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    page = _preview(client, event)
    make_registration(event)
    before = everything()

    again = read(_do(client, page, _path(event), "send"))

    assert (again.status, everything()) == (409, before)
    assert "You were shown 1 addresses, now there are 2." in again.words
    assert again.buttons[0] == "Send to 2 addresses"
    assert _do(client, again, _path(event), "send").status_code == 303


def test_those_who_wait_are_written_to_where_the_view_says_so(client: FlaskClient) -> None:
    event = make_event(size=1)
    make_registration(event)
    waits = make_registration(event)
    sign_in(client, event, Role.MANAGER)
    view = "?state=waitlisted"

    page = _preview(client, event, view)
    answer = _do(client, page, _path(event) + view, "send")

    assert f"This is how {waits.details.name} gets it." in page.words
    assert "to people on the waiting list" in read(client.get(answer.location)).words


def test_the_words_of_a_search_are_not_kept(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event, last_name="Novák")
    sign_in(client, event, Role.MANAGER)

    preview = _preview(client, event, "?q=Novák")
    there = _do(client, preview, _path(event) + "?q=Novák", "send").location

    assert "Found by “Novák”" in preview.words
    assert "Goes to one address" in preview.words
    assert announced.list_all(event.id)[0].query == "searched=yes"
    assert "to people with a place, found by a search" in read(client.get(there)).words


def test_people_picked_in_the_table_are_carried_along(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event) for _ in range(3)]
    sign_in(client, event, Role.MANAGER)
    guard = read(client.get("/organizer/account")).inputs["csrf_token"]
    picked = [people[0].code, people[2].code]

    form = client.post(_path(event, "people/bulk"), data={"do": "write", "pick": picked, "csrf_token": guard})
    assert re.findall(r'name="pick" value="([^"]+)"', form.text) == picked
    data: dict[str, Any] = read(form).inputs | TYPED | {"pick": picked}
    preview = client.post(_path(event), data=data | {"do": "preview"})
    answer = client.post(_path(event), data=read(preview).inputs | {"pick": picked, "do": "send"})

    assert "Goes to 2 addresses" in read(preview).words
    assert "picked one by one" in read(client.get(answer.location)).words
    rows = db.session.scalars(select(OutboxMail.registration_id).where(OutboxMail.message == "announcement"))
    assert set(rows) == {people[0].id, people[2].id}


def test_it_is_undone_and_says_what_could_not_be_called_back(client: FlaskClient) -> None:
    event = make_event()
    for _ in range(3):
        make_registration(event)
    sign_in(client, event, Role.MANAGER)
    outbox.send_due()
    there = _do(client, _preview(client, event), _path(event), "send").location
    outbox.record_sent(outbox.claim(now=utcnow() + timedelta(minutes=10), limit=1)[0], now=utcnow())

    answer = client.post(f"{there}/undo", data=read(client.get(there)).inputs)
    page = read(client.get(answer.location))

    assert "2 mails are called back. One could not be called back: it has left." in page.words
    assert "Called back on" in page.words
    assert page.buttons == []
    assert "Called back, 1 had left" in read(client.get(_path(event, "announcements"))).words


def test_undoing_needs_its_guard(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    there = _do(client, _preview(client, event), _path(event), "send").location
    before = everything()

    for guard in ({}, {"csrf_token": "forged"}):
        page = read(client.post(f"{there}/undo", data=guard))
        assert page.status == 422
        assert "please send it again" in page.words

    assert everything() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DESK])
def test_lower_roles_read_what_was_written_and_write_nothing(client: FlaskClient, role: Role) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    there = _do(client, _preview(client, event), _path(event), "send").location
    sign_in(client, event, role)
    before = everything()

    page = read(client.get(there))

    assert (page.status, page.buttons) == (200, [])
    assert "Where to meet" in page.words
    for path in (_path(event), f"{there}/undo"):
        assert client.post(path, data=TYPED | {"do": "send"}).status_code == 403
    assert client.get(_path(event)).status_code == 403
    assert everything() == before


REFUSED = [
    pytest.param({"subject": ""}, "subject", "Write what the message is about", id="no subject"),
    pytest.param({"subject": "\u200b"}, "subject", "Write what the message is about", id="a subject of nothing seen"),
    pytest.param(
        {"subject": "x" * 151}, "subject", "Shorten this to 150 characters: it has 151 now", id="long subject"
    ),
    pytest.param({"subject": "a\u202eb"}, "subject", "Take out the character", id="text direction turned round"),
    pytest.param({"body": ""}, "body", "Write the message", id="no message"),
    pytest.param({"body": " \r\n \t "}, "body", "Write the message", id="a message of spaces"),
    pytest.param({"body": "x" * 100_000}, "body", "Shorten this to 10,000 characters: it has 100,000", id="100,000"),
    pytest.param({"body": "a\x00b"}, "body", "Take out the character", id="NUL"),
]


@pytest.mark.parametrize(("typed", "name", "sentence"), REFUSED)
@pytest.mark.parametrize("do", ["preview", "send", "test", "edit"])
def test_bad_words_are_refused_beside_their_field_and_kept(
    client: FlaskClient, typed: dict[str, str], name: str, sentence: str, do: str
) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    form, before = read(client.get(_path(event))), everything()

    page = read(_do(client, form, _path(event), do, **TYPED | typed))

    assert (page.status, everything()) == (422, before)
    assert page.title.startswith("Problem:")
    assert sentence in page.described(name)
    assert len(page.inputs["body"]) >= len(typed.get("body", "").strip())


def test_a_form_without_its_guard_keeps_its_words(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    form, before = read(client.get(_path(event))), everything()

    page = read(_do(client, form, _path(event), "send", **TYPED, csrf_token="forged"))

    assert (page.status, everything()) == (422, before)
    assert page.inputs["subject"] == TYPED["subject"]
    assert page.inputs["submission"] == form.inputs["submission"]


def test_scripts_in_the_words_are_words_on_every_page(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event, last_name="<script>alert(2)</script>")
    sign_in(client, event, Role.MANAGER)
    typed = {"subject": "<script>alert(1)</script>", "body": "<script>alert(1)</script> [x](javascript:alert(1))"}
    path = _path(event)

    preview = _do(client, read(client.get(path)), path, "preview", **typed)
    there = _do(client, read(preview), path, "send").location

    for answer in (preview, client.get(there), client.get(_path(event, "announcements"))):
        assert "<script" not in answer.text
        assert 'href="javascript' not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text


def test_a_view_without_anybody_is_no_audience(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    form = read(client.get(_path(event)))

    for do in ("preview", "send"):
        page = read(_do(client, form, _path(event), do, **TYPED))
        assert page.status in (409, 422)
        assert "There is nobody to write to" in page.words or "now there are 0" in page.words
        assert page.inputs["subject"] == TYPED["subject"]
    assert "Goes to 0 addresses" in form.words


def test_a_called_off_event_writes_to_nobody(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    form = read(client.get(_path(event)))
    with transaction():
        editing.cancel_event(event.id, actor="operator", now=utcnow())

    page = read(_do(client, form, _path(event), "send", **TYPED))

    assert page.status == 409
    assert "The event is called off." in page.words
    assert _count(Announcement) == 0


def test_the_page_says_when_mails_do_not_leave(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.MANAGER)
    silent = read(client.get(_path(event)))
    with transaction():
        db.session.add(Heartbeat(worker="w", seen_at=utcnow()))

    works = read(client.get(_path(event)))
    with transaction():
        db.session.execute(db.text("UPDATE outbox SET due_at = '2026-01-01 00:00:00'"))
    stuck = read(client.get(_path(event)))

    warning = "Mails do not leave at present"
    assert [warning in page.words for page in (silent, works, stuck)] == [True, False, True]


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999999"])
def test_a_message_that_is_not_there_is_not_found(client: FlaskClient, number: str) -> None:
    event = make_event()
    sign_in(client, event, Role.OWNER)
    guard = read(client.get("/organizer/account")).inputs

    assert client.get(_path(event, f"announcements/{number}")).status_code == 404
    assert client.post(_path(event, f"announcements/{number}/undo"), data=guard).status_code == 404


@pytest.mark.rule("R10")
def test_messages_are_ended_and_wanted_again_by_a_confirmed_form(client: FlaskClient) -> None:
    own = make_registration(make_event())
    path = _own_path(own)
    before = everything()

    page = read(client.get(path))
    client.head(path)
    client.get(f"{path}?List-Unsubscribe=One-Click")
    assert everything() == before
    answer = client.post(path, data=page.inputs)

    assert "Your registration stays as it is." in page.words
    assert answer.status_code == 303
    ended = get_own(own.code)
    assert (ended.announcements_ended_at is not None, ended.state) == (True, "confirmed")
    there = read(client.get(answer.location))
    assert "Get messages from the organizers again" in there.links
    client.post(path, data=read(client.get(path)).inputs)
    assert get_own(own.code).announcements_ended_at is None
    assert everything() == before


@pytest.mark.rule("R10")
def test_one_click_in_a_mail_program_ends_messages_and_nothing_else(client: FlaskClient) -> None:
    own = make_registration(make_event())
    before = everything()

    answers = [client.post(_own_path(own), data=ONE_CLICK) for _ in range(2)]
    multipart = client.post(_own_path(own), data=ONE_CLICK, content_type="multipart/form-data")

    assert [answer.status_code for answer in [*answers, multipart]] == [200] * 3
    assert "Messages from the organizers have ended." in read(answers[0]).words
    after = everything()
    assert [name for name in before if before[name] != after[name]] == ["parties"]
    assert get_own(own.code).state == "confirmed"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"List-Unsubscribe": "one-click"}, id="other words"),
        pytest.param({"List-Unsubscribe": ["One-Click", "One-Click"]}, id="twice"),
        pytest.param(ONE_CLICK | {"wanted": "yes"}, id="and more"),
        pytest.param({"wanted": "yes"}, id="a form of ours without its guard"),
        pytest.param({"wanted": "no", "csrf_token": "forged"}, id="a forged guard"),
    ],
)
def test_only_the_exact_words_need_no_guard(client: FlaskClient, sent: dict[str, Any]) -> None:
    own = make_registration(make_event())
    before = everything()

    page = read(client.post(_own_path(own), data=sent))

    assert (page.status, everything()) == (422, before)


def test_a_wrong_link_ends_nothing(client: FlaskClient) -> None:
    own = make_registration(make_event())
    before = everything()

    for path in (_own_path(own).replace(own.code, "AAAAA-AAAAA"), f"/r/{own.code}-{'a' * 26}/announcements"):
        assert client.post(path, data=ONE_CLICK).status_code == 404
    assert everything() == before


def test_what_was_written_is_shown_with_its_fate(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event) for _ in range(3)]
    sign_in(client, event, Role.MANAGER)
    outbox.send_due()
    there = _do(client, _preview(client, event), _path(event), "send").location
    with transaction():
        registrations.cancel(people[0].id, actor="attendee", now=utcnow())
    later = utcnow() + timedelta(minutes=10)
    outbox.send_due()
    sent, refused = [letter for letter in outbox.claim(now=later) if letter.message == "announcement"]
    outbox.record_sent(sent, now=later)
    outbox.record_failure(refused, now=later + outbox.GIVE_UP, words="550 no such user")

    found = announced.list_all(event.id)[0]
    page = read(client.get(there))

    assert (found.recipients, found.sent, found.failed, found.waiting, found.dropped) == (3, 1, 1, 0, 1)
    assert "Not sent 1" in " ".join(page.words.replace("Not sent1", "Not sent 1").split())
    assert "Sent: 1, 1 failed" in read(client.get(_path(event, "announcements"))).words


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_page_is_sound_html(client: FlaskClient) -> None:
    event = make_event(size=2)
    people = [make_registration(event, organisation='<b>"&') for _ in range(4)]
    sign_in(client, event, Role.OWNER)
    path, guard = _path(event), read(client.get("/organizer/account")).inputs
    bulk = _path(event, "people/bulk")
    everyone = guard | {"whole_view": "yes"}

    pages = [
        client.get(path),
        client.get(f"{path}?state=cancelled&q=%3Cb%3E"),
        client.post(path, data={"whole_view": "yes"}),
    ]
    pages += [
        client.post(bulk, data=everyone | {"do": do}) for do in ("cancel", "tag", "untag", "resend", "write", "x")
    ]
    pages += [
        client.post(bulk, data=everyone | {"do": "cancel", "seen": seen}) for seen in ("", "1.9.waitlisted", "x=1")
    ]
    pages.append(client.post(bulk, data=everyone | {"do": "tag", "seen": "", "tag": ""}))
    pages.append(_do(client, read(pages[0]), path, "preview", **TYPED))
    there = _do(client, read(pages[-1]), path, "send").location
    pages += [client.get(there), client.post(f"{there}/undo"), client.get(_path(event, "announcements"))]
    client.post(f"{there}/undo", data=guard)
    pages += [client.get(there), client.get(_own_path(people[0])), client.post(_own_path(people[0]), data=ONE_CLICK)]

    for page in pages:
        assert page.status_code in (200, 409, 422)
        html5lib.HTMLParser(strict=True).parse(page.text.lstrip())
