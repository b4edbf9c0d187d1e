"""Messages from the organizers: a person ends them, and gets them again. The registration is never touched (R10)."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import announced
from regapp.services.own import Own
from regapp.web import access
from regapp.web.forms import ConfirmForm
from regapp.web.pages import page
from regapp.web.public.addresses import Note, own_address
from regapp.web.public.blueprint import bp
from regapp.web.public.true_now import true_now

ONE_CLICK = {"List-Unsubscribe": ["One-Click"]}
"""All that a mail program sends for its reader who wants no more of them (RFC 8058, 3.1)."""


@bp.route("/r/<token:token>/announcements", methods=["GET", "POST"])
@access.link
def announcements(own: Own) -> ResponseReturnValue:
    """Ask once more, then end messages from the organizers, or bring them again.

    A mail program has no form of ours: its exact words are taken without a guard, and can do nothing but end messages.
    What allows it is the link, which nobody else has.
    """
    address = own_address(own.code, own.link_version)
    wanted = own.announcements_ended_at is None
    if request.method == "POST" and request.form.to_dict(flat=False) == ONE_CLICK:
        _set_wanted(own, wanted=False)
        return page(
            "public/announcements_ended.html", event=own.event, address=address, **true_now(own.event, utcnow())
        )
    form = ConfirmForm()
    if form.validate_on_submit():
        _set_wanted(own, wanted=request.form.get("wanted") == "yes")
        return redirect(own_address(own.code, own.link_version, note=Note.SAVED), code=303)
    values = {"own": own, "event": own.event, "address": address, "form": form, "wanted": wanted}
    status = 422 if form.errors else 200
    return page("public/announcements.html", status=status, **values, **true_now(own.event, utcnow()))


def _set_wanted(own: Own, *, wanted: bool) -> None:
    with transaction():
        announced.set_wanted(own.id, wanted=wanted, now=utcnow())
