"""Which people a form of the workspace is about: those picked in it, or the whole view that its address names."""

from __future__ import annotations

import re

from flask import current_app, request, url_for

from regapp.services.events import EventFacts
from regapp.services.selections import Selection
from regapp.web.fields import YES, clean
from regapp.web.organizer import views

_CODE = re.compile("[2-9A-Z]{5}-[2-9A-Z]{5}")


def selection() -> Selection:
    """Return the people of this request; nobody if the form picks none."""
    view = views.from_args(request.args)
    if request.form.get("whole_view", "").lower() in YES:
        return Selection(view)
    picked = (clean(value).upper() for value in request.form.getlist("pick"))
    return Selection(view, tuple(dict.fromkeys(code for code in picked if _CODE.fullmatch(code))))


def people_address(event: EventFacts, chosen: Selection) -> str:
    """Return the address of the table that shows the view."""
    there = "organizer.people" if "organizer.people" in current_app.view_functions else "organizer.overview"
    return url_for(there, slug=event.slug, **views.to_args(chosen.view))  # type: ignore[arg-type]  # parts of the address
