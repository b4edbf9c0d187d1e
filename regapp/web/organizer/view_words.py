"""What narrows a view down, in words: the same above the table, above a list to take away, and over a message."""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.dates import format_date
from flask_babel import gettext as _

from regapp.services.events import EventFacts
from regapp.services.people import WITHOUT, View
from regapp.speech import LANGUAGES
from regapp.web import countries, languages, organisation_types
from regapp.web.organizer import category_words


def narrowings(view: View, event: EventFacts) -> list[tuple[dict[str, Any], str]]:
    """Return (what takes it off, sentence) of each filter that is on, save the state."""
    found: list[tuple[dict[str, Any], str]] = []
    if view.q:
        found.append(({"q": ""}, _("Found by “%(words)s”", words=view.q)))
    if view.country:
        name = countries.name(view.country, languages.current()) or view.country
        found.append(({"country": ""}, _("Country: %(country)s", country=name)))
    if view.organisation_type:
        kind = organisation_types.name(view.organisation_type) or view.organisation_type
        found.append(({"organisation_type": ""}, _("Kind of organisation: %(kind)s", kind=kind)))
    if view.lang:
        name = LANGUAGES[view.lang].name if view.lang in LANGUAGES else view.lang
        found.append(({"lang": ""}, _("Language: %(language)s", language=name)))
    if view.category is not None:
        found.append(({"category": None}, _("Category: %(category)s", category=_category(view.category, event))))
    if view.tag:
        found.append(({"tag": ""}, _("Tag: %(tag)s", tag=view.tag)))
    if view.since:
        found.append(({"since": None}, _("Registered from %(day)s", day=_day(view.since))))
    if view.until:
        found.append(({"until": None}, _("Registered until %(day)s", day=_day(view.until))))
    return found


def narrowed(view: View, event: EventFacts) -> str:
    """Return all of it in one line; empty if nothing narrows the view down."""
    return "; ".join(sentence for _off, sentence in narrowings(view, event))


def _category(category_id: int, event: EventFacts) -> str:
    known = category_words.names(event)
    return category_words.name_in(None if category_id == WITHOUT else category_id, known)


def _day(day: date) -> str:
    return str(format_date(day, locale=languages.current()))
