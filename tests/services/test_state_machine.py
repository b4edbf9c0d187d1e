"""Any sequence of what people and organizers do leaves the books as a plain model says. On both databases."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from regapp.db import db, snapshot, transaction
from regapp.models import History, OutboxMail, Registration
from regapp.services import books, capacity, events, own, registrations, waitlist
from regapp.services.drafts import Applicant
from regapp.services.registrations import AlreadyKnown, MustAgreeToWait, NoPlace, Registered
from tests.factories import attempt, make_applicant, make_event

PEOPLE = st.integers(0, 7)
PICKS = st.integers(0, 50)  # one of those who registered so far; their codes are random, their order is not
SIZES = st.none() | st.integers(0, 5)


@dataclass
class Reference:
    """How the queue works, said as plainly as possible: lists of people, nothing else."""

    size: int | None
    limit: int | None
    seated: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    person: dict[str, int] = field(default_factory=dict)
    mails: int = 0

    def has_room(self) -> bool:
        return self.size is None or len(self.seated) < self.size

    def settle(self) -> None:
        while self.waiting and self.has_room():
            self.seated.append(self.waiting.pop(0))
            self.mails += 1

    def lives(self, person: int) -> bool:
        return any(self.person[code] == person for code in self.seated + self.waiting)

    def expected(self, person: int, *, agrees: bool) -> str:
        if self.lives(person):
            return "known"
        if self.has_room():
            return "confirmed"
        if self.limit is not None and len(self.waiting) >= self.limit:
            return "no place"
        return "waitlisted" if agrees else "must agree"


class Visitors(RuleBasedStateMachine):
    """Register, retry, cancel, resize, settle, in any order."""

    now: Any = None
    count = 0

    @initialize(size=SIZES, limit=st.none() | st.integers(0, 3))
    def publish(self, size: int | None, limit: int | None) -> None:
        Visitors.count += 1
        self.event_id = make_event(slug=f"event-{Visitors.count}", size=size, waitlist_limit=limit).id
        self.model = Reference(size, limit)
        self.sent: dict[str, Applicant] = {}
        self.reminded: set[str] = set()

    @rule(person=PEOPLE, agrees=st.booleans(), locked=st.booleans())
    def register(self, person: int, agrees: bool, locked: bool) -> None:
        applicant = make_applicant(
            email=f"p{person}@example.org", accept_waitlist=agrees, submission=secrets.token_hex(16)
        )
        expected = self.model.expected(person, agrees=agrees)

        outcome = attempt(events.get(self.event_id), applicant, now=self.now, locked=locked)

        assert self._said(outcome) == expected
        if isinstance(outcome, Registered):
            self._note(outcome.code, person, applicant, seated=expected == "confirmed")
        if isinstance(outcome, AlreadyKnown):
            code = next(c for c in self.model.seated + self.model.waiting if self.model.person[c] == person)
            self.model.mails += code not in self.reminded
            self.reminded.add(code)

    def _said(self, outcome: object) -> str:
        match outcome:
            case Registered(code, _):
                return own.get_own(code).state
            case AlreadyKnown():
                return "known"
            case MustAgreeToWait(waiting):
                assert waiting == len(self.model.waiting)
                return "must agree"
            case NoPlace():
                return "no place"
        raise AssertionError(outcome)

    def _note(self, code: str, person: int, applicant: Applicant, *, seated: bool) -> None:
        (self.model.seated if seated else self.model.waiting).append(code)
        self.model.person[code] = person
        self.model.mails += 1
        self.sent[code] = applicant

    def _pick(self, number: int) -> str:
        return list(self.sent)[number % len(self.sent)]

    @rule(pick=PICKS, agrees=st.booleans())
    def retry(self, pick: int, agrees: bool) -> None:
        if not self.sent:
            return
        code = self._pick(pick)

        outcome = attempt(events.get(self.event_id), replace(self.sent[code], accept_waitlist=agrees), now=self.now)

        assert isinstance(outcome, Registered)
        assert outcome.code == code

    @rule(pick=PICKS)
    def cancel(self, pick: int) -> None:
        if not self.sent:
            return
        code = self._pick(pick)

        with transaction():
            registrations.cancel(own.get_own(code).id, actor="attendee", now=self.now)

        for living in (self.model.seated, self.model.waiting):
            if code in living:
                living.remove(code)
                self.model.ended.append(code)
                self.model.mails += 1
        self.model.settle()

    @rule(size=SIZES)
    def resize(self, size: int | None) -> None:
        with transaction():
            capacity.resize(self.event_id, size, actor="operator", now=self.now)
        self.model.size = size
        self.model.settle()

    @rule()
    def settle_changes_nothing(self) -> None:
        with transaction():
            assert waitlist.settle(self.event_id, now=self.now).promoted == 0

    @invariant()
    def books_are_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        model = self.model
        event = events.get(self.event_id)
        assert (event.taken, event.waiting, event.size) == (len(model.seated), len(model.waiting), model.size)
        found = {code: (own.get_own(code).state, own.get_own(code).position) for code in self.sent}
        assert found == (
            dict.fromkeys(model.seated, ("confirmed", None))
            | {code: ("waitlisted", place) for place, code in enumerate(model.waiting, start=1)}
            | dict.fromkeys(model.ended, ("cancelled", None))
        )
        assert len(db.session.scalars(select(OutboxMail.id).where(OutboxMail.event_id == self.event_id)).all()) == (
            model.mails
        )

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        changes = select(History.id).where(History.event_id == self.event_id, History.after.is_not(None))
        people = select(Registration.id).where(Registration.event_id == self.event_id)
        assert len(db.session.scalars(changes).all()) >= len(db.session.scalars(people).all())
        with snapshot() as connection:
            assert books.verify(connection, now=self.now).differences == []


@pytest.mark.rule("R1")
@pytest.mark.rule("R2")
@pytest.mark.rule("R9")
def test_whatever_people_do_the_books_stay_right(app, now) -> None:
    class Machine(Visitors):
        pass

    Machine.now = now
    run_state_machine_as_test(Machine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))
