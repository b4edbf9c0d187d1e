"""Making an event: from nothing, from a profile, or as a copy of an earlier edition."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.models import Role
from regapp.rules import profiles
from regapp.rules.profiles import Profile
from regapp.services import planning, series
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.speech import LANGUAGES
from regapp.web import access, languages, zones
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.events_forms import NewEventForm, copy_form
from regapp.web.pages import page


@bp.route("/new", methods=["GET", "POST"])
@access.account
def new(me: Me) -> ResponseReturnValue:
    """Ask for what only its organizers know about an event; make it a draft."""
    form = NewEventForm()
    if request.method != "POST":
        _prefill(form, me)
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        form.ends_at.description = _usual_end(form)
        return page("organizer/new.html", status=status, me=me, form=form, profiles=list(Profile))
    with transaction():
        slug = planning.create(form.new_event(languages.current()), me.id, actor=me.actor, now=utcnow())
    return redirect(url_for("organizer.preview", slug=slug), code=303)


@bp.route("/events/<slug:slug>/copy", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def copy(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Make the next edition: settings and texts as here, dates shifted, nobody in it."""
    langs = [lang for lang in LANGUAGES if event.texts.get(lang, {}).get("name")]
    form, fields = copy_form(langs or [languages.current()])
    if request.method != "POST":
        for lang, field in fields.items():
            form[field].data = event.texts.get(lang, {}).get("name", "")
        form.new_series.data = True
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        found = series.find(event.series_id)
        values = {"form": form, "names": fields, "series": found}
        return page("organizer/copy.html", status=status, me=me, event=event, tab="organizer.settings", **values)
    with transaction():
        slug = planning.copy(event, form.copy(fields), me.id, actor=me.actor, now=utcnow())
    flash(_("The copy is a draft. Look at its dates and texts before you publish it."))
    return redirect(url_for("organizer.preview", slug=slug), code=303)


def _usual_end(form: NewEventForm) -> str:
    hours = profiles.outline(form.chosen).length // timedelta(hours=1)
    return str(ngettext("Empty: one hour after it begins.", "Empty: %(num)s hours after it begins.", hours))


def _prefill(form: NewEventForm, me: Me) -> None:
    """Offer what is usual for the kind of event that the address names."""
    asked = request.args.get("profile", "")
    form.profile.data = asked if asked in set(Profile) else ""
    size = profiles.outline(form.chosen).size
    form.size.data = "" if size is None else str(size)
    form.tz.data = planning.last_zone(me.id) or zones.USUAL
