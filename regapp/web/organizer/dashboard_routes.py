"""The first page of an event: where it stands and what needs somebody."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from regapp.models import Role
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.web import access
from regapp.web.organizer.blueprint import bp
from regapp.web.pages import page


@bp.get("/events/<slug:slug>/")
@access.member(Role.VIEWER)
def overview(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show how full the event is."""
    return page("organizer/overview.html", me=me, event=event, tab="organizer.overview")
