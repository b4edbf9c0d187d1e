"""Pages for visitors. Each route reads the request, calls a service, answers with a page."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape
from sqlalchemy.exc import IntegrityError

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import CategoryClosed, RegistrationClosed
from regapp.rules import window
from regapp.services import drafts, events, recent, registrations, series
from regapp.services.choices import list_choices
from regapp.services.drafts import Draft
from regapp.services.events import EventFacts
from regapp.services.registrations import AlreadyKnown, MustAgreeToWait, NoPlace, Outcome, Registered
from regapp.services.seats import GuardMissed
from regapp.web import access, limits
from regapp.web.headers import shared
from regapp.web.pages import draw, page
from regapp.web.prepared import prepared
from regapp.web.public import calendar, work
from regapp.web.public.addresses import own_address
from regapp.web.public.blueprint import bp
from regapp.web.public.described import describe
from regapp.web.public.forms import PRIVACY_VERSION, RegistrationForm, new_submission, offering
from regapp.web.public.listing import group
from regapp.web.public.true_now import true_now
from regapp.web.signing import form_token

CSRF_HERE, SUBMISSION_HERE, WORK_HERE = secrets.token_hex(16), secrets.token_hex(16), secrets.token_hex(16)
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
    now_true = true_now(found, now)
    html = prepared(f"event {slug}", (found, now_true), lambda: _draw_event(found, now_true))
    return shared(Response(html), now=now, edge=window.next_edge(found, now, found.categories))


@bp.get("/calendar.ics")
@access.public
def calendar_list() -> ResponseReturnValue:
    """Give all public events as one calendar, to subscribe to."""
    now = utcnow()
    file = Response(calendar.build_list(events.list_public(), now=now), mimetype="text/calendar")
    return shared(file, now=now, edge=None)


@bp.get("/events")
@access.public
def events_elsewhere() -> ResponseReturnValue:
    """Lead to the list, whose address people guess."""
    return redirect(url_for("public.index"), code=301)


@bp.get("/privacy")
@access.public
def privacy() -> ResponseReturnValue:
    """Say what is stored, why, and for how long."""
    values = {"version": PRIVACY_VERSION, "event": None}
    html = prepared("privacy", PRIVACY_VERSION, lambda: draw("public/privacy.html", **values))
    return shared(Response(html), now=utcnow(), edge=None)


@bp.route("/events/<slug:slug>/register", methods=["GET", "POST"])
@access.public
def register(slug: str) -> ResponseReturnValue:
    """Show the form; on a valid post, register and move on to the person's own page."""
    now = utcnow()
    if request.method != "POST":
        return _fresh_form(recent.get_by_slug(slug, now=now), now=now)
    found = recent.get_by_slug(slug, now=now, seats_may_lag=True)
    form = offering(found, list_choices(found, now), RegistrationForm())
    if not form.validate():
        return _form_page(found, form, status=422)
    draft = drafts.prepare(found, form.applicant(), now=now)
    if work.is_asked(found) and not _passes(form, draft):
        return _form_page(found, form, status=422)
    try:
        outcome = _decide(draft)
    except RegistrationClosed:
        return _form_page(found, form, status=409, notice="closed")
    except CategoryClosed:
        return _refuse_category(slug)
    match outcome:
        case Registered(code, link_version):
            return redirect(own_address(code, link_version), code=303)
        case AlreadyKnown():
            values = {"event": found, "email": form.email.data, **true_now(found, now)}
            return page("public/check_your_mail.html", asked=False, **values)
        case MustAgreeToWait():
            return _form_page(events.get_by_slug(slug), form, status=409, notice="must_wait")
        case NoPlace():
            return _form_page(events.get_by_slug(slug), form, status=409, notice="no_place")


def _draw_event(found: EventFacts, now_true: dict[str, Any]) -> str:
    about, part_of = describe(found, now_true["phase"], now_true["choices"]), series.find(found.series_id)
    return draw("public/event.html", event=found, about=about, series=part_of, **now_true)


def _passes(form: RegistrationForm, draft: Draft) -> bool:
    """Say whether the calculation against robots was made, or is not needed; else the form says what to do."""
    if work.is_done(form.altcha.data, draft.event, form.submission.data) or registrations.is_answered(draft):
        return True
    if not form.without_work.data:
        form.ask_for_work()
        return False
    wait = limits.hit(limits.WITHOUT_WORK, "without work", draft.event.slug)
    if wait is not None:
        form.ask_to_come_back(wait)
    return wait is None


def _refuse_category(slug: str) -> Response:
    """Show the form with what there is to choose from now, which may be something else than when it was filled in."""
    found = events.get_by_slug(slug)
    form = offering(found, list_choices(found, utcnow()), RegistrationForm())
    form.validate()
    form.refuse_category()
    return _form_page(found, form, status=422)


def _decide(draft: Draft) -> Outcome:
    """Register: by the quick answer if it is the right one, else under the lock."""
    try:
        with transaction(gives_seats_only=True):
            return registrations.register_at_once(draft)
    except (GuardMissed, IntegrityError):  # the latter: the category that was chosen has been removed just now
        with transaction():
            return registrations.register(draft)


def _fresh_form(found: EventFacts, *, now: datetime) -> Response:
    """Show the empty form: a prepared page, and in it two values that are new each time."""
    now_true = true_now(found, now)

    def draw_form() -> str:
        form = offering(found, now_true["choices"], RegistrationForm())
        form.preselect()
        html = _draw_form(found, form, now_true, challenge=WORK_HERE if work.is_asked(found) else None)
        return html.replace(form.csrf_token.current_token, CSRF_HERE).replace(form.submission.data, SUBMISSION_HERE)

    html = prepared(f"register {found.slug}", (found, now_true), draw_form)
    submission = new_submission()
    html = html.replace(CSRF_HERE, form_token()).replace(SUBMISSION_HERE, submission)
    if work.is_asked(found):
        html = html.replace(WORK_HERE, escape(work.challenge(found, submission, now=now)))
    return Response(html)


def _form_page(found: EventFacts, form: RegistrationForm, *, status: int, notice: str | None = None) -> Response:
    """Show the form as typed. `notice`: why it was refused, beyond its fields: closed, must_wait or no_place."""
    now = utcnow()
    challenge = work.challenge(found, form.submission.data, now=now) if work.is_asked(found) else None
    now_true = true_now(found, now)
    form.choices = now_true["choices"]
    return Response(_draw_form(found, form, now_true, challenge=challenge, notice=notice), status)


def _draw_form(
    found: EventFacts,
    form: RegistrationForm,
    now_true: dict[str, Any],
    *,
    challenge: str | None,
    notice: str | None = None,
) -> str:
    values = {"form": form, "challenge": challenge, "notice": notice, "privacy_version": PRIVACY_VERSION}
    return draw("public/register.html", event=found, **values, **now_true)
