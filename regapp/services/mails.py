"""The mails of an event, as its organizers see them: each with its fate, and sending again what was given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, and_, case, func, or_, select, update

from regapp.db import AnyRow, db
from regapp.errors import NotFound
from regapp.mail.messages import Message
from regapp.models import Account, OutboxMail, Registration

PAGE = 50
"""Mails shown at a time."""
TO_ORGANIZERS = (Message.CONTACT, Message.NOTICE_FULL, Message.NOTICE_MAIL, Message.NOTICE_DIGEST)
"""Mails of an event that go to nobody who takes part, and may be read by its managers all the same."""

_NOT_SENT = OutboxMail.sent_at.is_(None)
"""Said by every condition on what went wrong, so that an index of the few mails that are not sent answers it."""
_FAILED = and_(_NOT_SENT, OutboxMail.failed_at.is_not(None))
_UNSENT = and_(_NOT_SENT, OutboxMail.failed_at.is_(None))
_REFUSED = and_(_UNSENT, OutboxMail.error.is_not(None))
_TROUBLED = and_(_NOT_SENT, or_(OutboxMail.failed_at.is_not(None), OutboxMail.error.is_not(None)))


class Fate(StrEnum):
    """What became of a mail, as lists are narrowed down: it went wrong, given up or not; it is not sent yet; sent."""

    TROUBLE = "trouble"
    WAITING = "waiting"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail and its fate. `code` and names: of the person whom it is about, empty if it is about nobody.

    `organizer`: the name of the one to whom it goes, if that is an organizer as such.
    """

    id: int
    message: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None
    attempts: int
    error: str | None
    code: str | None
    first_name: str | None
    last_name: str | None
    organizer: str | None

    @property
    def name(self) -> str:
        """Return the names that there are, first name first."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    @property
    def readable(self) -> bool:
        """Say whether managers may read its file: not what is for one account alone."""
        return self.code is not None or self.message in TO_ORGANIZERS


@dataclass(frozen=True, slots=True)
class Trouble:
    """Mails that went wrong. `failed`: given up; `refused`: will be tried again; `words`: of servers, most often first.

    Units: mails.
    """

    failed: int
    refused: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many mails of one message there are, and what became of them. `refused`: those of `waiting` that were."""

    message: str
    waiting: int
    refused: int
    sent: int
    failed: int

    def of(self, fate: Fate | None) -> int:
        """Return how many there are of this fate; None: of any."""
        known = {Fate.TROUBLE: self.failed + self.refused, Fate.WAITING: self.waiting, Fate.SENT: self.sent}
        return self.waiting + self.sent + self.failed if fate is None else known[fate]


_MAILS = select(
    OutboxMail.id, OutboxMail.message, OutboxMail.created_at, OutboxMail.due_at, OutboxMail.sent_at,
    OutboxMail.failed_at, OutboxMail.attempts, OutboxMail.error,
    Registration.code, Registration.first_name, Registration.last_name, Account.name,
).outerjoin(Registration, Registration.id == OutboxMail.registration_id).outerjoin(
    Account, Account.id == OutboxMail.account_id
)  # fmt: skip


def find_trouble(event_id: int) -> Trouble:
    """Return how many mails of an event went wrong, given up or not."""
    given_up, mails = OutboxMail.failed_at.is_not(None).label("given_up"), func.count().label("mails")
    found = db.session.execute(
        select(OutboxMail.error, given_up, mails)
        .where(OutboxMail.event_id == event_id, _TROUBLED)
        .group_by(OutboxMail.error, given_up)
        .order_by(given_up.desc(), mails.desc())
    ).all()
    words = tuple(dict.fromkeys(row.error for row in found if row.error))
    failed, refused = (sum(row.mails for row in found if bool(row.given_up) is which) for which in (True, False))
    return Trouble(failed, refused, words)


def count_by_message(event_id: int) -> list[Count]:
    """Return what became of each kind of mail, in the order in which they are declared."""
    mine = OutboxMail.event_id == event_id
    written = db.session.execute(select(OutboxMail.message, func.count()).where(mine).group_by(OutboxMail.message))
    sums = [func.sum(case((which, 1), else_=0)) for which in (_UNSENT, _REFUSED, _FAILED)]
    unsent = db.session.execute(select(OutboxMail.message, *sums).where(mine, _NOT_SENT).group_by(OutboxMail.message))
    not_sent = {message: (waiting, refused, failed) for message, waiting, refused, failed in unsent}
    counts = [_count(message, mails, *not_sent.get(message, (0, 0, 0))) for message, mails in written]
    known = {message.value: number for number, message in enumerate(Message)}
    return sorted(counts, key=lambda count: known.get(count.message, len(known)))


def list_mails(
    event_id: int, *, fate: Fate | None = None, message: str | None = None, before: int | None = None
) -> tuple[list[Mail], bool]:
    """Return a page of the mails of an event, the newest first, older than the mail `before`; and whether more follow.

    `fate`, `message`: only mails of this fate, and of this kind.
    """
    wanted = _MAILS.where(OutboxMail.event_id == event_id, *_conditions(fate))
    if message is not None:
        wanted = wanted.where(OutboxMail.message == message)
    if before is not None:
        wanted = wanted.where(OutboxMail.id < before)
    rows: Sequence[AnyRow] = db.session.execute(wanted.order_by(OutboxMail.id.desc()).limit(PAGE + 1)).all()
    return [Mail(*row) for row in rows[:PAGE]], len(rows) > PAGE


def send_again(event_id: int, mail_id: int | None, *, now: datetime) -> int:
    """Put a failed mail of this event, or all of them, back into the queue for three more days; return how many.

    Raises: NotFound if that one has not failed, or is of another event.
    """
    again = update(OutboxMail).where(OutboxMail.event_id == event_id, _FAILED)
    if mail_id is not None:
        again = again.where(OutboxMail.id == mail_id)
    values: dict[str, Any] = {"failed_at": None, "attempts": 0, "created_at": now, "due_at": now, "lease_until": None}
    found: int = db.session.execute(again.values(values)).rowcount  # type: ignore[attr-defined]  # a cursor result
    if mail_id is not None and not found:
        raise NotFound
    return found


def get_file(event_id: int, mail_id: int) -> bytes:
    """Return the file that a mail of this event became. Raises: NotFound.

    Only of mails to people who take part, and of those to the organizers as such: an invitation or a link that resets
    a password is for one person alone.
    """
    readable = OutboxMail.registration_id.is_not(None) | OutboxMail.message.in_(TO_ORGANIZERS)
    wanted = select(OutboxMail.message).where(OutboxMail.id == mail_id, OutboxMail.event_id == event_id, readable)
    message = db.session.scalar(wanted)
    path = Path(current_app.config["INSTANCE_DIR"]) / "mail" / f"{mail_id:06}-{message}.eml"
    if message is None or not path.is_file():
        raise NotFound
    return path.read_bytes()


def _count(message: str, mails: int, waiting: int, refused: int, failed: int) -> Count:
    return Count(message, waiting, refused, mails - waiting - failed, failed)


def _conditions(fate: Fate | None) -> tuple[ColumnElement[bool], ...]:
    match fate:
        case Fate.TROUBLE:
            return (_TROUBLED,)
        case Fate.WAITING:
            return (_UNSENT,)
        case Fate.SENT:
            return (OutboxMail.sent_at.is_not(None),)
    return ()
