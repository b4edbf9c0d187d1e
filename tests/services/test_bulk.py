"""Doing one thing to many people: exactly those who were shown, in a few statements, the queue served once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, snapshot, transaction
from regapp.errors import TooLate
from regapp.models import History, OutboxMail, Registration, Tag
from regapp.rules.states import State
from regapp.services import books, bulk, contacts, erasure, registrations, selections
from regapp.services.bulk import Deed, Hindrance, Tally
from regapp.services.drafts import Details
from regapp.services.events import EventFacts, get
from regapp.services.own import Own
from regapp.services.people import View
from regapp.services.selections import Selection, SelectionMoved
from tests.everything import everything
from tests.factories import STARTS_AT, make_event, make_registration
from tests.statements import counting

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
EVERYBODY = Selection(View())
ACTOR = "account:1"


def _picked(*people: Own) -> Selection:
    return Selection(View(), tuple(own.code for own in people))


def _plan(event: EventFacts, chosen: Selection, deed: Deed, *, now: datetime = NOW) -> bulk.Plan:
    with snapshot():
        return bulk.plan(get(event.id), chosen, deed, now=now)


def _cancel(event: EventFacts, chosen: Selection, *, seen: str, now: datetime = NOW) -> Tally:
    with transaction():
        return bulk.cancel(event.id, selections.agree(event.id, chosen, seen), actor=ACTOR, now=now)


def _states(event: EventFacts) -> list[str]:
    db.session.rollback()
    of_event = select(Registration.state).where(Registration.event_id == event.id)
    return list(db.session.scalars(of_event.order_by(Registration.id)))


def _mails(message: str) -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).where(OutboxMail.message == message).order_by(OutboxMail.id)))


def _check_books() -> None:
    with snapshot() as connection:
        assert books.verify(connection, now=NOW).differences == []


@pytest.mark.rule("R2")
@pytest.mark.rule("R13")
def test_the_places_of_all_go_to_the_first_in_line_as_was_said_before(app: Flask) -> None:
    event = make_event(size=3)
    people = [make_registration(event, now=NOW) for _ in range(7)]
    chosen = _picked(people[0], people[2], people[3])  # two with a place, and the first in line

    plan = _plan(event, chosen, Deed.CANCEL)
    tally = _cancel(event, chosen, seen=plan.seen)

    assert (plan.count, plan.able_count, plan.promoted) == (3, 3, 2)
    assert plan.states == Counter({State.CONFIRMED: 2, State.WAITLISTED: 1})
    assert plan.served == [people[4].details.name, people[5].details.name]
    assert tally == Tally(done=3, promoted=2)
    assert _states(event) == [
        "cancelled", "confirmed", "cancelled", "cancelled", "confirmed", "confirmed", "waitlisted",
    ]  # fmt: skip
    told = [(mail.registration_id, mail.facts["before"]) for mail in _mails("cancelled")]
    assert told == [(people[0].id, "confirmed"), (people[2].id, "confirmed"), (people[3].id, "waitlisted")]
    assert [mail.registration_id for mail in _mails("promoted")] == [people[4].id, people[5].id]
    lines = db.session.scalars(select(History).where(History.action == "cancelled")).all()
    assert {(line.actor, line.registration_id) for line in lines} == {(ACTOR, people[n].id) for n in (0, 2, 3)}
    assert (get(event.id).taken, get(event.id).waiting) == (3, 1)
    _check_books()


def test_fewer_places_than_are_taken_are_given_to_nobody(app: Flask) -> None:
    event = make_event(size=3)
    people = [make_registration(event, now=NOW) for _ in range(5)]
    with transaction():
        db.session.execute(db.text("UPDATE quotas SET size = 1"))

    plan = _plan(event, _picked(*people[:2]), Deed.CANCEL)

    assert plan.promoted == 0
    assert _cancel(event, _picked(*people[:2]), seen=plan.seen).promoted == 0


def test_who_has_left_already_is_counted_and_named_apart(app: Flask) -> None:
    event = make_event()
    stays, gone = make_registration(event, now=NOW), make_registration(event, now=NOW)
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=NOW)

    plan = _plan(event, EVERYBODY, Deed.CANCEL)

    assert (plan.count, plan.able_count, plan.hindered) == (2, 1, Counter({Hindrance.ENDED: 1}))
    assert [row.contact_name for row in plan.able] == [stays.details.name]
    assert [row.contact_name for row in plan.hindered_first] == [gone.details.name]
    assert _cancel(event, EVERYBODY, seen=plan.seen) == Tally(done=1, skipped=1)
    assert len(_mails("cancelled")) == 2


def test_once_the_event_has_begun_nobody_is_cancelled(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW)

    plan = _plan(event, EVERYBODY, Deed.CANCEL, now=STARTS_AT)
    before = everything()
    with pytest.raises(TooLate):
        _cancel(event, EVERYBODY, seen=plan.seen, now=STARTS_AT)

    assert (plan.able_count, plan.hindered) == (0, Counter({Hindrance.BEGUN: 1}))
    assert everything() == before


@pytest.mark.parametrize("whole_view", [True, False], ids=["whole view", "picked"])
def test_a_selection_that_has_moved_is_refused_and_says_what_moved(app: Flask, whole_view: bool) -> None:
    event = make_event(size=2)
    ana, eva, ida = [make_registration(event, now=NOW) for _ in range(3)]
    chosen = Selection(View(state=State.CONFIRMED)) if whole_view else _picked(ana, eva)
    seen = _plan(event, chosen, Deed.CANCEL).seen
    with transaction():
        registrations.cancel(ana.id, actor="attendee", now=NOW)

    before = everything()
    with pytest.raises(SelectionMoved) as refused:
        _cancel(event, chosen, seen=seen)

    moves = [(move.name, move.before, move.now, move.chosen) for move in refused.value.values["moved"].people]
    expected = [(ana.details.name, State.CONFIRMED, State.CANCELLED, not whole_view)]
    if whole_view:
        expected.append((ida.details.name, None, State.CONFIRMED, True))
    assert moves == expected
    assert everything() == before


def test_changed_details_and_erased_people_are_moves_too(app: Flask) -> None:
    event = make_event()
    ana, eva = make_registration(event, now=NOW), make_registration(event, now=NOW)
    seen = _plan(event, EVERYBODY, Deed.TAG).seen
    with transaction():
        registrations.change_details(ana.id, Details("Anna", None, "X", None, "HU"), actor="attendee", now=NOW)
        erasure.erase(eva.id, actor="attendee", now=NOW)

    with pytest.raises(SelectionMoved) as refused, transaction():
        selections.agree(event.id, EVERYBODY, seen)

    moves = {move.name: (move.before, move.now, move.chosen) for move in refused.value.values["moved"].people}
    assert moves["Anna"] == (State.CONFIRMED, State.CONFIRMED, True)
    assert moves[""] == (State.CONFIRMED, State.CANCELLED, False)


def test_a_large_selection_is_compared_as_a_whole(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selections, "MOST_PICKED", 2)
    event = make_event(size=2)
    people = [make_registration(event, now=NOW) for _ in range(4)]
    seen = _plan(event, EVERYBODY, Deed.CANCEL).seen
    with transaction():
        assert len(selections.agree(event.id, EVERYBODY, seen)) == 4
        registrations.cancel(people[0].id, actor="attendee", now=NOW)

    with pytest.raises(SelectionMoved) as refused, transaction():
        selections.agree(event.id, EVERYBODY, seen)

    moved = refused.value.values["moved"]
    assert moved.before == Counter({State.CONFIRMED: 2, State.WAITLISTED: 2})
    assert moved.now == Counter({State.CONFIRMED: 2, State.WAITLISTED: 1, State.CANCELLED: 1})


@pytest.mark.parametrize("seen", ["", "x", "1.0.confirmed 1", "\x00", "9" * 400, "confirmed=99999999999999"])
def test_a_signature_that_is_none_of_ours_is_one_that_has_moved(app: Flask, seen: str) -> None:
    event = make_event()
    make_registration(event, now=NOW)

    with pytest.raises(SelectionMoved), transaction():
        selections.agree(event.id, EVERYBODY, seen)


def test_people_of_another_event_are_never_chosen(app: Flask) -> None:
    event, other = make_event(), make_event()
    stranger = make_registration(other, now=NOW)
    make_registration(event, now=NOW)

    plan = _plan(event, _picked(stranger), Deed.CANCEL)

    assert plan.count == 0
    with transaction():
        assert bulk.cancel(event.id, [stranger.id], actor=ACTOR, now=NOW) == Tally(skipped=1)
        assert bulk.tag(event.id, [stranger.id], "x", actor=ACTOR, now=NOW) == Tally(skipped=1)
        assert bulk.send_links(event.id, [stranger.id], now=NOW) == Tally(skipped=1)
    assert _states(other) == ["confirmed"]


def test_200_people_are_cancelled_in_as_many_statements_as_20(app: Flask) -> None:
    counts = []
    for people in (20, 200):
        event = make_event(size=people)
        for _ in range(people):
            make_registration(event, now=NOW)
        for _ in range(people):
            make_registration(event, now=NOW)
        chosen = Selection(View(state=State.CONFIRMED))
        seen = _plan(event, chosen, Deed.CANCEL).seen
        with counting() as statements:
            tally = _cancel(event, chosen, seen=seen)
        counts.append(len(statements))
        assert tally == Tally(done=people, promoted=people)
        assert _states(event) == ["cancelled"] * people + ["confirmed"] * people

    assert counts[0] == counts[1], counts
    _check_books()


def test_nobody_who_is_to_leave_gets_a_place_on_the_way(app: Flask) -> None:
    event = make_event(size=4)
    people = [make_registration(event, now=NOW) for _ in range(8)]
    chosen = _picked(*people[:6])
    plan = _plan(event, chosen, Deed.CANCEL)
    with transaction():
        ids = selections.agree(event.id, chosen, plan.seen)

    tally = Tally()
    for start in range(0, len(ids), 2):  # a page of two in each transaction
        with transaction():
            tally += bulk.cancel(event.id, ids[start : start + 2], actor=ACTOR, now=NOW)

    assert tally == Tally(done=6, promoted=2)
    assert plan.promoted == 2
    assert [mail.registration_id for mail in _mails("promoted")] == [people[6].id, people[7].id]
    _check_books()


def test_tags_are_put_on_and_taken_off_once(app: Flask) -> None:
    event = make_event()
    ana, eva = make_registration(event, now=NOW), make_registration(event, now=NOW)
    with transaction():
        assert bulk.tag(event.id, [ana.id], "VIP", actor=ACTOR, now=NOW) == Tally(1)
        assert bulk.tag(event.id, [ana.id, eva.id], "VIP", actor=ACTOR, now=NOW) == Tally(1, 1)

    assert bulk.list_tags(event.id) == [("VIP", 2)]
    assert _plan(event, _picked(ana), Deed.UNTAG).tags == [("VIP", 1)]
    with transaction():
        assert bulk.untag(event.id, [ana.id, eva.id], "VIP", actor=ACTOR, now=NOW) == Tally(2)
        assert bulk.untag(event.id, [ana.id], "VIP", actor=ACTOR, now=NOW) == Tally(0, 1)

    assert db.session.scalars(select(Tag)).all() == []
    lines = Counter(db.session.scalars(select(History.action).where(History.actor == ACTOR)))
    assert lines == {"tagged": 2, "untagged": 2}
    _check_books()


@pytest.mark.rule("R8")
def test_links_go_out_again_at_most_once_an_hour(app: Flask) -> None:
    event = make_event()
    ana, eva, gone = [make_registration(event, now=NOW) for _ in range(3)]
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=NOW)
        contacts.send_link_again(event.id, ana.email, now=NOW)

    plan = _plan(event, EVERYBODY, Deed.RESEND, now=NOW + timedelta(minutes=59))
    with transaction():
        tally = bulk.send_links(event.id, [ana.id, eva.id, gone.id], now=NOW + timedelta(minutes=59))

    assert plan.hindered == Counter({Hindrance.ENDED: 1, Hindrance.REMINDED: 1})
    assert [row.contact_name for row in plan.able] == [eva.details.name]
    assert tally == Tally(done=1, skipped=2)
    assert [mail.registration_id for mail in _mails("link_again")] == [ana.id, eva.id]
    with transaction():
        assert bulk.send_links(event.id, [ana.id], now=NOW + timedelta(hours=1)) == Tally(1)
