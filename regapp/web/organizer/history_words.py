"""Lines of the history as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from markupsafe import Markup, escape

from regapp import times
from regapp.rules.states import State
from regapp.services.history import Line
from regapp.services.records import Action
from regapp.web import languages
from regapp.web.filters import number

PersonPage = Callable[[str], str | None]
"""From the reference of a registration to the address of its page, None if there is none."""


def words(line: Line, person_page: PersonPage = lambda code: None) -> Markup:
    """Return what happened, without its full stop; the person's name leads to their page."""
    sentence = _about_person(line) if line.code is not None else _about_event(line)
    return Markup(sentence) % {"person": _person(line, person_page)}  # noqa: S704  our own sentence, values escaped


def when(at: datetime, *, tz: str, now: datetime) -> Markup:
    """Return when something happened, as short as a column of a list needs it: today and yesterday by these words."""
    lang, local = languages.current(), at.astimezone(ZoneInfo(tz))
    today = now.astimezone(ZoneInfo(tz)).date()
    day = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}.get(local.date())
    if day is None:
        same_year = local.year == today.year
        pattern = times.patterns(lang).short_day
        day = times.brief_day(local, lang) if same_year else times.written(local, pattern, lang)
    written = f"{day}, {local:%H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(local.isoformat("T", "minutes"), written)


def by(line: Line, names: Mapping[str, str]) -> str:
    """Return who did it, where that is not said by the sentence; `names`: actor → name of an organizer."""
    if line.actor.startswith("account:"):
        return names.get(line.actor, _("somebody whose account is gone"))
    return _("the operator, by a command") if line.actor == "operator" else ""


def places(value: Any) -> str:
    """Return a number of places, or that there is no limit."""
    return _("no limit") if value is None else number(int(value))


def _person(line: Line, person_page: PersonPage) -> Markup:
    if not line.name:
        return escape(_("Somebody who was erased"))
    page = person_page(line.code or "")
    name = Markup("<bdi>{}</bdi>").format(line.name)  # whatever direction it is written in
    return Markup('<a href="{}">{}</a>').format(page, name) if page else name


def _about_person(line: Line) -> str:
    alone = line.actor == "attendee"
    match line.action:
        case Action.REGISTERED:
            return _("%(person)s joined the waiting list") if line.after == State.WAITLISTED else _registered()
        case Action.PROMOTED:
            return _("%(person)s got a place from the waiting list")
        case Action.CANCELLED if line.before == State.WAITLISTED:
            return _("%(person)s left the waiting list") if alone else _("%(person)s was taken off the waiting list")
        case Action.CANCELLED:
            return _("%(person)s cancelled") if alone else _("The place of %(person)s was cancelled")
        case Action.EXPIRED:
            return _("%(person)s waited in vain: the waiting list was closed")
        case Action.CHANGED:
            return _with(_("%(person)s changed details") if alone else _("Details of %(person)s were changed"), line)
        case Action.ERASED:
            return _("%(person)s: name, address and answers are gone")
    return "%(person)s: " + _literally(line.action.replace("_", " "))


def _registered() -> str:
    return _("%(person)s registered: confirmed")


def _about_event(line: Line) -> str:
    match line.action:
        case Action.RESIZED:
            numbers = line.numbers or {}
            before, after = places(numbers.get("before")), places(numbers.get("after"))
            return _literally(_("Number of places: %(before)s → %(after)s", before=before, after=after))
        case Action.EVENT_CHANGED:
            return _with(_("The event was changed"), line)
        case Action.EVENT_CANCELLED:
            return _("The event was called off")
    return _with(_literally(line.action.replace("_", " ").capitalize()), line)


def _with(sentence: str, line: Line) -> str:
    """Add what was changed, as far as the line says so."""
    labels = _labels()
    what = [labels.get(name, name.replace("_", " ")) for name in (line.reason or "").split(",") if name]
    return f"{sentence}: {_literally(', '.join(what))}" if what else sentence


def _labels() -> dict[str, str]:
    return {
        "first_name": _("first name"),
        "last_name": _("last name"),
        "organisation": _("organisation"),
        "job_title": _("job title"),
        "country": _("country"),
        "email": _("e-mail"),
        "starts_at": _("start"),
        "ends_at": _("end"),
        "closes_at": _("end of registration"),
        "opens_at": _("opening of registration"),
        "texts": _("texts"),
        "online_url": _("online address"),
    }


def _literally(text: str) -> str:
    """Return text that is not a sentence of ours as it must stand in one: as markup, and with no placeholder in it."""
    return str(escape(text)).replace("%", "%%")
