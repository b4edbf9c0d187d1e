"""The outbox: claims what is due, sends it with no transaction open, records what came of it.

Source: R13, R14; docs/adr/0003-outbox.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import and_, bindparam, exists, func, or_, select, union_all, update
from sqlalchemy.orm import aliased

from regapp.clock import utcnow
from regapp.db import compact, db, transaction
from regapp.errors import NotFound
from regapp.mail.announcing import withhold
from regapp.mail.letters import Letter
from regapp.mail.messages import MARK, Message
from regapp.mail.render import render
from regapp.mail.transport import (
    Connection,
    Folder,
    MailMessage,
    Unreachable,
    ends_conversation,
    mail,
    server_words,
)
from regapp.models import Announcement, Category, Event, OutboxMail, Quota, QuotaKind, Registration

BATCH = 50
"""Mails claimed, and sent over one connection, at a time."""
STEPS = 14
"""Answers of a mail server that one mail may wait for, connecting and signing in included."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""Time until the next attempt, by the number of attempts before; the last one repeats."""
GIVE_UP = timedelta(days=3)
"""How long a mail is tried."""
WORDS = 300
"""Characters kept of what a mail server says."""

WRITTEN_BY_HAND = frozenset({Message.CONTACT, Message.ANNOUNCEMENT})
"""Mails whose facts may hold somebody's words, which are forgotten once they are sent."""

Clock = Callable[[], datetime]
log = structlog.get_logger()

