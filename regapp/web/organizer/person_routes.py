"""One person: what is known, what happened, which mails went out, what organizers wrote beside it; taking data away."""

from __future__ import annotations

from flask import Response, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import ChangedMeanwhile
from regapp.models import Role
from regapp.services import dossier, notes
from regapp.services import person as persons
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.notes import Beside
from regapp.services.person import Person
from regapp.services.why import explain
from regapp.web import access
from regapp.web.organizer import history_words
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.mail_words import mail_name
from regapp.web.organizer.person_forms import NoteForm, stored_beside
from regapp.web.organizer.why_words import ahead, reasons
from regapp.web.pages import page


@bp.get("/events/<slug:slug>/people/<code:code>")
@access.member(Role.VIEWER)
def person(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Show one person."""
    found, form = persons.get_person(event.id, code), NoteForm()
    form.is_ready(stored_beside(found))
    return person_page(me, event, found, form)


@bp.post("/events/<slug:slug>/people/<code:code>/note")
@access.member(Role.DESK)
def save_note(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Keep a note and tags."""
    found, form = persons.get_person(event.id, code), NoteForm()
    if not form.is_ready(stored_beside(found)):
        return person_page(me, event, found, form, status=409 if form.differences else 422)
    try:
        with transaction():
            seen = Beside(found.note, found.tags)
            notes.save(found.own.id, form.beside(), seen=seen, actor=me.actor, now=utcnow())
    except ChangedMeanwhile:
        found = persons.get_person(event.id, code)
        form.compare(stored_beside(found))
        return person_page(me, event, found, form, status=409)
    flash(_("Note and tags are saved."))
    return back_to(event, code)


@bp.get("/events/<slug:slug>/people/<code:code>/data.json")
@access.member(Role.MANAGER)
def person_data(me: Me, event: EventFacts, code: str) -> ResponseReturnValue:
    """Give everything that is stored about a person, for that person: who lost the link asks the organizers."""
    found = persons.get_person(event.id, code)
    file = Response(dossier.write(found.own.id), mimetype="application/json")
    file.headers["Content-Disposition"] = f"attachment; filename=registration-{found.own.code}.json"
    return file


def person_page(me: Me, event: EventFacts, found: Person, form: NoteForm, *, status: int = 200) -> Response:
    """Show a person, with the form for notes as it was sent or is to be filled in."""
    now, own = utcnow(), found.own
    why = explain(own, now=now) if event.categories else None
    told = history_words.tell(event, persons.list_history(own.id), now=now, linked=False)
    return page(
        "organizer/person.html", status=status, me=me, event=event, tab="organizer.people", person=found, own=own,
        form=form, told=told, mails=persons.list_mails(own.id), mail_name=mail_name, cancellable=own.can_cancel(now),
        living=own.ended_at is None, as_files=not current_app.config["MAIL_SERVER"], when=history_words.when, now=now,
        category=event.category(own.category_id), reasons=[*reasons(why), ahead(why)] if why else [],
    )  # fmt: skip


def back_to(event: EventFacts, code: str) -> ResponseReturnValue:
    """Lead to the person's page."""
    return redirect(url_for("organizer.person", slug=event.slug, code=code), code=303)
