"""What managers do to one registration: correct it, cancel it, send its link again, erase the person."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import compact, transaction
from regapp.errors import AddressTaken, ChangedMeanwhile, IllegalMove, TooLate
from regapp.models import Role
from regapp.rules.states import LIVING, State
from regapp.services import contacts, correcting, current, erasure, events, registrations
from regapp.services import person as persons
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.person import Person
from regapp.web import access
from regapp.web.forms import ConfirmForm, Form
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.person_forms import CancelForm, CorrectionForm, correction_form
from regapp.web.organizer.person_routes import back_to
from regapp.web.pages import page


@bp.route("/events/<slug:slug>/people/<code:code>/edit", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def edit_person(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Correct what a person said about themselves; they are told."""
    found, form = persons.get_person(event.id, code), correction_form(event)
    if State(found.own.state) not in LIVING:
        return _no_longer(event, found)
    if not form.is_ready(form.stored(found)):
        return _edit_page(me, event, found, form)
    try:
        _store(me, found, form)
    except AddressTaken:
        form.refuse_address()
        return _edit_page(me, event, found, form)
    except ChangedMeanwhile:
        found = persons.get_person(event.id, code)
        form.compare(form.stored(found))
        return _edit_page(me, event, found, form, status=409)
    except IllegalMove:
        return _no_longer(event, found)
    flash(_("The details of %(name)s are saved.", name=form.details(found.own.details).name))
    return back_to(event, code)


@bp.route("/events/<slug:slug>/people/<code:code>/cancel", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def cancel_person(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Ask once more, then end a registration; the place goes to whoever waits first."""
    found, form = persons.get_person(event.id, code), CancelForm()
    if request.method != "POST":
        form.tell.data = True
    if not form.validate_on_submit():
        if not found.own.can_cancel(utcnow()):
            return _no_longer(event, found)
        return _step("organizer/cancel_person.html", me, event, found, form)
    try:
        with transaction():
            registrations.cancel(found.own.id, actor=me.actor, now=utcnow(), tell=form.tell.data)
    except (TooLate, IllegalMove):
        return _no_longer(event, found)
    told = _("%(name)s is told by mail.", name=found.name) if form.tell.data else _("No mail says so.")
    flash(_("The registration of %(name)s is cancelled.", name=found.name) + " " + told)
    return back_to(event, code)


@bp.route("/events/<slug:slug>/people/<code:code>/link", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def resend_link(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Send a person their own link again, at most once an hour."""
    found, form = persons.get_person(event.id, code), ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/resend_link.html", me, event, found, form)
    with transaction():
        sent = contacts.send_link(current.get(found.own.id), now=utcnow())
    if sent:
        flash(_("The link is sent to %(email)s.", email=found.own.email))
    elif State(found.own.state) in LIVING:
        flash(_("The link was sent within the last hour already: it is sent at most once an hour."), "warning")
    else:
        flash(_("This registration has ended: its link is no longer sent."), "warning")
    return back_to(event, code)


@bp.route("/events/<slug:slug>/people/<code:code>/erase", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def erase_person(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Ask once more, then forget a person who wants to be forgotten. Source: R18."""
    found, form = persons.get_person(event.id, code), ConfirmForm()
    if not form.validate_on_submit():
        return _step("organizer/erase_person.html", me, event, found, form)
    with transaction():
        erased = erasure.erase(found.own.id, actor=me.actor, now=utcnow())
    erasure.forget_files(erased)
    compact()
    flash(_("The person is erased, and gets one last mail that says so."))
    return redirect(url_for("organizer.people", slug=event.slug), code=303)


def _store(me: Me, found: Person, form: CorrectionForm) -> None:
    """Store what is new. Raises: AddressTaken, and then nothing is stored; ChangedMeanwhile; IllegalMove."""
    own, seen = found.own, found.own.revision
    if form.email.data != own.email:
        with transaction():
            correcting.change_email(own.id, form.email.data, seen=seen, actor=me.actor, now=utcnow())
        seen += 1
    with transaction():
        details = form.details(own.details)
        correcting.change_details(own.id, details, seen=seen, actor=me.actor, now=utcnow())


def _edit_page(
    me: Me, event: EventFacts, found: Person, form: CorrectionForm, *, status: int | None = None
) -> ResponseReturnValue:
    if status is None:
        status = 409 if form.differences else 422 if form.errors else 200
    return _step("organizer/edit_person.html", me, event, found, form, status=status)


def _step(
    template: str, me: Me, event: EventFacts, found: Person, form: Form, *, status: int | None = None
) -> Response:
    return page(
        template, status=status or (422 if form.errors else 200), me=me, event=events.get(event.id),
        tab="organizer.people", person=found, own=found.own, form=form,
    )  # fmt: skip


def _no_longer(event: EventFacts, found: Person) -> ResponseReturnValue:
    """Lead back to a person whose registration has ended, or whose event has begun, meanwhile."""
    ended = State(found.own.state) not in LIVING
    said = _("This registration has ended: nothing about it changes any more.")
    flash(said if ended else _("The event has begun: nobody can be cancelled any more."), "warning")
    return back_to(event, found.own.code)
