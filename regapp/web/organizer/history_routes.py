"""What happened at an event, newest first."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue

from regapp import times
from regapp.clock import utcnow
from regapp.models import Role
from regapp.services import history as lines_of
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.history import Kind
from regapp.web import access, languages
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.history_words import tell
from regapp.web.pages import page


@bp.get("/events/<slug:slug>/history")
@access.member(Role.VIEWER)
def history(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show a page of the history; the address says of what kind and older than what."""
    now = utcnow()
    kind, before = request.args.get("kind", ""), older_than()
    wanted = Kind(kind) if kind in set(Kind) else None
    lines, more = lines_of.list_lines(event.id, kind=wanted, before=before)
    return page(
        "organizer/history.html", me=me, event=event, tab="organizer.history", kind=wanted, before=before,
        told=tell(event, lines, now=now), more=more, zone=_zone(event, now),
    )  # fmt: skip


def _zone(event: EventFacts, now: datetime) -> str:
    local = now.astimezone(ZoneInfo(event.tz))
    return times.zone(local, local, event.tz, languages.current())


def older_than() -> int | None:
    """Return the number in the address below which a page begins, None if there is none."""
    before = request.args.get("before", "")
    return int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
