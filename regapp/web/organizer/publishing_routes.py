"""The life of an event: looked at as a draft, published, taken back, called off, put away."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import EventOver, NotReady, PeopleRegistered, WrongStatus
from regapp.models import Role
from regapp.rules import window
from regapp.rules.window import Phase
from regapp.services import editing, erasure, events, publishing, series, unchanged
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.web import access
from regapp.web.filters import link
from regapp.web.forms import ConfirmForm
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.misfits import remarks
from regapp.web.organizer.publishing_forms import CallOffForm
from regapp.web.pages import page
from regapp.web.public.described import describe
from regapp.web.public.true_now import true_now


@bp.get("/events/<slug:slug>/preview")
@access.member(Role.VIEWER)
def preview(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show the page as visitors will see it, and what does not fit together."""
    now_true = true_now(event, utcnow())
    values: dict[str, Any] = {
        "about": describe(event, now_true["phase"]),
        "series": series.find(event.series_id),
        "link": _nowhere if event.draft else link,
        "remarks": remarks(event),
    }
    return page("organizer/preview.html", me=me, event=event, form=ConfirmForm(), **values, **now_true)


@bp.route("/events/<slug:slug>/publish", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def publish(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show a draft to everybody."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/publish.html", me, event, form)
    try:
        with transaction():
            publishing.publish(event.id, actor=me.actor, now=utcnow())
    except (NotReady, WrongStatus):
        return _step("organizer/publish.html", me, event, form, status=409)
    flash(_("Published. Visitors see the event now, and can register as soon as registration is open."))
    return _onward(event)


@bp.route("/events/<slug:slug>/unpublish", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def unpublish(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Make a draft of the event again, as long as nobody is registered."""
    form, people = ConfirmForm(), editing.count_told(event.id)
    if not form.validate_on_submit():
        return _step("organizer/unpublish.html", me, event, form, people=people)
    try:
        with transaction():
            publishing.unpublish(event.id, actor=me.actor, now=utcnow())
    except (PeopleRegistered, WrongStatus):
        people = editing.count_told(event.id)
        return _step("organizer/unpublish.html", me, event, form, status=409, people=people)
    flash(_("The event is a draft again. Visitors no longer find it."))
    return _onward(event)


@bp.route("/events/<slug:slug>/call-off", methods=["GET", "POST"])
@access.member(Role.OWNER)
def call_off(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Ask once more, with the number of those who are told; then call the event off for good."""
    form, people = CallOffForm(), editing.count_told(event.id)
    if not form.validate_on_submit():
        form.agreed.data = str(people)
        return _step("organizer/call_off.html", me, event, form, people=people)
    try:
        with transaction():
            more = publishing.call_off(event.id, agreed=form.people, actor=me.actor, now=utcnow())
    except (EventOver, WrongStatus):
        return _step("organizer/call_off.html", me, event, form, status=409, people=people)
    if more is not None:
        form.agreed.data = str(more.people)
        return _step("organizer/call_off.html", me, event, form, status=409, people=more.people, moved=True)
    flash(_("The event is called off. Everybody who took part is told by mail."))
    return _onward(event)


@bp.route("/events/<slug:slug>/archive", methods=["GET", "POST"])
@access.member(Role.OWNER)
def archive(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Take an event that has ended or was called off from the list; its page stays."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/archive.html", me, event, form)
    try:
        with transaction():
            publishing.archive(event.id, actor=me.actor, now=utcnow())
    except WrongStatus:
        return _step("organizer/archive.html", me, event, form, status=409)
    flash(_("The event has left the list. Its page stays."))
    return _onward(event)


@bp.route("/events/<slug:slug>/delete", methods=["GET", "POST"])
@access.member(Role.OWNER)
def delete(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Delete a draft for which nobody has registered."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/delete.html", me, event, form, people=publishing.count_ever(event.id))
    try:
        with transaction():
            erased = publishing.delete_draft(event.id)
    except (PeopleRegistered, WrongStatus):
        people = publishing.count_ever(event.id)
        return _step("organizer/delete.html", me, events.get(event.id), form, status=409, people=people)
    erasure.forget_files(erased)
    unchanged.forget(current_app)  # SQLite gives the next event the same id
    flash(_("The draft is deleted."))
    return redirect(url_for("organizer.index"), code=303)


def _step(template: str, me: Me, event: EventFacts, form: Any, *, status: int | None = None, **values: Any) -> Response:
    """Show a step that is asked for once more, or why it cannot be done."""
    now = utcnow()
    facts: dict[str, Any] = {
        "moved": False,
        "ended": now >= event.ends_at,
        "open": window.phase(event, now) is Phase.OPEN,
    }
    facts |= {"remarks": remarks(event), **values}
    status = status or (422 if form.errors else 200)
    return page(template, status=status, me=me, event=event, form=form, tab="organizer.settings", **facts)


def _onward(event: EventFacts) -> ResponseReturnValue:
    return redirect(url_for("organizer.overview", slug=event.slug), code=303)


def _nowhere(endpoint: str, **values: str) -> str:
    """Return the address of a page, but of none of a draft: nobody could open it."""
    return "#main" if "slug" in values else link(endpoint, **values)
