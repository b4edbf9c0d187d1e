"""Doing something to many people: first what would happen, with the exact number, then the deed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from flask import Response, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from regapp.clock import utcnow
from regapp.db import snapshot, transaction
from regapp.errors import TooLate
from regapp.models import Role
from regapp.services import bulk as deeds
from regapp.services import events, selections
from regapp.services.accounts import Me
from regapp.services.bulk import Deed, Tally
from regapp.services.events import EventFacts
from regapp.services.selections import Moved, Selection, SelectionMoved
from regapp.web import access
from regapp.web.forms import ConfirmForm, Form
from regapp.web.organizer import picked
from regapp.web.organizer.announcement_forms import AnnouncementForm
from regapp.web.organizer.announcement_routes import write_page
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.bulk_forms import TagForm, UntagForm
from regapp.web.organizer.bulk_words import say
from regapp.web.pages import page
from regapp.web.settling import settle_on

FORMS: dict[Deed, type[Form]] = {Deed.TAG: TagForm, Deed.UNTAG: UntagForm}
WRITE = "write"
"""Not done here: leads to the page on which the message is written."""
LEAST: dict[str, Role] = {
    Deed.TAG: Role.DESK, Deed.UNTAG: Role.DESK, Deed.CANCEL: Role.MANAGER, Deed.RESEND: Role.MANAGER,
    WRITE: Role.MANAGER,
}  # fmt: skip
"""What may be done in which role."""

Step = Callable[[Sequence[int]], Tally]


@bp.post("/events/<slug:slug>/people/bulk")
@access.member(Role.DESK)
def bulk(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show what would happen to those chosen; the form of that page does it."""
    chosen, wanted = picked.selection(), request.form.get("do", "")
    if picked.is_unusable(chosen) or wanted not in LEAST:
        return picked.nobody_page(me, event, chosen)
    if not g.role.includes(LEAST[wanted]):
        raise Forbidden
    if wanted == WRITE:
        return write_page(me, event, chosen, AnnouncementForm())
    deed = Deed(wanted)
    confirming = "seen" in request.form
    form = FORMS[deed]() if confirming and deed in FORMS else ConfirmForm()
    if not form.validate_on_submit():
        return _plan_page(me, event, chosen, deed, form, status=422)
    if not confirming:
        return _plan_page(me, event, chosen, deed, FORMS.get(deed, ConfirmForm)())
    try:
        tally = _apply(event, chosen, _step(me, event, deed, form))
    except SelectionMoved as refused:
        return _plan_page(me, event, chosen, deed, form, status=409, moved=refused.values["moved"])
    except TooLate:  # the event has just begun; the page says so
        return _plan_page(me, event, chosen, deed, form, status=409)
    flash(say(deed, tally, tag=form["tag"].data if deed in FORMS else ""), "warning" if tally.skipped else "message")
    return redirect(picked.people_address(event, chosen), code=303)


def _step(me: Me, event: EventFacts, deed: Deed, form: Form) -> Step:
    """Return what is done to a page of people."""
    match deed:
        case Deed.CANCEL:
            return partial(deeds.cancel, event.id, actor=me.actor, now=utcnow())
        case Deed.RESEND:
            return partial(deeds.send_links, event.id, now=utcnow())
    act = deeds.tag if deed is Deed.TAG else deeds.untag
    return partial(act, event.id, word=form["tag"].data, actor=me.actor, now=utcnow())


def _apply(event: EventFacts, chosen: Selection, step: Step) -> Tally:
    """Do it to exactly those who were shown, a page of people in each transaction. Raises: SelectionMoved; TooLate."""
    with transaction():
        ids = selections.agree(event.id, chosen, request.form["seen"])
        tally = step(ids[: deeds.PAGE])
    for start in range(deeds.PAGE, len(ids), deeds.PAGE):
        with transaction():
            tally += step(ids[start : start + deeds.PAGE])
    if tally.more:
        promoted, _more = settle_on(event.id)
        tally += Tally(promoted=promoted)
    return tally


def _plan_page(
    me: Me,
    event: EventFacts,
    chosen: Selection,
    deed: Deed,
    form: Form,
    *,
    status: int = 200,
    moved: Moved | None = None,
) -> Response:
    with snapshot():
        plan = deeds.plan(events.get(event.id), chosen, deed, now=utcnow())
    if not plan.count and moved is None:
        return picked.nobody_page(me, event, chosen)
    values = {"deed": deed, "plan": plan, "form": form, "moved": moved, "steps": deeds.PAGE}
    return page("organizer/bulk.html", status=status, **values, **picked.frame(me, event, chosen))
