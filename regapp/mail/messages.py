"""What mails there are: the row each becomes in the outbox, and its subject."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

SINGLE = 0
"""Priority of a mail that one person waits for. Bulk mails get a higher number and go later."""
TURNS_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Left open, these turn around the text that follows: in a list, how other people's names read."""


class Message(StrEnum):
    """What a mail says. Each has its source in templates/mail/<message>.<language>.md."""

    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    PROMOTED = "promoted"
    CANCELLED = "cancelled"
    ALREADY_REGISTERED = "already_registered"


@dataclass(frozen=True, slots=True)
class About:
    """Whose registration a mail is about, and where it goes. `address` is what mail servers take (A-label)."""

    event_id: int
    registration_id: int | None
    code: str
    link_version: int
    sequence: int
    lang: str
    address: str
    name: str


def compose(message: Message, about: About, *, now: datetime, **facts: Any) -> dict[str, Any]:
    """Return the outbox row of a mail, to be inserted with the change that causes it. Every row has the same keys.

    `facts` are what the mail says as of that change (state, position); they must fit into JSON and name no person.
    """
    return {
        "event_id": about.event_id,
        "registration_id": about.registration_id,
        "message": message.value,
        "lang": about.lang,
        "to_address": about.address,
        "to_name": one_line(about.name),
        "facts": {"code": about.code, "link_version": about.link_version, "sequence": about.sequence, **facts},
        "priority": SINGLE,
        "created_at": now,
        "due_at": now,
    }


def subject(message: Message, event_name: str) -> str:
    """Return the subject of a mail in the present language, on one line whatever the event is called."""
    return one_line(str(_subject(message, event_name)))


def one_line(text: str) -> str:
    """Return the text without line breaks and control characters, runs of white space as one space."""
    return " ".join("".join(" " if _breaks_a_line(char) else char for char in text).split())


def _breaks_a_line(char: str) -> bool:
    """Say whether a character steers instead of being read. Joiners stay: scripts and emoji need them."""
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in TURNS_DIRECTION


def _subject(message: Message, event: str) -> Any:
    match message:
        case Message.CONFIRMED:
            return _("You have a place: %(event)s", event=event)
        case Message.WAITLISTED:
            return _("You are on the waiting list: %(event)s", event=event)
        case Message.PROMOTED:
            return _("A place became free, it is yours: %(event)s", event=event)
        case Message.CANCELLED:
            return _("Cancelled: %(event)s", event=event)
        case Message.ALREADY_REGISTERED:
            return _("Your registration: %(event)s", event=event)
