"""What templates may call: numbers, dates, countries, Markdown, icons, addresses of static files."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from babel.numbers import format_decimal
from flask import Flask, request, url_for
from flask_babel import ngettext
from markupsafe import Markup

from regapp.rules import window
from regapp.services.events import EventFacts
from regapp.speech import LANGUAGES
from regapp.web import countries, dates, languages, markdown, meter, organisation_types, zones

STATIC = Path(__file__).resolve().parent.parent / "static"


def init_app(app: Flask) -> None:
    """Make filters and functions known to templates."""
    app.jinja_env.filters.update(
        number=number,
        country=country,
        organisation_type=organisation_types.name,
        markdown=markdown.to_html,
        day=dates.day,
        moment=dates.moment,
        short_moment=dates.short_moment,
        short_day=dates.short_day,
    )
    app.jinja_env.globals.update(
        icon=icon,
        link=link,
        static_url=static_url,
        country_options=country_options,
        days=days,
        hours=hours,
        draw_meter=meter.draw,
        fill=meter.fill,
        people_waiting=people_waiting,
        retain_until=window.retain_until,
        zone_options=zones.options,
        organisation_type_options=organisation_types.options,
        remembering=cache,  # what a macro has drawn, for the rest of the page
        LANGUAGES=LANGUAGES,
    )


def number(value: int) -> str:
    """Return a whole number as the reader's language writes it: 1,250."""
    return str(value) if abs(value) < 1000 else _grouped(value, languages.current())


def country(code: str | None) -> str:
    """Return the name of a country in the reader's language."""
    return countries.name(code, languages.current())


def country_options(selected: str | None) -> Markup:
    """Return all countries as <option> elements."""
    return countries.options(languages.current(), selected=selected or "")


def days(event: EventFacts) -> Markup:
    """Return the days of an event."""
    return dates.days(event.starts_at, event.ends_at, event.tz)


def hours(event: EventFacts) -> Markup:
    """Return the times of an event, with the zone."""
    return dates.hours(event.starts_at, event.ends_at, event.tz)


def people_waiting(count: int) -> str:
    """Return how many wait, as a sentence without its full stop."""
    return ngettext("One person waits", "%(people)s people wait", count, people=number(count))


def link(endpoint: str, **values: str) -> str:
    """Return the address of a page that many visitors see; remembered, since url_for takes long."""
    return _link(endpoint, frozenset(values.items()), languages.chosen(), request.script_root)


@lru_cache
def icon(name: str) -> Markup:
    """Return an icon of the sprite. It stands beside a word, so screen readers pass over it."""
    address = static_url("icons.svg")
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>').format(address, name)


@lru_cache
def static_url(filename: str) -> str:
    """Return the address of a static file. It changes with the content, so browsers may keep the file for ever.

    Vendored files carry their version in the folder name instead, because the stylesheet names them too.
    """
    if filename.startswith("vendor/"):
        return f"/static/{filename}"
    digest = hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()
    return f"/static/{filename}?v={digest[:12]}"


@lru_cache(1024)
def _link(endpoint: str, values: frozenset[tuple[str, str]], _chosen: str | None, _root: str) -> str:
    return url_for(endpoint, **dict(values))  # type: ignore[arg-type]  # parts of the address, none of its options


@lru_cache(1024)
def _grouped(value: int, lang: str) -> str:
    return format_decimal(value, locale=lang)
