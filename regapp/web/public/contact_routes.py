"""How visitors reach the organizers, and their own registration when its mail is lost."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.errors import NotFound
from regapp.rules.addresses import contact_key
from regapp.services import contacts, recent
from regapp.services.events import EventFacts
from regapp.web import access, languages, limits
from regapp.web.headers import shared
from regapp.web.pages import draw, page
from regapp.web.prepared import prepared
from regapp.web.public.blueprint import bp
from regapp.web.public.forms import PRIVACY_VERSION, ContactForm, LinkForm
from regapp.web.public.true_now import true_now


@bp.route("/events/<slug:slug>/link", methods=["GET", "POST"])
@access.public
def link_again(slug: str) -> ResponseReturnValue:
    """Send a person their link again; the answer is the same whether or not there is such a person (R8)."""
    event, form = recent.get_by_slug(slug, now=utcnow()), LinkForm()
    if not form.validate_on_submit():
        return _form_page("public/link_again.html", event, form)
    limits.check(limits.PER_ADDRESS, "link", contact_key(form.email.data))
    with transaction():
        contacts.send_link_again(event.id, form.email.data, now=utcnow())
    values = {"event": event, "email": form.email.data, **true_now(event, utcnow())}
    return page("public/check_your_mail.html", asked=True, **values)


@bp.route("/events/<slug:slug>/contact", methods=["GET", "POST"])
@access.public
def contact(slug: str) -> ResponseReturnValue:
    """Take a message to the organizers, whose address is shown to nobody."""
    event, form = recent.get_by_slug(slug, now=utcnow()), ContactForm()
    if not contacts.is_contactable(event):
        raise NotFound
    if not form.validate_on_submit():
        return _form_page("public/contact.html", event, form)
    limits.check(limits.PER_ADDRESS, "contact from", contact_key(form.email.data))
    limits.check(limits.PER_EVENT, "contact to", slug)
    words = {"name": form.name.data, "email": form.email.data, "body": form.message.data}
    with transaction():
        contacts.write_to_organizers(event, **words, lang=languages.current(), now=utcnow())
    return page("public/contact_sent.html", event=event, email=form.email.data, **true_now(event, utcnow()))


@bp.get("/events/<slug:slug>/privacy")
@access.public
def event_privacy(slug: str) -> ResponseReturnValue:
    """Say what is stored by the organizers of this event, and until when."""
    return _words("public/privacy.html", recent.get_by_slug(slug, now=utcnow()))


@bp.get("/events/<slug:slug>/imprint")
@access.public
def imprint(slug: str) -> ResponseReturnValue:
    """Say who is responsible for this event."""
    event = recent.get_by_slug(slug, now=utcnow())
    if not event.text("imprint", languages.current()):
        raise NotFound
    return _words("public/imprint.html", event)


def _words(template: str, event: EventFacts) -> Response:
    """Return a page of words, the same for everybody."""
    now = utcnow()
    html = prepared(
        (template, event.slug),
        (event, now_true := true_now(event, now)),
        lambda: draw(template, event=event, version=PRIVACY_VERSION, **now_true),
    )
    return shared(Response(html), now=now, edge=None)


def _form_page(template: str, event: EventFacts, form: LinkForm | ContactForm) -> Response:
    status = 422 if request.method == "POST" else 200
    return page(template, status=status, event=event, form=form, **true_now(event, utcnow()))
