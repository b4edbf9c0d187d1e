"""The outbox: nothing is lost, nothing is sent twice without a crash, and what fails is seen."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from regapp.db import db, transaction
from regapp.errors import NotFound
from regapp.mail import outbox
from regapp.mail.letters import Letter
from regapp.mail.messages import About, Message, compose
from regapp.mail.outbox import GIVE_UP, Report, claim, in_use, send_again, send_due
from regapp.models import OutboxMail
from regapp.services import records, registrations
from tests.factories import make_event, make_registration
from tests.mail.conftest import Mailbox
from tests.mail.letters import make_letter

MINUTE = timedelta(minutes=1)
LATER = timedelta(minutes=10)
"""Longer than any lease."""


def _rows() -> list[OutboxMail]:
    """Return the outbox as it is stored now, oldest first."""
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def _row() -> OutboxMail:
    (row,) = _rows()
    return row


def _change(**values: Any) -> None:
    with transaction():
        db.session.execute(update(OutboxMail).values(**values))


def _send(now: datetime, **options: Any) -> Report:
    return send_due(clock=lambda: now, **options)


class _Ticking:
    """A clock that goes on by a step whenever it is looked at."""

    def __init__(self, now: datetime, step: timedelta) -> None:
        self.now, self.step = now, step

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


class TestSending:
    def test_a_mail_is_sent_once_and_its_address_forgotten(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        own = make_registration(make_event(), now=now)

        assert _send(now) == Report(sent=1)
        assert _send(now) == Report()

        row = _row()
        assert (row.sent_at, row.to_address, row.to_name, row.lease_until) == (now, None, None, None)
        assert row.facts["code"] == own.code
        assert mailbox.recipients == [own.email]
        assert own.code in str(mailbox.mails[0].get_body(("plain",)))

    def test_one_connection_carries_a_batch(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        for _ in range(3):
            make_registration(event, now=now)

        assert _send(now) == Report(sent=3)
        assert mailbox.connections == 1

    def test_what_is_not_due_yet_waits(self, app: Flask, now: datetime) -> None:
        make_registration(make_event(), now=now)
        with transaction():
            db.session.execute(update(OutboxMail).values(due_at=now + MINUTE))

        assert _send(now) == Report()
        assert _send(now + MINUTE) == Report(sent=1)

    def test_what_was_due_before_the_clock_was_put_back_leaves_at_once_but_not_what_was_refused(
        self, app: Flask, now: datetime
    ) -> None:
        make_registration(make_event(), now=now)
        make_registration(make_event(), now=now)
        with transaction():
            db.session.execute(update(OutboxMail).where(OutboxMail.id == 2).values(attempts=1, due_at=now + MINUTE))
        before = now - timedelta(hours=1)

        outbox.hurry(now=before)

        assert _send(before) == Report(sent=1)
        assert [row.sent_at is None for row in _rows()] == [False, True]

    def test_single_mails_go_before_bulk(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        bulk, single = make_registration(event, now=now), make_registration(event, now=now)
        with transaction():
            db.session.execute(
                update(OutboxMail).where(OutboxMail.registration_id == bulk.id).values(priority=10, due_at=now - MINUTE)
            )

        _send(now)

        assert mailbox.recipients == [single.email, bulk.email]

    def test_no_transaction_is_open_while_the_server_is_talked_to(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_registration(make_event(), now=now)
        open_before: list[int] = []

        class Watching(smtplib.SMTP):
            def data(self, msg: Any) -> Any:
                open_before.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
                return super().data(msg)

        monkeypatch.setattr(smtplib, "SMTP", Watching)

        assert _send(now) == Report(sent=1)
        assert open_before == [0]

    def test_files_have_the_number_and_the_message(self, app: Flask, now: datetime) -> None:
        event = make_event(size=1)
        make_registration(event, now=now)
        make_registration(event, now=now)

        _send(now)

        names = sorted(path.name for path in (Path(app.config["INSTANCE_DIR"]) / "mail").iterdir())
        assert names == ["000001-confirmed.eml", "000002-waitlisted.eml"]


class TestOrder:
    def test_the_mails_of_one_registration_leave_in_order_and_those_behind_wait(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        event = make_event()
        own, other = make_registration(event, now=now), make_registration(event, now=now)
        with transaction():
            registrations.cancel(own.id, actor="attendee", now=now)
        mailbox.refused_recipients[own.email] = "450 not now"

        assert _send(now) == Report(sent=1, failed=1)
        assert _send(now) == Report()
        assert mailbox.recipients == [other.email]

        mailbox.refused_recipients.clear()
        assert _send(now + MINUTE) == Report(sent=1)
        assert _send(now + MINUTE) == Report(sent=1)
        subjects = [str(mail["Subject"]).partition(":")[0] for mail in mailbox.mails]
        assert subjects == ["You have a place", "You have a place", "Cancelled"]

    def test_a_mail_that_was_given_up_holds_nobody_back(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        own = make_registration(make_event(), now=now)
        _change(failed_at=now)
        with transaction():
            registrations.cancel(own.id, actor="attendee", now=now)

        assert _send(now) == Report(sent=1)

    def test_mails_of_no_registration_hold_nobody_back(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        about = About(event.id, None, "CODE", 0, 0, "en", "a@example.org", "Ana")
        with transaction():
            records.post([compose(Message.CONFIRMED, about, now=now) for _ in range(2)])

        assert _send(now) == Report(sent=2)


class TestFailure:
    @pytest.mark.parametrize("answer", ["451 come back later", "554 we do not like it"])
    def test_a_refused_mail_is_tried_again_after_a_pause(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime, answer: str
    ) -> None:
        make_registration(make_event(), now=now)
        mailbox.answer = answer

        assert _send(now) == Report(failed=1)

        row = _row()
        assert (row.error, row.attempts, row.due_at, row.lease_until) == (answer, 1, now + MINUTE, None)
        assert row.to_address is not None
        mailbox.answer = "250 taken"
        assert _send(now + MINUTE) == Report(sent=1)
        assert _row().error is None

    def test_one_refused_recipient_does_not_stop_the_others(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        event = make_event()
        first, second = make_registration(event, now=now), make_registration(event, now=now)
        mailbox.refused_recipients[first.email] = f"550 <{first.email.upper()}>: no such user"

        assert _send(now) == Report(sent=1, failed=1)

        assert mailbox.recipients == [second.email]
        assert _rows()[0].error == "550 <(address)>: no such user"

    def test_a_mail_that_cannot_be_rendered_is_recorded_and_does_not_stop_the_others(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        event = make_event()
        broken = make_registration(event, now=now)
        make_registration(event, now=now)
        with transaction():
            db.session.execute(
                update(OutboxMail).where(OutboxMail.registration_id == broken.id).values(message="unheard_of")
            )

        assert _send(now) == Report(sent=1, failed=1)

        row = _rows()[0]
        assert (row.attempts, row.due_at) == (1, now + MINUTE)
        assert row.error == "ValueError: 'unheard_of' is not a valid Message"

    def test_a_mail_whose_address_is_gone_is_recorded(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        make_registration(make_event(), now=now)
        _change(to_address=None, to_name=None)

        assert _send(now) == Report(failed=1)
        assert "recipient's address" in (_row().error or "")

    @pytest.mark.parametrize(
        ("attempts", "minutes"),
        [(0, 1), (1, 5), (2, 15), (3, 60), (4, 180), (5, 360), (6, 720), (7, 720), (50, 720)],
    )
    def test_pauses_grow(self, now: datetime, attempts: int, minutes: int) -> None:
        letter = make_letter(attempts=attempts, created_at=now)

        assert outbox.next_attempt(letter, now=now) == now + timedelta(minutes=minutes)

    def test_the_last_attempt_is_when_three_days_are_over(self, now: datetime) -> None:
        letter = make_letter(attempts=9, created_at=now)

        assert outbox.next_attempt(letter, now=now + GIVE_UP - MINUTE) == now + GIVE_UP

    def test_after_three_days_a_mail_is_failed_visible_and_can_be_sent_again(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        own = make_registration(make_event(), now=now)
        mailbox.refused_recipients[own.email] = "550 no such user"
        attempts = 0
        moment = now
        while (row := _row()).failed_at is None:
            moment = row.due_at
            assert _send(moment) == Report(failed=1)
            attempts += 1

        assert (moment, row.attempts) == (now + GIVE_UP, attempts)
        assert attempts == 13
        assert (row.to_address, row.error) == (own.email, "550 no such user")
        assert [troubled.id for troubled in outbox.list_troubled()] == [row.id]
        assert outbox.count_waiting() == 0
        assert _send(moment + LATER) == Report()

        mailbox.refused_recipients.clear()
        send_again(row.id, now=moment + LATER)
        assert outbox.count_waiting() == 1
        assert _send(moment + LATER) == Report(sent=1)
        assert mailbox.recipients == [own.email]
        assert outbox.list_troubled() == []

    def test_only_a_failed_mail_can_be_sent_again(self, app: Flask, now: datetime) -> None:
        make_registration(make_event(), now=now)

        for unknown in (_row().id, 999):
            with pytest.raises(NotFound):
                send_again(unknown, now=now)


class TestServerAway:
    def test_nothing_is_lost_and_no_mail_is_blamed(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        for _ in range(3):
            make_registration(event, now=now)
        mailbox.hangs = True

        assert _send(now) == Report(reachable=False)

        assert [(row.attempts, row.due_at, row.lease_until) for row in _rows()] == [(0, now, None)] * 3
        assert all("timed out" in (row.error or "") for row in _rows())
        mailbox.hangs = False
        assert _send(now) == Report(sent=3)

    def test_mails_older_than_three_days_are_given_up(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        make_registration(event, now=now)
        make_registration(event, now=now + GIVE_UP - MINUTE)
        mailbox.hangs = True

        _send(now + GIVE_UP)

        old, young = _rows()
        assert (old.failed_at, young.failed_at) == (now + GIVE_UP, None)
        assert old.to_address is not None
        assert "timed out" in (old.error or "")

    def test_a_server_that_drops_us_after_the_mail_gets_it_again_and_the_rest_untried(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        event = make_event()
        own = [make_registration(event, now=now) for _ in range(3)]
        mailbox.drops_after_data = True

        assert _send(now) == Report(failed=1, reachable=False)

        assert [row.attempts for row in _rows()] == [1, 0, 0]
        assert [row.lease_until for row in _rows()] == [None] * 3
        mailbox.drops_after_data = False
        assert _send(now) == Report(sent=2)
        assert _send(now + MINUTE) == Report(sent=1)
        assert mailbox.recipients == [own[0].email, own[1].email, own[2].email, own[0].email]
        assert mailbox.mails[0]["Message-ID"] == mailbox.mails[-1]["Message-ID"]

    def test_a_server_that_says_goodbye_is_away(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        for _ in range(2):
            make_registration(event, now=now)
        mailbox.answer = "421 too many, closing"

        assert _send(now) == Report(failed=1, reachable=False)
        assert [row.attempts for row in _rows()] == [1, 0]

    def test_a_full_disk_loses_nothing(self, app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        event = make_event()
        for _ in range(2):
            make_registration(event, now=now)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            assert _send(now) == Report(failed=1, reachable=False)

        assert _send(now + MINUTE) == Report(sent=2)
        assert len(list((Path(app.config["INSTANCE_DIR"]) / "mail").glob("*.eml"))) == 2


class TestLease:
    def test_what_somebody_claimed_is_not_claimed_again_before_the_lease_ends(self, app: Flask, now: datetime) -> None:
        make_registration(make_event(), now=now)

        (letter,) = claim(now=now)

        assert claim(now=letter.lease_until - timedelta(seconds=1)) == []
        assert [taken.id for taken in claim(now=letter.lease_until)] == [letter.id]

    def test_a_crash_after_claiming_loses_nothing(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        make_registration(make_event(), now=now)
        claim(now=now)

        assert _send(now + MINUTE) == Report()
        assert _send(now + LATER) == Report(sent=1)

    def test_a_crash_after_sending_sends_a_copy_with_the_same_name(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_registration(make_event(), now=now)

        def crash(letter: Letter, *, now: datetime) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(outbox, "record_sent", crash)
            with pytest.raises(KeyboardInterrupt):
                _send(now)

        assert _send(now + LATER) == Report(sent=1)
        first, copy = mailbox.mails
        assert first["Message-ID"] == copy["Message-ID"]

    def test_who_slept_past_the_lease_overwrites_nothing(self, app: Flask, now: datetime) -> None:
        make_registration(make_event(), now=now)
        (slept,) = claim(now=now)
        (taken_over,) = claim(now=now + LATER)
        outbox.record_sent(taken_over, now=now + LATER)

        outbox.record_failure(slept, now=now + LATER, words="451 too late")
        outbox.give_back([slept], now=now + LATER)

        row = _row()
        assert (row.sent_at, row.attempts, row.error, row.to_address) == (now + LATER, 0, None, None)

    def test_who_slept_past_the_lease_does_not_end_the_next_ones(self, app: Flask, now: datetime) -> None:
        make_registration(make_event(), now=now)
        (slept,) = claim(now=now)
        (taken_over,) = claim(now=now + LATER)

        outbox.record_sent(slept, now=now + LATER)

        assert (_row().sent_at, _row().lease_until) == (None, taken_over.lease_until)

    def test_no_mail_is_begun_that_might_outlast_the_lease(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        event = make_event()
        for _ in range(4):
            make_registration(event, now=now)
        clock = _Ticking(now, in_use() / 5)  # each mail looks at the clock twice

        report = send_due(clock=clock)

        assert report == Report(sent=2)
        assert [row.sent_at is None for row in _rows()] == [False, False, True, True]
        assert [row.lease_until for row in _rows()] == [None] * 4

    def test_who_was_stopped_between_claiming_and_sending_begins_none(
        self, smtp_app: Flask, mailbox: Mailbox, now: datetime
    ) -> None:
        for _ in range(2):
            make_registration(make_event(), now=now)
        asked = count()

        report = send_due(clock=lambda: now if next(asked) < 2 else now + LATER)  # looks, claims, and is stopped there

        assert report == Report()
        assert mailbox.taken == []
        assert [row.lease_until for row in _rows()] == [None, None]

    def test_told_to_stop_it_ends_after_this_mail(self, smtp_app: Flask, mailbox: Mailbox, now: datetime) -> None:
        event = make_event()
        for _ in range(3):
            make_registration(event, now=now)

        report = _send(now, stopping=lambda: bool(mailbox.taken))

        assert report == Report(sent=1)
        assert [row.lease_until for row in _rows()] == [None] * 3

    def test_the_lease_outlasts_the_slowest_mail(self, build_app: Callable[..., Flask], now: datetime) -> None:
        with build_app(MAIL_TIMEOUT="20").app_context():
            make_registration(make_event(), now=now)

            (letter,) = claim(now=now)

            assert letter.lease_until - now - in_use() >= timedelta(seconds=13 * 20)


def test_a_mail_knows_whether_its_event_has_places(app: Flask, now: datetime) -> None:
    for size in (0, 1, None):
        make_registration(make_event(size=size), now=now)

    assert [letter.size for letter in outbox.claim(now=now)] == [0, 1, None]
