"""Importing a list: what is shown is what happens, in the order of the rows, within the limits, and only once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, snapshot, transaction
from regapp.errors import EventOver, Moved, NotFound
from regapp.models import Consent, History, Import, OutboxMail, Registration
from regapp.services import books, events, importing, registrations
from regapp.services.adding import WhenFull
from regapp.services.events import EventFacts
from regapp.services.importing import Candidate, Decided, Fate, Outlook
from regapp.services.own import get_own
from regapp.services.sheets import Sheet
from tests.everything import everything
from tests.factories import CLOSES_AT, make_applicant, make_event, make_registration
from tests.web.organizers import make_account

ACTOR = "account:1"


def people(count: int, *, first: int = 1, **values: Any) -> list[Candidate]:
    """Return rows 2, 3, … with people whose addresses are numbered."""
    return [
        Candidate(
            number + 1,
            make_applicant(**{"email": f"p{number}@example.org", "submission": f"row {number}", **values}),
        )
        for number in range(first, first + count)
    ]


def look(event: EventFacts, rows: Sequence[Candidate], now: datetime, when_full: WhenFull = WhenFull.WAIT) -> Outlook:
    return importing.preview(event.id, rows, when_full=when_full, now=now)


def bring_in(
    event: EventFacts, rows: Sequence[Candidate], now: datetime, when_full: WhenFull = WhenFull.WAIT, *,
    tells: bool = True, seal: str = "",
) -> Outlook:  # fmt: skip
    """Look at what would happen, and do it."""
    seal = seal or look(event, rows, now, when_full).seal
    with transaction():
        return importing.apply(
            event.id, rows, when_full=when_full, tells=tells, seal=seal, actor=ACTOR, now=now
        )  # fmt: skip


def differences(now: datetime) -> list[str]:
    with snapshot() as connection:
        return [difference.what for difference in books.verify(connection, now=now).differences]


def states() -> Counter[str]:
    return Counter(db.session.scalars(select(Registration.state)))


@pytest.mark.rule("R1", "R3")
def test_300_into_250_fill_it_in_the_order_of_the_rows_and_a_second_time_change_nothing(
    app: Flask, now: datetime
) -> None:
    event, rows = make_event(size=250), people(300)
    shown = look(event, rows, now)

    done = bring_in(event, rows, now)

    assert done.rows == shown.rows
    assert [row.fate for row in done.rows] == [Fate.CONFIRMED] * 250 + [Fate.WAITING] * 50
    assert [row.position for row in done.rows[250:]] == list(range(1, 51))
    assert states() == {"confirmed": 250, "waitlisted": 50}
    waiting = db.session.scalars(
        select(Registration.email).where(Registration.queue_no.is_not(None)).order_by(Registration.queue_no)
    )
    assert list(waiting) == [f"p{number}@example.org" for number in range(251, 301)]
    assert Counter(db.session.scalars(select(OutboxMail.message))) == {"confirmed": 250, "waitlisted": 50}
    assert {(one.kind, one.version) for one in db.session.scalars(select(Consent))} == {("organizer", "1")}
    line = db.session.scalars(select(History).where(History.action == "imported")).one()
    assert line.numbers is not None
    assert (line.actor, line.numbers["confirmed"], line.numbers["waiting"]) == (ACTOR, 250, 50)
    assert differences(now) == []
    before = everything()

    again = bring_in(event, rows, now + timedelta(minutes=5))

    assert {row.fate for row in again.rows} == {Fate.KNOWN}
    assert everything() == before


def test_without_a_waiting_list_those_who_do_not_fit_are_left_out(app: Flask, now: datetime) -> None:
    event = make_event(size=2)

    done = bring_in(event, people(4), now, WhenFull.REFUSE)

    assert [row.fate for row in done.rows] == [Fate.CONFIRMED] * 2 + [Fate.REFUSED] * 2
    assert states() == {"confirmed": 2}
    assert differences(now) == []
    assert [row.fate for row in look(event, people(4), now).rows] == [Fate.KNOWN] * 2 + [Fate.WAITING] * 2


@pytest.mark.rule("R3")
def test_whoever_waits_already_is_not_passed(app: Flask, now: datetime) -> None:
    event = make_event(size=1)
    first, waits = make_registration(event, now=now), make_registration(event, now=now)

    bring_in(event, people(2), now)
    with transaction():
        registrations.cancel(first.id, actor="attendee", now=now)

    assert get_own(waits.code).state == "confirmed"
    assert differences(now) == []


def test_the_waiting_list_keeps_its_limit_and_its_end(app: Flask, now: datetime) -> None:
    event = make_event(size=0, waitlist_limit=2)
    over = make_event(size=1)

    assert [row.fate for row in bring_in(event, people(3), now).rows] == [Fate.WAITING] * 2 + [Fate.REFUSED]
    assert [row.fate for row in bring_in(over, people(2), CLOSES_AT).rows] == [Fate.CONFIRMED, Fate.REFUSED]
    assert differences(now) == []


def test_places_that_should_have_been_given_go_to_those_who_wait(app: Flask, now: datetime) -> None:
    event = make_event(size=0)
    waits = make_registration(event, now=now)
    with transaction():
        db.session.execute(db.text("UPDATE quotas SET size = 2"))

    done = bring_in(event, people(2), now)

    assert [row.fate for row in done.rows] == [Fate.CONFIRMED, Fate.WAITING]
    assert get_own(waits.code).state == "confirmed"
    assert differences(now) == []


@pytest.mark.rule("R8")
def test_who_is_registered_and_who_stands_in_the_list_twice_is_told_from_who_is_new(app: Flask, now: datetime) -> None:
    event = make_event()
    known = make_registration(event, now=now, email="KNOWN@example.org")
    rows = [*people(1, email="known@Example.org"), *people(2, first=2), *people(1, first=9, email="P2@example.org")]
    same = replace(rows[1], number=20)

    done = bring_in(event, [*rows, same], now)

    assert done.rows == [
        Decided(2, Fate.KNOWN, code=known.code),
        Decided(3, Fate.CONFIRMED),
        Decided(4, Fate.CONFIRMED),
        Decided(10, Fate.TWICE, twin=3),
        Decided(20, Fate.TWICE, twin=3),
    ]
    assert states() == {"confirmed": 3}
    assert differences(now) == []


@pytest.mark.rule("R9")
def test_whoever_was_imported_and_cancelled_is_not_brought_back_by_the_same_list(app: Flask, now: datetime) -> None:
    event, rows = make_event(), people(2)
    bring_in(event, rows, now)
    gone = db.session.scalars(select(Registration).order_by(Registration.id)).first()
    assert gone is not None
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=now)

    again = bring_in(event, rows, now)

    assert [row.fate for row in again.rows] == [Fate.KNOWN, Fate.KNOWN]
    assert states() == {"confirmed": 1, "cancelled": 1}


def test_a_corrected_row_beside_that_of_somebody_who_cancelled_is_the_same_person(app: Flask, now: datetime) -> None:
    event, (old, *_) = make_event(), people(1)
    bring_in(event, [old], now)
    gone = db.session.scalars(select(Registration)).one()
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=now)
    corrected = Candidate(old.number + 1, replace(old.applicant, submission="another row"))

    again = bring_in(event, [old, corrected], now)

    assert [row.fate for row in again.rows] == [Fate.KNOWN, Fate.TWICE]
    assert states() == {"cancelled": 1}


@pytest.mark.parametrize(
    "move",
    [
        pytest.param(lambda event, now: make_registration(event, now=now), id="somebody took the last place"),
        pytest.param(
            lambda event, now: make_registration(event, now=now, email="p2@example.org"), id="somebody of the list came"
        ),
    ],
)
def test_what_has_moved_meanwhile_is_not_done(
    app: Flask, now: datetime, move: Callable[[EventFacts, datetime], object]
) -> None:
    event, rows = make_event(size=3), people(3)
    seal = look(event, rows, now).seal
    move(event, now)
    before = everything()

    with pytest.raises(Moved):
        bring_in(event, rows, now, seal=seal)

    assert everything() == before
    bring_in(event, rows, now)
    assert differences(now) == []


def test_what_moves_without_changing_a_fate_is_no_reason_to_ask_again(app: Flask, now: datetime) -> None:
    event, rows = make_event(size=100), people(3)
    seal = look(event, rows, now).seal
    make_registration(event, now=now)

    assert bring_in(event, rows, now, seal=seal).event.taken == 4


def test_nobody_is_told_if_that_is_not_wanted(app: Flask, now: datetime) -> None:
    bring_in(make_event(size=1), people(2), now, tells=False)

    assert db.session.scalars(select(OutboxMail)).all() == []


def test_nobody_is_imported_into_what_will_not_take_place(app: Flask, now: datetime) -> None:
    event = make_event(status="cancelled")

    with pytest.raises(EventOver):
        look(event, people(1), now)
    with pytest.raises(EventOver), transaction():
        importing.apply(
            event.id, people(1), when_full=WhenFull.WAIT, tells=True, seal="", actor=ACTOR, now=now
        )  # fmt: skip


def test_two_imports_and_visitors_at_once_never_fill_an_event_twice(
    app: Flask, now: datetime, build_app: Callable[..., Flask]
) -> None:
    event = make_event(size=50)
    forwards, backwards = people(60), [*reversed(people(60))]

    def import_until_done(rows: Sequence[Candidate]) -> None:
        with build_app().app_context():
            while True:
                try:
                    bring_in(event, rows, now)
                except Moved:
                    continue
                return

    def register() -> None:
        with build_app().app_context():
            for _ in range(10):
                make_registration(event, now=now)

    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(import_until_done, forwards),
            pool.submit(import_until_done, backwards),
            pool.submit(register),
        ]
        for job in jobs:
            job.result(timeout=120)

    db.session.rollback()
    assert states() == {"confirmed": 50, "waitlisted": 20}
    assert events.get(event.id).taken == 50
    assert differences(now) == []


def test_a_list_is_kept_for_its_account_and_event_for_an_hour(app: Flask, now: datetime) -> None:
    event, other = make_event(), make_event()
    me, you = make_account(), make_account()
    sheet = Sheet(["Name"], [(2, ["Ana"])], {"encoding": "utf-8", "delimiter": ","})
    with transaction():
        kept = importing.keep(event.id, me.id, "x" * 300, sheet, now=now)

    assert importing.get(kept, event.id, me.id, now=now).rows == [[2, "Ana"]]
    for wrong in ((kept, other.id, me.id), (kept, event.id, you.id), (kept + 1, event.id, me.id)):
        with pytest.raises(NotFound):
            importing.get(*wrong, now=now)
        with pytest.raises(NotFound), transaction():
            importing.drop(*wrong, now=now)
    with pytest.raises(NotFound):
        importing.get(kept, event.id, me.id, now=now + importing.KEPT)

    with transaction():
        assert importing.forget_old(now=now + importing.KEPT - timedelta(seconds=1)) == 0
        assert importing.forget_old(now=now + importing.KEPT) == 1
    assert db.session.scalars(select(Import)).all() == []
