"""How many places there are: what another number would do, and doing exactly that."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from regapp.clock import utcnow
from regapp.db import snapshot, transaction
from regapp.errors import EventOver
from regapp.models import Role
from regapp.rules.window import Phase, phase
from regapp.services import capacity, history, waitlist
from regapp.services.accounts import Me
from regapp.services.capacity import Limit, Outlook
from regapp.services.events import EventFacts
from regapp.web import access, languages
from regapp.web.filters import number
from regapp.web.forms import ConfirmForm
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.capacity_forms import CATEGORY, EVENT, ApplyForm, TryForm, sizes_form
from regapp.web.organizer.history_words import places, tell
from regapp.web.pages import page
from regapp.web.settling import settle_on

OVER = (Phase.CANCELLED, Phase.PAST)
"""Phases in which nothing about an event changes any more."""
_SEAL = re.compile(r"([0-9]{1,9})-([0-9]{1,9})-[0-9a-f]{32}")


@bp.get("/events/<slug:slug>/capacity", endpoint="capacity")
@access.member(Role.VIEWER)
def show(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show the limits; with a number in the address, what it would do."""
    form = sizes_form(TryForm, event)
    if form.is_asked and not form.validate():
        return _page(me, event, form, status=422)
    return _look_ahead(me, event, form) if form.is_asked else _page(me, event, form)


@bp.post("/events/<slug:slug>/capacity")
@access.member(Role.MANAGER)
def resize(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Apply what was shown. If something has moved meanwhile, show what would happen now instead."""
    form = sizes_form(ApplyForm, event)
    if not form.validate_on_submit():
        wrong = any(field.errors for field, _limit in form.rows)
        return _page(me, event, form, status=422) if wrong else _look_ahead(me, event, form, status=422)
    try:
        with transaction():
            done = capacity.apply(
                event.id, form.size, beside=form.beside, seal=form.seal.data, actor=me.actor, now=utcnow()
            )
    except EventOver:
        return _page(me, event, form, status=409)
    if isinstance(done, Outlook):
        return _page(me, done.before, form, status=409, outlook=done, moved=_moved(done, form.seal.data))
    promoted, more = settle_on(event.id) if done.more else (0, False)
    flash(_said(event, form, done.promoted + promoted, more=more))
    return redirect(url_for("organizer.capacity", slug=event.slug), code=303)


def _look_ahead(me: Me, event: EventFacts, form: TryForm | ApplyForm, *, status: int = 200) -> Response:
    """Show what the number in the form would do; of an event that is over, only that it is."""
    try:
        with snapshot():
            outlook = capacity.preview(event.id, form.size, beside=form.beside, now=utcnow())
    except EventOver:
        return _page(me, event, form, status=status)
    return _page(me, outlook.before, form, status=status, outlook=outlook)


def _page(me: Me, event: EventFacts, form: TryForm | ApplyForm, *, status: int = 200, **values: Any) -> Response:
    now, lines = utcnow(), history.list_sizes([limit.quota_id for _field, limit in form.rows])
    found = {"outlook": None, "moved": "", **values}
    return page(
        "organizer/capacity.html", status=status, me=me, event=event, form=form, tab="organizer.capacity", now=now,
        confirm=ConfirmForm(formdata=None), limits=_limits(event, form, found["outlook"]),
        phase=phase(event, now), over=phase(event, now) in OVER, at_once=waitlist.MOST, places_words=places,
        told=tell(event, lines, now=now), **found,
    )  # fmt: skip


def _moved(outlook: Outlook, seal: str) -> str:
    """Say what has moved since the outlook of this seal, as far as the seal tells."""
    said = _SEAL.fullmatch(seal)
    now = (outlook.before.taken, outlook.before.waiting)
    before = tuple(map(int, said.groups())) if said else now
    found = []
    if before[0] != now[0]:
        found.append(_("places taken: %(before)s → %(after)s", before=number(before[0]), after=number(now[0])))
    if before[1] != now[1]:
        found.append(_("people waiting: %(before)s → %(after)s", before=number(before[1]), after=number(now[1])))
    return ", ".join(found) or _("a setting, or who waits")


def _limits(event: EventFacts, form: TryForm | ApplyForm, outlook: Outlook | None) -> list[tuple[Any, Limit, Limit]]:
    """Return each limit with its field, as it is and as it would be; both the same if nothing is tried.

    A category that has come while somebody looked has no field yet: its size stays.
    """
    was, then = (outlook.before, outlook.after) if outlook else (event, event)
    fields = [EVENT, *(f"{CATEGORY}{one.id}" for one in was.categories)]
    limits: list[tuple[Limit, Limit]] = [(was, then), *zip(was.categories, then.categories, strict=True)]
    return [(form[name], *both) for name, both in zip(fields, limits, strict=True) if name in form]


def _said(before: EventFacts, form: ApplyForm, promoted: int, *, more: bool) -> str:
    """Return what applying a form did, as sentences."""
    sentences = []
    if before.size != form.size or not form.beside:
        sentences.append(_("The number of places is now: %(places)s.", places=places(form.size)))
    for one in before.categories:
        if one.size != form.beside[one.quota_id]:
            name, now = one.text("name", languages.current()), places(form.beside[one.quota_id])
            sentences.append(_("Places of “%(category)s” are now: %(places)s.", category=name, places=now))
    if promoted:
        people = number(promoted)
        sentences.append(ngettext("One person got a place.", "%(people)s people got a place.", promoted, people=people))
    if more:
        sentences.append(_("The others follow within the next minutes."))
    return " ".join(sentences) or _("Saved.")
