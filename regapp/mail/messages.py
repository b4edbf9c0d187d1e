"""What mails there are: the row each becomes in the outbox, and its subject."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

MARK = "mark"
"""The fact that stays of a visitor's message: a keyed hash of the writer's address, by which it can be erased."""
SINGLE, BULK = 0, 10
"""Priorities: of a mail that one person waits for, and of one that goes to many at once and may leave later."""
TURNS_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Left open, these turn around the text that follows: in a list, how other people's names read."""


class Message(StrEnum):
    """What a mail says. Each has its source in templates/mail/<message>.md."""

    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    PROMOTED = "promoted"
    CANCELLED = "cancelled"
    ALREADY_REGISTERED = "already_registered"
    LINK_AGAIN = "link_again"
    CHANGED = "changed"
    EMAIL_CHANGED = "email_changed"
    EMAIL_LEFT = "email_left"
    NOT_SERVED = "not_served"
    EVENT_CHANGED = "event_changed"
    EVENT_CANCELLED = "event_cancelled"
    CONTACT = "contact"
    ERASED = "erased"
    RESET = "reset"
    TEAM_INVITED = "team_invited"
    ANNOUNCEMENT = "announcement"
    NOTICE_FULL = "notice_full"
    NOTICE_MAIL = "notice_mail"
    NOTICE_DIGEST = "notice_digest"


@dataclass(frozen=True, slots=True)
class About:
    """Whose registration a mail is about, and where it goes. `address` is what mail servers take (A-label).

    `code` is empty where the mail must not lead to a registration.
    """

    event_id: int
    registration_id: int | None
    code: str
    link_version: int
    sequence: int
    lang: str
    address: str
    name: str


def compose(message: Message, about: About, *, now: datetime, priority: int = SINGLE, **facts: Any) -> dict[str, Any]:
    """Return the outbox row of a mail, to be inserted with the change that causes it. Every row has the same keys.

    `facts` are what the mail says as of that change (state, position); they must fit into JSON and name no person.
    What somebody wrote (a visitor to the organizers, an organizer for a test) is the exception: of those facts only a
    mark stays once it is sent.
    """
    return {
        "event_id": about.event_id,
        "registration_id": about.registration_id,
        "message": message.value,
        "lang": about.lang,
        "to_address": about.address,
        "to_name": one_line(about.name),
        "facts": {"code": about.code, "link_version": about.link_version, "sequence": about.sequence, **facts},
        "priority": priority,
        "created_at": now,
        "due_at": now,
    }


def compose_to_account(
    message: Message, *, account_id: int, event_id: int | None, lang: str, address: str, name: str, now: datetime,
    **facts: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return the outbox row of a mail to somebody with an account; `event_id` None: it is about the account alone.

    `facts` as in `compose`, and no link: what opens a page is derived while the mail is rendered.
    """
    about = About(
        event_id=event_id or 0, registration_id=None, code="", link_version=0, sequence=0, lang=lang, address=address,
        name=name,
    )  # fmt: skip
    row = compose(message, about, now=now)
    return {**row, "event_id": event_id, "account_id": account_id, "facts": {"account": account_id, **facts}}


def subject(message: Message, event_name: str) -> str:
    """Return the subject of a mail in the present language, on one line whatever the event is called."""
    return one_line(str(_subject(message, event_name)))


def one_line(text: str) -> str:
    """Return the text without line breaks and control characters, runs of white space as one space."""
    if not text.isprintable():  # what is printable breaks no line
        text = "".join(" " if _breaks_a_line(char) else char for char in text)
    return " ".join(text.split())


def _breaks_a_line(char: str) -> bool:
    """Say whether a character steers instead of being read. Joiners stay: scripts and emoji need them."""
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in TURNS_DIRECTION


def _subject(message: Message, event: str) -> Any:
    sentences = {
        Message.CONFIRMED: _("You have a place: %(event)s", event=event),
        Message.WAITLISTED: _("You are on the waiting list: %(event)s", event=event),
        Message.PROMOTED: _("A place became free, it is yours: %(event)s", event=event),
        Message.CANCELLED: _("Cancelled: %(event)s", event=event),
        Message.ALREADY_REGISTERED: _("Your registration: %(event)s", event=event),
        Message.LINK_AGAIN: _("The link to your registration: %(event)s", event=event),
        Message.CHANGED: _("Your details have been changed: %(event)s", event=event),
        Message.EMAIL_CHANGED: _("Mails go to this address now: %(event)s", event=event),
        Message.EMAIL_LEFT: _("Mails no longer go to this address: %(event)s", event=event),
        Message.NOT_SERVED: _("No place became free: %(event)s", event=event),
        Message.EVENT_CHANGED: _("Changed: %(event)s", event=event),
        Message.EVENT_CANCELLED: _("Will not take place: %(event)s", event=event),
        Message.CONTACT: _("A message from a visitor: %(event)s", event=event),
        Message.ERASED: _("Your data has been erased: %(event)s", event=event),
        Message.RESET: _("Set a new password"),
        Message.TEAM_INVITED: _("You help to organize: %(event)s", event=event),
        Message.ANNOUNCEMENT: _("A message from the organizers: %(event)s", event=event),
        Message.NOTICE_FULL: _("Full: %(event)s", event=event),
        Message.NOTICE_MAIL: _("Mails do not arrive: %(event)s", event=event),
        Message.NOTICE_DIGEST: _("What is new: %(event)s", event=event),
    }
    return sentences[message]
