"""What a mail puts into calendars, and takes out of them again."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar

from regapp.mail.messages import Message
from regapp.mail.render import render
from regapp.mail.transport import MailMessage
from tests.mail.letters import make_letter

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _mail(**overrides: Any) -> EmailMessage:
    letter = make_letter(**overrides)
    raw = MailMessage(letter, render(letter)).as_bytes()
    return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def _parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.iter_parts()]


def _calendar(mail: EmailMessage) -> tuple[EmailMessage, Any]:
    part = list(mail.iter_parts())[-1]
    return part, Calendar.from_ical(part.get_content())  # type: ignore[return-value]


@pytest.mark.parametrize("message", ["confirmed", "promoted", "changed", "email_changed", "event_changed"])
def test_who_has_a_place_gets_an_invitation_that_needs_no_answer(app: Flask, message: str) -> None:
    mail = _mail(message=message, state="confirmed", online_url="https://meet.example/x")

    part, calendar = _calendar(mail)
    entry = calendar.events[0]

    assert mail.get_content_type() == "multipart/alternative"
    assert _parts(mail) == ["text/plain", "text/html", "text/calendar"]
    assert (part.get_param("method"), part.get_param("charset")) == ("REQUEST", "utf-8")
    assert (calendar["METHOD"], entry["STATUS"], entry["UID"]) == ("REQUEST", "CONFIRMED", "7K4M2-QXTB9@regapp")
    assert str(entry["ATTENDEE"]) == "mailto:ilona@example.org"
    assert (entry["ATTENDEE"].params["PARTSTAT"], entry["ATTENDEE"].params["RSVP"]) == ("ACCEPTED", "FALSE")
    assert str(entry["ORGANIZER"]).startswith("mailto:")
    assert entry["ORGANIZER"].params["CN"] == "Cluster Association"
    assert "https://meet.example/x" in entry["DESCRIPTION"]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"message": "cancelled", "state": "cancelled", "before": "confirmed"}, id="gave the place back"),
        pytest.param({"message": "event_cancelled", "state": "confirmed"}, id="called off"),
    ],
)
def test_when_the_place_goes_so_does_the_entry(app: Flask, facts: dict[str, str]) -> None:
    part, calendar = _calendar(_mail(**facts, online_url="https://meet.example/x"))

    assert part.get_param("method") == calendar["METHOD"] == "CANCEL"
    assert calendar.events[0]["STATUS"] == "CANCELLED"
    assert calendar.events[0]["UID"] == "7K4M2-QXTB9@regapp"
    assert "meet.example" not in calendar.events[0]["DESCRIPTION"]


@pytest.mark.rule("R15")
@pytest.mark.parametrize("message", list(Message))
def test_who_has_no_place_finds_nothing_in_the_calendar(app: Flask, message: Message) -> None:
    written = {"from_name": "A", "from_address": "a@example.org", "body": "B"}
    mail = _mail(message=message, state="waitlisted", before="waitlisted", **written)

    assert _parts(mail) == ["text/plain", "text/html"]


def test_a_later_mail_replaces_the_entry_of_an_earlier_one(app: Flask) -> None:
    letter = make_letter(state="confirmed")
    later = make_letter(message="event_changed", state="confirmed", sequence=3)

    first, second = (
        Calendar.from_ical(MailMessage(each, render(each)).invitation.file).events[0]  # type: ignore[union-attr]
        for each in (letter, later)
    )

    assert first["UID"] == second["UID"]
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 3)


def test_hostile_names_break_no_line_of_the_file(app: Flask) -> None:
    name = 'A"; RSVP=TRUE\r\nATTACH:https://evil.example'
    texts = {"en": {"name": "X\r\nATTACH:https://evil.example", "organiser": 'O";X=1\nATTACH:y', "venue": "a,b;c\\d"}}

    _part, calendar = _calendar(_mail(to_name=name, state="confirmed", texts=texts))
    entry = calendar.events[0]

    assert "ATTACH" not in entry
    assert entry["ATTENDEE"].params["RSVP"] == "FALSE"
    assert entry["LOCATION"] == "a,b;c\\d"


def test_answers_go_to_the_organizers_of_the_event(app: Flask) -> None:
    assert _mail(contact_address="office@example.org")["Reply-To"] == "Cluster Association <office@example.org>"


def test_answers_to_a_visitors_message_go_to_the_visitor(app: Flask) -> None:
    written = {"from_name": "Pál\r\nBcc: x@example.org", "from_address": "pal@example.org", "body": "Hello"}
    mail = _mail(message="contact", contact_address="office@example.org", to_address="office@example.org", **written)

    assert mail["Reply-To"].addresses[0].addr_spec == "pal@example.org"
    assert mail["Bcc"] is None
    assert mail["To"].addresses[0].addr_spec == "office@example.org"
    assert "pal@example.org" not in mail["From"]


def test_the_receipt_of_an_erasure_is_kept_without_address(app: Flask) -> None:
    letter = make_letter(message="erased", code="", to_name=None, registered_at=None)
    message = MailMessage(letter, render(letter))

    assert b"ilona@example.org" in message.as_bytes()
    assert b"ilona" not in message.as_file()
