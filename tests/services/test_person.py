"""What organizers do beside and to one person: notes, tags, views of their own, corrections, sending the link."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, transaction
from regapp.errors import AddressTaken, ChangedMeanwhile, IllegalMove, NotFound, TooLate
from regapp.models import History, OutboxMail
from regapp.rules.states import State
from regapp.services import contacts, correcting, current, erasure, listing, notes, person, registrations, saved_views
from regapp.services.drafts import Details
from regapp.services.notes import Beside
from regapp.services.own import get_own
from regapp.services.people import View
from regapp.services.saved_views import TooMany
from tests.everything import everything
from tests.factories import STARTS_AT, make_event, make_registration
from tests.web.organizers import make_account

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
NOTHING = Beside("", ())
ELSE = Details("Bea", "Nagy", "Tisza Cluster", "Director", "AT")


def _lines() -> list[tuple[str, str]]:
    db.session.rollback()
    return [(line.action, line.actor) for line in db.session.scalars(select(History).order_by(History.id))]


def _letters() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail.message).order_by(OutboxMail.id)))


def _save(own, wanted: Beside, seen: Beside = NOTHING) -> None:
    with transaction():
        notes.save(own.id, wanted, seen=seen, actor="account:7", now=NOW)


def test_notes_and_tags_are_kept_and_the_history_says_so_without_their_words(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, now=NOW)

    _save(own, Beside("Comes by train", ("speaker", "Zoo")))
    _save(own, Beside("Comes by train", ("speaker", "press")), Beside("Comes by train", ("Zoo", "speaker")))
    found = person.get_person(event.id, own.code)

    assert (found.note, set(found.tags)) == ("Comes by train", {"press", "speaker"})
    by = "account:7"
    assert _lines()[1:] == [("noted", by), ("tagged", by), ("tagged", by), ("untagged", by)]
    assert "train" not in str(everything()["history"])
    assert "press" not in str(everything()["history"])


def test_the_same_again_writes_nothing(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)
    _save(own, Beside("x", ("a",)))
    before = everything()

    _save(own, Beside("x", ("a",)), Beside("x", ("a",)))

    assert everything() == before


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)
    _save(own, Beside("theirs", ()))
    before = everything()

    with pytest.raises(ChangedMeanwhile):
        _save(own, Beside("mine", ()))

    assert everything() == before


def test_nothing_is_written_beside_who_was_erased(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, now=NOW)
    _save(own, Beside("x", ("a",)))
    with transaction():
        erasure.erase(own.id, actor="attendee", now=NOW)
    before = everything()

    with pytest.raises(NotFound):
        _save(own, Beside("again", ()))
    with pytest.raises(NotFound):
        person.get_person(event.id, own.code)

    assert everything() == before


def test_a_person_is_found_at_their_own_event_only(app: Flask) -> None:
    event, other = make_event(), make_event()
    own = make_registration(event, now=NOW)

    found = person.get_person(event.id, own.code)

    assert (found.name, found.agreed_to, found.agreed_at) == (own.details.name, "1", NOW)
    with pytest.raises(NotFound):
        person.get_person(other.id, own.code)


def test_history_and_mails_are_those_of_the_person_latest_first(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, now=NOW)
    make_registration(event, now=NOW)
    with transaction():
        registrations.cancel(own.id, actor="account:7", now=NOW)

    assert [line.action for line in person.list_history(own.id)] == ["cancelled", "registered"]
    assert [mail.message for mail in person.list_mails(own.id)] == ["cancelled", "confirmed"]


def test_views_are_ones_own_and_a_name_stands_for_one(app: Flask) -> None:
    event, mine, theirs = make_event(), make_account(), make_account()
    with transaction():
        saved_views.save(event.id, mine.id, name="Waiting", query="state=waitlisted")
        saved_views.save(event.id, theirs.id, name="Waiting", query="country=HU")
        saved_views.save(event.id, mine.id, name="Waiting", query="state=waitlisted&sort=queue")

    (kept,) = saved_views.list_views(event.id, mine.id)
    (other,) = saved_views.list_views(event.id, theirs.id)

    assert (kept.name, kept.query) == ("Waiting", "state=waitlisted&sort=queue")
    with pytest.raises(NotFound), transaction():
        saved_views.forget(event.id, mine.id, other.id)
    with transaction():
        assert saved_views.forget(event.id, mine.id, kept.id) == "Waiting"
    assert saved_views.list_views(event.id, mine.id) == []
    assert saved_views.list_views(event.id, theirs.id) == [other]


def test_there_is_a_limit_of_views_but_one_may_always_be_replaced(app: Flask) -> None:
    event, me = make_event(), make_account()
    with transaction():
        for number in range(saved_views.MOST):
            saved_views.save(event.id, me.id, name=f"View {number}", query="")

    with pytest.raises(TooMany), transaction():
        saved_views.save(event.id, me.id, name="One more", query="")
    with transaction():
        saved_views.save(event.id, me.id, name="View 3", query="sort=name")

    assert len(saved_views.list_views(event.id, me.id)) == saved_views.MOST


def test_organizers_correct_details_after_the_time_for_visitors_and_people_are_found_by_the_new_ones(
    app: Flask,
) -> None:
    event = make_event(change_until=NOW)
    own = make_registration(event, now=NOW - timedelta(days=1))

    with pytest.raises(TooLate), transaction():
        registrations.change_details(own.id, ELSE, actor="attendee", now=NOW)
    with transaction():
        correcting.change_details(own.id, ELSE, seen=own.revision, actor="account:7", now=NOW)

    assert get_own(own.code).details == ELSE
    assert _lines()[-1] == ("changed", "account:7")
    assert _letters()[-1] == "changed"
    assert [found.code for found in listing.list_page(event.id, View(q="tisza bea"), page=1).people] == [own.code]


def test_details_drawn_from_an_older_revision_are_refused(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)
    with transaction():
        correcting.change_details(own.id, ELSE, seen=0, actor="account:7", now=NOW)
    before = everything()

    for change in (
        lambda: correcting.change_details(own.id, own.details, seen=0, actor="account:8", now=NOW),
        lambda: correcting.change_email(own.id, "new@example.org", seen=0, actor="account:8", now=NOW),
    ):
        with pytest.raises(ChangedMeanwhile), transaction():
            change()

    assert everything() == before


def test_an_address_of_somebody_else_is_refused_and_a_free_one_taken(app: Flask) -> None:
    event = make_event(change_until=NOW)
    own = make_registration(event, now=NOW, email="own@example.org")
    make_registration(event, now=NOW, email="other@example.org")
    before = everything()

    with pytest.raises(AddressTaken), transaction():
        correcting.change_email(own.id, "OTHER@example.org", seen=0, actor="account:7", now=NOW)
    assert everything() == before
    with transaction():
        correcting.change_email(own.id, "new@example.org", seen=0, actor="account:7", now=NOW)

    assert get_own(own.code).email == "new@example.org"
    assert _letters()[-2:] == ["email_changed", "email_left"]


def test_what_has_ended_is_not_corrected(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=NOW)

    for change in (
        lambda: correcting.change_details(own.id, ELSE, seen=1, actor="account:8", now=NOW),
        lambda: correcting.change_email(own.id, "new@example.org", seen=1, actor="account:8", now=NOW),
    ):
        with pytest.raises(IllegalMove), transaction():
            change()


def test_who_is_cancelled_without_a_mail_gets_none_and_the_next_in_line_does(app: Flask) -> None:
    event = make_event(size=1)
    first, second = make_registration(event, now=NOW), make_registration(event, now=NOW)

    with transaction():
        registrations.cancel(first.id, actor="account:7", now=NOW, tell=False)

    assert get_own(first.code).state == State.CANCELLED
    assert get_own(second.code).state == State.CONFIRMED
    assert _letters() == ["confirmed", "waitlisted", "promoted"]
    assert ("cancelled", "account:7") in _lines()


def test_the_link_is_sent_at_most_once_an_hour_and_never_to_who_has_left(app: Flask) -> None:
    own = make_registration(make_event(), now=NOW)

    def send(now: datetime) -> bool:
        with transaction():
            return contacts.send_link(current.get(own.id), now=now)

    assert [send(NOW), send(NOW + timedelta(minutes=59)), send(NOW + timedelta(hours=1))] == [True, False, True]
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=NOW)
    assert send(STARTS_AT - timedelta(days=1)) is False
    assert _letters() == ["confirmed", "link_again", "link_again", "cancelled"]
