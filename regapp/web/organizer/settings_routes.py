"""Settings and texts of an event. Who takes part is told of what concerns them, after a step that says how many."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import BadDates, ChangedMeanwhile, NotFound, SlugTaken
from regapp.models import Role
from regapp.rules.fitting import TEXTS, missing_texts
from regapp.services import events, series, settings
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.series import SeriesFacts
from regapp.services.settings import MustTell, Saved
from regapp.speech import LANGUAGES
from regapp.web import access, languages
from regapp.web.filters import number
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.meanwhile import SharedForm
from regapp.web.organizer.misfits import remarks
from regapp.web.organizer.settings_forms import SettingsForm, stored
from regapp.web.organizer.texts_forms import TextsForm
from regapp.web.pages import page

LONGEST = 4 * 1024 * 1024
"""Bytes of a form with long texts that are read, so that a text that is too long comes back with a sentence."""


@bp.route("/events/<slug:slug>/settings", methods=["GET", "POST"], endpoint="settings")
@access.member(Role.MANAGER)
def edit_settings(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show and save what is set about an event."""
    form = SettingsForm.of(event, over=event.is_over(utcnow()), series=_series_for(me, event))
    if not form.is_ready(stored(form, event)):
        return _settings_page(me, event, form)
    try:
        with transaction():
            done = settings.save(
                event.id, form.wanted(), seen=event.version, agreed=form.people, actor=me.actor, now=utcnow()
            )
    except BadDates:
        form.refuse_past()
        return _settings_page(me, event, form)
    except SlugTaken:
        form.refuse_slug()
        return _settings_page(me, event, form)
    except ChangedMeanwhile:
        event = events.get(event.id)
        form.compare(stored(form, event))
        return _settings_page(me, event, form, status=409)
    if isinstance(done, MustTell):
        form.ask_to_tell(done.people)
        return _settings_page(me, event, form)
    flash(_said(done))
    return redirect(url_for("organizer.settings", slug=events.get(event.id).slug), code=303)


@bp.route("/events/<slug:slug>/texts/<lang_code>", methods=["GET", "POST"], endpoint="texts")
@access.member(Role.MANAGER)
def edit_texts(me: Me, event: EventFacts, lang_code: str) -> ResponseReturnValue:
    """Show and save the texts of an event in one language."""
    if lang_code not in LANGUAGES:
        raise NotFound
    request.max_content_length = LONGEST
    form = TextsForm()
    form.needs_name = not any(words.get("name") for lang, words in event.texts.items() if lang != lang_code)
    if not form.is_ready(_texts_of(event, lang_code)):
        return _texts_page(me, event, form, lang_code)
    try:
        with transaction():
            done = settings.save_texts(
                event.id, lang_code, form.texts(), seen=event.version, agreed=form.people, actor=me.actor, now=utcnow()
            )
    except ChangedMeanwhile:
        event = events.get(event.id)
        form.compare(_texts_of(event, lang_code))
        return _texts_page(me, event, form, lang_code, status=409)
    if isinstance(done, MustTell):
        form.ask_to_tell(done.people)
        return _texts_page(me, event, form, lang_code)
    flash(_said(done))
    return redirect(url_for("organizer.texts", slug=event.slug, lang_code=lang_code), code=303)


def _series_for(me: Me, event: EventFacts) -> list[SeriesFacts]:
    """Return the series that an event may be part of: its own first, then those of this person."""
    own, mine = series.find(event.series_id), series.list_mine(me.id)
    return mine if own is None or own in mine else [own, *mine]


def _texts_of(event: EventFacts, lang: str) -> dict[str, str]:
    words = event.texts.get(lang, {})
    return {key: str(words.get(key) or "").strip("\n") for key in TEXTS}


def _settings_page(me: Me, event: EventFacts, form: SettingsForm, **answer: Any) -> Response:
    values: dict[str, Any] = {
        "series": series.find(event.series_id),
        "remarks": remarks(event),
        "over": event.is_over(utcnow()),
    }
    return _page("organizer/settings.html", me, event, form, **values, **answer)


def _texts_page(me: Me, event: EventFacts, form: TextsForm, lang_code: str, **answer: Any) -> Response:
    values: dict[str, Any] = {
        "lang_code": lang_code,
        "missing": missing_texts(event.texts, lang_code),
        "lacking": {code: len(missing_texts(event.texts, code)) for code in LANGUAGES},
        "elsewhere": {key: event.text(key, languages.current()) for key in TEXTS},
    }
    return _page("organizer/texts.html", me, event, form, **values, **answer)


def _page(
    template: str, me: Me, event: EventFacts, form: SharedForm, *, status: int | None = None, **values: Any
) -> Response:
    if status is None:
        status = 409 if form.differences or form.must_tell is not None else 422 if form.errors else 200
    return page(template, status=status, me=me, event=event, form=form, tab="organizer.settings", **values)


def _said(done: Saved) -> str:
    """Return what saving has done, as sentences."""
    said = [_("Saved.")]
    if done.told:
        said.append(
            ngettext(
                "One person is told by mail.",
                "%(people)s people are told by mail.",
                done.told,
                people=number(done.told),
            )
        )
    if done.promoted:
        said.append(
            ngettext(
                "One person got a place because of it.",
                "%(people)s people got a place because of it.",
                done.promoted,
                people=number(done.promoted),
            )
        )
    return " ".join(said)
