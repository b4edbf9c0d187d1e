"""Which people a form of the workspace is about: those picked in it, or the whole view that its address names."""

from __future__ import annotations

import re

from flask import Response, request, url_for

from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.selections import MOST_PICKED, Selection
from regapp.web.fields import YES, clean
from regapp.web.organizer import views
from regapp.web.pages import page

_CODE = re.compile("[2-9A-Z]{5}-[2-9A-Z]{5}")


def selection() -> Selection:
    """Return the people of this request; nobody if the form picks none."""
    view = views.from_args(request.args)
    if request.method == "GET" or request.form.get("whole_view", "").lower() in YES:
        return Selection(view)
    picked = (clean(value).upper() for value in request.form.getlist("pick"))
    return Selection(view, tuple(dict.fromkeys(code for code in picked if _CODE.fullmatch(code))))


def people_address(event: EventFacts, chosen: Selection) -> str:
    """Return the address of the table that shows the view."""
    return url_for("organizer.people", slug=event.slug, **views.to_args(chosen.view))  # type: ignore[arg-type]  # parts of the address


def is_unusable(chosen: Selection) -> bool:
    """Say whether nobody is picked, or more people than can be."""
    return chosen.codes is not None and not 0 < len(chosen.codes) <= MOST_PICKED


def nobody_page(me: Me, event: EventFacts, chosen: Selection) -> Response:
    """Show that there is nobody to whom anything could be done, and the way back."""
    return page("organizer/bulk_nobody.html", status=422, most=MOST_PICKED, **frame(me, event, chosen))


def frame(me: Me, event: EventFacts, chosen: Selection) -> dict[str, object]:
    """Return what each page about a selection shows."""
    back = people_address(event, chosen)
    return {"me": me, "event": event, "tab": "organizer.people", "chosen": chosen, "back": back}
