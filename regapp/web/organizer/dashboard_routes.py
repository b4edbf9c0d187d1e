"""The first page of an event: where it stands and what needs somebody."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from regapp import times
from regapp.clock import utcnow
from regapp.models import Role
from regapp.rules.window import is_serving, phase
from regapp.services import overview as overviews
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.overview import Overview
from regapp.web import access, charts, languages, organisation_types
from regapp.web.filters import country, number
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.history_words import tell
from regapp.web.organizer.misfits import pressing
from regapp.web.pages import page

NAMED = 8
"""Countries shown one by one; the others together."""


@bp.get("/events/<slug:slug>/")
@access.member(Role.VIEWER)
def overview(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show how the event stands: its figures, what needs somebody, what happened last."""
    now = utcnow()
    found = overviews.look(event, me.id, now=now)
    return page(
        "organizer/overview.html", me=me, event=event, tab="organizer.overview", now=now, phase=phase(event, now),
        found=found, chart=found.curve and charts.draw(found.curve, size=event.size, lang=languages.current()),
        countries=_countries(found), types=_types(found), todo=_todo(event, found, now=now),
        **_words(event, found, now),
    )  # fmt: skip


def _words(event: EventFacts, found: Overview, now: datetime) -> dict[str, Any]:
    """Return what does not fit and what happened, in words, and what turns days into words."""
    zone, lang = ZoneInfo(event.tz), languages.current()
    return {
        "starts_in": (event.starts_at.astimezone(zone).date() - now.astimezone(zone).date()).days,
        "last_day": lambda until: _short_day(until - timedelta(days=1), lang),
        "short_day": lambda at: _short_day(at.astimezone(zone), lang),
        "remarks": pressing(event),
        "told": tell(event, found.latest, now=now),
    }


def _todo(event: EventFacts, found: Overview, *, now: datetime) -> list[str]:
    """Return what needs somebody, the most pressing first; the template has the sentences."""
    waits = event.waiting > 0 and event.free <= 0 and is_serving(event, now)
    needed = {
        "draft": overviews.needs_publishing(event, now=now),
        "full": waits and event.size != 0,
        "interest": waits and event.size == 0,
        "unserved": overviews.is_unserved(event, now=now),
        "failed": found.trouble.failed > 0,
        "refused": found.trouble.refused > 0,
    }
    return [kind for kind, needs in needed.items() if needs]


def _countries(found: Overview) -> list[tuple[str, int, bool]]:
    """Return the rows of the countries: name, people, whether it is the rest."""
    rows = [(country(code) or _("not said"), people, code is None) for code, people in found.confirmed.countries]
    shown, others = rows[:NAMED], rows[NAMED:]
    if len(others) == 1:
        return rows
    if others:
        words_of_rest = ngettext(
            "%(countries)s other", "%(countries)s others", len(others), countries=number(len(others))
        )
        shown.append((words_of_rest, sum(people for _name, people, _rest in others), True))
    return shown


def _types(found: Overview) -> list[tuple[str, int, bool]]:
    """Return the rows of the kinds of organisations; none if nobody said anything."""
    if not any(code for code, _people in found.confirmed.organisation_types):
        return []
    return [
        (organisation_types.name(code) or code or _("not said"), people, code is None)
        for code, people in found.confirmed.organisation_types
    ]


def _short_day(day: date, lang: str) -> str:
    return times.written(day, times.patterns(lang).short_day, lang)
