"""What a trial did and counted, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from regapp.rules.states import State
from regapp.services.records import Action
from tests.cluster.checks import late
from tests.cluster.delivered import explained_copies
from tests.cluster.faults import Fault
from tests.cluster.sink import Temper
from tests.cluster.trial import Outcome

SPOILT = {
    Temper.HANGS: "hung",
    Temper.DROPS: "dropped after DATA",
    Temper.PUTS_OFF: "answered 451",
    Temper.REFUSES: "answered 550",
}


def table(outcome: Outcome) -> str:
    """Return the table, and below it what does not hold."""
    lines = [f"{what:<60}{count:>8,}" for what, count in _rows(outcome)]
    if not outcome.with_redis:
        lines.append("Redis is not installed here: every process counted by itself, and it was not killed.")
    verdict = "all of it holds" if not outcome.findings else f"{len(outcome.findings)} FINDINGS"
    lines += ["", f"{verdict}, after {outcome.seconds:.0f} s", *(f"- {finding}" for finding in outcome.findings)]
    return "\n".join(lines)


def _rows(outcome: Outcome) -> Iterator[tuple[str, int]]:
    seen, stored, sent = outcome.seen, outcome.stored, outcome.deliveries
    yield from ((fault.value, outcome.done[fault]) for fault in Fault if fault is not Fault.GOES_ON)
    for temper, times in outcome.spoilt.items():
        yield f"conversations in which the mail server {SPOILT[temper]}", times
    for what, times in sorted(seen.tally.counted.items()):
        yield f"visitors: {what}", times
    yield "forms sent until they were answered", len(seen.booked)
    yield "second forms that came after their visitor had cancelled", len(late(stored, seen))
    yield "registrations", len(stored.registrations)
    yield "of these confirmed", len(stored.in_state(State.CONFIRMED))
    yield "of these waiting", len(stored.in_state(State.WAITLISTED))
    yield "of these cancelled", len(stored.in_state(State.CANCELLED))
    yield "promotions", len(stored.lines(Action.PROMOTED))
    yield "times that the number of places changed", len(seen.sizes)
    yield "times that the operator found the database away", seen.put_off
    yield "mails written", len(stored.mails)
    yield "mails that arrived", len(sent.taken)
    yield "mails put off or refused at least once", sum(mail.attempts > 0 for mail in stored.mails)
    yield "copies since the mail server dropped the connection", sent.after_drops
    yield "copies since a kill or stop came before it was noted", sum(sent.repeated.values())
    yield "such copies that kills and stops explain, at most", explained_copies(outcome.done)
