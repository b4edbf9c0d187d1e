"""What a number of places would do is what it does: on both databases, for any queue, size and policy."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from regapp.db import db, snapshot, table, transaction
from regapp.errors import EventOver, NotFound
from regapp.models import Event, History, OutboxMail, Party, Quota, Registration
from regapp.rules.seating import Fit, Policy, Waiting, serve
from regapp.rules.states import State
from regapp.services import capacity, events, waitlist
from regapp.services.capacity import Outlook, Resized
from regapp.services.events import EventFacts
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.statements import counting

SIZES = st.none() | st.integers(0, 12)
_numbers = count(1)


def crowd(*, size: int | None, seated: int, waiting: int, fit: Fit) -> EventFacts:
    """Store people as they stand, also where no settling would leave them so: a size that was changed by hand."""
    event = make_event(slug=f"crowd-{next(_numbers)}", size=size, fit=fit)
    with transaction():
        for number in range(1, seated + waiting + 1):
            queue_no = number - seated if number > seated else None
            unique = f"{event.id}-{number}"
            party = db.session.execute(
                insert(table(Party)).returning(table(Party).c.id), {
                    "event_id": event.id, "contact_key": unique, "contact_name": f"P {number}", "lang": "en",
                    "contact_email": f"{unique}@example.org", "submission_hash": unique, "queue_no": queue_no,
                },
            ).scalar_one()  # fmt: skip
            db.session.add(
                Registration(
                    event_id=event.id, party_id=party, code=unique, queue_no=queue_no, registered_at=event.opens_at,
                    state=State.CONFIRMED if queue_no is None else State.WAITLISTED, email=f"{unique}@example.org",
                )
            )  # fmt: skip
        mine = update(Quota).where(Quota.event_id == event.id)
        db.session.execute(mine.values(taken=seated, waiting=waiting, last_seq=waiting))
    return events.get(event.id)


def look(event: EventFacts, size: int | None, now: datetime) -> Outlook:
    with snapshot():
        return capacity.preview(event.id, size, now=now)


def carry_out(event: EventFacts, size: int | None, seal: str, now: datetime) -> Resized | Outlook:
    with transaction():
        done = capacity.apply(event.id, size, seal=seal, actor="account:1", now=now)
    while isinstance(done, Resized) and waitlist.list_unsettled(now=now):
        with transaction():
            waitlist.settle(event.id, now=now)
    return done


def confirmed(event: EventFacts) -> set[str]:
    wanted = select(Registration.code).where(Registration.event_id == event.id, Registration.state == State.CONFIRMED)
    return set(db.session.scalars(wanted))


def in_line(event: EventFacts) -> list[str]:
    wanted = select(Registration.code).where(Registration.event_id == event.id, Registration.queue_no.is_not(None))
    return list(db.session.scalars(wanted.order_by(Registration.queue_no)))


@pytest.mark.rule("R3")
@pytest.mark.rule("R4")
def test_what_is_shown_is_what_the_rule_says_and_what_happens(app: Any, now: datetime) -> None:
    @settings(max_examples=60)
    @given(before=SIZES, after=SIZES, seated=st.integers(0, 8), waiting=st.integers(0, 8), fit=st.sampled_from(Fit))
    def holds(before: int | None, after: int | None, seated: int, waiting: int, fit: Fit) -> None:
        event = crowd(size=before, seated=seated, waiting=waiting, fit=fit)
        had, queue = confirmed(event), in_line(event)
        free = {0: float("inf") if after is None else after - seated}
        ruled = serve(free, [Waiting(i, {0: 1}, frozenset({None})) for i in range(waiting)], Policy(0, fit))

        shown = look(event, after, now)
        done = carry_out(event, after, shown.seal, now)

        expected = [queue[index] for index in ruled.moves]
        rest = [code for code in queue if code not in expected]
        assert [person.code for person in shown.seated] == expected
        assert (shown.next and shown.next.code) == (rest[0] if rest else None)
        assert isinstance(done, Resized)
        assert (confirmed(event), in_line(event)) == (had | set(expected), rest)
        stands = events.get(event.id)
        assert (stands.taken, stands.waiting, stands.size) == (shown.after.taken, shown.after.waiting, after)

    holds()


def test_looking_costs_the_same_however_many_are_served(app: Any, now: datetime) -> None:
    counts = []
    for waiting in (3, 300):
        event = crowd(size=1, seated=1, waiting=waiting, fit=Fit.STRICT)
        with counting() as statements:
            look(event, waiting, now)
        counts.append(len(statements))

    assert counts[0] == counts[1]


def test_a_long_queue_is_looked_at_to_its_end(app: Any, now: datetime) -> None:
    event = crowd(size=1, seated=1, waiting=waitlist.MOST + 200, fit=Fit.STRICT)

    shown = look(event, waitlist.MOST + 101, now)

    assert len(shown.seated) == waitlist.MOST + 100
    assert (shown.after.taken, shown.after.waiting) == (waitlist.MOST + 101, 100)
    assert shown.next is not None
    assert shown.next.name == f"P {waitlist.MOST + 102}"


def test_what_is_no_longer_so_is_returned_and_leaves_nothing(app: Any, now: datetime) -> None:
    event = make_event(size=1)
    for _ in range(3):
        make_registration(event, now=now)
    shown = look(event, 2, now)
    make_registration(event, now=now)
    before = everything()

    done = carry_out(event, 2, shown.seal, now)

    assert isinstance(done, Outlook)
    assert (done.before.waiting, shown.before.waiting) == (3, 2)
    assert everything() == before


def test_the_seal_of_one_number_opens_no_other(app: Any, now: datetime) -> None:
    event = make_event(size=5)
    shown = look(event, 6, now)

    assert isinstance(carry_out(event, 7, shown.seal, now), Outlook)
    assert events.get(event.id).size == 5


def test_everybody_served_gets_one_mail_and_one_line(app: Any, now: datetime) -> None:
    event = crowd(size=1, seated=1, waiting=4, fit=Fit.STRICT)

    carry_out(event, 4, look(event, 4, now).seal, now)

    mails = db.session.scalars(select(OutboxMail.message).where(OutboxMail.event_id == event.id)).all()
    lines = db.session.scalars(select(History.action).where(History.event_id == event.id).order_by(History.id)).all()
    assert mails == ["promoted"] * 3
    assert lines == ["resized", "promoted", "promoted", "promoted"]


def test_an_event_that_is_over_or_unknown_has_no_outlook(app: Any, now: datetime) -> None:
    event = make_event(size=1)
    with transaction():
        db.session.execute(update(Event).values(status="cancelled"))

    for what in (look, lambda event, size, now: carry_out(event, size, "", now)):
        with pytest.raises(EventOver):
            what(event, 2, now)
    with pytest.raises(NotFound), snapshot():
        capacity.preview(404, 2, now=now)
