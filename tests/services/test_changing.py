"""Cancelling, changing details, resizing, settling."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from regapp.db import db, transaction
from regapp.errors import IllegalMove, NotFound, TooLate
from regapp.models import Event, History, OutboxMail, Party, Quota, Registration
from regapp.services import capacity, contacts, events, own, registrations, waitlist
from regapp.services.registrations import NoPlace, Registered
from tests.factories import attempt, make_applicant, make_event, make_registration
from tests.statements import counting

pytestmark = pytest.mark.usefixtures("app")


def states(event: events.EventFacts) -> list[str]:
    """The states of all registrations, in the order in which they came."""
    wanted = select(Registration.state).where(Registration.event_id == event.id).order_by(Registration.id)
    return list(db.session.scalars(wanted))


def cancel(mine: own.Own, now, actor: str = "attendee") -> None:
    with transaction():
        registrations.cancel(mine.id, actor=actor, now=now)


def resize(event: events.EventFacts, size: int | None, now) -> capacity.Resized:
    with transaction():
        return capacity.resize(event.id, size, actor="operator", now=now)


def fill(event: events.EventFacts, people: int, now) -> list[own.Own]:
    return [make_registration(event, now=now, email=f"p{n}@example.org") for n in range(people)]


@pytest.mark.rule("R2")
def test_a_cancelled_place_goes_to_the_first_in_line_with_a_mail(now) -> None:
    event = make_event(size=2)
    people = fill(event, 4, now)

    cancel(people[0], now)

    assert states(event) == ["cancelled", "confirmed", "confirmed", "waitlisted"]
    assert own.get_own(people[3].code).position == 1
    after = events.get(event.id)
    assert (after.taken, after.waiting) == (2, 1)
    sent = db.session.execute(select(OutboxMail.message, OutboxMail.to_address).order_by(OutboxMail.id)).all()
    assert [tuple(mail) for mail in sent[4:]] == [("cancelled", "p0@example.org"), ("promoted", "p2@example.org")]


@pytest.mark.rule("R2")
def test_leaving_the_queue_moves_the_others_up_and_frees_no_seat(now) -> None:
    event = make_event(size=1)
    people = fill(event, 4, now)

    cancel(people[1], now)

    assert states(event) == ["confirmed", "cancelled", "waitlisted", "waitlisted"]
    assert [own.get_own(person.code).position for person in people[2:]] == [1, 2]
    assert events.get(event.id).taken == 1


@pytest.mark.rule("R13")
def test_every_change_of_state_leaves_one_history_line_and_one_mail(now) -> None:
    event = make_event(size=1)
    people = fill(event, 2, now)
    cancel(people[0], now)

    lines = db.session.execute(
        select(History.registration_id, History.actor, History.before, History.after).order_by(History.id)
    ).all()
    assert [tuple(line) for line in lines] == [
        (people[0].id, "attendee", None, "confirmed"),
        (people[1].id, "attendee", None, "waitlisted"),
        (people[0].id, "attendee", "confirmed", "cancelled"),
        (people[1].id, "system", "waitlisted", "confirmed"),
    ]
    about = db.session.scalars(select(OutboxMail.registration_id).order_by(OutboxMail.id)).all()
    assert about == [line.registration_id for line in lines]


def test_cancelling_twice_changes_nothing_the_second_time(now) -> None:
    event = make_event(size=1)
    people = fill(event, 3, now)
    cancel(people[0], now)
    before = states(event), events.get(event.id), len(db.session.scalars(select(OutboxMail.id)).all())

    cancel(people[0], now)

    assert (states(event), events.get(event.id), len(db.session.scalars(select(OutboxMail.id)).all())) == before


def test_one_s_own_page_says_when_and_by_whom_it_ended(now) -> None:
    mine = make_registration(make_event(), now=now)
    cancel(mine, now, actor="operator")

    after = own.get_own(mine.code)

    assert (after.ended_at, after.ended_by, after.revision) == (now, "operator", mine.revision + 1)


def test_after_the_start_nothing_is_cancelled_or_changed(now) -> None:
    event = make_event(starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10))
    mine = make_registration(event, now=now)

    with pytest.raises(TooLate):
        cancel(mine, event.starts_at)
    with pytest.raises(TooLate), transaction():
        registrations.change_details(mine.id, mine.details, actor="attendee", now=event.starts_at)
    assert states(event) == ["confirmed"]


def test_details_change_with_a_history_line_that_holds_no_personal_data(now) -> None:
    mine = make_registration(make_event(), now=now)
    details = replace(mine.details, first_name=None, last_name="Sukarno", country="ID")

    with transaction():
        registrations.change_details(mine.id, details, actor="attendee", now=now)

    after = own.get_own(mine.code)
    assert (after.details, after.revision, after.state) == (details, 1, "confirmed")
    assert db.session.scalars(select(Party.contact_name)).one() == "Sukarno"
    line = db.session.scalars(select(History).order_by(History.id.desc())).first()
    assert line is not None
    assert (line.action, line.reason, line.before, line.after) == (
        "changed",
        "first_name,last_name,country",
        None,
        None,
    )


@pytest.mark.parametrize(("actor", "by_organizers"), [("attendee", None), ("account:1", True), ("operator", True)])
def test_mails_know_whether_the_organizers_did_it(now, actor: str, by_organizers: bool | None) -> None:
    mine = make_registration(make_event(), now=now)
    with transaction():
        registrations.change_details(mine.id, replace(mine.details, country="ID"), actor=actor, now=now)
        contacts.change_email(mine.id, "new@example.org", actor=actor, now=now)
        registrations.cancel(mine.id, actor=actor, now=now)

    told = {mail.message: mail.facts.get("by_organizers") for mail in db.session.scalars(select(OutboxMail))}
    changes = ("changed", "email_changed", "email_left", "cancelled")
    assert told == {"confirmed": None} | dict.fromkeys(changes, by_organizers)


def test_saving_unchanged_details_is_no_change(now) -> None:
    mine = make_registration(make_event(), now=now)

    with transaction():
        registrations.change_details(mine.id, mine.details, actor="attendee", now=now)

    assert own.get_own(mine.code) == mine


def test_a_registration_that_has_ended_keeps_its_details(now) -> None:
    mine = make_registration(make_event(), now=now)
    cancel(mine, now)

    with pytest.raises(IllegalMove), transaction():
        registrations.change_details(mine.id, replace(mine.details, country="ID"), actor="attendee", now=now)
    assert own.get_own(mine.code).details == mine.details


def test_what_does_not_exist_is_not_found(now) -> None:
    for call in (
        lambda: registrations.cancel(404, actor="attendee", now=now),
        lambda: capacity.resize(404, 5, actor="operator", now=now),
        lambda: waitlist.settle(404, now=now),
    ):
        with pytest.raises(NotFound), transaction():
            call()
    with pytest.raises(NotFound):
        own.get_own("XXXXX-XXXXX")
    with pytest.raises(NotFound):
        events.get_by_slug("nowhere")


@pytest.mark.rule("R4")
def test_lowering_a_size_drops_nobody_and_promotes_no_one_until_below(now) -> None:
    event = make_event(size=3)
    people = fill(event, 4, now)

    resized = resize(event, 1, now)
    assert (resized.before, resized.after, resized.taken, resized.promoted) == (3, 1, 3, 0)
    assert states(event) == ["confirmed"] * 3 + ["waitlisted"]
    assert events.get(event.id).places_left == 0

    cancel(people[0], now)
    cancel(people[1], now)
    assert states(event)[3] == "waitlisted"

    cancel(people[2], now)
    assert states(event)[3] == "confirmed"


@pytest.mark.rule("R4")
def test_raising_a_size_serves_the_queue_before_the_public(now) -> None:
    event = make_event(size=1)
    fill(event, 4, now)

    resized = resize(event, 3, now)
    newcomer = attempt(event, make_applicant(email="new@example.org"), now=now)

    assert resized.promoted == 2
    assert states(event) == ["confirmed"] * 3 + ["waitlisted"] * 2
    assert isinstance(newcomer, Registered)
    assert own.get_own(newcomer.code).position == 2


@pytest.mark.parametrize("size", [None, 10], ids=["no limit", "more than enough"])
def test_with_room_for_all_nobody_waits_any_more(now, size) -> None:
    event = make_event(size=1)
    fill(event, 4, now)

    assert resize(event, size, now).promoted == 3
    assert states(event) == ["confirmed"] * 4


@pytest.mark.rule("R1")
def test_a_resize_is_in_the_history_with_its_numbers_and_outdates_what_was_read(now) -> None:
    event = make_event(size=5)

    resize(event, 2, now)

    line = db.session.scalars(select(History)).one()
    assert (line.action, line.actor, line.quota_id) == ("resized", "operator", event.quota_id)
    assert line.numbers == {"before": 5, "after": 2, "taken": 0}
    assert events.get(event.id).version == event.version + 1


@pytest.mark.rule("R12")
def test_nobody_is_served_after_serving_has_ended(now) -> None:
    event = make_event(size=1, closes_at=now + timedelta(days=1), starts_at=now + timedelta(days=5))
    people = fill(event, 2, now)

    cancel(people[0], event.closes_at)

    assert states(event) == ["cancelled", "waitlisted"]
    assert waitlist.list_unsettled(now=event.closes_at) == []
    assert waitlist.list_unsettled(now=now) == [event.id]


@pytest.mark.rule("R12")
def test_who_is_not_served_any_more_is_in_nobody_s_way(now) -> None:
    event = make_event(size=1, serve_until=now + timedelta(days=1))
    people = fill(event, 2, now)
    later = now + timedelta(days=2)
    cancel(people[0], later)

    newcomer = attempt(event, make_applicant(email="new@example.org"), now=later)
    late = attempt(event, make_applicant(email="late@example.org"), now=later)

    assert isinstance(newcomer, Registered)
    assert own.get_own(newcomer.code).state == "confirmed"
    assert late == NoPlace()
    assert states(event) == ["cancelled", "waitlisted", "confirmed"]


def test_an_event_that_is_called_off_gives_no_places(now) -> None:
    event = make_event(size=1)
    people = fill(event, 2, now)
    with transaction():
        db.session.execute(db.update(Event).values(status="cancelled"))

    cancel(people[0], now)

    assert states(event) == ["cancelled", "waitlisted"]
    assert resize(event, 5, now).promoted == 0
    assert waitlist.list_unsettled(now=now) == []


def _queue_up(event: events.EventFacts, people: int, now) -> None:
    """Put many people into the queue of an event with 0 places, as registering would, only faster."""
    parties = [
        {"event_id": event.id, "contact_key": f"q{n}@example.org", "contact_name": f"Q {n}", "queue_no": n,
         "lang": "en", "contact_email": f"q{n}@example.org", "submission_hash": f"hash-{event.id}-{n}"}
        for n in range(1, people + 1)
    ]  # fmt: skip
    with transaction():
        db.session.execute(insert(Party), parties)
        numbers = db.session.execute(select(Party.queue_no, Party.id).where(Party.event_id == event.id))
        ids = dict(numbers.all())
        db.session.execute(insert(Registration), [
            {"event_id": event.id, "party_id": ids[n], "code": f"Q{event.id}-{n}", "state": "waitlisted", "queue_no": n,
             "last_name": f"Q {n}", "registered_at": now}
            for n in range(1, people + 1)
        ])  # fmt: skip
        db.session.execute(db.update(Quota).where(Quota.event_id == event.id).values(waiting=people, last_seq=people))


@pytest.mark.rule("R2")
def test_statements_do_not_grow_with_the_number_served(now) -> None:
    counts = []
    for freed in (20, 200):
        event = make_event(slug=f"freed-{freed}", size=0)
        _queue_up(event, 300, now)
        with counting() as statements:
            assert resize(event, freed, now).promoted == freed
        counts.append(len(statements))
        assert states(event).count("confirmed") == freed

    assert counts[0] == counts[1]


@pytest.mark.rule("R2")
def test_above_a_thousand_promotions_the_rest_follow_and_newcomers_stay_behind(now) -> None:
    event = make_event(size=0)
    _queue_up(event, 1200, now)

    resized = resize(event, 1500, now)
    assert (resized.promoted, resized.more) == (1000, True)

    with transaction():
        settled = waitlist.settle(event.id, now=now)
    assert (settled.promoted, settled.more) == (200, False)
    assert set(states(event)) == {"confirmed"}


@pytest.mark.rule("R2")
def test_a_newcomer_between_two_rounds_of_serving_is_behind_the_queue(now, monkeypatch) -> None:
    monkeypatch.setattr(waitlist, "MOST", 2)
    monkeypatch.setattr(waitlist, "PAGE", 2)
    event = make_event(size=0)
    _queue_up(event, 7, now)
    monkeypatch.setattr(waitlist, "_HEADS", waitlist._HEADS.limit(2))
    assert resize(event, 20, now).more

    newcomer = attempt(event, make_applicant(), now=now)

    assert isinstance(newcomer, Registered)
    assert own.get_own(newcomer.code).position == 4  # 7 waited, 2 + 2 were served, the newcomer is last
