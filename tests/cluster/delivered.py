"""What reached the mail server: everything that was written, in order, and copies only where a fault explains them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.cluster.cluster import MAIL_WORKERS
from tests.cluster.faults import Fault
from tests.cluster.sink import Taken
from tests.cluster.stored import Stored

NAMED = 5


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What the sink took. `taken`: by number of the mail in the outbox, in order of arrival."""

    taken: dict[int, list[Taken]]

    @property
    def after_drops(self) -> int:
        """Return how many were taken once more because the sink ended the connection instead of answering."""
        return sum(not one.answered for copies in self.taken.values() for one in copies)

    @property
    def repeated(self) -> dict[int, int]:
        """Return the mails that were taken and answered more than once, with how many times too often."""
        answered = {number: sum(one.answered for one in copies) for number, copies in self.taken.items()}
        return {number: times - 1 for number, times in answered.items() if times > 1}


def sort(taken: Sequence[Taken]) -> Deliveries:
    """Put together what belongs to one mail."""
    found: dict[int, list[Taken]] = {}
    for one in taken:
        found.setdefault(int(one.message_id.removeprefix("<").partition(".")[0]), []).append(one)
    return Deliveries(found)


def explained_copies(done: Counter[Fault]) -> int:
    """Return how many mails may be answered twice at most.

    A worker that is killed, or stopped past its lease, has one mail in its hands; so has each of them when the database
    ends before it can note that the mail was sent.
    """
    once = done[Fault.WORKER_KILLED] + done[Fault.WORKER_STOPPED]
    return once + MAIL_WORKERS * done[Fault.DATABASE]


def check_delivered(stored: Stored, deliveries: Deliveries, done: Counter[Fault]) -> Iterator[str]:
    """Each mail arrived, at the right address and in the order of its registration, and copies are explained."""
    lost = [mail.id for mail in stored.mails if not any(one.answered for one in deliveries.taken.get(mail.id, []))]
    if lost:
        yield f"{len(lost)} mails never arrived: {lost[:NAMED]}"
    address = {row.id: row.email for row in stored.registrations}
    astray = [
        mail.id for mail in stored.mails
        if {one.recipient for one in deliveries.taken.get(mail.id, [])} - {address[mail.registration_id]}
    ]  # fmt: skip
    if astray:
        yield f"{len(astray)} mails went to somebody else: {astray[:NAMED]}"
    named = [{one.message_id for one in copies} for copies in deliveries.taken.values()]
    if any(len(names) > 1 for names in named):
        yield "copies of one mail have different names (Message-ID)"
    yield from _out_of_order(stored, deliveries)
    copies, explained = sum(deliveries.repeated.values()), explained_copies(done)
    if copies > explained:
        yield f"{copies} copies of mails, of which kills explain {explained}: {list(deliveries.repeated)[:NAMED]}"


def _out_of_order(stored: Stored, deliveries: Deliveries) -> Iterator[str]:
    """What arrived must have come after the earlier mails of the same registration."""
    latest: dict[int, float] = {}
    wrong = []
    for mail in stored.mails:  # in order of their numbers
        if mail.id not in deliveries.taken:
            continue
        at = deliveries.taken[mail.id][0].at
        if at < latest.get(mail.registration_id, 0.0):
            wrong.append(mail.id)
        latest[mail.registration_id] = at
    if wrong:
        yield f"{len(wrong)} mails came before an earlier one of the same registration: {wrong[:NAMED]}"
