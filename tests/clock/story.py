"""A day and a half of an event, told by the minute: who does what, while a worker does what the clock makes due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag

import time_machine
from flask import Flask
from sqlalchemy import select

from regapp.cli.worker import Duty, list_duties
from regapp.db import db, snapshot
from regapp.models import History, OutboxMail, Quota, Registration
from regapp.services import books
from tests.clock.cast import Cast

MINUTE = timedelta(minutes=1)
HOUR = 60
SOON = 1
"""Minutes after something was done at which the worker looks."""
LOOKS = {*range(0, 31 * HOUR, HOUR), 192, 252, 312}
"""When it looks besides: every hour, and when a pause, a lease and the time of an announcement are over."""
WINDOWS = {
    "opens_at": 10,
    "closes_at": 20 * HOUR,
    "starts_at": 24 * HOUR,
    "ends_at": 26 * HOUR,
    "retain_until": 28 * HOUR,
}


@dataclass(frozen=True, slots=True)
class Clock:
    """What the clock on the wall shows. Units: minutes that have truly passed since the beginning.

    `slow`: when it shows an hour less than it should; `stopped`: when the worker does nothing.
    """

    begins: datetime
    slow: tuple[range, ...] = ()
    stopped: range = range(0)

    def shows(self, minute: int) -> datetime:
        """Return the time that it shows."""
        return self.begins + minute * MINUTE - HOUR * MINUTE * any(minute in hours for hours in self.slow)


@dataclass(frozen=True, slots=True)
class End:
    """How a story ended: of each person the state, what the history says, and the mails that they got, in order.

    `promoted`: who got a place later, in order. `seats`: size, taken, waiting, last number of each event.
    `late`: mails that left later than at the worker's next look, and after how many minutes.
    """

    states: Mapping[str, str]
    history: Mapping[str, list[str]]
    told: Mapping[str, list[str]]
    promoted: list[str]
    seats: list[tuple[int | None, int, int, int]]
    late: Mapping[str, int] = field(compare=False)


class Story:
    """The story, told by one clock."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self._app, self._clock, self._minute = app, clock, 0
        self._duties: list[Duty] = list_duties("worker", Flag())
        self._written: dict[tuple[int, str, datetime], int] = {}
        self._told: dict[str, list[str]] = defaultdict(list)
        self._late: dict[str, int] = {}
        with self._now():
            self._cast = Cast({name: clock.shows(minute) for name, minute in WINDOWS.items()})

    def tell(self) -> End:
        """Let everything happen, each at its minute, and the worker look in between; return how it ended."""
        steps = dict(self._steps())
        looks = {minute + SOON for minute in steps} | LOOKS
        for self._minute in sorted(looks | set(steps)):
            with self._now():
                if self._minute in steps:
                    steps[self._minute]()
                    self._note()
                if self._minute in looks and self._minute not in self._clock.stopped:
                    self._work()
                    self._note()
        return self._end()

    def _steps(self) -> Iterator[tuple[int, Callable[[], object]]]:
        cast = self._cast
        yield 5, cast.come_in_vain
        yield 15, lambda: cast.come("ana", "bela", "csilla", "hanna")
        yield 25, lambda: cast.come("dora", "erik", "fanni", "geza")
        yield 60, lambda: cast.cancel("ana")
        yield 130, lambda: cast.ask_for_link("bela")
        yield 150, lambda: cast.ask_for_link("bela")
        yield 180, lambda: cast.meet_a_full_disk("erik")
        yield 185, cast.make_room_on_the_disk
        yield 240, lambda: cast.change_as_a_worker_dies("fanni")
        yield 300, cast.announce
        yield 305, cast.announce_and_call_back
        yield 420, lambda: cast.resize(4)
        yield 480, lambda: cast.resize(3)
        yield 840, lambda: cast.erase("bela")
        yield 900, lambda: cast.cancel("csilla")
        yield 960, cast.call_other_off
        yield 23 * HOUR, lambda: cast.change_address("dora")
        yield 25 * HOUR + 30, lambda: cast.cancel_in_vain("dora")

    def _now(self) -> time_machine.travel:
        return time_machine.travel(self._clock.shows(self._minute), tick=False)

    def _work(self) -> None:
        """Let the worker do each duty whose time has come. It waits by time that has passed, whatever clocks show."""
        now = self._minute * 60.0
        for duty in self._duties:
            duty.run_if_due(self._app, now=now)
            while duty.due_at == now:  # there is more to do at once
                duty.run_if_due(self._app, now=now)

    def _note(self) -> None:
        """Note which mails are new, and which have left: they are forgotten with their people."""
        mails = list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))
        db.session.remove()  # nobody reads while the worker tidies up
        for mail in mails:
            key = (mail.id, mail.message, mail.created_at)  # SQLite gives an id again
            written = self._written.setdefault(key, self._minute)
            if mail.sent_at is None or written < 0:
                continue
            self._written[key] = -1
            whom = self._cast.names[mail.registration_id] if mail.registration_id else "organizer"
            self._told[whom].append(mail.message)
            if (after := self._minute - written) > SOON:
                self._late[mail.message] = max(after, self._late.get(mail.message, 0))

    def _end(self) -> End:
        names = self._cast.names
        with snapshot() as connection:
            assert books.verify(connection, now=self._clock.shows(self._minute)).differences == []
        lines = [
            (names[line.registration_id], line.action)
            for line in db.session.scalars(
                select(History).where(History.registration_id.is_not(None)).order_by(History.id)
            )
        ]
        return End(
            states={names[person.id]: person.state for person in db.session.scalars(select(Registration))},
            history={name: [action for who, action in lines if who == name] for name in names.values()},
            told=dict(self._told),
            promoted=[who for who, action in lines if action == "promoted"],
            seats=[
                (quota.size, quota.taken, quota.waiting, quota.last_seq)
                for quota in db.session.scalars(select(Quota).order_by(Quota.id))
            ],
            late=self._late,
        )
