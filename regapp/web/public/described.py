"""An event as programs read it: search engines, calendars, whoever shows a preview. Source: schema.org, ogp.me."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global
from flask import current_app, url_for

from regapp.rules.window import Phase
from regapp.services.choices import NONE, Choices
from regapp.services.events import EventFacts
from regapp.speech import LANGUAGES
from regapp.web import languages
from regapp.web.filters import static_url

CONTEXT = "https://schema.org"


def describe(event: EventFacts, phase: Phase, choices: Choices = NONE) -> dict[str, Any]:
    """Return the page's addresses in each language, locale, picture for previews, and data as schema.org names it."""
    lang = languages.current()
    url = _address(event, languages.chosen())
    return {
        "url": url,
        "alternates": {code: _address(event, code) for code in LANGUAGES} if len(LANGUAGES) > 1 else {},
        "locale": _with_country(lang),
        "image": str(current_app.config["PUBLIC_URL"]) + static_url("preview.png"),
        "data": _without_gaps(_data(event, phase, choices, lang, url)),
    }


def _with_country(lang: str) -> str:
    """Return hu_HU for hu, as Open Graph wants it."""
    parts = get_global("likely_subtags").get(lang, lang).split("_")
    return f"{parts[0]}_{parts[-1]}"


def _address(event: EventFacts, lang: str | None) -> str:
    path = url_for("public.event", slug=event.slug, lang=lang)
    return str(current_app.config["PUBLIC_URL"]) + path


def _data(event: EventFacts, phase: Phase, choices: Choices, lang: str, url: str) -> dict[str, Any]:
    zone, organiser = ZoneInfo(event.tz), event.text("organiser", lang)
    return {
        "@context": CONTEXT,
        "@type": "Event",
        "name": event.text("name", lang),
        "description": event.text("summary", lang),
        "url": url,
        "startDate": event.starts_at.astimezone(zone).isoformat(),
        "endDate": event.ends_at.astimezone(zone).isoformat(),
        "eventStatus": f"{CONTEXT}/{'EventCancelled' if phase is Phase.CANCELLED else 'EventScheduled'}",
        "eventAttendanceMode": f"{CONTEXT}/{_mode(event, lang)}EventAttendanceMode",
        "location": _location(event, lang),
        "organizer": {"@type": "Organization", "name": organiser} if organiser else None,
        "maximumAttendeeCapacity": event.size,
        "remainingAttendeeCapacity": event.places_left,
        "offers": _offer(event, phase, choices, url),
    }


def _mode(event: EventFacts, lang: str) -> str:
    if not event.online_url:
        return "Offline"
    return "Mixed" if event.text("venue", lang) else "Online"


def _location(event: EventFacts, lang: str) -> dict[str, Any]:
    """Return the place; an event that is only online names its page, as its true address is for those who take part."""
    venue, address = event.text("venue", lang), event.text("address", lang)
    if event.online_url and not venue:
        return {"@type": "VirtualLocation", "url": _address(event, None)}
    return _without_gaps({"@type": "Place", "name": venue, "address": address})


def _offer(event: EventFacts, phase: Phase, choices: Choices, url: str) -> dict[str, Any]:
    has_places = bool(choices.free) if event.categorised else event.places_left != 0
    available = phase is Phase.OPEN and has_places
    return {
        "@type": "Offer",
        "price": 0,
        "priceCurrency": "EUR",
        "url": url,
        "validFrom": event.opens_at.isoformat(),
        "availability": f"{CONTEXT}/{'InStock' if available else 'SoldOut'}",
    }


def _without_gaps(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, "")}
