"""How people and organizers reach each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, snapshot, transaction
from regapp.errors import AddressTaken, IllegalMove, NotFound, TooLate
from regapp.models import History, OutboxMail
from regapp.services import books, contacts, registrations
from regapp.services.own import get_own
from tests.factories import STARTS_AT, make_applicant, make_event, make_registration

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


def _mails() -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def _change(own, email: str, *, now: datetime = NOW) -> contacts.Link:
    with transaction():
        return contacts.change_email(own.id, email, actor="attendee", now=now)


def test_a_new_address_gets_all_further_mails_and_the_only_link_that_works(app: Flask) -> None:
    own = make_registration(make_event(), email="old@example.org", now=NOW)

    link = _change(own, "new@Example.org")
    after = get_own(own.code)

    assert (link.code, link.link_version) == (own.code, own.link_version + 1)
    assert (after.email, after.link_version, after.revision) == ("new@Example.org", 1, 1)
    assert [(mail.message, mail.to_address, mail.facts["link_version"]) for mail in _mails()] == [
        ("confirmed", "new@example.org", 1),  # it had not left yet
        ("email_changed", "new@example.org", 1),
        ("email_left", "old@example.org", 0),
    ]
    left = _mails()[-1]
    assert (left.facts["code"], left.to_name) == ("", "")
    assert db.session.scalars(select(History.reason)).all()[-1] == "email"


def test_the_old_address_may_register_again_and_the_new_one_may_not(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, email="old@example.org", now=NOW)
    _change(own, "new@example.org")

    again = make_registration(event, email="old@example.org", now=NOW)

    assert again.code != own.code
    with pytest.raises(AddressTaken):
        _change(again, "NEW@example.org")
    assert get_own(again.code).email == "old@example.org"


def test_the_same_address_changes_nothing(app: Flask) -> None:
    own = make_registration(make_event(), email="ana@example.org", now=NOW)

    _change(own, "ana@example.org")

    assert get_own(own.code) == own
    assert [mail.message for mail in _mails()] == ["confirmed"]


def test_who_has_cancelled_or_comes_too_late_keeps_the_address(app: Flask) -> None:
    event = make_event(change_until=STARTS_AT - timedelta(days=7))
    own, gone = make_registration(event, now=NOW), make_registration(event, now=NOW)
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=NOW)

    with pytest.raises(IllegalMove):
        _change(gone, "new@example.org")
    with pytest.raises(TooLate) as late:
        _change(own, "new@example.org", now=STARTS_AT - timedelta(days=7))

    assert late.value.values["at"] == STARTS_AT - timedelta(days=7)
    assert get_own(own.code).email == own.email


@pytest.mark.race
def test_of_two_who_take_the_same_address_at_once_one_gets_it(app: Flask) -> None:
    event = make_event()
    people = [make_registration(event, now=NOW) for _ in range(4)]
    outcomes: list[str] = []
    start = Barrier(len(people))

    def take(own) -> None:
        with app.app_context():
            start.wait()
            try:
                _change(own, "wanted@example.org")
                outcomes.append("taken")
            except AddressTaken:
                outcomes.append("refused")

    threads = [Thread(target=take, args=[own]) for own in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * 3 + ["taken"]
    with snapshot() as connection:
        assert books.verify(connection, now=NOW).differences == []


@pytest.mark.rule("R8")
def test_the_link_is_sent_again_once_an_hour_after_closing_too(app: Flask) -> None:
    event = make_event(closes_at=NOW + timedelta(hours=1))
    make_registration(event, email="ana@example.org", now=NOW)
    later = NOW + timedelta(days=3)

    for moment in (later, later + timedelta(minutes=59), later + timedelta(minutes=61)):
        with transaction():
            contacts.send_link_again(event.id, " ANA@example.org ", now=moment)
    with transaction():
        contacts.send_link_again(event.id, "nobody@example.org", now=later)

    assert [(mail.message, mail.to_address) for mail in _mails()[1:]] == [("link_again", "ana@example.org")] * 2


def test_a_visitors_message_goes_to_the_organizers_of_the_event(app: Flask) -> None:
    event = make_event(contact_address="office@münchen.de")

    words = {"name": "Pál", "email": "pal@example.org", "body": "Hello\n\nthere"}
    with transaction():
        contacts.write_to_organizers(event, **words, lang="en", now=NOW)
    mail = _mails()[0]

    assert (mail.message, mail.to_address) == ("contact", "office@xn--mnchen-3ya.de")
    assert mail.to_name == "Cluster Association"
    assert (mail.facts["from_name"], mail.facts["from_address"], mail.facts["body"]) == (
        "Pál", "pal@example.org", "Hello\n\nthere",
    )  # fmt: skip


def test_without_an_address_nobody_can_be_written_to(app: Flask) -> None:
    event = make_event()

    assert not contacts.is_contactable(event)
    with pytest.raises(NotFound), transaction():
        contacts.write_to_organizers(event, name="A", email="a@example.org", body="B", lang="en", now=NOW)
    app.config["MAIL_REPLY_TO"] = "Office <office@example.org>"
    assert contacts.is_contactable(event)


def test_an_applicant_of_the_same_address_and_a_change_to_it_do_not_both_win(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, email="first@example.org", now=NOW)
    _change(own, "second@example.org")

    assert make_applicant(email="second@example.org").email == get_own(own.code).email
    with transaction():
        contacts.send_link_again(event.id, "first@example.org", now=NOW)

    assert "link_again" not in [mail.message for mail in _mails()]
