"""Importing a list, step by step: the file, its columns, what would become of each row, and then exactly that."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import RequestEntityTooLarge

from regapp.clock import utcnow
from regapp.db import let_go, transaction
from regapp.errors import EventOver, Moved, NotFound, UnreadableFile
from regapp.models import Import, Role
from regapp.rules import window
from regapp.services import importing, sheets
from regapp.services.accounts import Me
from regapp.services.adding import WhenFull
from regapp.services.events import EventFacts
from regapp.services.importing import Fate, Outlook
from regapp.web import access, languages
from regapp.web.fields import clean
from regapp.web.filters import number as written
from regapp.web.forms import ConfirmForm
from regapp.web.organizer import import_rows, import_words
from regapp.web.organizer.adding_routes import of_person
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.import_check import Check, shown
from regapp.web.organizer.lists_choice import whole_number
from regapp.web.pages import page

MOST_BYTES = 5 * 1024 * 1024
"""Bytes of a list that is sent; everywhere else requests are far smaller."""


class UnreadForm(ConfirmForm):
    """The form again, where what was sent is too large to be read."""

    class Meta(ConfirmForm.Meta):
        """Binds nothing."""

        def wrap_formdata(self, form: Any, formdata: Any) -> None:
            """Read nothing of the request."""


@bp.route("/events/<slug:slug>/import", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def import_file(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Take a list; nothing is registered yet."""
    request.max_content_length = MOST_BYTES + 16 * 1024
    try:
        form = ConfirmForm()
        if request.method != "POST":
            return _file_page(me, event, form)
        if not form.validate():
            return _file_page(me, event, form, status=422)
        sent, encoding = request.files.get("file"), request.form.get("encoding", "")
    except RequestEntityTooLarge:
        problem = _("This file has more than %(most)s MB: save the list alone as CSV or XLSX", most=5)
        return _file_page(me, event, None, status=413, problem=str(problem))
    if sent is None or not sent.filename:
        return _file_page(me, event, form, status=422, problem=str(_("Choose the file that holds the list")))
    let_go()
    try:
        sheet = sheets.read(sent.read(), encoding=encoding if encoding in sheets.ENCODINGS else "")
    except UnreadableFile as error:
        return _file_page(me, event, form, status=422, problem=import_words.why(error))
    with transaction():
        kept = importing.keep(event.id, me.id, clean(sent.filename), sheet, now=utcnow())
    return redirect(url_for("organizer.import_columns", slug=event.slug, number=kept), code=303)


@bp.get("/events/<slug:slug>/import/<int:number>")
@access.member(Role.MANAGER)
def import_columns(me: Me, event: EventFacts, number: int) -> ResponseReturnValue:
    """Ask which column is what; guessed from their names, or as the address says."""
    kept = importing.get(number, event.id, me.id, now=utcnow())
    if any(name in request.args for name in import_rows.FIELDS):
        columns = import_rows.from_args(request.args, len(kept.header), event, lang=me.lang)
    else:
        columns = import_rows.guess(kept.header, event, lang=me.lang)
    return _columns_page(me, event, kept, columns)


