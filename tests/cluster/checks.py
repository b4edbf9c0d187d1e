"""What must hold afterwards. Each check yields a sentence for everything that does not hold, and else nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from bench.visits import Answer
from regapp.mail.messages import Message
from regapp.rules.states import LIVING, State
from regapp.services.records import Action
from tests.cluster.browser import Tally
from tests.cluster.cluster import Cluster
from tests.cluster.load import Booked, Seen
from tests.cluster.stored import AnyRow, Stored
from tests.races.visitors import standing

NAMED = 5
"""Examples that a sentence names."""
ANSWERS = frozenset({"form 200", "POST 200", "POST 303", "form 503", "POST 503", "page 200", "page 503"})
"""What may be answered; 503 is the page that tells people to try again."""
NO_ANSWERS = frozenset({"not connected", "connection lost", "left before the answer"})
"""What may happen instead, after which people try again."""


def check_visitors(seen: Seen) -> Iterator[str]:
    """Everybody was answered or told to try again, and saw nothing else."""
    yield from seen.wrong
    yield from _unexpected(seen.tally)


def _unexpected(tally: Tally) -> Iterator[str]:
    for what, times in tally.counted.items():
        if what not in ANSWERS | NO_ANSWERS:
            yield f"{what}: {times} times"


def check_forms(stored: Stored, seen: Seen) -> Iterator[str]:
    """Each form is one registration, whatever was sent how often; what was answered is there, and nothing else is.

    Save second forms that came so late that their visitor had cancelled meanwhile: one an address at most.
    """
    several = [booked.email for booked in seen.booked if len(booked.paths) > 1]
    if several:
        yield f"{len(several)} forms led to several registrations: {several[:NAMED]}"
    answered, found = {booked.code: booked for booked in seen.booked}, {row.code: row for row in stored.registrations}
    for what, codes in (
        ("answered, but not stored", answered.keys() - found.keys()),
        ("stored, but nobody's", found.keys() - answered.keys() - {row.code for row in late(stored, seen)}),
    ):
        if codes:
            yield f"{len(codes)} registrations {what}: {sorted(codes)[:NAMED]}"
    for code in answered.keys() & found.keys():
        if (found[code].state == State.CANCELLED) != answered[code].cancelled:
            yield f"{code} is {found[code].state}, though cancelled by its visitor: {answered[code].cancelled}"


def late(stored: Stored, seen: Seen) -> list[AnyRow]:
    """Return the registrations that second forms made after their visitors had cancelled."""
    answered = {booked.code for booked in seen.booked}
    rows = [row for row in stored.registrations if row.email in seen.under_way and row.code not in answered]
    return list({row.email: row for row in rows}.values())


def check_books(cluster: Cluster, stored: Stored) -> Iterator[str]:
    """The product's own check is content; nobody lives twice; all places are given, and no more."""
    exit_code, said = cluster.command("seats", "verify", "--patience", "0")
    if exit_code:
        yield f"seats verify: {said}"
    living = Counter(row.email for row in stored.registrations if row.state in LIVING)
    twice = [email for email, times in living.items() if times > 1]
    if twice:
        yield f"{len(twice)} people take part twice: {twice[:NAMED]}"
    confirmed, waiting = len(stored.in_state(State.CONFIRMED)), len(stored.in_state(State.WAITLISTED))
    if confirmed > stored.size or (waiting and confirmed < stored.size):
        yield f"{confirmed} people on {stored.size} places, while {waiting} wait"


def check_order(stored: Stored, booked: list[Booked]) -> Iterator[str]:
    """Numbers were given, and places went to those who waited, in the order of the decisions, as seen from outside."""
    given = {line.registration_id: line.numbers["queue_no"] for line in stored.lines(Action.REGISTERED) if line.numbers}
    promoted = [given.get(line.registration_id, 0) for line in stored.lines(Action.PROMOTED)]
    for what, numbers in (("numbers were not given in order", list(given.values())), ("somebody was passed", promoted)):
        wrong = [pair for pair in pairwise(numbers) if pair[0] >= pair[1]]
        if wrong:
            yield f"{what}: {wrong[:NAMED]}"
    passed = [row.queue_no for row in stored.in_state(State.WAITLISTED) if row.queue_no < max(promoted, default=0)]
    if passed:
        yield f"{len(passed)} people still wait, though others behind them have a place: {passed[:NAMED]}"
    yield from _passed_from_outside(stored, booked, given)


def _passed_from_outside(stored: Stored, booked: list[Booked], given: dict[int, int]) -> Iterator[str]:
    """Whoever began only when another had been answered must be behind them."""
    number = {row.code: given[row.id] for row in stored.registrations if row.id in given}
    queued = [one for one in booked if one.code in number]
    answered = iter(sorted(queued, key=lambda one: one.answered_at))
    ahead, earlier = 0, next(answered, None)
    for one in sorted(queued, key=lambda one: one.asked_at):
        while earlier is not None and earlier.answered_at < one.asked_at:
            ahead, earlier = max(ahead, number[earlier.code]), next(answered, None)
        if number[one.code] < ahead:
            yield f"{one.email} got number {number[one.code]} after number {ahead} had been answered"


def check_positions(stored: Stored, pages: dict[str, Answer]) -> Iterator[str]:
    """Everybody's own page says where they stand; `pages`: by reference."""
    queue = sorted(stored.in_state(State.WAITLISTED), key=lambda row: row.queue_no)
    position = {row.code: number for number, row in enumerate(queue, 1)}
    wrong = [
        row.code for row in stored.registrations
        if row.code in pages and standing(pages[row.code]) != (row.state, position.get(row.code))
    ]  # fmt: skip
    if wrong:
        yield f"{len(wrong)} pages show another place than the queue: {wrong[:NAMED]}"


MAIL_ABOUT = {
    (Action.REGISTERED, State.CONFIRMED): Message.CONFIRMED,
    (Action.REGISTERED, State.WAITLISTED): Message.WAITLISTED,
    (Action.PROMOTED, State.CONFIRMED): Message.PROMOTED,
    (Action.CANCELLED, State.CANCELLED): Message.CANCELLED,
}
"""Which mail each change of a state causes (R13)."""


def check_written(stored: Stored) -> Iterator[str]:
    """Each change of a state has its one mail, each mail was sent, and nobody holds one any more."""
    due = Counter(
        (line.registration_id, MAIL_ABOUT[line.action, line.after]) for line in stored.history if line.registration_id
    )
    written = Counter(
        (mail.registration_id, Message(mail.message))
        for mail in stored.mails
        if mail.message != Message.ALREADY_REGISTERED
    )
    for what, found in (("were not written", due - written), ("were written too often", written - due)):
        if found:
            yield f"{found.total()} mails {what}: {list(found)[:NAMED]}"
    for what, wrong in (
        ("were not sent", [mail.id for mail in stored.mails if mail.sent_at is None]),
        ("were given up", [mail.id for mail in stored.mails if mail.failed_at is not None]),
        ("are still claimed", [mail.id for mail in stored.mails if mail.lease_until is not None]),
    ):
        if wrong:
            yield f"{len(wrong)} mails {what}: {wrong[:NAMED]}"
