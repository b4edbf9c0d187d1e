"""Calendar files to download: one's own event, and all public ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import current_app, url_for

from regapp import links
from regapp.errors import NotFound
from regapp.mail import calendar
from regapp.mail.calendar import Entry
from regapp.rules.states import State
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.web import languages


def build(own: Own, *, now: datetime) -> bytes:
    """Return the calendar file of somebody who has a place. Raises: NotFound for everybody else (R15)."""
    if own.state != State.CONFIRMED:
        raise NotFound
    event = own.event
    url = links.own_url(own.code, own.link_version)
    join = event.online_url or ""
    return calendar.build([_entry(event, calendar.uid_of(own.code), event.revision + own.revision, url, join)], now=now)


def build_list(events: Iterable[EventFacts], *, now: datetime) -> bytes:
    """Return one calendar file with all these events."""
    return calendar.build([_public_entry(event) for event in events], now=now)


def _public_entry(event: EventFacts) -> Entry:
    page = str(current_app.config["PUBLIC_URL"]) + url_for("public.event", slug=event.slug)
    return _entry(event, calendar.uid_of(event.slug), event.revision, page)


def _entry(event: EventFacts, uid: str, sequence: int, url: str, join: str = "") -> Entry:
    lang = languages.current()
    return Entry(
        uid=uid,
        sequence=sequence,
        tz=event.tz,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        title=event.text("name", lang),
        description="\n\n".join(filter(None, [event.text("summary", lang), join, url])),
        place=", ".join(filter(None, [event.text("venue", lang), event.text("address", lang)])),
        url=url,
        cancelled=event.cancelled,
    )
