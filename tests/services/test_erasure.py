"""Erasing people: nothing that names them is left, and all counts are as before (R18)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import func, select

from regapp.db import Base, db, snapshot, transaction
from regapp.errors import NotFound
from regapp.mail import outbox
from regapp.mail.render import render
from regapp.mail.transport import Folder, MailMessage
from regapp.models import Registration
from regapp.services import books, contacts, erasure, registrations
from regapp.services.drafts import Details
from regapp.services.events import EventFacts, get
from regapp.services.own import get_own
from tests.factories import ENDS_AT, make_event, make_registration

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
WHO = Details("Zsuzsanna", "Quixote", "Windmill Works", "Knightess", "HU")
EMAIL = "zsuzsanna.quixote@example.org"
TRACES = ("zsuzsanna", "quixote", "windmill", "knightess")

pytestmark = pytest.mark.rule("R18")


def _erase(registration_id: int, *, now: datetime = NOW) -> int:
    with transaction():
        erased = erasure.erase(registration_id, actor="operator", now=now)
    erasure.forget_files(erased)
    return erased.people


def _write_letter(event: EventFacts, email: str, name: str = "Zsuzsanna Quixote") -> None:
    words = {"name": name, "email": email, "body": f"{name} here. Is there parking?"}
    with transaction():
        contacts.write_to_organizers(event, **words, lang="en", now=NOW)


def _rows() -> str:
    """Return everything that is stored, in lower case."""
    db.session.rollback()
    tables = Base.metadata.sorted_tables
    return "\n".join(str(tuple(row)) for table in tables for row in db.session.execute(select(table))).lower()


def _countries() -> dict[Any, int]:
    counted = select(Registration.country, func.count()).group_by(Registration.country)
    return dict(tuple(row) for row in db.session.execute(counted))  # type: ignore[misc]


def test_nothing_that_names_the_person_is_left_and_the_counts_are_as_before(app: Flask) -> None:
    event = make_event(size=1)
    own = make_registration(event, details=WHO, email=EMAIL, now=NOW)
    next_one = make_registration(event, now=NOW)
    with transaction():
        registrations.change_details(own.id, replace(WHO, organisation="Windmill Ltd"), actor="attendee", now=NOW)
    outbox.send_due(clock=lambda: NOW)
    countries = _countries()

    assert _erase(own.id) == 1
    outbox.send_due(clock=lambda: NOW)

    assert [trace for trace in TRACES if trace in _rows()] == []
    folder = Path(app.config["INSTANCE_DIR"]) / "mail"
    mails = b"\n".join(path.read_bytes() for path in folder.iterdir()).lower()
    assert [trace for trace in TRACES if trace.encode() in mails] == []
    assert b"your data has been erased" in mails
    assert get_own(next_one.code).state == "confirmed"
    assert _countries() == countries
    with snapshot() as connection:
        assert books.verify(connection, now=NOW).differences == []
    with pytest.raises(NotFound):
        get_own(own.code)


def test_the_erased_person_gets_one_receipt_and_no_other_mail(app: Flask) -> None:
    own = make_registration(make_event(), details=WHO, email=EMAIL, now=NOW)

    _erase(own.id)
    claimed = outbox.claim(now=NOW)

    assert [(letter.message, letter.to_address, letter.to_name) for letter in claimed] == [("erased", EMAIL, "")]
    assert claimed[0].facts["code"] == ""


def test_what_the_person_wrote_to_the_organizers_goes_too(app: Flask) -> None:
    event = make_event(contact_address="office@example.org")
    own = make_registration(event, details=WHO, email=EMAIL, now=NOW)
    _write_letter(event, EMAIL.upper())
    _write_letter(event, "somebody@example.org", "Somebody")
    outbox.send_due(clock=lambda: NOW)
    _write_letter(event, EMAIL)  # not sent yet

    _erase(own.id)
    outbox.send_due(clock=lambda: NOW)

    folder = Path(app.config["INSTANCE_DIR"]) / "mail"
    mails = [path.read_bytes().lower() for path in sorted(folder.iterdir())]
    assert [trace for trace in TRACES if any(trace.encode() in mail for mail in mails)] == []
    assert [trace for trace in TRACES if trace in _rows()] == []
    assert sum(b"somebody@example.org" in mail for mail in mails) == 1


def test_what_visitors_wrote_goes_with_the_people_of_the_event(app: Flask) -> None:
    event, due = make_event(contact_address="office@example.org"), ENDS_AT + timedelta(days=365)
    _write_letter(event, EMAIL)
    outbox.send_due(clock=lambda: NOW)

    assert erasure.list_due(now=due) == [event.id]
    with transaction():
        erased = erasure.erase_event(event.id, now=due)
    erasure.forget_files(erased)

    assert erased.people == 0
    assert list((Path(app.config["INSTANCE_DIR"]) / "mail").iterdir()) == []
    assert erasure.list_due(now=due) == []


def test_a_mail_that_was_just_being_written_leaves_no_file(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    own = make_registration(make_event(), details=WHO, email=EMAIL, now=NOW)
    write = Folder.send

    def erase_then_write(folder: Folder, message: MailMessage) -> None:
        if message.file_name.endswith("confirmed.eml"):
            _erase(own.id)
        write(folder, message)

    monkeypatch.setattr(Folder, "send", erase_then_write)
    outbox.send_due(clock=lambda: NOW)

    folder = Path(app.config["INSTANCE_DIR"]) / "mail"
    assert [path.name for path in folder.iterdir()] == []


def test_the_receipt_takes_the_event_out_of_the_calendar(app: Flask) -> None:
    event = make_event(online_url="https://meet.example/x")
    own = make_registration(event, details=WHO, email=EMAIL, now=NOW)
    outbox.send_due(clock=lambda: NOW)

    _erase(own.id)
    letter = outbox.claim(now=NOW)[0]
    message = MailMessage(letter, render(letter))

    assert message.invitation is not None
    assert message.invitation.method == "CANCEL"
    entry = Calendar.from_ical(message.invitation.file).events[0]
    assert entry["UID"] == f"{own.code}@regapp"
    assert entry["SEQUENCE"] == 1
    assert entry["URL"].endswith(f"/events/{event.slug}")
    assert b"calendar" not in message.as_file()  # where nobody receives it, nobody is named
    assert EMAIL.encode() not in message.as_file()


def test_a_second_time_changes_nothing(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)
    _erase(own.id)
    before = _rows()

    assert _erase(own.id) == 0
    assert _rows() == before


def test_the_address_may_register_again(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, email=EMAIL, now=NOW)
    _erase(own.id)

    assert make_registration(event, email=EMAIL, now=NOW).code != own.code


def test_who_took_part_still_counts(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, details=WHO, now=NOW)

    _erase(own.id, now=ENDS_AT + timedelta(days=1))

    stored = db.session.get_one(Registration, own.id)
    assert (stored.state, stored.country, stored.last_name) == ("confirmed", "HU", None)
    assert get(event.id).taken == 1
    with snapshot() as connection:
        assert books.verify(connection, now=ENDS_AT + timedelta(days=1)).differences == []


@pytest.mark.parametrize(
    ("dates", "due"),
    [
        pytest.param({}, ENDS_AT + timedelta(days=365), id="a year after the end"),
        pytest.param(
            {"retain_until": ENDS_AT + timedelta(days=30)}, ENDS_AT + timedelta(days=30), id="by its own date"
        ),
    ],
)
def test_when_the_time_has_come_everybody_of_the_event_is_erased(app: Flask, dates: Any, due: datetime) -> None:
    event = make_event(size=2, **dates)
    people = [make_registration(event, details=WHO, now=NOW) for _ in range(3)]

    assert erasure.list_due(now=due - timedelta(seconds=1)) == []
    assert erasure.list_due(now=due) == [event.id]
    with transaction():
        erased = erasure.erase_event(event.id, now=due)
    erasure.forget_files(erased)

    assert erased.people == len(people)
    assert [trace for trace in TRACES if trace in _rows()] == []
    assert erasure.list_due(now=due) == []
    assert outbox.claim(now=due) == []
    with snapshot() as connection:
        assert books.verify(connection, now=due).differences == []
