"""Registering: a place, a number in the queue, or a clear no."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from regapp.db import Model, db, transaction
from regapp.errors import RegistrationClosed
from regapp.models import Consent, Event, History, OutboxMail, Party, Quota, Registration
from regapp.rules.window import Phase
from regapp.services import contacts, drafts, events, own, registrations
from regapp.services.registrations import AlreadyKnown, MustAgreeToWait, NoPlace, Registered
from tests.factories import attempt, make_applicant, make_event

pytestmark = pytest.mark.usefixtures("app")


def rows(*models: type[Model]) -> list[int]:
    """How many rows each table has."""
    return [db.session.scalar(select(func.count()).select_from(model)) or 0 for model in models]


def everything() -> list[int]:
    return rows(Event, Quota, Party, Registration, Consent, History, OutboxMail)


def mails() -> list[tuple[str, str | None]]:
    """Which mails wait in the outbox, oldest first, and for whom."""
    found = db.session.execute(select(OutboxMail.message, OutboxMail.to_address).order_by(OutboxMail.id))
    return [(row.message, row.to_address) for row in found]


def state(outcome: object) -> tuple[str, int | None]:
    assert isinstance(outcome, Registered)
    mine = own.get_own(outcome.code)
    return mine.state, mine.position


@pytest.mark.rule("R1")
def test_a_free_place_is_given_at_once_with_all_that_belongs_to_it(now) -> None:
    event = make_event(size=2)

    outcome = attempt(event, make_applicant(email="ana@example.org"), now=now)

    assert state(outcome) == ("confirmed", None)
    assert rows(Party, Registration, Consent, History, OutboxMail) == [1, 1, 1, 1, 1]
    assert mails() == [("confirmed", "ana@example.org")]
    assert events.get(event.id).taken == 1
    line = db.session.scalars(select(History)).one()
    assert (line.actor, line.action, line.before, line.after) == ("attendee", "registered", None, "confirmed")


@pytest.mark.rule("R7")
def test_nobody_is_put_on_the_waitlist_without_having_agreed(now) -> None:
    event = make_event(size=0)
    before = everything()

    outcome = attempt(event, make_applicant(accept_waitlist=False), now=now)

    assert outcome == MustAgreeToWait(waiting=0)
    assert everything() == before
    assert events.get(event.id) == event


@pytest.mark.rule("R7")
def test_who_agreed_waits_with_a_number_and_is_told(now) -> None:
    event = make_event(size=1)
    attempt(event, make_applicant(), now=now)

    first, second = (attempt(event, make_applicant(email=f"{n}@example.org"), now=now) for n in "ab")

    assert [state(first), state(second)] == [("waitlisted", 1), ("waitlisted", 2)]
    assert mails()[1:] == [("waitlisted", "a@example.org"), ("waitlisted", "b@example.org")]
    facts = db.session.scalars(select(OutboxMail.facts).order_by(OutboxMail.id)).all()
    assert [fact.get("position") for fact in facts] == [None, 1, 2]
    after = events.get(event.id)
    assert (after.taken, after.waiting, after.last_seq) == (1, 2, 2)


@pytest.mark.rule("R7")
def test_who_agreed_to_wait_and_finds_a_place_free_is_confirmed(now) -> None:
    event = make_event(size=1)

    outcome = attempt(event, make_applicant(accept_waitlist=True), now=now)

    assert state(outcome) == ("confirmed", None)


@pytest.mark.rule("R7")
@pytest.mark.parametrize("limit", [0, 1], ids=["no waitlist", "waitlist of one"])
def test_a_full_waitlist_takes_nobody_more(now, limit) -> None:
    event = make_event(size=1, waitlist_limit=limit)
    for number in range(1 + limit):
        attempt(event, make_applicant(email=f"{number}@example.org"), now=now)
    before = everything()

    outcome = attempt(event, make_applicant(email="late@example.org"), now=now)

    assert outcome == NoPlace()
    assert everything() == before


def test_an_event_without_a_limit_takes_everybody(now) -> None:
    event = make_event(size=None)

    outcomes = [attempt(event, make_applicant(email=f"{n}@example.org"), now=now) for n in range(3)]

    assert [state(outcome) for outcome in outcomes] == [("confirmed", None)] * 3
    assert events.get(event.id).taken == 3


@pytest.mark.rule("R3")
def test_a_newcomer_does_not_overtake_the_queue(now) -> None:
    event = make_event(size=1)
    attempt(event, make_applicant(), now=now)
    waiting = attempt(event, make_applicant(email="first@example.org"), now=now)
    with transaction():  # two places appear behind the back of the service
        db.session.execute(db.update(Quota).values(size=2))

    newcomer = attempt(event, make_applicant(email="new@example.org"), now=now)

    assert state(waiting) == ("confirmed", None)
    assert state(newcomer) == ("waitlisted", 1)


@pytest.mark.rule("R8")
@pytest.mark.parametrize("size", [1, 0], ids=["first one confirmed", "first one waiting"])
def test_a_second_try_is_answered_the_same_whatever_the_state_and_changes_nothing(now, size) -> None:
    event = make_event(size=size)
    attempt(event, make_applicant(email="Ana@Münster.example.org"), now=now)
    before = rows(Event, Quota, Party, Registration, Consent, History)

    outcome = attempt(event, make_applicant(email=" ana@MÜNSTER.example.org "), now=now)

    assert outcome == AlreadyKnown()
    assert rows(Event, Quota, Party, Registration, Consent, History) == before
    assert mails()[1:] == [("already_registered", "Ana@xn--mnster-3ya.example.org")]


@pytest.mark.rule("R9")
def test_a_refused_form_that_arrives_once_more_after_its_address_has_left_registers(app, now) -> None:
    event, address = make_event(), "ana@example.org"
    first = attempt(event, make_applicant(email=address), now=now)
    late = make_applicant(email=address)
    refused = attempt(event, late, now=now)
    assert isinstance(first, Registered)
    with transaction():
        registrations.cancel(own.get_own(first.code).id, actor="attendee", now=now)

    outcome = attempt(event, late, now=now)

    assert refused == AlreadyKnown()
    assert isinstance(outcome, Registered)
    assert outcome.code != first.code


@pytest.mark.rule("R8")
def test_the_own_link_is_sent_again_at_most_once_an_hour(now) -> None:
    event = make_event()
    for minutes in (0, 1, 30, 60, 61, 62):
        attempt(event, make_applicant(email="ana@example.org"), now=now + timedelta(minutes=minutes))

    assert [message for message, _ in mails()] == ["confirmed", "already_registered", "already_registered"]


@pytest.mark.rule("R8")
def test_who_cancelled_may_come_back_as_a_new_registration(now) -> None:
    event = make_event()
    first = attempt(event, make_applicant(email="ana@example.org"), now=now)
    assert isinstance(first, Registered)
    with transaction():
        registrations.cancel(own.get_own(first.code).id, actor="attendee", now=now)

    second = attempt(event, make_applicant(email="ana@example.org"), now=now)

    assert isinstance(second, Registered)
    assert second.code != first.code
    assert [state(first), state(second)] == [("cancelled", None), ("confirmed", None)]


@pytest.mark.rule("R8")
def test_an_address_that_is_just_being_freed_is_not_told_that_it_takes_part(now, monkeypatch) -> None:
    event = make_event()
    first = attempt(event, make_applicant(email="ana@example.org"), now=now)
    assert isinstance(first, Registered)
    remind = contacts.remind

    def cancelled_meanwhile(*args, **values) -> bool:
        monkeypatch.undo()
        registrations.cancel(own.get_own(first.code).id, actor="attendee", now=now)
        return remind(*args, **values)

    monkeypatch.setattr(contacts, "remind", cancelled_meanwhile)
    second = attempt(event, make_applicant(email="ana@example.org"), now=now, locked=True)

    assert isinstance(second, Registered)
    assert [state(first), state(second)] == [("cancelled", None), ("confirmed", None)]
    assert [message for message, _ in mails()] == ["confirmed", "cancelled", "confirmed"]


@pytest.mark.rule("R8")
def test_one_address_may_register_for_two_events(now) -> None:
    outcomes = [
        attempt(make_event(slug=slug), make_applicant(email="ana@example.org"), now=now) for slug in ("one", "two")
    ]

    assert [state(outcome) for outcome in outcomes] == [("confirmed", None)] * 2


@pytest.mark.rule("R9")
@pytest.mark.parametrize("size", [5, 0], ids=["seated", "waiting"])
def test_the_same_form_sent_twice_is_one_registration_one_seat_one_mail(now, size) -> None:
    event = make_event(size=size)
    applicant = make_applicant()
    first = attempt(event, applicant, now=now)
    before = everything(), events.get(event.id)

    again = attempt(event, applicant, now=now)
    changed = attempt(event, replace(applicant, email="other@example.org"), now=now)

    assert first == again == changed
    assert (everything(), events.get(event.id)) == before


@pytest.mark.rule("R9")
def test_the_same_form_shows_the_first_answer_even_after_cancelling(now) -> None:
    event = make_event()
    applicant = make_applicant()
    first = attempt(event, applicant, now=now)
    assert isinstance(first, Registered)
    with transaction():
        registrations.cancel(own.get_own(first.code).id, actor="attendee", now=now)

    assert attempt(event, applicant, now=now) == first
    assert state(first) == ("cancelled", None)


@pytest.mark.rule("R9")
def test_a_submission_of_another_event_opens_nothing(now) -> None:
    one, two = make_event(slug="one"), make_event(slug="two")
    applicant = make_applicant()
    first = attempt(one, applicant, now=now)

    second = attempt(two, applicant, now=now)

    assert isinstance(second, Registered)
    assert second != first
    assert own.get_own(second.code).event.id == two.id


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        pytest.param({"opens": 1}, Phase.UPCOMING, id="not yet open"),
        pytest.param({"closes": 0}, Phase.CLOSED, id="closed at this very moment"),
        pytest.param({"status": "cancelled"}, Phase.CANCELLED, id="called off"),
    ],
)
def test_a_closed_event_takes_nobody(now, overrides, reason) -> None:
    dates = {"opens": -1, "closes": 2, **{k: v for k, v in overrides.items() if k != "status"}}
    event = make_event(
        opens_at=now + timedelta(hours=dates["opens"]),
        closes_at=now + timedelta(hours=dates["closes"]),
        starts_at=now + timedelta(days=3),
        ends_at=now + timedelta(days=4),
        status=overrides.get("status", "published"),
    )
    before = everything()

    with pytest.raises(RegistrationClosed) as refused:
        attempt(event, make_applicant(), now=now)

    assert refused.value.values["reason"] == reason
    assert everything() == before


@pytest.mark.rule("R9")
def test_an_answer_that_was_lost_is_given_again_even_after_closing(now) -> None:
    event = make_event(closes_at=now + timedelta(minutes=1), starts_at=now + timedelta(days=3))
    applicant = make_applicant()
    first = attempt(event, applicant, now=now)

    assert attempt(event, applicant, now=event.closes_at) == first


@pytest.mark.rule("R13")
def test_a_change_that_is_rolled_back_leaves_and_sends_nothing(now) -> None:
    event = make_event()
    before = everything()
    draft = drafts.prepare(event, make_applicant(), now=now)

    with pytest.raises(ZeroDivisionError), transaction():
        registrations.register_at_once(draft)
        raise ZeroDivisionError

    assert everything() == before
    assert events.get(event.id) == event


def test_settings_changed_after_reading_send_the_quick_answer_to_the_slow_path(now) -> None:
    event = make_event(size=5)
    draft = drafts.prepare(event, make_applicant(), now=now)
    with transaction():
        db.session.execute(db.update(Quota).values(version=Quota.version + 1))

    with pytest.raises(registrations.GuardMissed), transaction():
        registrations.register_at_once(draft)
    assert rows(Party, Registration, OutboxMail) == [0, 0, 0]

    with transaction():
        assert isinstance(registrations.register(draft), Registered)
