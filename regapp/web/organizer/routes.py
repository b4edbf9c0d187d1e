"""The way into the workspace: the list of one's own events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask.typing import ResponseReturnValue

from regapp.clock import utcnow
from regapp.services import teams
from regapp.services.accounts import Me
from regapp.services.teams import Mine
from regapp.web import access
from regapp.web.organizer.blueprint import bp
from regapp.web.pages import page


@bp.get("/")
@access.account
def index(me: Me) -> ResponseReturnValue:
    """List the events that this person helps to organize."""
    return page("organizer/index.html", me=me, groups=group(teams.list_events(me.id), utcnow()))


@dataclass(slots=True)
class Groups:
    """One's own events. Drafts as they were made, the latest first; those to come by start; past ones latest first."""

    drafts: list[Mine] = field(default_factory=list)
    coming: list[Mine] = field(default_factory=list)
    past: list[Mine] = field(default_factory=list)


def group(mine: list[Mine], now: datetime) -> Groups:
    """Sort one's own events into groups. Takes them by start, the latest first."""
    groups = Groups()
    for one in mine:
        gone = one.event.is_over(now) or one.event.ends_at <= now
        (groups.drafts if one.event.draft else groups.past if gone else groups.coming).append(one)
    groups.drafts.sort(key=lambda one: -one.event.id)
    groups.coming.reverse()
    return groups
