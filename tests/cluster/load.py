"""The load: visitors who register, come back and cancel, and an operator who changes the number of places."""

from __future__ import annotations

import random
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, cycle
from threading import Event, Lock
from time import monotonic, sleep

from bench.visits import Answer, Ask
from tests.cluster.browser import AGAIN, PATIENCE, Browser, Tally
from tests.cluster.cluster import Cluster, DatabaseAway
from tests.cluster.programs import wait_until
from tests.races.visitors import cancel, location, register

THINKS = 0.3
"""Seconds at most that somebody waits before the next visit: two processors are to serve and to restart as well."""
RESIZES_EVERY = 2.0
"""Seconds between two changes of the number of places."""
WAITING = 30
"""Who come at least when there are no more places; some of them cancel."""
SHARES = (0.3, 0.45, 0.9, 0.35)
"""Places as shares of the forms sent so far: too few for all, then for a while enough."""
IMPATIENT, GOES_AWAY, RELOADS, COMES_TWICE, CANCELS, RETURNS = 0.15, 0.15, 0.1, 0.1, 0.4, 0.3
"""Shares of those who send their form to both servers at once, who send it and do not wait for the answer, who reload
the answer, who fill in a second form though they take part, who cancel, and of these who come back."""


@dataclass(slots=True)
class Booked:
    """A form that was sent until it was answered. Times: monotonic seconds, of the first try and of the answer.

    `paths`: where the answers led; the same one each time, if all is well.
    """

    email: str
    asked_at: float
    answered_at: float
    paths: set[str]
    cancelled: bool = False

    @property
    def code(self) -> str:
        """Return the reference of the registration."""
        return min(self.paths).removeprefix("/r/").rpartition("-")[0]


@dataclass
class Seen:
    """What visitors and operator saw.

    `wrong`: what nobody should see, in words; `put_off`: how often the operator had to give a command again;
    `under_way`: addresses whose second form was refused when it was sent again, while an earlier try had no answer. If
    that try arrives after its visitor has cancelled, it registers them: nothing tells it from a new form.
    """

    tally: Tally = field(default_factory=Tally)
    booked: list[Booked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    put_off: int = 0
    under_way: set[str] = field(default_factory=set)


class Load:
    """Gives the load until told to end."""

    def __init__(self, cluster: Cluster, *, visitors: int, seed: int) -> None:
        self.seen = Seen()
        self._visitors = visitors
        self._cluster, self._seed = cluster, seed
        self._stop, self._closing = Event(), Event()
        self._numbers, self._lock = count(1), Lock()
        self._pool = ThreadPoolExecutor(2 * visitors + 1, thread_name_prefix="visitor")
        self._running: list[Future[None]] = []

    def start(self) -> None:
        """Let everybody in."""
        self._running = [self._pool.submit(self._keep_visiting, number) for number in range(self._visitors)]
        self._running.append(self._pool.submit(self._keep_resizing))

    def end(self) -> None:
        """Let nobody begin anything new, and wait until everybody has been answered."""
        self._stop.set()
        for future in self._running:
            future.result()
        self._pool.shutdown()

    def let_some_wait(self) -> None:
        """Give no more places, until some visitors wait."""
        self._closing.set()
        wait_until(lambda: self.seen.sizes[-1:] == [0], "the last resize under load")
        enough = len(self.seen.booked) + WAITING
        wait_until(lambda: len(self.seen.booked) >= enough, f"{WAITING} visitors to wait")

    def resize(self, size: int) -> None:
        """Change the number of places; whoever finds the database away tries again."""
        give_up = monotonic() + PATIENCE
        while monotonic() < give_up:
            try:
                exit_code, said = self._cluster.command("seats", "resize", self._cluster.slug, str(size))
            except DatabaseAway:
                self.seen.put_off += 1
                sleep(AGAIN)
                continue
            self.seen.sizes.append(size)
            if exit_code:
                self.seen.wrong.append(f"resizing to {size} went wrong: {said[:300]}")
            return
        self.seen.wrong.append(f"resizing to {size} never reached the database")

    def _keep_resizing(self) -> None:
        for share in cycle(SHARES):
            if self._stop.wait(RESIZES_EVERY):
                return
            self.resize(0 if self._closing.is_set() else round(share * len(self.seen.booked)))

    def _keep_visiting(self, number: int) -> None:
        choice = random.Random(f"{self._seed} {number}")
        visitor = Visitor(self._cluster, self.seen, choice, self._pool)
        while not self._stop.wait(choice.random() * THINKS):
            with self._lock:
                email = f"visitor.{next(self._numbers)}@example.org"
            try:
                visitor.visit(email)
            except Exception as error:  # whatever befalls a visitor is a finding, and the others go on
                self.seen.wrong.append(f"{email}: {type(error).__name__}: {error}")


class Visitor:
    """What somebody does, with a browser."""

    def __init__(self, cluster: Cluster, seen: Seen, choice: random.Random, pool: ThreadPoolExecutor) -> None:
        self._cluster, self._seen, self._choice, self._pool = cluster, seen, choice, pool
        self._browser = Browser(cluster.ports, seen.tally, choice)

    def visit(self, email: str) -> None:
        """Register; perhaps try once more, cancel, come back."""
        mine = self._register(email)
        if mine is None:
            return
        if self._sometimes(COMES_TWICE):
            self._come_twice(email)
        if not self._sometimes(CANCELS):
            return
        self._cancel(mine)
        if self._sometimes(RETURNS):
            self._register(email)

    def _come_twice(self, email: str) -> None:
        """Fill in another form though one takes part."""
        ask, before = self._fill(email), self._browser.unanswered
        self._expect(self._send(ask), 200, "a second form of the same address")
        if self._browser.unanswered > before:
            self._seen.under_way.add(email)

    def _register(self, email: str) -> Booked | None:
        """Fill in a form and send it until it is answered; return None if the answer was wrong."""
        ask = self._fill(email)
        asked_at = monotonic()
        answers = self._send(ask)
        if self._sometimes(RELOADS):
            answers += [self._browser.ask(ask)]
        if not self._expect(answers, 303, "registering"):
            return None
        mine = Booked(email, asked_at, monotonic(), {location(answer) for answer in answers})
        self._seen.booked.append(mine)
        return mine

    def _fill(self, email: str) -> Ask:
        return register(self._cluster.slug, self._browser.open_form(self._cluster.slug), email)

    def _cancel(self, mine: Booked) -> None:
        path = min(mine.paths)
        form = self._browser.open_form(self._cluster.slug)
        if self._expect(self._send(cancel(path, form)), 303, "cancelling"):
            mine.cancelled = True

    def _send(self, ask: Ask) -> list[Answer]:
        """Send a form as people do: patiently, to both servers at once, or twice because they left too early."""
        if self._sometimes(IMPATIENT):
            second = self._pool.submit(self._browser.ask, ask)
            return [self._browser.ask(ask), second.result()]
        if self._sometimes(GOES_AWAY):
            self._browser.send_and_leave(ask)
        return [self._browser.ask(ask)]

    def _expect(self, answers: list[Answer], status: int, what: str) -> bool:
        wrong = [answer.status for answer in answers if answer.status != status]
        self._seen.wrong += [f"{what} was answered {found}" for found in wrong]
        return not wrong

    def _sometimes(self, share: float) -> bool:
        return self._choice.random() < share
