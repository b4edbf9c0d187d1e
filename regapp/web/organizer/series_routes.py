"""The series that editions belong to: its name, its summary, its address."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import ChangedMeanwhile, SlugTaken
from regapp.services import series, teams
from regapp.services.accounts import Me
from regapp.services.series import SeriesFacts
from regapp.web import access
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.series_forms import SeriesForm, series_form, stored
from regapp.web.pages import page


@bp.route("/series/<slug:slug>", methods=["GET", "POST"], endpoint="series")
@access.account
def edit_series(me: Me, slug: str) -> ResponseReturnValue:
    """Show and save what a series is called."""
    found = series.get_mine(me.id, slug)
    form = series_form()
    if not form.is_ready(stored(found)):
        return _page(me, found, form)
    try:
        with transaction():
            series.save(found.id, slug=form.slug.data, texts=form.texts(), seen=found, actor=me.actor, now=utcnow())
    except SlugTaken:
        form.slug.errors = [_("Another series has this address: choose a different one")]
        return _page(me, found, form)
    except ChangedMeanwhile:
        found = series.find(found.id) or found
        form.compare(stored(found))
        return _page(me, found, form, status=409)
    flash(_("Saved."))
    return redirect(url_for("organizer.series", slug=form.slug.data), code=303)


def _page(me: Me, found: SeriesFacts, form: SeriesForm, *, status: int | None = None) -> Response:
    mine = [one for one in teams.list_events(me.id) if one.event.series_id == found.id]
    if status is None:
        status = 409 if form.differences else 422 if form.errors else 200
    return page("organizer/series.html", status=status, me=me, series=found, form=form, mine=mine)
