"""Lines of the history as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from regapp import times
from regapp.mail.words import role_names
from regapp.rules.states import State
from regapp.services import history
from regapp.services.events import EventFacts
from regapp.services.history import Line
from regapp.services.records import Action
from regapp.speech import LANGUAGES
from regapp.web import languages
from regapp.web.filters import number
from regapp.web.organizer import category_words
from regapp.web.organizer.settings_forms import MOMENTS, SettingsForm
from regapp.web.organizer.texts_forms import TextsForm

VALUED = (*MOMENTS, "waitlist_limit", "tz", "slug")
"""Settings whose values are told, beside their names."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line in words. `who` is empty where the sentence says it, or nobody did it."""

    line: Line
    when: Markup
    words: Markup
    who: str


def tell(event: EventFacts, lines: Iterable[Line], *, now: datetime, linked: bool = True) -> list[Told]:
    """Return lines of an event in words, in the same order. `linked`: whether names lead to that person's page."""
    kept = list(lines)
    names = history.name_accounts(kept) | category_words.names(event)
    slug = event.slug if linked else None
    return [
        Told(line, when(line.at, tz=event.tz, now=now), _words(line, names, event.tz, slug), _who(line, names))
        for line in kept
    ]


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


def places(value: Any) -> str:
    """Return a number of places, or that there is no limit."""
    return _("no limit") if value is None else number(int(value))


def _words(line: Line, names: Mapping[str, str], tz: str, slug: str | None) -> Markup:
    """Return what happened, without its full stop."""
    if line.code is not None:
        sentence = _about_person(line, names)
        begins = sentence.startswith("%(person)s")
        return Markup(sentence) % {"person": _person(line, slug, begins=begins)}  # noqa: S704  values are escaped
    if line.action in (Action.TEAM_JOINED, Action.TEAM_ROLE_CHANGED, Action.TEAM_LEFT):
        return Markup(_about_team(line)) % _member(line, names)  # noqa: S704  values are escaped
    return escape(_about_event(line, names, tz))


def _who(line: Line, names: Mapping[str, str]) -> str:
    if line.actor.startswith(history.ACCOUNT):
        return names.get(line.actor) or _("somebody whose account is gone")
    return _("the operator, by a command") if line.actor == "operator" else ""


def _person(line: Line, slug: str | None, *, begins: bool) -> Markup:
    """Return the name, linked if there is a `slug`. `begins`: whether the sentence begins with it."""
    if not line.name:
        return escape(_("Somebody who was erased") if begins else _("somebody who was erased"))
    name = _isolated(line.name)
    if slug is None:
        return name
    return Markup('<a href="{}">{}</a>').format(url_for("organizer.person", slug=slug, code=line.code), name)


def _isolated(name: str) -> Markup:
    """Return a name that leaves the sentence around it alone, in whatever direction it is written."""
    return Markup("<bdi>{}</bdi>").format(name)


def _about_person(line: Line, names: Mapping[str, str]) -> str:
    """Return a sentence in which `%(person)s` stands for the person; whatever else it says is escaped already."""
    alone = line.actor == "attendee"
    match line.action:
        case Action.REGISTERED:
            return _registered(line)
        case Action.PROMOTED:
            return _("%(person)s got a place from the waiting list")
        case Action.CANCELLED if line.before == State.WAITLISTED:
            return _("%(person)s left the waiting list") if alone else _("%(person)s was taken off the waiting list")
        case Action.CANCELLED:
            return _("%(person)s cancelled") if alone else _("The place of %(person)s was cancelled")
        case Action.EXPIRED:
            return _("%(person)s waited in vain: the waiting list was closed")
        case Action.CHANGED:
            sentence = _("%(person)s changed details") if alone else _("Details of %(person)s were changed")
            return sentence + _literally(_listed(_fields(line)))
        case Action.RECATEGORISED:
            sentence = _("%(person)s chose another category") if alone else _("%(person)s was given another category")
            return sentence + _literally(_turned(line, names))
        case Action.ERASED:
            return _("%(person)s: name, address and answers are gone")
        case Action.TAGGED:
            return _("Tags were put on %(person)s")
        case Action.UNTAGGED:
            return _("Tags were taken off %(person)s")
        case Action.NOTED:
            return _("The note about %(person)s was changed")
    return "%(person)s: " + _literally(_by_itself(line))


def _turned(line: Line, names: Mapping[str, str]) -> str:
    before, after = (category_words.name_in(_of(line, when), names) for when in ("before", "after"))
    return f": {before} → {after}"


def _registered(line: Line) -> str:
    waits = line.after == State.WAITLISTED
    if line.actor != "attendee":
        return _("%(person)s was put on the waiting list") if waits else _("%(person)s was given a place")
    return _("%(person)s joined the waiting list") if waits else _("%(person)s registered: confirmed")


def _about_team(line: Line) -> str:
    if line.action == Action.TEAM_JOINED:
        return _("%(member)s came into the team: %(after)s")
    if line.action == Action.TEAM_ROLE_CHANGED:
        return _("%(member)s has another role: %(before)s → %(after)s")
    left = line.actor == f"{history.ACCOUNT}{_of(line, 'account')}"
    return _("%(member)s left the team") if left else _("%(member)s was taken out of the team")


def _member(line: Line, names: Mapping[str, str]) -> dict[str, Any]:
    name = names.get(f"{history.ACCOUNT}{_of(line, 'account')}")
    roles = role_names()
    return {
        "member": _isolated(name) if name else escape(_("Somebody whose account is gone")),
        "before": escape(roles.get(_of(line, "before"), "")),
        "after": escape(roles.get(_of(line, "after"), "")),
    }


