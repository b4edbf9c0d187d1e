"""Kinds of attendees: the list of them, adding, changing, sorting and removing one."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import ChangedMeanwhile, EventOver, NotFound, PeopleRegistered
from regapp.models import Role
from regapp.rules.window import is_alive
from regapp.services import categories, events
from regapp.services.accounts import Me
from regapp.services.events import CategoryFacts, EventFacts
from regapp.web import access, languages
from regapp.web.forms import ConfirmForm
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.categories_forms import CategoryForm, stored
from regapp.web.pages import page

STEPS = {"up": -1, "down": 1}


@bp.get("/events/<slug:slug>/categories", endpoint="categories")
@access.member(Role.VIEWER)
def list_categories(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show the categories in their order."""
    return _list(me, event)


@bp.route("/events/<slug:slug>/categories/new", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def add_category(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show the form for a new category, and keep what it says."""
    form = CategoryForm.of(event)
    if not form.validate_on_submit():
        return _form_page(me, event, form)
    size, rank = form.size.data, max((one.rank for one in event.categories), default=-1) + 1
    try:
        with transaction():
            categories.create(
                event.id, form.plan(rank=rank), size=int(size) if size else None, actor=me.actor, now=utcnow()
            )
    except EventOver:
        return _list(me, event, status=409)
    flash(_("Saved."))
    return _back(event)


@bp.route("/events/<slug:slug>/categories/<int:category_id>", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def category(me: Me, event: EventFacts, category_id: int) -> ResponseReturnValue:
    """Show and save what is said of a category; its size is changed beside the other limits."""
    found = _find(event, category_id)
    form = CategoryForm.of(event, found, had=bool(found.taken or found.waiting))
    if not form.is_ready(stored(form, found)):
        return _form_page(me, event, form)
    try:
        with transaction():
            plan = form.plan(rank=found.rank)
            categories.change(event.id, category_id, plan, seen=event.version, actor=me.actor, now=utcnow())
    except ChangedMeanwhile:
        event = events.get(event.id)
        form.event, form.category = event, _find(event, category_id)
        form.compare(stored(form, form.category))
        return _form_page(me, event, form, status=409)
    except PeopleRegistered:
        form.refuse_counting()
        return _form_page(me, event, form)
    except EventOver:
        return _list(me, event, status=409)
    flash(_("Saved."))
    return _back(event)


@bp.post("/events/<slug:slug>/categories/<int:category_id>/move")
@access.member(Role.MANAGER)
def move_category(me: Me, event: EventFacts, category_id: int) -> ResponseReturnValue:
    """Show a category one place earlier or later."""
    steps = STEPS.get(request.form.get("to", ""))
    if not ConfirmForm().validate_on_submit() or steps is None:
        return _list(me, event, status=422)
    try:
        with transaction():
            categories.shift(event.id, _find(event, category_id).id, steps, actor=me.actor, now=utcnow())
    except EventOver:
        return _list(me, event, status=409)
    return _back(event)


@bp.route("/events/<slug:slug>/categories/<int:category_id>/remove", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def remove_category(me: Me, event: EventFacts, category_id: int) -> ResponseReturnValue:
    """Ask once more, then remove a category that nobody ever had; else say why it stays."""
    found, form, had = _find(event, category_id), ConfirmForm(), categories.has_been_had(category_id)
    if not form.validate_on_submit():
        return _step(me, event, found, form, had=had, status=422 if form.errors else 200)
    try:
        with transaction():
            categories.remove(event.id, category_id, actor=me.actor, now=utcnow())
    except PeopleRegistered:
        return _step(me, event, found, form, had=True, status=409)
    except EventOver:
        return _list(me, event, status=409)
    flash(_("The category “%(name)s” is removed.", name=found.text("name", languages.current())))
    return _back(event)


def _find(event: EventFacts, category_id: int) -> CategoryFacts:
    found = event.category(category_id)  # compared here: no database has to read a number of any size
    if found is None:
        raise NotFound
    return found


def _list(me: Me, event: EventFacts, *, status: int = 200) -> Response:
    now, form = utcnow(), ConfirmForm(formdata=None)
    return _page(
        "organizer/categories.html", me, event, status=status, alive=is_alive(event, now), form=form, now=now
    )  # fmt: skip


def _form_page(me: Me, event: EventFacts, form: CategoryForm, *, status: int | None = None) -> Response:
    if status is None:
        status = 409 if form.differences else 422 if form.errors else 200
    alive = is_alive(event, utcnow())
    return _page("organizer/category.html", me, event, status=status, form=form, category=form.category, alive=alive)


def _step(
    me: Me, event: EventFacts, found: CategoryFacts, form: ConfirmForm, *, had: bool, status: int
) -> Response:  # fmt: skip
    return _page("organizer/remove_category.html", me, event, status=status, category=found, form=form, had=had)


def _page(template: str, me: Me, event: EventFacts, *, status: int, **values: Any) -> Response:
    return page(template, status=status, me=me, event=event, tab="organizer.categories", **values)


def _back(event: EventFacts) -> ResponseReturnValue:
    return redirect(url_for("organizer.categories", slug=event.slug), code=303)
