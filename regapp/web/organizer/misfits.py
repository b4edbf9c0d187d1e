"""What does not fit together in an event, in sentences, with the page where it is mended."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.rules.fitting import SERIOUS, Finding, Misfit
from regapp.services import publishing
from regapp.services.events import EventFacts
from regapp.speech import LANGUAGES
from regapp.web import languages
from regapp.web.filters import number
from regapp.web.organizer.texts_forms import TextsForm

CHOICES = frozenset({
    Misfit.STARTED_ALREADY, Misfit.CLOSED_ALREADY, Misfit.NO_LIMIT, Misfit.NO_PLACES, Misfit.NO_WAITLIST,
    Misfit.LANGUAGE_MISSING,
})  # fmt: skip
"""What is worth a look before an event is published, and as it should be afterwards."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at. `address`: of the field that mends it."""

    sentence: str
    address: str
    serious: bool


def remarks(event: EventFacts) -> list[Remark]:
    """Return what does not fit together, the serious things first; nothing about what is over or called off."""
    now = utcnow()
    if event.is_over(now):
        return []
    return [_remark(event, found) for found in publishing.look_over(event, now=now)]


def pressing(event: EventFacts) -> list[Remark]:
    """Return what does not fit together and may need somebody now: of a draft everything, of others no plain choice."""
    now = utcnow()
    if event.is_over(now):
        return []
    found = publishing.look_over(event, now=now)
    return [_remark(event, finding) for finding in found if event.draft or finding.code not in CHOICES]


def _remark(event: EventFacts, found: Finding) -> Remark:
    return Remark(_sentence(event, found), _address(event, found), found.code in SERIOUS)


def _sentence(event: EventFacts, found: Finding) -> str:
    if found.lang is not None:
        language = LANGUAGES[found.lang].name
        if found.code is Misfit.LANGUAGE_MISSING:
            return _("There are no texts in this language yet: %(language)s.", language=language)
        labels = TextsForm.labels()
        missing = ", ".join(f"“{labels[key]}”" for key in found.keys)
        return _(
            "Not written yet in this language: %(language)s. It lacks %(missing)s.", language=language, missing=missing
        )
    category = event.category(found.about)
    name = category.text("name", languages.current()) if category else ""
    return {**_about_times(), **_about_categories(event, name), **_about_the_rest(event)}[found.code]


def _about_times() -> dict[Misfit, str]:
    return {
        Misfit.ENDS_BEFORE_START: _("The event ends before it begins."),
        Misfit.OVER_ALREADY: _("The event is over already: its dates lie in the past."),
        Misfit.RETAINED_TOO_SHORT: _("People are erased before the event is over."),
        Misfit.STARTED_ALREADY: _("The event has begun already."),
        Misfit.OPENS_AFTER_CLOSING: _("Registration closes before it opens: nobody can register."),
        Misfit.CLOSES_AFTER_START: _("Registration goes on after the event has begun."),
        Misfit.CLOSED_ALREADY: _("Registration is closed already: nobody can register."),
        Misfit.CHANGE_AFTER_START: _(
            "Details may be changed until after the beginning. In fact that ends when it begins."
        ),
        Misfit.SERVED_UNTIL_BEFORE_CLOSING: _(
            "Free places are no longer given before registration closes: who comes in between cannot wait."
        ),
        Misfit.SERVED_UNTIL_AFTER_START: _(
            "Free places are given until after the beginning. In fact that ends when it begins."
        ),
    }


def _about_categories(event: EventFacts, name: str) -> dict[Misfit, str]:
    sizes = sum(one.size or 0 for one in event.categories if one.counts)
    return {
        Misfit.CATEGORIES_TOO_SMALL: _(
            "The categories have %(places)s places in all, the event %(size)s: some can never be taken.",
            places=number(sizes), size=number(event.size or 0),
        ),
        Misfit.CATEGORY_TOO_LARGE: _("“%(category)s” has more places than the whole event.", category=name),
        Misfit.CATEGORY_NEVER_OPEN: _(
            "Nobody can choose “%(category)s”: its own times lie outside those of registration.", category=name
        ),
        Misfit.ALL_HIDDEN: _("All categories are hidden: visitors can choose none, so nobody can register."),
    }  # fmt: skip


def _about_the_rest(event: EventFacts) -> dict[Misfit, str]:
    return {
        Misfit.NO_NAME: _("The event has no name."),
        Misfit.NO_LIMIT: _("There is no limit: everybody who registers gets a place."),
        Misfit.NO_PLACES: _("There are no places: people can only put themselves on a list of interest."),
        Misfit.TOO_MANY_TAKEN: _(
            "More places are taken (%(taken)s) than there are (%(size)s).", taken=event.taken, size=event.size
        ),
        Misfit.NO_WAITLIST: _("There is no waiting list: when the event is full, people are turned away."),
        Misfit.NO_PLACE: _("Nobody reads where it takes place: there is neither a place nor an online address."),
        Misfit.ONLINE_UNPROTECTED: _("The online address does not begin with https: others may read along."),
        Misfit.NO_CONTACT: _("Visitors cannot write to you: there is no address for messages."),
        Misfit.NO_DESCRIPTION: _("The page says nothing about the event: there is no description."),
        Misfit.NO_ORGANISER: _("Nobody reads who organises it, and mails are not signed: “Organised by” is empty."),
    }


_FIELDS = {
    Misfit.ENDS_BEFORE_START: "ends_at",
    Misfit.OVER_ALREADY: "starts_at",
    Misfit.RETAINED_TOO_SHORT: "retain_until",
    Misfit.STARTED_ALREADY: "starts_at",
    Misfit.OPENS_AFTER_CLOSING: "opens_at",
    Misfit.CLOSES_AFTER_START: "closes_at",
    Misfit.CLOSED_ALREADY: "closes_at",
    Misfit.CHANGE_AFTER_START: "change_until",
    Misfit.SERVED_UNTIL_BEFORE_CLOSING: "serve_until",
    Misfit.SERVED_UNTIL_AFTER_START: "serve_until",
    Misfit.NO_WAITLIST: "waitlist_limit",
    Misfit.ONLINE_UNPROTECTED: "online_url",
    Misfit.NO_CONTACT: "contact_address",
}
_TEXTS = {
    Misfit.NO_NAME: "name", Misfit.NO_PLACE: "venue", Misfit.NO_DESCRIPTION: "description",
    Misfit.NO_ORGANISER: "organiser",
}  # fmt: skip


def _address(event: EventFacts, found: Finding) -> str:
    if found.code in _FIELDS:
        return url_for("organizer.settings", slug=event.slug, _anchor=_FIELDS[found.code])
    if found.code is Misfit.ALL_HIDDEN:
        return url_for("organizer.categories", slug=event.slug)
    if found.code is Misfit.CATEGORY_NEVER_OPEN:
        return url_for("organizer.category", slug=event.slug, category_id=found.about, _anchor="opens_at")
    if found.lang is None and found.code not in _TEXTS:
        return url_for("organizer.capacity", slug=event.slug)
    lang = found.lang or next(iter(event.texts), None) or next(iter(LANGUAGES))
    field = _TEXTS.get(found.code) or (found.keys[0] if found.keys else "name")
    return url_for("organizer.texts", slug=event.slug, lang_code=lang, _anchor=field)
