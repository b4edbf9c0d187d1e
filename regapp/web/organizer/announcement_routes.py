"""Messages to the people of a view: write, look at it, try it on oneself, send, call back."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from regapp import links
from regapp.clock import utcnow
from regapp.db import snapshot, transaction
from regapp.errors import EventOver
from regapp.mail import render, transport
from regapp.models import Role
from regapp.services import announced
from regapp.services import announcements as messages
from regapp.services.accounts import Me
from regapp.services.announcements import Audience, AudienceMoved, NobodyToWriteTo
from regapp.services.events import EventFacts
from regapp.services.selections import Selection
from regapp.web import access
from regapp.web.filters import number
from regapp.web.forms import ConfirmForm
from regapp.web.organizer import picked, views
from regapp.web.organizer.announcement_forms import AnnouncementForm
from regapp.web.organizer.announcement_words import audience_words, query_of, whom, whom_by
from regapp.web.organizer.blueprint import bp
from regapp.web.pages import page

TAB = "organizer.mail"


@bp.route("/events/<slug:slug>/write", methods=["GET", "POST"])
@access.member(Role.MANAGER)
def write(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Take a message; show it as it will arrive, try it on oneself, send it: whichever button was pressed."""
    chosen, form = picked.selection(), AnnouncementForm()
    if picked.is_unusable(chosen):
        return picked.nobody_page(me, event, chosen)
    if event.cancelled:  # everybody has been told, and hears no more (R13)
        return page("organizer/write_over.html", status=409, **picked.frame(me, event, chosen))
    if not form.validate_on_submit():
        return write_page(me, event, chosen, form, status=422 if request.method == "POST" else 200)
    match request.form.get("do"):
        case "edit":
            return write_page(me, event, chosen, form)
        case "test":
            with transaction():
                messages.send_test(event, me, form.written(), now=utcnow())
            return _preview_page(me, event, chosen, form, tested=True)
        case "send":
            return _send(me, event, chosen, form)
    return _preview_page(me, event, chosen, form)


@bp.get("/events/<slug:slug>/announcements")
@access.member(Role.VIEWER)
def announcements(me: Me, event: EventFacts) -> ResponseReturnValue:
    """List what was written to many people, the latest first."""
    found = announced.list_all(event.id)
    return page("organizer/announcements.html", me=me, event=event, tab=TAB, found=found, whom_by=whom_by, now=utcnow())


@bp.get("/events/<slug:slug>/announcements/<int:number>")
@access.member(Role.VIEWER)
def announcement(me: Me, event: EventFacts, number: int) -> ResponseReturnValue:
    """Show one message and what became of its mails."""
    return _announcement_page(me, event, number, ConfirmForm())


@bp.post("/events/<slug:slug>/announcements/<int:number>/undo")
@access.member(Role.MANAGER)
def undo_announcement(me: Me, event: EventFacts, number: int) -> ResponseReturnValue:
    """Call back what has not left."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _announcement_page(me, event, number, form, status=422)
    with transaction():
        called_back = messages.undo(event.id, number, me, now=utcnow())
    left = announced.get(event.id, number)
    flash(_say_undone(called_back, left.sent + left.waiting), "warning" if left.sent + left.waiting else "message")
    return redirect(url_for("organizer.announcement", slug=event.slug, number=number), code=303)


def write_page(
    me: Me, event: EventFacts, chosen: Selection, form: AnnouncementForm, *, status: int = 200, nobody: bool = False
) -> Response:
    """Show the form, with the exact number of mails."""
    return page("organizer/write.html", status=status, nobody=nobody, **_values(me, event, chosen, form))


def _preview_page(
    me: Me, event: EventFacts, chosen: Selection, form: AnnouncementForm, *, status: int = 200, tested: bool = False,
    was: str | None = None,
) -> Response:  # fmt: skip
    """Show the message as the first of its people will get it. `was`: the number that was shown before."""
    now, values = utcnow(), _values(me, event, chosen, form)
    first = messages.find_first(event.id, chosen)
    if first is None:
        return write_page(me, event, chosen, form, status=422, nobody=True)
    letter = announced.letter_to(event, first, form.written(), now=now)
    shown, token = render.show(letter), links.own_token(first.code, first.link_version)
    values |= {
        "subject": shown.subject, "body": shown.body, "first": first, "tested": tested, "was": was,
        "small_print": shown.small_print.replace(token, f"{first.code}-…"),  # the link itself is that person's alone
        "answers_to": transport.answers_to(letter), "delay": messages.DELAY,
    }  # fmt: skip
    return page("organizer/write_preview.html", status=status, **values)


def _values(me: Me, event: EventFacts, chosen: Selection, form: AnnouncementForm) -> dict[str, Any]:
    with snapshot():
        audience = messages.count(event.id, chosen)
    return picked.frame(me, event, chosen) | {
        "form": form, "audience": audience, "audience_words": audience_words(audience), "whom": whom(chosen, event),
        "stuck": announced.is_mail_stuck(now=utcnow()), "others": _others(event, chosen, audience),
        "action": url_for("organizer.write", slug=event.slug, **views.to_args(chosen.view)),  # type: ignore[arg-type]
    }  # fmt: skip


def _others(event: EventFacts, chosen: Selection, audience: Audience) -> list[tuple[str, int, str]]:
    """Return state, number and the address to write to them, of those chosen whom this message does not mean."""
    return [
        (state, people, url_for("organizer.write", slug=event.slug, **views.to_args(chosen.view, state=state)))  # type: ignore[arg-type]
        for state, people in sorted(audience.apart.items())
    ]


def _send(me: Me, event: EventFacts, chosen: Selection, form: AnnouncementForm) -> ResponseReturnValue:
    seen = request.form.get("seen", "")
    try:
        with transaction():
            sent = messages.send(
                event, me, chosen, form.written(), query=query_of(chosen), submission=form.submission.data, seen=seen,
                now=utcnow(),
            )  # fmt: skip
    except AudienceMoved:
        return _preview_page(me, event, chosen, form, status=409, was=seen.partition("-")[0])
    except (EventOver, NobodyToWriteTo):
        return write_page(me, event, chosen, form, status=409, nobody=True)
    return redirect(url_for("organizer.announcement", slug=event.slug, number=sent.id), code=303)


def _announcement_page(
    me: Me, event: EventFacts, announcement_id: int, form: ConfirmForm, *, status: int = 200
) -> Response:
    now, found = utcnow(), announced.get(event.id, announcement_id)
    return page(
        "organizer/announcement.html", status=status, me=me, event=event, tab=TAB, form=form, found=found,
        whom=whom_by(found.query, event), on_hold=now < found.due_at, stuck=announced.is_mail_stuck(now=now),
        shown=render.written_html(found.body),
    )  # fmt: skip


def _say_undone(called_back: int, left: int) -> str:
    said = ngettext(
        "One mail is called back.", "%(mails)s mails are called back.", called_back, mails=number(called_back)
    )
    if not left:
        return said
    return said + " " + ngettext(
        "One could not be called back: it has left.", "%(mails)s could not be called back: they have left.", left,
        mails=number(left),
    )  # fmt: skip
