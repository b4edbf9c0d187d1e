"""Outbox rows and subjects."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from regapp.mail.messages import About, Message, compose, compose_to_account, one_line, subject
from regapp.models import OutboxMail
from regapp.rules.states import State

NOW = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
ABOUT = About(
    event_id=1, registration_id=2, code="7K4M2-QXTB9", link_version=3, sequence=4, lang="hu",
    address="ana@xn--mnchen-3ya.de", name="Ana  Kovács\r\nBcc: x@example.org",
)  # fmt: skip


def test_a_row_holds_all_that_the_mail_needs_and_no_line_break_in_the_name() -> None:
    row = compose(Message.WAITLISTED, ABOUT, now=NOW, state=State.WAITLISTED, position=4)

    assert row == {
        "event_id": 1,
        "registration_id": 2,
        "message": "waitlisted",
        "lang": "hu",
        "to_address": "ana@xn--mnchen-3ya.de",
        "to_name": "Ana Kovács Bcc: x@example.org",
        "facts": {"code": "7K4M2-QXTB9", "link_version": 3, "sequence": 4, "state": "waitlisted", "position": 4},
        "priority": 0,
        "created_at": NOW,
        "due_at": NOW,
    }
    assert json.loads(json.dumps(row["facts"])) == row["facts"]


def test_all_rows_have_the_same_keys_and_only_columns() -> None:
    rows = [compose(message, replace(ABOUT, registration_id=None), now=NOW) for message in Message]

    assert {frozenset(row) for row in rows} == {frozenset(rows[0])}
    assert set(rows[0]) <= set(OutboxMail.__table__.columns.keys())


def test_a_mail_about_an_account_needs_no_event_and_holds_no_link() -> None:
    row = compose_to_account(
        Message.RESET, account_id=7, event_id=None, lang="hu", address="eszter@example.org", name="Eszter", now=NOW,
        session_version=3,
    )  # fmt: skip

    assert set(row) <= set(OutboxMail.__table__.columns.keys())
    assert (row["event_id"], row["registration_id"], row["account_id"]) == (None, None, 7)
    assert row["facts"] == {"account": 7, "session_version": 3}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("message", list(Message))
def test_a_subject_is_one_line_whatever_the_event_is_called(app: Flask, message: Message) -> None:
    line = subject(message, "Clusters\r\nBcc: x@example.org\u2028 100 % %(event)s")

    assert message is Message.RESET or line.endswith("Clusters Bcc: x@example.org 100 % %(event)s")
    assert line.splitlines() == [line]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        pytest.param("a\r\n\tb\x00\x1b c", "a b c", id="control characters become spaces"),
        pytest.param("  a  b ", "a b", id="white space is one space"),
        pytest.param("a\u202eb", "a b", id="nothing turns the direction of what follows"),
        pytest.param("👩‍👩‍👧 می‌خواهم", "👩‍👩‍👧 می‌خواهم", id="joiners stay"),
    ],
)
def test_one_line(typed: str, line: str) -> None:
    assert one_line(typed) == line