def _about_event(line: Line, names: Mapping[str, str], tz: str) -> str:
    match line.action:
        case Action.RESIZED | Action.OVERBOOKED:
            return _about_limit(line, category_words.of_limit(line, names))
        case Action.CATEGORY_CREATED | Action.CATEGORY_CHANGED | Action.CATEGORY_DELETED:
            return category_words.about_category(line, names)
        case Action.IMPORTED:
            return _("People were imported from a file") + _listed(_imported(line))
        case Action.ANNOUNCED | Action.ANNOUNCEMENT_UNDONE:
            return _announced(line)
    return _about_life(line, tz)


def _about_limit(line: Line, category: str) -> str:
    """Return what happened to the limit of a category, or of the whole event if there is no name of one."""
    if line.action == Action.OVERBOOKED:
        taken, size = places(_of(line, "taken") or 0), places(_of(line, "size"))
        said = _("The limit was passed knowingly: %(taken)s places taken of %(size)s", taken=taken, size=size)
    else:
        before, after = places(_of(line, "before")), places(_of(line, "after"))
        said = _("Number of places: %(before)s → %(after)s", before=before, after=after)
    return f"{category}: {said}" if category else said


def _imported(line: Line) -> list[str]:
    seated, waiting = (_of(line, fate) or 0 for fate in ("confirmed", "waiting"))
    told = []
    if seated:
        told.append(ngettext("one got a place", "%(people)s got a place", seated, people=number(seated)))
    if waiting:
        told.append(ngettext("one waits", "%(people)s wait", waiting, people=number(waiting)))
    return told


def _announced(line: Line) -> str:
    if line.action == Action.ANNOUNCED:
        written = _of(line, "addresses") or 0
        return ngettext(
            "A message was written to one address", "A message was written to %(addresses)s addresses", written,
            addresses=number(written),
        )  # fmt: skip
    back = _of(line, "mails") or 0
    return ngettext(
        "A message was called back: one mail had not left yet",
        "A message was called back: %(mails)s mails had not left yet", back, mails=number(back),
    )  # fmt: skip


def _about_life(line: Line, tz: str) -> str:
    match line.action:
        case Action.EVENT_CREATED if line.reason == "copy":
            return _("The event was begun as a copy of %(event)s", event=_of(line, "of"))
        case Action.EVENT_CREATED:
            return _("The event was begun, as a draft")
        case Action.PUBLISHED:
            return _("The event was published")
        case Action.UNPUBLISHED:
            return _("The event was made a draft again")
        case Action.ARCHIVED:
            return _("The event was put away")
        case Action.EVENT_CANCELLED:
            return _("The event was called off")
    return _about_settings(line, tz)


def _about_settings(line: Line, tz: str) -> str:
    match line.action:
        case Action.EVENT_CHANGED:
            return _("The event was changed") + _listed(_fields(line))
        case Action.SETTINGS_CHANGED if line.reason == "series":
            return _("The texts or the address of its series were changed")
        case Action.SETTINGS_CHANGED:
            return _("Settings were changed") + _listed(_settings(line, tz))
        case Action.TEXTS_CHANGED:
            code, labels = _of(line, "lang"), TextsForm.labels()
            language = LANGUAGES[code].name if code in LANGUAGES else code
            texts = [labels.get(key, key) for key in _of(line, "fields") or ()]
            return _("Texts were changed in this language: %(language)s", language=language) + _listed(texts, " – ")
    return _by_itself(line).capitalize()


def _settings(line: Line, tz: str) -> list[str]:
    """Return the names of the settings that were changed, and what they were and are, where that can be said."""
    before, after = _of(line, "before") or {}, _of(line, "after") or {}
    told = []
    for name in _of(line, "fields") or ():
        label = _label(name)
        if name in VALUED and name in before:
            was, then = _value(name, before[name], tz), _value(name, after.get(name), tz)
            label = _("%(what)s (%(before)s → %(after)s)", what=label, before=was, after=then)
        told.append(label)
    return told


def _value(name: str, value: Any, tz: str) -> str:
    if value is None:
        return _("not set")
    if name not in MOMENTS:
        return str(value)
    local, lang = datetime.fromisoformat(value).astimezone(ZoneInfo(tz)), languages.current()
    return f"{times.written(local, times.patterns(lang).short_day, lang)}, {local:%H:%M}"


def _label(name: str) -> str:
    """Return what a setting is called on its page."""
    field = getattr(SettingsForm, "in_series" if name == "series_id" else name, None)
    return str(field.args[0]) if field is not None else _labels().get(name, name.replace("_", " "))


def _fields(line: Line) -> list[str]:
    labels = _labels()
    return [labels.get(name) or _label(name) for name in (line.reason or "").split(",") if name]


def _labels() -> dict[str, str]:
    return {
        "first_name": _("first name"),
        "last_name": _("last name"),
        "organisation": _("organisation"),
        "organisation_type": _("kind of organisation"),
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


def _listed(what: list[str], mark: str = ": ") -> str:
    return f"{mark}{', '.join(what)}" if what else ""


def _of(line: Line, key: str) -> Any:
    return (line.numbers or {}).get(key)


def _by_itself(line: Line) -> str:
    """Return an action that has no sentence here in its own words."""
    return line.action.replace("_", " ")


def _literally(text: str) -> str:
    """Return text that is not a sentence of ours as it must stand in one: as markup, and with no placeholder in it."""
    return str(escape(text)).replace("%", "%%")
