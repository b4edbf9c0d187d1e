"""Adding a person by hand."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import EventOver
from regapp.models import Role
from regapp.rules import window
from regapp.rules.states import State
from regapp.services import adding, events
from regapp.services.accounts import Me
from regapp.services.adding import Added, Full, Known, Outcome, WhenFull
from regapp.services.capacity import Limit
from regapp.services.events import EventFacts
from regapp.web import access, languages
from regapp.web.filters import number
from regapp.web.organizer.adding_forms import AddForm, asked_of
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.history_words import places
from regapp.web.pages import page


@bp.route("/events/<slug:slug>/add", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def add_person(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show the form; on a valid post, register the person and move on to them."""
    form = asked_of(event, AddForm())
    if request.method != "POST":
        form.lang.data = me.lang
        return _form_page(me, event, form, over=not window.is_alive(event, utcnow()))
    if not form.validate():
        return _form_page(me, event, form, status=422)
    try:
        outcome = _add(me, event, form)
    except EventOver:
        return _form_page(me, event, form, status=409, over=True)
    match outcome:
        case Added():
            flash(_said(outcome, form, event))
            return redirect(of_person(event, outcome.code), code=303)
        case Full():
            return _form_page(me, events.get(event.id), form, status=409, full=outcome)
        case Known(code):
            return _form_page(me, event, form, status=409, known=of_person(event, code))


def of_person(event: EventFacts, code: str) -> str:
    """Return the address where organizers see a person."""
    return url_for("organizer.person", slug=event.slug, code=code)


def _add(me: Me, event: EventFacts, form: AddForm) -> Outcome:
    draft = adding.prepare(event, form.applicant(), actor=me.actor, tells=form.tell.data, now=utcnow())
    with transaction():
        return adding.add(draft, when_full=WhenFull(form.when_full.data))


def _form_page(
    me: Me,
    event: EventFacts,
    form: AddForm,
    *,
    status: int = 200,
    over: bool = False,
    full: Full | None = None,
    known: str = "",
) -> Response:
    """Show the form. `over`, `full`, `known`: why it was refused; the last is where the person is to be seen."""
    return page(
        "organizer/add_person.html", status=status, me=me, event=event, tab="organizer.people", form=form,
        over=over, full=full, known=known, can_wait=event.can_wait(utcnow()),
    )  # fmt: skip


def _said(outcome: Added, form: AddForm, event: EventFacts) -> str:
    name = form.details().name
    if outcome.state is State.WAITLISTED:
        return str(_("%(name)s is on the waiting list as number %(position)s.", name=name, position=outcome.position))
    if outcome.taken is not None and event.categories:
        passed = _passed(events.get(event.id), form.category_id)
        return str(_("%(name)s has a place, beyond the limit: %(limits)s.", name=name, limits=passed))
    if outcome.taken is not None and outcome.size is not None:
        return str(
            _(
                "%(name)s has a place: %(taken)s are taken now of %(size)s.",
                name=name,
                taken=number(outcome.taken),
                size=number(outcome.size),
            )
        )
    return str(_("%(name)s has a place.", name=name))


def _passed(event: EventFacts, category_id: int | None) -> str:
    """Return which limits hold more people than they have places; without any, how the event stands."""
    category, lang = event.category(category_id), languages.current()
    limits: list[tuple[str, Limit]] = [(_("Whole event"), event)]
    if category is not None:
        limits.append((category.text("name", lang), category))
    passed = []
    for name, limit in [one for one in limits if one[1].free < 0] or limits[:1]:
        taken, size = number(limit.taken + limit.held), places(limit.size)
        passed.append(_("%(limit)s %(taken)s of %(size)s", limit=name, taken=taken, size=size))
    return ", ".join(passed)
