"""The editions of a recurring event, on one page."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from regapp.clock import utcnow
from regapp.errors import NotFound
from regapp.rules import window
from regapp.services import series
from regapp.web import access
from regapp.web.headers import shared
from regapp.web.pages import draw
from regapp.web.prepared import prepared
from regapp.web.public.blueprint import bp


@bp.get("/series/<slug:slug>", endpoint="series")
@access.public
def show_series(slug: str) -> ResponseReturnValue:
    """List the editions of a series, the latest first."""
    now = utcnow()
    found = series.get_by_slug(slug)
    editions = [(event, window.phase(event, now)) for event in series.list_editions(found.id)]
    if not editions:
        raise NotFound
    edges = [edge for event, _phase in editions if (edge := window.next_edge(event, now))]
    values = {"series": found, "editions": editions}
    html = prepared(f"series {slug}", (found, editions), lambda: draw("public/series.html", **values))
    return shared(Response(html), now=now, edge=min(edges, default=None))
