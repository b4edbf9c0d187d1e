"""A person's own registration: whoever holds its link sees it, changes it, cancels it, takes it away, erases it."""

from __future__ import annotations

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from regapp.clock import utcnow
from regapp.db import compact, transaction
from regapp.errors import AddressTaken, CategoryClosed
from regapp.rules.addresses import contact_key
from regapp.rules.states import State
from regapp.services import categories, contacts, dossier, erasure, events, registrations
from regapp.services.categories import NoRoom
from regapp.services.choices import Choice, list_choices
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.web import access, languages, limits
from regapp.web.forms import ConfirmForm, Form
from regapp.web.pages import page
from regapp.web.public import calendar
from regapp.web.public.addresses import Note, note_asked, own_address
from regapp.web.public.blueprint import bp
from regapp.web.public.forms import CategoryForm, DetailsForm, EmailForm, asked_by
from regapp.web.public.own_page import can_move, draw_own
from regapp.web.public.true_now import true_now


@bp.get("/r/<token:token>")
@access.link
def registration(own: Own) -> ResponseReturnValue:
    """Show a person where they stand and what they can do."""
    address = own_address(own.code, own.link_version)
    return Response(draw_own(own, address=address, note=note_asked(), now=utcnow()))


@bp.route("/r/<token:token>/change", methods=["GET", "POST"])
@access.link
def change(own: Own) -> ResponseReturnValue:
    """Let a person correct what they said about themselves."""
    form = asked_by(own.event, DetailsForm(obj=own.details))
    if request.method == "GET" and not own.can_change(utcnow()):
        return redirect(own_address(own.code, own.link_version, note=Note.LATE), code=303)
    if not form.validate_on_submit():
        return _step_page("public/change.html", own, form)
    _limit(own)
    with transaction():
        registrations.change_details(own.id, form.details(own.details), actor="attendee", now=utcnow())
    return redirect(own_address(own.code, own.link_version, note=Note.SAVED), code=303)


@bp.route("/r/<token:token>/cancel", methods=["GET", "POST"])
@access.link
def cancel(own: Own) -> ResponseReturnValue:
    """Ask once more, then give the place back. Only the post changes anything (R10)."""
    form = ConfirmForm()
    if request.method == "GET" and not own.can_leave(utcnow()):
        return redirect(own_address(own.code, own.link_version), code=303)
    if not form.validate_on_submit():
        return _step_page("public/cancel.html", own, form)
    _limit(own)
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=utcnow())
    return redirect(own_address(own.code, own.link_version), code=303)


@bp.get("/r/<token:token>/calendar.ics")
@access.link
def calendar_file(own: Own) -> ResponseReturnValue:
    """Give the event as a calendar file to those who have a place."""
    file = Response(calendar.build(own, now=utcnow()), mimetype="text/calendar")
    file.headers["Content-Disposition"] = f"attachment; filename={own.event.slug}.ics"
    return file


@bp.route("/r/<token:token>/email", methods=["GET", "POST"])
@access.link
def change_email(own: Own) -> ResponseReturnValue:
    """Let a person have the mails sent elsewhere."""
    form = EmailForm(email=own.email)
    if request.method == "GET" and not own.can_change(utcnow()):
        return redirect(own_address(own.code, own.link_version, note=Note.LATE), code=303)
    if not form.validate_on_submit():
        return _step_page("public/change_email.html", own, form)
    _limit(own)
    limits.check(limits.PER_ADDRESS, "moved to", contact_key(form.email.data))
    try:
        with transaction():
            link = contacts.change_email(own.id, form.email.data, actor="attendee", now=utcnow())
    except AddressTaken:
        form.refuse_address()
        return _step_page("public/change_email.html", own, form)
    return redirect(own_address(link.code, link.link_version, note=Note.SAVED), code=303)