_earlier, _beside = aliased(OutboxMail), aliased(Quota)
_UNSENT = and_(OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None))
_NONE_BEFORE = ~exists().where(
    _earlier.registration_id == OutboxMail.registration_id,
    _earlier.id < OutboxMail.id,
    func.coalesce(_earlier.sent_at, _earlier.failed_at).is_(None),  # not as in `_UNSENT`, see below
    _earlier.announcement_id.is_(None),
)
"""The mails of one registration leave in order, so one that is tried again holds back those behind it.

Not so an announcement, which waits for its ten minutes and tells nothing about the registration. Written so that no
index of all unsent mails fits: PostgreSQL takes these for few until it has looked at the table (ANALYZE, not before a
minute, and not soon after a crash), and would read all of them again for each.
"""
_DUE = (
    select(OutboxMail.id)
    .where(
        _UNSENT,
        OutboxMail.due_at <= bindparam("now"),
        or_(OutboxMail.lease_until.is_(None), OutboxMail.lease_until <= bindparam("now")),
        _NONE_BEFORE,
    )
    .order_by(OutboxMail.priority, OutboxMail.due_at, OutboxMail.id)
    .limit(bindparam("limit"))
)
_LETTERS = (
    select(
        OutboxMail.id, OutboxMail.message, OutboxMail.lang, OutboxMail.to_address, OutboxMail.to_name,
        OutboxMail.facts, OutboxMail.created_at, OutboxMail.attempts, OutboxMail.lease_until,
        Registration.registered_at, Event.slug, Event.tz, Event.starts_at, Event.ends_at, Event.closes_at,
        Event.serve_until, Event.change_until, Event.online_url, Event.contact_address, Event.texts, Quota.size,
        Announcement.subject, Announcement.body, Category.texts, _beside.size, Category.counts,
    )
    .outerjoin(Event, Event.id == OutboxMail.event_id)  # mails about an account are about no event
    .outerjoin(Quota, and_(Quota.event_id == Event.id, Quota.kind == QuotaKind.EVENT))
    .outerjoin(Registration, Registration.id == OutboxMail.registration_id)
    .outerjoin(Category, Category.id == Registration.category_id)
    .outerjoin(_beside, _beside.id == Category.quota_id)
    .outerjoin(Announcement, Announcement.id == OutboxMail.announcement_id)
    .order_by(OutboxMail.priority, OutboxMail.due_at, OutboxMail.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one batch. `failed`: refused this time; `reachable`: whether the server still talks to us."""

    sent: int = 0
    failed: int = 0
    reachable: bool = True


def send_due(*, clock: Clock = utcnow, stopping: Callable[[], bool] = lambda: False) -> Report:
    """Send one batch of what is due; nothing is due if nothing was sent or failed. Ends early when asked to stop."""
    if not _is_anything_due(now=clock()):
        return Report()
    claimed_at = monotonic()
    batch = claim(now=clock())
    try:
        with mail.connect() as connection:
            return _send(batch, connection, clock, lambda: stopping() or _is_used_up(batch, claimed_at, now=clock()))
    except Unreachable as trouble:
        log.warning("mail_server_unreachable", error=str(trouble))
        give_back(batch, now=clock(), words=str(trouble))
        return Report(reachable=False)


def hurry(*, now: datetime) -> None:
    """Let those leave that wait only because the clock was put back after they were written.

    What a refusal put off, and an announcement that may still be called back, waits until the clock is there again.
    """
    at_once = (OutboxMail.attempts == 0, OutboxMail.announcement_id.is_(None))
    waits = and_(_UNSENT, OutboxMail.due_at > now, OutboxMail.created_at > now, *at_once)
    found = db.session.scalar(select(OutboxMail.id).where(waits).limit(1))
    db.session.rollback()
    if found is not None:
        with transaction():
            db.session.execute(update(OutboxMail).where(waits).values(due_at=now))


def claim(*, now: datetime, limit: int = BATCH) -> list[Letter]:
    """Take what is due for ourselves until the lease ends; in the order in which it is to be sent.

    Announcements that their recipients no longer want, or no longer are meant by, are taken out.
    """
    lease_until = now + in_use() + slowest()  # for the slowest mail that may be begun while the lease is in use
    with transaction():
        due = _DUE.with_for_update(skip_locked=True, of=OutboxMail)  # SQLite: the write lock is enough
        ids: list[int] = []
        while not ids:
            found = list(db.session.scalars(due, {"now": now, "limit": limit}))
            if not found:
                return []
            ids = withhold(found)
        db.session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(lease_until=lease_until))
        return [Letter.read(row) for row in db.session.execute(_LETTERS.where(OutboxMail.id.in_(ids)))]


def in_use() -> timedelta:
    """Return how long after claiming a batch the next mail of it may still be begun."""
    return timedelta(seconds=current_app.config["MAIL_BATCH_SECONDS"])


def slowest() -> timedelta:
    """Return how long one mail may take at most."""
    return STEPS * timedelta(seconds=current_app.config["MAIL_TIMEOUT"])


def record_sent(letter: Letter, *, now: datetime) -> None:
    """Note that a mail was handed over, and forget to whom."""
    log.info("mail_sent", outbox_id=letter.id, message=letter.message)
    kept = {name: letter.facts[name] for name in (MARK,) if name in letter.facts}
    forgotten: dict[str, Any] = {"facts": kept} if letter.message in WRITTEN_BY_HAND else {}
    _record([letter], sent_at=now, to_address=None, to_name=None, error=None, **forgotten)


def record_failure(letter: Letter, *, now: datetime, words: str) -> None:
    """Note what the server said, and when to try again; after three days, that we gave up."""
    given_up = now >= letter.created_at + GIVE_UP
    # No words in the log: servers repeat names. `flask outbox status` shows them.
    log.warning("mail_refused", outbox_id=letter.id, message=letter.message, given_up=given_up)
    _record(
        [letter], attempts=letter.attempts + 1, error=words, due_at=next_attempt(letter, now=now),
        failed_at=now if given_up else None,
    )  # fmt: skip


def next_attempt(letter: Letter, *, now: datetime) -> datetime:
    """Return when a mail that failed now is due again; the last time is exactly when we give up."""
    pause = PAUSES[min(letter.attempts, len(PAUSES) - 1)]
    return max(now, min(now + pause, letter.created_at + GIVE_UP))


def give_back(letters: Sequence[Letter], *, now: datetime, words: str | None = None) -> None:
    """End the lease of mails that were not tried. With `words`, why; then those of three days ago are given up."""
    if words is None:
        _record(letters)
        return
    old = [letter for letter in letters if now >= letter.created_at + GIVE_UP]
    _record([letter for letter in letters if letter not in old], error=words[:WORDS])
    _record(old, error=words[:WORDS], failed_at=now)


def send_again(outbox_id: int, *, now: datetime) -> None:
    """Put a failed mail back into the queue, for another three days. Raises: NotFound if there is no failed one."""
    with transaction():
        again = update(OutboxMail).where(OutboxMail.id == outbox_id, OutboxMail.failed_at.is_not(None))
        values = {"failed_at": None, "attempts": 0, "created_at": now, "due_at": now, "lease_until": None}
        if db.session.execute(again.values(values)).rowcount == 0:  # type: ignore[attr-defined]
            raise NotFound


def count_waiting() -> int:
    """Return how many mails are still to be sent, those that wait for another attempt included."""
    return db.session.scalar(select(func.count()).select_from(OutboxMail).where(_UNSENT)) or 0


def find_oldest() -> datetime | None:
    """Return when the mail that waits longest was written, None if none waits."""
    return db.session.scalar(select(func.min(OutboxMail.created_at)).where(_UNSENT))


def list_troubled() -> list[OutboxMail]:
    """Return the unsent mails that went wrong, given up or not, oldest first."""
    tried_again = select(OutboxMail.id).where(_UNSENT, OutboxMail.error.is_not(None))
    given_up = select(OutboxMail.id).where(OutboxMail.failed_at.is_not(None))
    troubled = OutboxMail.id.in_(union_all(tried_again, given_up))  # two indexes; an OR would read all mails
    return list(db.session.scalars(select(OutboxMail).where(troubled).order_by(OutboxMail.id)))


def _is_anything_due(*, now: datetime) -> bool:
    """Look before taking the write lock, which others need."""
    found = db.session.scalars(_DUE, {"now": now, "limit": 1}).first()
    db.session.rollback()
    return found is not None


def _send(
    batch: Sequence[Letter], connection: Connection | Folder, clock: Clock, stopping: Callable[[], bool]
) -> Report:
    sent = failed = 0
    for index, letter in enumerate(batch):
        if stopping():
            give_back(batch[index:], now=clock())
            break
        trouble = _hand_over(letter, connection)
        if trouble is None:
            record_sent(letter, now=clock())
            if letter.message == Message.ERASED:
                compact()  # this was the last mail to that address, so no file shall keep it
            if isinstance(connection, Folder) and not _exists(letter):
                connection.forget(letter)
            sent += 1
            continue
        record_failure(letter, now=clock(), words=trouble.words)
        failed += 1
        if trouble.ends_conversation:
            give_back(batch[index + 1 :], now=clock())
            return Report(sent, failed, reachable=False)
    return Report(sent, failed)


def _is_used_up(batch: Sequence[Letter], claimed_at: float, *, now: datetime) -> bool:
    """Say whether others may soon take a batch over. `claimed_at`: monotonic seconds, as clocks may be put back."""
    return now >= batch[0].lease_until - slowest() or monotonic() - claimed_at >= in_use().total_seconds()


def _exists(letter: Letter) -> bool:
    """Say whether a mail is still known: it is not if its person was erased while it was handed over."""
    same = and_(OutboxMail.message == letter.message, OutboxMail.created_at == letter.created_at)  # SQLite reuses ids
    found = db.session.scalar(select(OutboxMail.id).where(OutboxMail.id == letter.id, same))
    db.session.rollback()
    return found is not None


@dataclass(frozen=True, slots=True)
class _Trouble:
    words: str
    ends_conversation: bool


def _hand_over(letter: Letter, connection: Connection | Folder) -> _Trouble | None:
    """Render and send one mail. Whatever goes wrong with it must not stop the others."""
    try:
        message = MailMessage(letter, render(letter))
    except Exception as error:  # a mail that cannot be rendered is recorded like one that is refused
        return _Trouble(_words(error, letter), ends_conversation=False)
    try:
        connection.send(message)
    except Exception as error:  # see above
        return _Trouble(_words(error, letter), ends_conversation(error))
    return None


def _words(error: Exception, letter: Letter) -> str:
    """Return what went wrong without the address, which servers like to repeat."""
    words = server_words(error)
    if letter.to_address:
        words = re.sub(re.escape(letter.to_address), "(address)", words, flags=re.IGNORECASE)
    return words[:WORDS]


def _record(letters: Sequence[Letter], **values: Any) -> None:
    """Write the outcome, unless the lease has ended and somebody else took over."""
    if not letters:
        return
    ours = update(OutboxMail).where(
        OutboxMail.id.in_([letter.id for letter in letters]),
        OutboxMail.lease_until == letters[0].lease_until,
        _UNSENT,
    )
    with transaction():
        written = db.session.execute(ours.values(lease_until=None, **values)).rowcount  # type: ignore[attr-defined]
    if written < len(letters):
        log.warning("mail_lease_lost", outbox_ids=[letter.id for letter in letters])
