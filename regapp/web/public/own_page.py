"""A person's own page. Drawn once for all who stand alike, with blanks for the words that are theirs.

Drawing takes longer than all the rest of the answer; filling the blanks takes next to nothing.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from markupsafe import escape

from regapp.rules import window
from regapp.rules.states import State
from regapp.rules.window import Phase
from regapp.services import contacts
from regapp.services.choices import list_choices
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.services.why import Explanation, explain
from regapp.web import dates, organisation_types
from regapp.web.filters import country
from regapp.web.pages import draw
from regapp.web.prepared import KEPT, prepared
from regapp.web.public.addresses import Note

FIELDS = (
    "greeting", "name", "email", "organisation", "job_title", "country", "organisation_type", "code", "registered",
    "change", "cancel", "calendar", "change_email", "category", "data", "erase", "announcements",
)  # fmt: skip
BLANKS = {field: secrets.token_hex(16) for field in FIELDS}
"""Field → what stands for it in a page before it is filled in. Random, so that nobody's text can be taken for one."""
_FIELD_OF = {blank: field for field, blank in BLANKS.items()}
_BLANK = re.compile(f"({'|'.join(_FIELD_OF)})")
NEW_FOR = timedelta(minutes=15)
"""How long after registering the page says that a mail is on its way."""
_quiet: dict[int, tuple[EventFacts, EventFacts]] = {}
"""Event → its facts as they were last read, and the same without figures."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the page shows, save the person's own words."""

    event: EventFacts
    state: str
    position: int | None
    ended_at: datetime | None
    ended_by: str | None
    phase: Phase
    changeable: bool
    cancellable: bool
    contactable: bool
    ended_why: str | None
    serving: bool
    change_ended_at: datetime | None
    note: Note | None
    new: bool
    announced: bool
    category_id: int | None
    may_move: bool
    why: Explanation | None


def draw_own(own: Own, *, address: str, note: Note | None, now: datetime) -> str:
    """Return the page of one person. `address`: of the page itself; `note`: what it says first."""
    words = _words(own, address)
    who = {field: BLANKS[field] if words[field] else "" for field in FIELDS}
    standing = _standing(own, note=note, now=now)
    name = ("own", own.event.slug, own.state, own.category_id, own.position, note, standing.new, *who.values())
    values = {"own": standing, "event": standing.event, "who": who, "contactable": standing.contactable}
    html = prepared(name, standing, lambda: draw("public/registration.html", **values))
    pieces = list(_pieces(html))
    pieces[1::2] = [escape(words[_FIELD_OF[blank]]) for blank in pieces[1::2]]
    return "".join(pieces)


@lru_cache(64)
def _pieces(page: str) -> list[str]:
    """Return a page cut at its blanks: every second piece is one."""
    return _BLANK.split(page)


def _standing(own: Own, *, note: Note | None, now: datetime) -> Standing:
    event = own.event
    if own.state != State.WAITLISTED:  # figures are shown to those who wait; for the others they would only be noise
        event = _without_figures(event)
    return Standing(
        event=event,
        state=own.state,
        position=own.position,
        ended_at=own.ended_at,
        ended_by=own.ended_by,
        phase=window.phase(event, now),
        changeable=own.can_change(now),
        cancellable=own.can_leave(now),
        contactable=contacts.is_contactable(own.event),
        ended_why=own.ended_why,
        serving=window.is_serving(event, now),
        change_ended_at=own.change_ended_at(now),
        note=note,
        new=now < own.registered_at + NEW_FOR,
        announced=own.announcements_ended_at is None,
        category_id=own.category_id,
        may_move=can_move(own, now),
        why=None if own.event.cancelled else explain(own, now=now),
    )


def can_move(own: Own, now: datetime) -> bool:
    """Say whether there is another category to choose from, whether or not it has room.

    Who waits when nobody is served any more gains nothing by another one.
    """
    if own.state == State.WAITLISTED and not window.is_serving(own.event, now):
        return False
    others = [choice for choice in list_choices(own.event, now) if choice.id != own.category_id]
    return own.can_change(now) and any(choice.offered for choice in others)


def _without_figures(event: EventFacts) -> EventFacts:
    """Return the event without what changes with every registration; the same object as long as the facts are."""
    kept = _quiet.get(event.id)
    if kept is None or kept[0] is not event:
        if len(_quiet) >= KEPT:
            _quiet.clear()
        quiet = tuple(replace(category, taken=0, waiting=0, held=0) for category in event.categories)
        calm = replace(event, taken=0, waiting=0, held=0, last_seq=0, version=0, categories=quiet)
        kept = _quiet[event.id] = (event, calm)
    return kept[1]


def _words(own: Own, address: str) -> dict[str, str]:
    details = own.details
    return {
        "greeting": details.first_name or details.last_name or "",
        "name": details.name_in(own.lang),
        "email": own.email,
        "organisation": details.organisation,
        "job_title": details.job_title or "",
        "country": country(details.country),
        "organisation_type": organisation_types.name(details.organisation_type),
        "code": own.code,
        "registered": dates.short_moment(own.registered_at, own.event.tz),
        "change": _below(address, "change"),
        "cancel": _below(address, "cancel"),
        "change_email": _below(address, "email"),
        "category": _below(address, "category"),
        "data": _below(address, "data.json"),
        "erase": _below(address, "erase"),
        "announcements": _below(address, "announcements"),
        "calendar": _below(address, "calendar.ics"),
    }


def _below(address: str, name: str) -> str:
    """Return the address of a page below another one: /r/…/change?lang=hu from /r/…?lang=hu."""
    path, mark, query = address.partition("?")
    return f"{path}/{name}{mark}{query}"
