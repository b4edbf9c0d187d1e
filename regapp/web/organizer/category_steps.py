"""Giving a person another category."""

from __future__ import annotations

from typing import Any

from flask import Response, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import EventOver, IllegalMove, NotFound
from regapp.models import Role
from regapp.rules.states import LIVING, State
from regapp.rules.window import is_alive
from regapp.services import categories, events
from regapp.services import person as persons
from regapp.services.accounts import Me
from regapp.services.categories import Moved, NoRoom
from regapp.services.events import EventFacts
from regapp.services.person import Person
from regapp.web import access, languages
from regapp.web.fields import Line
from regapp.web.filters import number
from regapp.web.forms import Form
from regapp.web.organizer import why_words
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.person_routes import back_to
from regapp.web.pages import page


class MoveForm(Form):
    """Which category somebody gets. `known`: ids of those that there are, as text."""

    known: frozenset[str] = frozenset()
    category = Line(lazy_gettext("Category"))

    def validate_category(self, field: Any) -> None:
        """Refuse what is no category of the event."""
        if field.data not in self.known:
            raise StopValidation(_("Choose one from the list"))


@bp.route("/events/<slug:slug>/people/<code:code>/category", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def move_person(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Say what another category means for a person, then give it to them; with a seat only where there is room."""
    if not event.categories:
        raise NotFound
    found, form = persons.get_person(event.id, code), MoveForm()
    form.known = frozenset(str(one.id) for one in event.categories)
    if State(found.own.state) not in LIVING or not is_alive(event, utcnow()):
        return _no_longer(event, found)
    if not form.validate_on_submit():
        return _step(me, event, found, form, status=422 if form.errors else 200)
    try:
        with transaction():
            outcome = categories.move(found.own.id, int(form.category.data), actor=me.actor, now=utcnow())
    except (EventOver, IllegalMove):
        return _no_longer(event, found)
    match outcome:
        case NoRoom(lacking):
            event = events.get(event.id)
            return _step(me, event, found, form, status=409, full=why_words.all_full(event, lacking))
        case Moved(waits):
            flash(_said(events.get(event.id), persons.get_person(event.id, code), waits=waits))
    return back_to(event, code)


def _said(event: EventFacts, found: Person, *, waits: bool) -> str:
    """Return what has become of somebody who waited, or has a place, in the new category."""
    category = event.category(found.own.category_id)
    name, into = found.name, category.text("name", languages.current()) if category else ""
    if waits and found.own.position:
        position = number(found.own.position)
        return _(
            "%(name)s waits in “%(category)s” now, as number %(position)s.",
            name=name,
            category=into,
            position=position,
        )
    return _("%(name)s has a place in “%(category)s” now.", name=name, category=into)


def _step(
    me: Me, event: EventFacts, found: Person, form: MoveForm, *, status: int, full: list[str] | None = None
) -> Response:
    """Show the choice. `full`: the limits in the way of what was chosen."""
    return page(
        "organizer/move_person.html", status=status, me=me, event=event, tab="organizer.people", person=found,
        own=found.own, form=form, full=full or [],
    )  # fmt: skip


def _no_longer(event: EventFacts, found: Person) -> ResponseReturnValue:
    flash(_("This registration, or the event, has ended: nothing about it changes any more."), "warning")
    return back_to(event, found.own.code)
