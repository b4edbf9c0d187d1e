"""The way into the workspace: the list of one's own events."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from regapp.services import teams
from regapp.services.accounts import Me
from regapp.web import access
from regapp.web.organizer.blueprint import bp
from regapp.web.pages import page


@bp.get("/")
@access.account
def index(me: Me) -> ResponseReturnValue:
    """List the events that this person helps to organize."""
    return page("organizer/index.html", me=me, mine=teams.list_events(me.id))
