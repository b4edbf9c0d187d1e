"""The table of people, and the views of it that somebody keeps."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.models import Role
from regapp.services import listing, saved_views, tallies
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.saved_views import TooMany
from regapp.web import access
from regapp.web.forms import ConfirmForm
from regapp.web.organizer import people_columns, people_frame
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.people_forms import SaveViewForm
from regapp.web.pages import page


@bp.get("/events/<slug:slug>/people")
@access.member(Role.VIEWER)
def people(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show a page of the people that the address asks for."""
    return _table(me, event, SaveViewForm())


@bp.post("/events/<slug:slug>/people/views")
@access.member(Role.VIEWER)
def save_view(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Keep the view that the address names, for whoever asks; it belongs to nobody else."""
    form, frame = SaveViewForm(), people_frame.read(event)
    if not form.validate_on_submit():
        return _table(me, event, form, status=422)
    try:
        with transaction():
            saved_views.save(event.id, me.id, name=form.name.data, query=people_frame.saved_query(frame))
    except TooMany as refused:
        form.refuse_more(refused.values["most"])
        return _table(me, event, form, status=422)
    flash(_("The view “%(name)s” is kept.", name=form.name.data))
    return redirect(frame.address(), code=303)


@bp.post("/events/<slug:slug>/people/views/<int:view_id>/forget")
@access.member(Role.VIEWER)
def forget_view(me: Me, event: EventFacts, view_id: int) -> ResponseReturnValue:
    """Forget a view of one's own."""
    frame = people_frame.read(event)
    if not ConfirmForm().validate_on_submit():
        return _table(me, event, SaveViewForm(formdata=None), status=422)
    with transaction():
        name = saved_views.forget(event.id, me.id, view_id)
    flash(_("The view “%(name)s” is forgotten.", name=name))
    return redirect(frame.address(), code=303)


def _table(me: Me, event: EventFacts, saving: SaveViewForm, *, status: int = 200) -> Response:
    frame = people_frame.read(event)
    wanted = request.args.get("page", "")
    found = listing.list_page(event.id, frame.view, page=int(wanted) if _is_page(wanted) else 1)
    values: dict[str, Any] = {
        "listing": found,
        "total": found.total,
        "pages": people_frame.pages(found),
        "page_size": listing.PAGE,
        "columns": people_columns.COLUMNS,
        "sorts": people_columns.SORTS,
        "sorted_by": people_columns.SORTED_BY,
        "choices": tallies.find_choices(event.id),
        "views": saved_views.list_views(event.id, me.id),
        "person_page": frame.person(),
        "when": people_frame.when(event.tz, now=utcnow()),
    }
    return page(
        "organizer/people.html", status=status, me=me, event=event, tab="organizer.people", frame=frame, saving=saving,
        **values,
    )  # fmt: skip


def _is_page(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 7
