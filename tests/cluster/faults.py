"""What goes wrong, in turn and again and again, and how each part comes back."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic, sleep

from tests.cluster.cluster import LEASE, Cluster
from tests.cluster.load import Seen
from tests.cluster.programs import Program, talks_to, wait_until
from tests.cluster.sink import Temper

AWAY = 0.7
"""Seconds until a part that was killed is started again."""
WITH_THE_SINK = 1.5
"""Seconds for which the mail server behaves badly at least."""
CALM = 10
"""Answers that visitors get between two faults."""


class Fault(StrEnum):
    """What goes wrong, in the order of one round. A stopped worker stays so during all that comes before GOES_ON."""

    WORKER_KILLED = "mail worker killed while it sends (SIGKILL)"
    WORKER_STOPPED = "mail worker stopped past its lease (SIGSTOP)"
    DATABASE = "PostgreSQL stopped at once (pg_ctl -m immediate)"
    WEB_PROCESS = "web process killed (SIGKILL)"
    REDIS = "Redis killed (SIGKILL)"
    WEB_SERVER = "web server killed (SIGKILL)"
    SINK_HANGS = "mail server hangs"
    SINK_DROPS = "mail server drops after DATA"
    SINK_PUTS_OFF = "mail server answers 451"
    SINK_REFUSES = "mail server answers 550"
    GOES_ON = "stopped mail worker goes on (SIGCONT)"


@dataclass
class Faults:
    """The faults of a running cluster. `done`: how often each was made."""

    cluster: Cluster
    seen: Seen
    choice: random.Random
    done: Counter[Fault] = field(default_factory=Counter)
    _stopped: tuple[Program, float] | None = None

    def make(self, fault: Fault) -> None:
        """Let it go wrong, mend it as a supervisor would, and wait until visitors are served as before."""
        if fault is Fault.REDIS and self.cluster.redis is None:
            return
        self._ways[fault]()
        self.done[fault] += 1
        self._calm_down()

    @property
    def _ways(self) -> dict[Fault, Callable[[], None]]:
        return {
            Fault.WORKER_STOPPED: self._stop_a_worker,
            Fault.WEB_PROCESS: self._kill_a_web_process,
            Fault.REDIS: self._kill_redis,
            Fault.WEB_SERVER: lambda: self._kill(self.choice.choice(self.cluster.web)),
            Fault.DATABASE: self._crash_the_database,
            Fault.SINK_HANGS: lambda: self._spoil_the_sink(Temper.HANGS),
            Fault.SINK_DROPS: lambda: self._spoil_the_sink(Temper.DROPS),
            Fault.GOES_ON: self.let_go_on,
            Fault.SINK_PUTS_OFF: lambda: self._spoil_the_sink(Temper.PUTS_OFF),
            Fault.SINK_REFUSES: lambda: self._spoil_the_sink(Temper.REFUSES),
            Fault.WORKER_KILLED: self._kill_a_worker,
        }

    def let_go_on(self) -> None:
        """Let a worker that was stopped go on, once others may have taken its mails."""
        if self._stopped is None:
            return
        worker, go_on_at = self._stopped
        sleep(max(0.0, go_on_at - monotonic()))  # what is waited for is the time itself
        worker.send(signal.SIGCONT)
        self._stopped = None

    def _kill(self, program: Program) -> None:
        program.kill()
        sleep(AWAY)
        program.start()

    def _kill_a_web_process(self) -> None:
        """Kill one of a server's processes; that another one comes is the server's own business."""
        server = self.choice.choice(self.cluster.web)
        before = server.workers()
        os.kill(self.choice.choice(before), signal.SIGKILL)
        wait_until(
            lambda: len(server.workers()) == len(before) and server.workers() != before,
            f"{server.name} to have its process again",
        )

    def _kill_a_worker(self) -> None:
        """Kill a worker in the middle of a conversation."""
        worker = self._one_that_sends()
        worker.kill()
        self.cluster.mailbox.temper = Temper.KIND
        sleep(AWAY)
        worker.start()

    def _stop_a_worker(self) -> None:
        """Stop a worker in the middle of a conversation; `let_go_on` ends that."""
        worker = self._one_that_sends()
        worker.send(signal.SIGSTOP)
        self.cluster.mailbox.temper = Temper.KIND
        self._stopped = worker, monotonic() + LEASE + 1

    def _one_that_sends(self) -> Program:
        self.cluster.mailbox.temper = Temper.SLOW
        sending: list[Program] = []

        def look() -> bool:
            sending[:] = [one for one in self.cluster.workers if talks_to(one.pid, self.cluster.mail_port)]
            return bool(sending)

        wait_until(look, "a worker to send")
        return self.choice.choice(sending)

    def _crash_the_database(self) -> None:
        self.cluster.database.crash()
        sleep(AWAY)
        self.cluster.database.start()

    def _kill_redis(self) -> None:
        if self.cluster.redis is not None:
            self._kill(self.cluster.redis)

    def _spoil_the_sink(self, temper: Temper) -> None:
        """Let it behave badly for a time, and until somebody has noticed."""
        mailbox = self.cluster.mailbox
        before = mailbox.spoilt()[temper]
        mailbox.temper = temper
        sleep(WITH_THE_SINK)
        wait_until(lambda: mailbox.spoilt()[temper] > before, f"a worker to meet a mail server that {temper.name}")
        mailbox.temper = Temper.KIND

    def _calm_down(self) -> None:
        """Wait until every server answers and some visitors have registered."""
        self.cluster.wait_until_answering()
        enough = len(self.seen.booked) + CALM
        wait_until(lambda: len(self.seen.booked) >= enough, f"{CALM} visitors to be answered")
