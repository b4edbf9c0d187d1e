"""Pages for visitors. Each route reads the request, calls a service, answers with a page."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from regapp import links
from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import RegistrationClosed
from regapp.rules import window
from regapp.services import drafts, events, recent, registrations
from regapp.services.drafts import Draft
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.services.registrations import AlreadyKnown, MustAgreeToWait, NoPlace, Outcome, Registered
from regapp.services.seats import GuardMissed
from regapp.web import access
from regapp.web.headers import shared
from regapp.web.pages import draw, page
from regapp.web.prepared import prepared
from regapp.web.public import calendar
from regapp.web.public.forms import PRIVACY_VERSION, ConfirmForm, DetailsForm, Form, RegistrationForm, new_submission
from regapp.web.public.listing import group
from regapp.web.public.own_page import draw_own

bp = Blueprint("public", __name__)

CSRF_HERE, SUBMISSION_HERE = secrets.token_hex(16), secrets.token_hex(16)
"""Stand in a prepared form where each visitor's own values go. Random, so that no text of an event can have them."""


@bp.get("/")
@access.public
def index() -> ResponseReturnValue:
    """List the events: open ones first, then those to come, then the past."""
    now = utcnow()
    listed = events.list_public()
    edges = [edge for found in listed if (edge := window.next_edge(found, now))]
    groups = group(listed, now)
    html = prepared("index", groups, lambda: draw("public/index.html", groups=groups))
    return shared(Response(html), now=now, edge=min(edges, default=None))


@bp.get("/events/<slug:slug>")
@access.public
def event(slug: str) -> ResponseReturnValue:
    """Show an event: what it is, how many places are left, what one can do now."""
    now = utcnow()
    found = recent.get_by_slug(slug, now=now)
    now_true = _true_now(found, now)
    html = prepared(f"event {slug}", (found, now_true), lambda: draw("public/event.html", event=found, **now_true))
    return shared(Response(html), now=now, edge=window.next_edge(found, now))


@bp.get("/privacy")
@access.public
def privacy() -> ResponseReturnValue:
    """Say what is stored, why, and for how long."""
    html = prepared("privacy", PRIVACY_VERSION, lambda: draw("public/privacy.html", version=PRIVACY_VERSION))
    return shared(Response(html), now=utcnow(), edge=None)


@bp.route("/events/<slug:slug>/register", methods=["GET", "POST"])
@access.public
def register(slug: str) -> ResponseReturnValue:
    """Show the form; on a valid post, register and move on to the person's own page."""
    now = utcnow()
    if request.method != "POST":
        return _fresh_form(recent.get_by_slug(slug, now=now), now=now)
    found = recent.get_by_slug(slug, now=now, seats_may_lag=True)
    form = RegistrationForm()
    if not form.validate():
        return _form_page(found, form, status=422)
    try:
        outcome = _decide(drafts.prepare(found, form.applicant(), now=now))
    except RegistrationClosed:
        return _form_page(found, form, status=409, notice="closed")
    match outcome:
        case Registered(code, link_version):
            return redirect(_own_address(code, link_version), code=303)
        case AlreadyKnown():
            return page("public/check_your_mail.html", event=found, email=form.email.data)
        case MustAgreeToWait():
            return _form_page(events.get_by_slug(slug), form, status=409, notice="must_wait")
        case NoPlace():
            return _form_page(events.get_by_slug(slug), form, status=409, notice="no_place")


@bp.get("/r/<token:token>")
@access.link
def registration(own: Own) -> ResponseReturnValue:
    """Show a person where they stand and what they can do."""
    address = _own_address(own.code, own.link_version)
    return Response(draw_own(own, address=address, saved="saved" in request.args, now=utcnow()))


@bp.route("/r/<token:token>/change", methods=["GET", "POST"])
@access.link
def change(own: Own) -> ResponseReturnValue:
    """Let a person correct what they said about themselves."""
    form = DetailsForm(obj=own.details)
    if request.method == "GET" and not own.can_change(utcnow()):
        return redirect(_own_address(own.code, own.link_version), code=303)
    if not form.validate_on_submit():
        return _step_page("public/change.html", own, form)
    with transaction():
        registrations.change_details(own.id, form.details(), actor="attendee", now=utcnow())
    return redirect(_own_address(own.code, own.link_version, saved="1"), code=303)


@bp.route("/r/<token:token>/cancel", methods=["GET", "POST"])
@access.link
def cancel(own: Own) -> ResponseReturnValue:
    """Ask once more, then give the place back. Only the post changes anything (R10)."""
    form = ConfirmForm()
    if request.method == "GET" and not own.can_change(utcnow()):
        return redirect(_own_address(own.code, own.link_version), code=303)
    if not form.validate_on_submit():
        return _step_page("public/cancel.html", own, form)
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=utcnow())
    return redirect(_own_address(own.code, own.link_version), code=303)


@bp.get("/r/<token:token>/calendar.ics")
@access.link
def calendar_file(own: Own) -> ResponseReturnValue:
    """Give the event as a calendar file to those who have a place."""
    file = Response(calendar.build(own, now=utcnow()), mimetype="text/calendar")
    file.headers["Content-Disposition"] = f"attachment; filename={own.event.slug}.ics"
    return file


def _decide(draft: Draft) -> Outcome:
    """Register: by the quick answer if it is the right one, else under the lock."""
    try:
        with transaction(gives_seats_only=True):
            return registrations.register_at_once(draft)
    except GuardMissed:
        with transaction():
            return registrations.register(draft)


def _fresh_form(found: EventFacts, *, now: datetime) -> Response:
    """Show the empty form: a prepared page, and in it two values that are new each time."""
    now_true = _true_now(found, now)

    def draw_form() -> str:
        form = RegistrationForm()
        html = _draw_form(found, form, now_true)
        return html.replace(form.csrf_token.current_token, CSRF_HERE).replace(form.submission.data, SUBMISSION_HERE)

    html = prepared(f"register {found.slug}", (found, now_true), draw_form)
    return Response(html.replace(CSRF_HERE, generate_csrf()).replace(SUBMISSION_HERE, new_submission()))


def _form_page(found: EventFacts, form: Form, *, status: int, notice: str | None = None) -> Response:
    """Show the form as typed. `notice`: why it was refused, beyond its fields: closed, must_wait or no_place."""
    return Response(_draw_form(found, form, _true_now(found, utcnow()), notice), status)


def _draw_form(found: EventFacts, form: Form, now_true: dict[str, Any], notice: str | None = None) -> str:
    values = {"event": found, "form": form, "notice": notice, "privacy_version": PRIVACY_VERSION}
    return draw("public/register.html", **values, **now_true)


def _true_now(found: EventFacts, now: datetime) -> dict[str, Any]:
    """Return what pages about an event say besides its facts, since the clock changes it."""
    return {
        "phase": window.phase(found, now),
        "can_wait": found.can_wait(now),
        "serving": window.is_serving(found, now),
    }


def _step_page(template: str, own: Own, form: Form) -> Response:
    """Show a form on a person's own registration, empty or with what needs a look."""
    values = {"own": own, "event": own.event, "address": _own_address(own.code, own.link_version), "form": form}
    return page(template, status=422 if form.errors else 200, **values, **_true_now(own.event, utcnow()))


def _own_address(code: str, link_version: int, *, saved: str | None = None) -> str:
    return url_for("public.registration", token=links.own_token(code, link_version), saved=saved)
