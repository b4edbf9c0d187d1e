"""The mails of an event and what became of each, sending again what failed, and reading mails that became files."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

from flask import Response, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.mail.messages import Message
from regapp.models import Role
from regapp.services import mails
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.mails import Count, Fate
from regapp.web import access
from regapp.web.filters import number
from regapp.web.forms import ConfirmForm
from regapp.web.organizer.blueprint import bp
from regapp.web.organizer.history_routes import older_than
from regapp.web.organizer.mail_words import mail_name
from regapp.web.pages import page


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that became a file, as it is read: nothing of it is markup here."""

    sender: str
    recipient: str
    subject: str
    date: str
    text: str


@bp.get("/events/<slug:slug>/mail")
@access.member(Role.VIEWER)
def mail(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Show what became of the mails of this event; the address says of which."""
    return _page(me, event, ConfirmForm())


@bp.post("/events/<slug:slug>/mail/again")
@access.member(Role.MANAGER)
def mails_again(me: Me, event: EventFacts) -> ResponseReturnValue:
    """Send all mails again that were given up."""
    return _send_again(me, event, None)


@bp.post("/events/<slug:slug>/mail/<int:mail_id>/again")
@access.member(Role.MANAGER)
def mail_again(me: Me, event: EventFacts, mail_id: int) -> ResponseReturnValue:
    """Send a mail again that was given up."""
    return _send_again(me, event, mail_id)


@bp.get("/events/<slug:slug>/mail/<int:mail_id>")
@access.member(Role.MANAGER)
def mail_file(me: Me, event: EventFacts, mail_id: int) -> ResponseReturnValue:
    """Show a mail that became a file, as text. It holds somebody's own link, so viewers do not get it."""
    letter = _read(mails.get_file(event.id, mail_id))
    return page("organizer/mail_file.html", me=me, event=event, tab="organizer.mail", letter=letter)


def _send_again(me: Me, event: EventFacts, mail_id: int | None) -> ResponseReturnValue:
    form = ConfirmForm()
    if not form.validate_on_submit():
        return _page(me, event, form, status=422)
    with transaction():
        sent = mails.send_again(event.id, mail_id, now=utcnow())
    if sent:
        said = ngettext("One mail will be sent again.", "%(mails)s mails will be sent again.", sent, mails=number(sent))
        flash(said)
    else:
        flash(_("No mail has failed: there is nothing to send again."), "warning")
    return redirect(url_for("organizer.mail", slug=event.slug, **_chosen()), code=303)


def _page(me: Me, event: EventFacts, form: ConfirmForm, *, status: int = 200) -> Response:
    chosen, before, counts = _chosen(), older_than(), mails.count_by_message(event.id)
    shown, more = mails.list_mails(event.id, before=before, **chosen)
    return page(
        "organizer/mail.html", status=status, me=me, event=event, tab="organizer.mail", form=form, now=utcnow(),
        counts=counts, kinds=_kinds(counts, chosen["message"]), chosen=chosen, mails=shown, more=more, before=before,
        mail_name=mail_name, as_files=not current_app.config["MAIL_SERVER"],
    )  # fmt: skip


def _chosen() -> dict[str, Any]:
    """Return of which fate and of which kind mails are wanted; what the address says amiss is not wanted."""
    fate, message = request.args.get("fate"), request.args.get("message")
    return {
        "fate": Fate(fate) if fate in set(Fate) else None,
        "message": message if message in set(Message) else None,
    }


def _kinds(counts: list[Count], message: str | None) -> list[tuple[Fate | None, str, int]]:
    """Return how mails can be narrowed down, each with how many there are of the chosen kind."""
    labels = {
        None: _("Everything"),
        Fate.TROUBLE: _("Trouble"),
        Fate.WAITING: _("Not sent yet"),
        Fate.SENT: _("Sent"),
    }
    mine = [count for count in counts if message in (None, count.message)]
    return [(fate, label, sum(count.of(fate) for count in mine)) for fate, label in labels.items()]


def _read(file: bytes) -> Letter:
    message = message_from_bytes(file, policy=policy.default)
    body = message.get_body(("plain",))
    sender, recipient, subject, date = (str(message[name] or "") for name in ("From", "To", "Subject", "Date"))
    return Letter(sender, recipient, subject, date, text="" if body is None else body.get_content())
