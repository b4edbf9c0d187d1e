"""One trial: start a cluster, let load and faults go on for a time, wait until all is quiet, look what is left."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from time import monotonic, sleep

from bench.visits import Answer
from regapp.mail import outbox
from regapp.rules.states import State
from tests.cluster import checks, delivered, stored
from tests.cluster.browser import Browser
from tests.cluster.cluster import AS_SHIPPED, Apps, Cluster, running
from tests.cluster.delivered import Deliveries
from tests.cluster.faults import Fault, Faults
from tests.cluster.load import Load, Seen
from tests.cluster.sink import Temper
from tests.cluster.stored import Stored
from tests.races.visitors import look

STUCK_AFTER = 70.0
"""Seconds after the last fault in which no mail leaves: longer than workers pause. How fast they are is not asked."""
PAGES = 200
"""Own pages that are looked at in the end: the ends of the queue, and some with a place."""


@dataclass
class Outcome:
    """What a trial did and found. `findings`: what does not hold, in words; empty if all is well.

    `spoilt`: conversations with the mail server that did not end well; `log`: what all programs said.
    """

    seconds: float
    done: Counter[Fault]
    seen: Seen
    stored: Stored
    deliveries: Deliveries
    spoilt: Counter[Temper]
    with_redis: bool
    findings: list[str] = field(default_factory=list)
    log: str = ""


def hold(
    *, seconds: float, visitors: int, seed: int, apps: Apps = AS_SHIPPED, kinds: Sequence[Fault] = tuple(Fault)
) -> Outcome:
    """Hold a trial with so many visitors at the same time.

    `seconds`: how long faults are begun, in rounds; there is at least one round of all `kinds`.
    """
    began = monotonic()
    with running(apps) as cluster, cluster.app.app_context():
        load = Load(cluster, visitors=visitors, seed=seed)
        faults = Faults(cluster, load.seen, random.Random(seed))
        troubles = _rage(load, faults, kinds, until=monotonic() + seconds)
        _serve_half_of_those_who_wait(cluster, load)
        troubles += _drain()
        found, deliveries = stored.read(cluster.slug), delivered.sort(cluster.mailbox.taken())
        spoilt, with_redis = cluster.mailbox.spoilt(), cluster.redis is not None
        outcome = Outcome(0.0, faults.done, load.seen, found, deliveries, spoilt, with_redis, troubles)
        outcome.findings += _findings(cluster, outcome)
        outcome.log = _all_that_was_said(cluster)
    outcome.seconds = monotonic() - began
    return outcome


def _all_that_was_said(cluster: Cluster) -> str:
    logs = sorted(cluster.folder.glob("*.log"))
    return "".join(f"{log.stem}: {line}" for log in logs for line in log.read_text(errors="replace").splitlines(True))


def _rage(load: Load, faults: Faults, kinds: Sequence[Fault], *, until: float) -> list[str]:
    """Let load and faults go on; return what did not come back by itself."""
    load.start()
    try:
        for number, kind in enumerate(cycle(kinds)):
            if number >= len(kinds) and monotonic() > until:
                break
            faults.make(kind)
        load.let_some_wait()
    except AssertionError as error:
        return [str(error)]
    finally:
        faults.let_go_on()
        faults.cluster.mailbox.temper = Temper.KIND
        load.end()
    return []


def _serve_half_of_those_who_wait(cluster: Cluster, load: Load) -> None:
    """Change the size a last time: to more than are seated, and less than would like to be."""
    left = stored.read(cluster.slug)
    load.resize(len(left.in_state(State.CONFIRMED)) + len(left.in_state(State.WAITLISTED)) // 2)


def _drain() -> list[str]:
    """Wait until every mail has left; a pause after a refusal is cut short, a lease is not."""
    least, give_up = None, monotonic() + STUCK_AFTER
    while unsent := outbox.count_waiting():
        if least is None or unsent < least:
            least, give_up = unsent, monotonic() + STUCK_AFTER
        if monotonic() > give_up:
            return [f"{unsent} mails still wait, and none has left for {STUCK_AFTER:.0f} s"]
        stored.skip_pauses()
        sleep(0.2)
    return []


def _findings(cluster: Cluster, outcome: Outcome) -> Iterator[str]:
    seen, found = outcome.seen, outcome.stored
    pages = _open_pages(cluster, outcome)
    yield from checks.check_visitors(seen)
    yield from checks.check_forms(found, seen)
    yield from checks.check_books(cluster, found)
    yield from checks.check_order(found, seen.booked)
    yield from checks.check_positions(found, pages)
    yield from checks.check_written(found)
    yield from delivered.check_delivered(found, outcome.deliveries, outcome.done)


def _open_pages(cluster: Cluster, outcome: Outcome) -> dict[str, Answer]:
    """Return own pages, by reference, of those who can tell whether the queue is shown as it is."""
    queue = sorted(outcome.stored.in_state(State.WAITLISTED), key=lambda row: row.queue_no)
    seated = outcome.stored.in_state(State.CONFIRMED)
    wanted = {row.code for row in [*queue[: PAGES // 2], *queue[-PAGES // 4 :], *seated[-PAGES // 4 :]]}
    browser = Browser(cluster.ports, outcome.seen.tally, random.Random(0))
    paths = {booked.code: min(booked.paths) for booked in outcome.seen.booked if booked.code in wanted}
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda path: browser.ask(look(path)), paths.values())
        return dict(zip(paths, answers, strict=True))