@bp.route("/r/<token:token>/category", methods=["GET", "POST"])
@access.link
def change_category(own: Own) -> ResponseReturnValue:
    """Let a person choose another category: first which one, then what it means. Only the post moves them (R10)."""
    now, posted = utcnow(), request.method == "POST"
    if not posted and not can_move(own, now):
        late = None if own.can_change(now) else Note.LATE
        return redirect(own_address(own.code, own.link_version, note=late), code=303)
    typed = request.values.get("category", "" if posted or "step" in request.args else None)
    form, event = CategoryForm(category=typed), _without(own)
    choice = list_choices(event, now).find(typed)
    if posted and form.validate() and choice:
        return _move(own, choice, form)
    if typed is not None and (choice is None or not choice.offered or choice.id == own.category_id):
        form.refuse(choice, own)
        choice = None
    return _category_page(own, event, form, choice, status=422 if form.errors else 200)


def _move(own: Own, choice: Choice, form: CategoryForm) -> ResponseReturnValue:
    """Move the person, or say what is in the way."""
    _limit(own)
    try:
        with transaction():
            outcome = categories.move(own.id, choice.id, actor="attendee", now=utcnow())
    except CategoryClosed:
        form.refuse(choice, own)
        return _category_page(own, _without(own), form, None, status=422)
    if isinstance(outcome, NoRoom):
        return _category_page(own, _without(own), form, choice, status=409, no_room=outcome)
    return redirect(own_address(own.code, own.link_version, note=Note.SAVED), code=303)


def _without(own: Own) -> EventFacts:
    """Return the event as it stands now, as if the person had left: that place goes with them."""
    event, me = events.get(own.event.id), {own.category_id: -1}
    return event.plus(waiting=me) if own.state == State.WAITLISTED else event.plus(taken=me)


def _category_page(
    own: Own,
    event: EventFacts,
    form: CategoryForm,
    choice: Choice | None,
    *,
    status: int,
    no_room: NoRoom | None = None,
) -> Response:
    """Show what there is to choose from, or what the choice means; `no_room`: that it was refused just now."""
    waits = own.state == State.WAITLISTED
    full = no_room.lacking if no_room else categories.lacking(event, choice.id) if choice and not waits else ()
    values = {
        "own": own, "event": event, "address": own_address(own.code, own.link_version), "form": form, "waits": waits,
        "choice": choice, "full": full, "chosen_lang": languages.chosen(),
        "mine": next((found for found in event.categories if found.id == own.category_id), None),
    }  # fmt: skip
    return page("public/change_category.html", status=status, **values, **true_now(event, utcnow()))


@bp.get("/r/<token:token>/data.json")
@access.link
def own_data(own: Own) -> ResponseReturnValue:
    """Give a person everything that is stored about them."""
    file = Response(dossier.write(own.id), mimetype="application/json")
    file.headers["Content-Disposition"] = f"attachment; filename=registration-{own.code}.json"
    return file


@bp.route("/r/<token:token>/erase", methods=["GET", "POST"])
@access.link
def erase(own: Own) -> ResponseReturnValue:
    """Ask once more, then forget the person. Only the post changes anything (R10)."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _step_page("public/erase.html", own, form)
    _limit(own)
    with transaction():
        erased = erasure.erase(own.id, actor="attendee", now=utcnow())
    erasure.forget_files(erased)
    compact()
    return page("public/erased.html", event=own.event, **true_now(own.event, utcnow()))


def _limit(own: Own) -> None:
    """Let nobody fill a mailbox with mails about changes: whoever registers may have typed somebody else's address."""
    limits.check(limits.PER_REGISTRATION, "registration", f"{own.event.id} {contact_key(own.email)}")


def _step_page(template: str, own: Own, form: Form) -> Response:
    """Show a form on a person's own registration, empty or with what needs a look."""
    values = {"own": own, "event": own.event, "address": own_address(own.code, own.link_version), "form": form}
    return page(template, status=422 if form.errors else 200, **values, **true_now(own.event, utcnow()))
