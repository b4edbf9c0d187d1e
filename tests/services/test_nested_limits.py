"""Any sequence of what people and organizers do with categories leaves the books as a plain model says."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from regapp.db import snapshot, transaction
from regapp.services import books, capacity, categories, events, own, registrations, waitlist
from regapp.services.categories import Moved, NoRoom
from regapp.services.drafts import Applicant
from regapp.services.registrations import MustAgreeToWait, Registered
from tests.factories import attempt, make_applicant, make_category, make_event

PICKS = st.integers(0, 50)  # one of those who registered so far; their codes are random, their order is not
SIZES = st.none() | st.integers(0, 5)
KINDS = st.integers(0, 2)  # one of three categories


@dataclass
class Kind:
    """A category in the plain model."""

    size: int | None
    counts: bool


@dataclass
class Reference:
    """How nested limits work for people who come alone: whoever is first in the queue and fits everywhere gets in."""

    size: int | None
    kinds: list[Kind]
    seated: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)

    def taken(self) -> int:
        return sum(self.kinds[kind].counts for kind in self.seated.values())

    def has_room(self, kind: int) -> bool:
        mine, own_size = list(self.seated.values()).count(kind), self.kinds[kind].size
        room_in_event = not self.kinds[kind].counts or self.size is None or self.taken() < self.size
        return room_in_event and (own_size is None or mine < own_size)

    def settle(self) -> None:
        while code := next((code for code, kind in self.waiting.items() if self.has_room(kind)), None):
            self.seated[code] = self.waiting.pop(code)

    def position(self, code: str) -> int:
        mine = [other for other, kind in self.waiting.items() if kind == self.waiting[code]]
        return mine.index(code) + 1

    def move(self, code: str, kind: int) -> bool:
        """Say whether it is done."""
        if code in self.waiting:
            if self.waiting[code] != kind:
                del self.waiting[code]
                self.waiting[code] = kind
        elif self.seated[code] != kind:
            before = self.seated.pop(code)
            done = self.has_room(kind)
            self.seated[code] = kind if done else before
            return done
        return True


class Visitors(RuleBasedStateMachine):
    """Register, cancel, change the category, resize event and categories, settle, in any order."""

    now: Any = None
    count = 0

    @initialize(size=SIZES, sizes=st.tuples(SIZES, SIZES, SIZES), counts=st.tuples(*[st.booleans()] * 3))
    def publish(self, size: int | None, sizes: tuple[int | None, ...], counts: tuple[bool, ...]) -> None:
        Visitors.count += 1
        event = make_event(slug=f"nested-{Visitors.count}", size=size)
        self.kinds = [make_category(event, size=s, counts=c) for s, c in zip(sizes, counts, strict=True)]
        self.event_id = event.id
        self.model = Reference(size, [Kind(s, c) for s, c in zip(sizes, counts, strict=True)])
        self.sent: list[str] = []

    @rule(kind=KINDS, agrees=st.booleans(), locked=st.booleans())
    def register(self, kind: int, agrees: bool, locked: bool) -> None:
        applicant: Applicant = make_applicant(
            accept_waitlist=agrees, category_id=self.kinds[kind], submission=secrets.token_hex(16)
        )
        expected = "seated" if self.model.has_room(kind) else "waiting" if agrees else "must agree"

        outcome = attempt(events.get(self.event_id), applicant, now=self.now, locked=locked)

        match outcome:
            case Registered(code, _):
                assert expected in ("seated", "waiting")
                (self.model.seated if expected == "seated" else self.model.waiting)[code] = kind
                self.sent.append(code)
            case MustAgreeToWait(waiting):
                assert expected == "must agree"
                assert waiting == list(self.model.waiting.values()).count(kind)
            case _:
                raise AssertionError(outcome)

    @rule(pick=PICKS)
    def cancel(self, pick: int) -> None:
        if not self.sent:
            return
        code = self.sent[pick % len(self.sent)]

        with transaction():
            registrations.cancel(own.get_own(code).id, actor="attendee", now=self.now)

        for living in (self.model.seated, self.model.waiting):
            if living.pop(code, None) is not None:
                self.model.ended.append(code)
        self.model.settle()

    @rule(pick=PICKS, kind=KINDS)
    def change_category(self, pick: int, kind: int) -> None:
        living = [code for code in self.sent if code not in self.model.ended]
        if not living:
            return
        code = living[pick % len(living)]
        expected = self.model.move(code, kind)

        with transaction():
            outcome = categories.move(own.get_own(code).id, self.kinds[kind], actor="attendee", now=self.now)

        assert isinstance(outcome, Moved if expected else NoRoom)
        self.model.settle()

    @rule(size=SIZES)
    def resize_event(self, size: int | None) -> None:
        with transaction():
            capacity.resize(self.event_id, size, actor="operator", now=self.now)
        self.model.size = size
        self.model.settle()

    @rule(kind=KINDS, size=SIZES)
    def resize_category(self, kind: int, size: int | None) -> None:
        event = events.get(self.event_id)
        beside = {event.categories[kind].quota_id: size}
        with snapshot():
            shown = capacity.preview(event.id, event.size, beside=beside, now=self.now)
        with transaction():
            done = capacity.apply(
                event.id, event.size, beside=beside, seal=shown.seal, actor="account:1", now=self.now
            )  # fmt: skip
        self.model.kinds[kind].size = size
        before = set(self.model.seated)
        self.model.settle()
        assert {person.code for person in shown.seated} == set(self.model.seated) - before
        assert done.promoted == len(shown.seated)

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
        for kind, category in enumerate(event.categories):
            mine = [list(people.values()).count(kind) for people in (model.seated, model.waiting)]
            assert [category.taken, category.waiting] == mine
        found = {code: (own.get_own(code).state, own.get_own(code).position) for code in self.sent}
        assert found == (
            dict.fromkeys(model.seated, ("confirmed", None))
            | {code: ("waitlisted", model.position(code)) for code in model.waiting}
            | dict.fromkeys(model.ended, ("cancelled", None))
        )

    def teardown(self) -> None:
        if hasattr(self, "model"):
            with snapshot() as connection:
                assert books.verify(connection, now=self.now).differences == []


@pytest.mark.rule("R1")
@pytest.mark.rule("R3")
@pytest.mark.rule("R5")
def test_nested_limits_stay_right_whatever_people_do(app, now) -> None:
    class Machine(Visitors):
        pass

    Machine.now = now
    run_state_machine_as_test(Machine, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))