@bp.route("/events/<slug:slug>/import/<int:number>/check", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def import_check(me: Me, event: EventFacts, number: int) -> ResponseReturnValue:
    """Show what would become of each row; on a post, do exactly that."""
    now, form = utcnow(), ConfirmForm()
    try:
        kept = importing.get(number, event.id, me.id, now=now)
    except NotFound:
        if request.method == "POST" and form.validate():
            return _gone(event)
        raise
    columns = import_rows.from_args(request.args, len(kept.header), event, lang=me.lang)
    if problem := import_rows.problem(columns):
        return _columns_page(me, event, kept, columns, status=422, problem=problem)
    check = _check(event, kept, columns)
    if request.method != "POST":
        return _check_page(me, event, check, form, now=now)
    if not form.validate():
        return _check_page(me, event, check, form, status=422, now=now)
    return _apply(me, event, check, form, now=now)


def _check(event: EventFacts, kept: Import, columns: import_rows.Columns) -> Check:
    when_full = request.args.get("when_full")
    people, broken = import_rows.read(kept, columns, event)
    chosen = WhenFull.WAIT if when_full == WhenFull.WAIT else WhenFull.REFUSE
    return Check(kept, columns, chosen, "tell" in request.args, people, broken)


def _apply(me: Me, event: EventFacts, check: Check, form: ConfirmForm, *, now: datetime) -> ResponseReturnValue:
    try:
        with transaction():
            importing.drop(check.kept.id, event.id, me.id, now=now)
            outlook = importing.apply(
                event.id, check.people, when_full=check.when_full, tells=check.tells,
                seal=request.form.get("seal", ""), actor=me.actor, now=now,
            )  # fmt: skip
    except NotFound:
        return _gone(event)
    except Moved:
        return _check_page(me, event, check, form, status=409, now=now, moved=True)
    except EventOver:
        return _check_page(me, event, check, form, status=409, now=now)
    flash(_done(outlook))
    return redirect(url_for("organizer.people", slug=event.slug), code=303)


def _gone(event: EventFacts) -> ResponseReturnValue:
    """Answer a second click, or one after an hour."""
    flash(
        _("This list is not here any more: it was imported, or lay here for an hour. Send it again to see."), "warning"
    )
    return redirect(url_for("organizer.import_file", slug=event.slug), code=303)


def _done(outlook: Outlook) -> str:
    placed, waiting = outlook.count(Fate.CONFIRMED), outlook.count(Fate.WAITING)
    sentences = [
        ngettext("One person has a place.", "%(people)s people have a place.", placed, people=written(placed))
        if placed
        else "",
        ngettext(
            "One person is on the waiting list.", "%(people)s people are on the waiting list.", waiting,
            people=written(waiting),
        )
        if waiting
        else "",
    ]  # fmt: skip
    return " ".join(filter(None, sentences)) or str(_("Nobody was imported: nothing has changed."))


def _file_page(
    me: Me, event: EventFacts, form: ConfirmForm | None, *, status: int = 200, problem: str = ""
) -> Response:
    """Show where a list is chosen. `form`: None where the request was too large to be read."""
    return page(
        "organizer/import_file.html", status=status, me=me, event=event, tab="organizer.people",
        form=form or UnreadForm(), over=not window.is_alive(event, utcnow()), problem=problem,
        encodings=import_words.ENCODINGS, chosen="" if form is None else request.form.get("encoding", ""),
    )  # fmt: skip


def _columns_page(
    me: Me,
    event: EventFacts,
    kept: Import,
    columns: import_rows.Columns,
    *,
    status: int = 200,
    problem: tuple[str, str] | None = None,
) -> Response:
    """Ask for the columns. `problem`: a field, and what is wrong there."""
    values = {"kept": kept, "columns": columns, "fields": import_rows.fields(event), "problem": problem}
    wants = request.args.get("when_full", WhenFull.WAIT.value)
    told = "tell" in request.args or "email" not in request.args
    return page(
        "organizer/import_columns.html", status=status, me=me, event=event, tab="organizer.people", wants=wants,
        told=told, read_as=import_words.read_as(kept.read_as), **values,
    )  # fmt: skip


def _check_page(
    me: Me, event: EventFacts, check: Check, form: ConfirmForm, *, now: datetime, status: int = 200, moved: bool = False
) -> Response:
    try:
        outlook = importing.preview(event.id, check.people, when_full=check.when_full, now=now)
    except EventOver:
        outlook = None
    here = partial(url_for, "organizer.import_check", slug=event.slug, number=check.kept.id, **check.args)
    back = url_for("organizer.import_columns", slug=event.slug, number=check.kept.id, **check.args)
    table = shown(check, outlook, fate=request.args.get("fate", ""), part=whole_number(request.args, "part"))
    return page(
        "organizer/import_check.html", status=status, me=me, event=event, tab="organizer.people", form=form,
        check=check, outlook=outlook, table=table, moved=moved, here=here, back=back,
        of_person=partial(of_person, event),
        category_names={one.id: one.text("name", languages.current()) for one in event.categories},
    )  # fmt: skip
