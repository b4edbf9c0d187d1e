"""Any sequence of what people and organizers do leaves the books as a plain model says. On both databases."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from regapp.db import db, snapshot, transaction
from regapp.models import History, OutboxMail, Registration
from regapp.services import books, capacity, categories, events, own, registrations, waitlist
from regapp.services.categories import Moved, NoRoom
from regapp.services.drafts import Applicant
from regapp.services.registrations import AlreadyKnown, MustAgreeToWait, NoPlace, Registered
from tests.factories import attempt, make_applicant, make_category, make_event


@dataclass
class Kind:
    """A category in the plain model; the only one of an event without categories counts and has no limit."""

    size: int | None = None
    counts: bool = True


PEOPLE = st.integers(0, 11)
PICKS = st.integers(0, 50)
"""One of those who registered so far, or of the categories: ids and codes are random, their order is not."""
SIZES = st.sampled_from([2, 1, 0, 3, 4, 5, None])
AGREES = st.sampled_from([True, True, False])
KINDS = st.lists(st.builds(Kind, size=st.sampled_from([1, 2, 0, None]), counts=st.booleans()), min_size=2, max_size=3)


@dataclass
class Reference:
    """How the queue works, said as plainly as possible: lists of people, each with the number of a category.

    All come alone, so whoever is first in the queue and fits into each limit is the next to get in.
    """

    size: int | None
    limit: int | None
    kinds: list[Kind]
    seated: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    person: dict[str, int] = field(default_factory=dict)
    mails: int = 0

    def taken(self) -> int:
        return sum(self.kinds[kind].counts for kind in self.seated.values())

    def has_room(self, kind: int) -> bool:
        mine = self.kinds[kind]
        room_in_event = not mine.counts or self.size is None or self.taken() < self.size
        return room_in_event and (mine.size is None or list(self.seated.values()).count(kind) < mine.size)

    def settle(self) -> None:
        while code := next((code for code, kind in self.waiting.items() if self.has_room(kind)), None):
            self.seated[code] = self.waiting.pop(code)
            self.mails += 1

    def find_living(self, person: int) -> str | None:
        return next((code for code in (*self.seated, *self.waiting) if self.person[code] == person), None)

    def expected(self, person: int, kind: int, *, agrees: bool) -> str:
        if self.find_living(person):
            return "known"
        if self.has_room(kind):
            return "confirmed"
        if self.limit is not None and len(self.waiting) >= self.limit:
            return "no place"
        return "waitlisted" if agrees else "must agree"

    def count_waiting(self, kind: int) -> int:
        return list(self.waiting.values()).count(kind)

    def position(self, code: str) -> int:
        return [other for other, kind in self.waiting.items() if kind == self.waiting[code]].index(code) + 1

    def move(self, code: str, kind: int) -> bool:
        """Change the category; say whether there was room for it."""
        people = self.waiting if code in self.waiting else self.seated
        before = people[code]
        if before == kind:
            return True
        del people[code]
        done = people is self.waiting or self.has_room(kind)
        people[code] = kind if done else before
        self.mails += done
        return done


class Visitors(RuleBasedStateMachine):
    """Register, retry, cancel, change the category, resize any limit, settle, in any order."""

    now: Any = None
    count = 0

    @initialize(
        size=SIZES,
        limit=st.sampled_from([None, None, 0, 1, 3]),
        kinds=st.just([]) | KINDS,
        crowd=st.lists(PICKS, max_size=9),
    )
    def publish(self, size: int | None, limit: int | None, kinds: list[Kind], crowd: list[int]) -> None:
        Visitors.count += 1
        event = make_event(slug=f"event-{Visitors.count}", size=size, waitlist_limit=limit)
        self.event_id = event.id
        self.kinds = [make_category(event, size=kind.size, counts=kind.counts) for kind in kinds]
        self.model = Reference(size, limit, kinds or [Kind()])
        self.sent: dict[str, Applicant] = {}
        self.reminded: set[str] = set()
        for person, pick in enumerate(crowd):
            self._register(person, pick % len(self.model.kinds), agrees=True, locked=bool(pick % 2))

    @rule(person=PEOPLE, pick=PICKS, agrees=AGREES, locked=st.booleans())
    def register(self, person: int, pick: int, agrees: bool, locked: bool) -> None:
        self._register(person, pick % len(self.model.kinds), agrees=agrees, locked=locked)

    def _register(self, person: int, kind: int, *, agrees: bool, locked: bool) -> None:
        applicant = make_applicant(
            email=f"p{person}@example.org", accept_waitlist=agrees, submission=secrets.token_hex(16),
            category_id=self.kinds[kind] if self.kinds else None,
        )  # fmt: skip
        expected = self.model.expected(person, kind, agrees=agrees)

        outcome = attempt(events.get(self.event_id), applicant, now=self.now, locked=locked)

        assert self._said(outcome, kind) == expected
        if isinstance(outcome, Registered):
            (self.model.seated if expected == "confirmed" else self.model.waiting)[outcome.code] = kind
            self.model.person[outcome.code] = person
            self.model.mails += 1
            self.sent[outcome.code] = applicant
        if isinstance(outcome, AlreadyKnown):
            code = self.model.find_living(person)
            self.model.mails += code not in self.reminded
            self.reminded.add(str(code))

    def _said(self, outcome: object, kind: int) -> str:
        match outcome:
            case Registered(code, _):
                return own.get_own(code).state
            case AlreadyKnown():
                return "known"
            case MustAgreeToWait(waiting):
                assert waiting == self.model.count_waiting(kind)
                return "must agree"
            case NoPlace():
                return "no place"
        raise AssertionError(outcome)

    def _pick(self, number: int) -> str:
        return list(self.sent)[number % len(self.sent)]

    @precondition(lambda self: self.sent)
    @rule(pick=PICKS, agrees=st.booleans())
    def retry(self, pick: int, agrees: bool) -> None:
        code = self._pick(pick)

        outcome = attempt(events.get(self.event_id), replace(self.sent[code], accept_waitlist=agrees), now=self.now)

        assert isinstance(outcome, Registered)
        assert outcome.code == code

    @precondition(lambda self: self.sent)
    @rule(pick=PICKS)
    def cancel(self, pick: int) -> None:
        code = self._pick(pick)

        with transaction():
            registrations.cancel(own.get_own(code).id, actor="attendee", now=self.now)

        for living in (self.model.seated, self.model.waiting):
            if living.pop(code, None) is not None:
                self.model.ended.append(code)
                self.model.mails += 1
        self.model.settle()

    @precondition(lambda self: self.kinds and len(self.model.ended) < len(self.sent))
    @rule(pick=PICKS, to=PICKS)
    def change_category(self, pick: int, to: int) -> None:
        living = [code for code in self.sent if code not in self.model.ended]
        code, kind = living[pick % len(living)], to % len(self.kinds)
        expected = self.model.move(code, kind)

        with transaction():
            outcome = categories.move(own.get_own(code).id, self.kinds[kind], actor="attendee", now=self.now)

        assert isinstance(outcome, Moved if expected else NoRoom)
        self.model.settle()

    @rule(size=SIZES)
    def resize(self, size: int | None) -> None:
        with transaction():
            capacity.resize(self.event_id, size, actor="operator", now=self.now)
        self.model.size = size
        self.model.settle()

    @precondition(lambda self: self.kinds)
    @rule(pick=PICKS, size=SIZES)
    def resize_a_category_as_shown(self, pick: int, size: int | None) -> None:
        kind, event = pick % len(self.kinds), events.get(self.event_id)
        wanted: dict[str, Any] = {"beside": {event.categories[kind].quota_id: size}, "now": self.now}
        with snapshot():
            shown = capacity.preview(event.id, event.size, **wanted)

        with transaction():
            capacity.apply(event.id, event.size, seal=shown.seal, actor="account:1", **wanted)

        before = set(self.model.seated)
        self.model.kinds[kind].size = size
        self.model.settle()
        assert {person.code for person in shown.seated} == set(self.model.seated) - before

    @rule()
    def settle_changes_nothing(self) -> None:
        with transaction():
            assert waitlist.settle(self.event_id, now=self.now).promoted == 0
        assert self.event_id not in waitlist.list_unsettled(now=self.now)

    @invariant()
    def books_are_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        model, event = self.model, events.get(self.event_id)
        assert (event.taken, event.waiting, event.size) == (model.taken(), len(model.waiting), model.size)
        assert [(category.taken, category.waiting) for category in event.categories] == [
            (list(model.seated.values()).count(kind), model.count_waiting(kind)) for kind in range(len(self.kinds))
        ]
        people = {code: own.get_own(code) for code in self.sent}
        found = {code: (person.state, person.position) for code, person in people.items()}
        assert found == (
            dict.fromkeys(model.seated, ("confirmed", None))
            | {code: ("waitlisted", model.position(code)) for code in model.waiting}
            | dict.fromkeys(model.ended, ("cancelled", None))
        )
        mails = select(func.count()).select_from(OutboxMail).where(OutboxMail.event_id == self.event_id)
        assert db.session.scalar(mails) == model.mails

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
@pytest.mark.rule("R3")
@pytest.mark.rule("R5")
@pytest.mark.rule("R9")
def test_whatever_people_do_the_books_stay_right(app, now) -> None:
    class Machine(Visitors):
        pass

    Machine.now = now
    run_state_machine_as_test(Machine, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))
