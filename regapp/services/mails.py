"""The mails of an event, as its organizers see them: what waits, what failed, what was sent, and sending again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, case, func, select, update

from regapp.db import db
from regapp.errors import NotFound
from regapp.mail.messages import Message
from regapp.models import OutboxMail, Registration

PAGE = 50
"""Mails shown at a time."""
TO_ORGANIZERS = (Message.CONTACT, Message.NOTICE_FULL, Message.NOTICE_MAIL, Message.NOTICE_DIGEST)
"""Mails of an event that go to nobody who takes part, and may be read by its managers all the same."""

_UNSENT = OutboxMail.sent_at.is_(None) & OutboxMail.failed_at.is_(None)
_FAILED = OutboxMail.failed_at.is_not(None)
_REFUSED = _UNSENT & OutboxMail.error.is_not(None)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail and its fate. `code` and names: of the person whom it is about, empty if it is about nobody."""

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

    @property
    def name(self) -> str:
        """Return the names that there are, first name first."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


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
    """How many mails of one message there are, and what became of them."""

    message: str
    waiting: int
    sent: int
    failed: int


_MAILS = select(
    OutboxMail.id, OutboxMail.message, OutboxMail.created_at, OutboxMail.due_at, OutboxMail.sent_at,
    OutboxMail.failed_at, OutboxMail.attempts, OutboxMail.error,
    Registration.code, Registration.first_name, Registration.last_name,
).outerjoin(Registration, Registration.id == OutboxMail.registration_id)  # fmt: skip


def find_trouble(event_id: int) -> Trouble:
    """Return how many mails of an event went wrong, given up or not; read from the indexes of what is not sent."""
    found = [
        (*row, failed)
        for failed, which in ((True, _FAILED), (False, _REFUSED))
        for row in db.session.execute(
            select(OutboxMail.error, func.count())
            .where(OutboxMail.event_id == event_id, which)
            .group_by(OutboxMail.error)
            .order_by(func.count().desc())
        )
    ]
    failed = sum(mails for _, mails, given_up in found if given_up)
    words = tuple(dict.fromkeys(error for error, _, _ in found if error))
    return Trouble(failed, sum(mails for _, mails, _ in found) - failed, words)


def count_written(event_id: int) -> int:
    """Return how many mails of an event were written, whatever became of them."""
    return db.session.scalar(select(func.count()).where(OutboxMail.event_id == event_id)) or 0


def count_by_message(event_id: int) -> list[Count]:
    """Return what became of each kind of mail, in the order in which they are declared."""
    rows = db.session.execute(
        select(
            OutboxMail.message,
            func.sum(case((_UNSENT, 1), else_=0)),
            func.sum(case((OutboxMail.sent_at.is_not(None), 1), else_=0)),
            func.sum(case((_FAILED, 1), else_=0)),
        )
        .where(OutboxMail.event_id == event_id)
        .group_by(OutboxMail.message)
    )
    known = [message.value for message in Message]
    return sorted(
        (Count(*row) for row in rows), key=lambda count: known.index(count.message) if count.message in known else 0
    )


def list_failed(event_id: int) -> list[Mail]:
    """Return the mails that were given up, the latest first."""
    return _list(event_id, _FAILED, order=[OutboxMail.failed_at.desc(), OutboxMail.id.desc()])


def list_waiting(event_id: int) -> list[Mail]:
    """Return the mails that are still to be sent: those that were refused before the others, then by when."""
    return _list(event_id, _UNSENT, order=[OutboxMail.error.is_(None), OutboxMail.due_at, OutboxMail.id])


def list_sent(event_id: int, *, before: int | None = None) -> tuple[list[Mail], bool]:
    """Return a page of the mails that were sent, the newest first, and whether there are more."""
    sent = OutboxMail.sent_at.is_not(None)
    found = _list(
        event_id,
        sent if before is None else sent & (OutboxMail.id < before),
        order=[OutboxMail.id.desc()],
        limit=PAGE + 1,
    )
    return found[:PAGE], len(found) > PAGE


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


def _list(event_id: int, which: ColumnElement[bool], *, order: Sequence[Any], limit: int = PAGE) -> list[Mail]:
    wanted = _MAILS.where(OutboxMail.event_id == event_id, which).order_by(*order).limit(limit)
    return [Mail(*row) for row in db.session.execute(wanted)]
