"""The calendar part of a mail: whoever has a place finds the event in the calendar, and it goes when the place goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regapp import links
from regapp.mail import calendar
from regapp.mail.calendar import Entry, Method, Person
from regapp.mail.letters import Letter
from regapp.mail.messages import Message
from regapp.rules.states import State

INVITES = frozenset(
    {Message.CONFIRMED, Message.PROMOTED, Message.CHANGED, Message.EMAIL_CHANGED, Message.EVENT_CHANGED}
)
"""Mails that bring the entry, or bring it up to date, to those who have a place."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar file and what a calendar should do with it."""

    method: Method
    file: bytes


def invite(letter: Letter, *, lang: str, organizer: Person, attendee: Person, now: datetime) -> Invitation | None:
    """Return what belongs into the calendar of the person whom this mail is for; None for all who have no place."""
    method = _method(letter)
    if method is None:
        return None
    entry = _entry(letter, lang, cancelled=method is Method.CANCEL)
    file = calendar.build([entry], now=now, method=method, organizer=organizer, attendee=attendee)
    return Invitation(method, file)


def _method(letter: Letter) -> Method | None:
    """Judge by the facts as of the change that the mail tells of."""
    message, state = Message(letter.message), letter.facts.get("state")
    if message in INVITES and state == State.CONFIRMED:
        return Method.REQUEST
    gone = message in (Message.CANCELLED, Message.ERASED) and letter.facts.get("before") == State.CONFIRMED
    called_off = message is Message.EVENT_CANCELLED and state == State.CONFIRMED
    return Method.CANCEL if gone or called_off else None


def _entry(letter: Letter, lang: str, *, cancelled: bool) -> Entry:
    code = letter.facts["code"]  # empty in a receipt of erasure, whose registration has no page any more
    url = links.own_url(code, letter.facts["link_version"]) if code else links.event_url(letter.slug)
    join = "" if cancelled else letter.online_url or ""
    return Entry(
        uid=calendar.uid_of(code or letter.facts["entry"]),
        sequence=letter.facts["sequence"],
        tz=letter.tz,
        starts_at=letter.starts_at,
        ends_at=letter.ends_at,
        title=letter.text("name", lang) or letter.slug,
        description="\n\n".join(filter(None, [letter.text("summary", lang), join, url])),
        place=letter.where(lang),
        url=url,
        cancelled=cancelled,
    )
