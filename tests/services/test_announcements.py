"""Messages to many: exactly those who were shown, one mail an address, ten minutes to call them back."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from regapp.db import db, transaction
from regapp.errors import EventOver, NotFound
from regapp.mail import outbox
from regapp.mail.letters import Written
from regapp.models import Announcement, History, OutboxMail, Party, Registration
from regapp.rules.states import State
from regapp.services import announced, announcements, capacity, contacts, editing, erasure, registrations
from regapp.services.accounts import Me
from regapp.services.announcements import DELAY, AudienceMoved, NobodyToWriteTo, Sent
from regapp.services.events import EventFacts, get
from regapp.services.people import View
from regapp.services.selections import Selection
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.statements import counting
from tests.web.organizers import make_account

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
DUE = NOW + DELAY
SECOND = timedelta(seconds=1)
ATTENDEES = Selection(View())
WAITING = Selection(View(state=State.WAITLISTED))
WORDS = Written("Where to meet", "At the **main** entrance.")


def _send(event: EventFacts, me: Me, chosen: Selection = ATTENDEES, **changes: Any) -> Sent:
    with transaction():
        values: dict[str, Any] = {
            "query": "", "submission": secrets.token_hex(16), "seen": announcements.count(event.id, chosen).seen,
            "now": NOW,
        }  # fmt: skip
        return announcements.send(get(event.id), me, chosen, WORDS, **values | changes)


def _claimed(now: datetime) -> list[str]:
    """Return the addresses that a worker would now write announcements to, all other mails being sent."""
    with transaction():
        db.session.execute(update(OutboxMail).where(OutboxMail.announcement_id.is_(None)).values(sent_at=NOW))
    letters = outbox.claim(now=now, limit=1000)
    return [str(letter.to_address) for letter in letters if letter.message == "announcement"]


def _rows() -> list[OutboxMail]:
    db.session.rollback()
    return list(
        db.session.scalars(select(OutboxMail).where(OutboxMail.message == "announcement").order_by(OutboxMail.id))
    )


def _end(own_id: int) -> None:
    with transaction():
        announced.set_wanted(own_id, wanted=False, now=NOW)


@pytest.mark.rule("R15")
def test_a_message_goes_to_attendees_and_not_to_those_who_wait(app: Flask) -> None:
    event, me = make_event(size=2), make_account()
    ana, eva, ida, gone = [make_registration(event, now=NOW) for _ in range(4)]
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=NOW)

    audience = announcements.count(event.id, ATTENDEES)
    sent = _send(event, me)

    assert (audience.people, audience.addresses, audience.sharing, audience.ended) == (2, 2, 0, 0)
    assert audience.apart == Counter({State.WAITLISTED: 1, State.CANCELLED: 1})
    assert sent.addresses == 2
    assert _claimed(DUE) == [ana.email, eva.email]
    _send(event, me, WAITING)
    assert _claimed(DUE) == [ida.email]


def test_people_picked_are_written_to_if_they_are_meant(app: Flask) -> None:
    event, me = make_event(size=2), make_account()
    people = [make_registration(event, now=NOW) for _ in range(3)]
    stranger = make_registration(make_event(), now=NOW)
    codes = (people[1].code, people[2].code, stranger.code)

    audience = announcements.count(event.id, Selection(View(), codes))
    _send(event, me, Selection(View(), codes))

    assert audience.apart == Counter({State.WAITLISTED: 1})
    assert _claimed(DUE) == [people[1].email]


def test_each_address_gets_one_mail_and_none_that_has_ended_them(app: Flask) -> None:
    event, me = make_event(), make_account()
    chosen = Selection(View(state=State.CANCELLED))
    for email in ("ana@example.org", "Ana@EXAMPLE.org", "eva@example.org", "eva@example.org", "ida@example.org"):
        own = make_registration(event, email=email, now=NOW)
        if email.startswith("eva"):
            _end(own.id)
        with transaction():
            registrations.cancel(own.id, actor="attendee", now=NOW)
    with transaction():
        db.session.execute(  # of the two with this address, only the first has ended messages
            update(Party).where(Party.id == own.id - 1).values(announcements_ended_at=None)
        )

    audience = announcements.count(event.id, chosen)

    assert (audience.people, audience.addresses, audience.sharing, audience.ended) == (5, 2, 1, 2)
    assert _send(event, me, chosen).addresses == 2
    assert _claimed(DUE) == ["ana@example.org", "ida@example.org"]


def test_the_words_are_stored_once_and_each_mail_knows_its_person(app: Flask) -> None:
    event, me = make_event(), make_account()
    ana, _ = make_registration(event, now=NOW), make_registration(event, now=NOW, lang="hu")

    sent = _send(event, me, query="tag=VIP")

    stored = db.session.get_one(Announcement, sent.id)
    assert (stored.subject, stored.body, stored.query, stored.recipients) == (WORDS.subject, WORDS.body, "tag=VIP", 2)
    assert (stored.created_at, stored.due_at, stored.undone_at) == (NOW, DUE, None)
    rows = _rows()
    assert [(row.lang, row.priority, row.due_at, row.announcement_id) for row in rows] == [
        ("en", 10, DUE, sent.id), ("hu", 10, DUE, sent.id),
    ]  # fmt: skip
    assert rows[0].facts == {"code": ana.code, "link_version": 0, "sequence": 0, "state": "confirmed"}
    line = db.session.scalars(select(History).where(History.action == "announced")).one()
    assert (line.actor, line.numbers) == (me.actor, {"announcement": sent.id, "addresses": 2})


def test_a_worker_sends_after_ten_minutes_and_not_before(app: Flask) -> None:
    event, me = make_event(), make_account()
    make_registration(event, now=NOW)
    outbox.send_due(clock=lambda: NOW)
    sent = _send(event, me)

    assert outbox.send_due(clock=lambda: DUE - SECOND) == outbox.Report()
    assert outbox.send_due(clock=lambda: DUE) == outbox.Report(sent=1)
    found = announced.get(event.id, sent.id)
    assert (found.waiting, found.sent, found.failed, found.dropped) == (0, 1, 0, 0)


@pytest.mark.rule("R9")
def test_the_same_form_sent_twice_is_one_announcement(app: Flask) -> None:
    event, me = make_event(), make_account()
    make_registration(event, now=NOW)

    first = _send(event, me, submission="a" * 32)
    make_registration(event, now=NOW)  # also where the people have changed since
    again = _send(event, me, submission="a" * 32, seen="whatever")

    assert (first.first, again) == (True, Sent(first.id, 1, first=False))
    assert len(_rows()) == 1
    other = make_event()
    make_registration(other, now=NOW)
    assert _send(other, me, submission="a" * 32).first  # the value of another event's form is another form


@pytest.mark.rule("R9")
def test_the_same_form_sent_by_two_threads_is_one_announcement(app: Flask) -> None:
    event, me = make_event(), make_account()
    for _ in range(5):
        make_registration(event, now=NOW)
    seen, start, answers = announcements.count(event.id, ATTENDEES).seen, Barrier(2), []
    db.session.rollback()

    def send() -> None:
        with app.app_context():
            start.wait()
            answers.append(_send(event, me, submission="b" * 32, seen=seen))

    threads = [Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.first for answer in answers) == [False, True]
    assert {(answer.id, answer.addresses) for answer in answers} == {(answers[0].id, 5)}
    assert len(_rows()) == 5


def test_others_than_those_shown_are_not_written_to(app: Flask) -> None:
    event, me = make_event(), make_account()
    ana, eva = make_registration(event, now=NOW), make_registration(event, now=NOW)
    seen = announcements.count(event.id, ATTENDEES).seen
    with transaction():  # as many people as before, but not the same
        registrations.cancel(ana.id, actor="attendee", now=NOW)
    make_registration(event, now=NOW)
    before = everything()

    for wrong in (seen, "", "2", "\x00"):
        with pytest.raises(AudienceMoved):
            _send(event, me, seen=wrong)
    assert everything() == before
    with transaction():
        registrations.change_details(eva.id, eva.details, actor="attendee", now=NOW)  # is of no matter here
    assert _send(event, me).addresses == 2


def test_nobody_is_no_audience(app: Flask) -> None:
    event, me = make_event(), make_account()
    before = everything()

    with pytest.raises(NobodyToWriteTo):
        _send(event, me)
    assert everything() == before


def test_it_is_called_back_within_ten_minutes(app: Flask) -> None:
    event, me = make_event(), make_account()
    for _ in range(3):
        make_registration(event, now=NOW)
    sent = _send(event, me)

    with transaction():
        assert announcements.undo(event.id, sent.id, me, now=DUE - SECOND) == 3
        assert announcements.undo(event.id, sent.id, me, now=DUE - SECOND) == 0

    found = announced.get(event.id, sent.id)
    assert (found.undone_at, found.waiting, found.sent, found.dropped) == (DUE - SECOND, 0, 0, 3)
    assert _claimed(DUE) == []
    lines = db.session.scalars(select(History.numbers).where(History.action == "announcement_undone")).all()
    assert lines == [{"announcement": sent.id, "mails": 3}]


def test_what_has_left_or_is_leaving_cannot_be_called_back(app: Flask) -> None:
    event, me = make_event(), make_account()
    for _ in range(3):
        make_registration(event, now=NOW)
    outbox.send_due(clock=lambda: NOW)
    sent = _send(event, me)
    gone, leaving = outbox.claim(now=DUE, limit=2)
    outbox.record_sent(gone, now=DUE)

    with transaction():
        assert announcements.undo(event.id, sent.id, me, now=DUE + SECOND) == 1
    outbox.record_failure(leaving, now=DUE + SECOND, words="450 later")  # is not tried again: it was undone

    found = announced.get(event.id, sent.id)
    assert (found.sent, found.waiting, found.troubled, found.dropped) == (1, 1, 1, 1)
    assert _claimed(DUE + timedelta(hours=1)) == []
    assert announced.get(event.id, sent.id).waiting == 0


def test_another_event_calls_nothing_back(app: Flask) -> None:
    event, other, me = make_event(), make_event(), make_account()
    make_registration(event, now=NOW)
    sent = _send(event, me)

    for number in (sent.id, sent.id + 1, 10**30):
        with pytest.raises(NotFound), transaction():
            announcements.undo(other.id, number, me, now=NOW)
        with pytest.raises(NotFound):
            announced.get(other.id, number)
    assert announced.list_all(other.id) == []
    assert [found.id for found in announced.list_all(event.id)] == [sent.id]


def test_who_is_not_meant_any_more_gets_nothing(app: Flask) -> None:
    event, me = make_event(size=5), make_account()
    cancels, ends, erased, moves, stays = [make_registration(event, now=NOW) for _ in range(5)]
    sent = _send(event, me)
    _end(ends.id)
    with transaction():
        registrations.cancel(cancels.id, actor="attendee", now=NOW)
        erasure.erase(erased.id, actor="attendee", now=NOW)
        contacts.change_email(moves.id, "new@example.org", actor="attendee", now=NOW)

    assert _claimed(DUE) == ["new@example.org", stays.email]
    assert announced.get(event.id, sent.id).dropped == 3


def test_who_is_erased_while_it_is_written_gets_nothing(app: Flask) -> None:
    event, me = make_event(), make_account()
    own = make_registration(event, now=NOW)
    _send(event, me)
    with transaction():  # after the start the state stays; the mails that are deleted then are those seen by then
        db.session.execute(update(Registration).where(Registration.id == own.id).values(erased_at=NOW))

    assert _claimed(DUE) == []


def test_who_was_written_to_as_waiting_and_has_a_place_by_then_gets_nothing(app: Flask) -> None:
    event, me = make_event(size=0), make_account()
    make_registration(event, now=NOW)  # gets the one place
    waits = make_registration(event, now=NOW)
    _send(event, me, WAITING)
    with transaction():
        capacity.resize(event.id, 1, actor="operator", now=NOW)

    assert _claimed(DUE) == [waits.email]


def test_once_the_event_is_called_off_nothing_leaves_and_nothing_is_written(app: Flask) -> None:
    event, me = make_event(), make_account()
    make_registration(event, now=NOW)
    _send(event, me)
    with transaction():
        editing.cancel_event(event.id, actor="operator", now=NOW)

    assert _claimed(DUE) == []
    with pytest.raises(EventOver):
        _send(event, me)


def test_a_message_that_waits_holds_no_other_mail_of_the_person_back(app: Flask) -> None:
    event, me = make_event(), make_account()
    own = make_registration(event, now=NOW)
    outbox.send_due(clock=lambda: NOW)
    _send(event, me)
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=NOW)

    assert [letter.message for letter in outbox.claim(now=NOW + SECOND)] == ["cancelled"]


def test_many_that_are_not_meant_do_not_stop_those_behind_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    event, me = make_event(), make_account()
    people = [make_registration(event, now=NOW) for _ in range(7)]
    outbox.send_due(clock=lambda: NOW)
    _send(event, me)
    for own in people[:6]:
        _end(own.id)

    assert [letter.to_address for letter in outbox.claim(now=DUE, limit=2)] == [people[6].email]


def test_a_test_goes_to_oneself_and_is_forgotten_when_sent(app: Flask) -> None:
    event, me = make_event(), make_account()
    make_registration(event, now=NOW)
    outbox.send_due(clock=lambda: NOW)

    with transaction():
        announcements.send_test(event, me, WORDS, now=NOW)
    row = _rows()[0]
    letters = outbox.claim(now=NOW)

    assert [(letter.to_address, letter.to_name, letter.written) for letter in letters] == [(me.email, me.name, WORDS)]
    assert (row.account_id, row.announcement_id, row.registration_id) == (me.id, None, None)
    outbox.record_sent(letters[0], now=NOW)
    assert _rows()[0].facts == {}
    assert db.session.scalar(select(func.count()).select_from(Announcement)) == 0


def test_200_people_take_as_many_statements_as_20(app: Flask) -> None:
    counts = []
    for people in (20, 200):
        event, me = make_event(), make_account()
        for _ in range(people):
            make_registration(event, now=NOW)
        with counting() as statements:
            assert _send(event, me).addresses == people
        counts.append(len(statements))

    assert counts[0] == counts[1]


def test_more_people_than_are_read_at_a_time_all_get_theirs(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcements, "_PEOPLE", announcements._PEOPLE.limit(2))
    event, me = make_event(), make_account()
    people = [make_registration(event, now=NOW) for _ in range(5)]

    assert _send(event, me).addresses == 5
    assert _claimed(DUE) == [own.email for own in people]


def test_ending_and_wanting_messages_touches_nothing_else(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)
    before = everything()

    _end(own.id)
    _end(own.id)
    after = everything()
    with transaction():
        announced.set_wanted(own.id, wanted=True, now=NOW)

    assert [name for name in before if before[name] != after[name]] == ["parties"]
    assert everything() == before
