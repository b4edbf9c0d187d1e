"""Signing in and out, and one's own account."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from regapp.services.accounts import Me
from regapp.web import access, sessions
from regapp.web.auth.blueprint import bp
from regapp.web.forms import ConfirmForm
from regapp.web.pages import page


@bp.get("/sign-in")
@access.public
def sign_in() -> ResponseReturnValue:
    """Ask who it is."""
    return page("auth/sign_in.html", form=ConfirmForm())


@bp.post("/sign-out")
@access.account
def sign_out(me: Me) -> ResponseReturnValue:
    """Sign out here."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return page("auth/account.html", status=422, me=me, form=form)
    sessions.end()
    return redirect(url_for("auth.sign_in"), code=303)


@bp.get("/account")
@access.account
def account(me: Me) -> ResponseReturnValue:
    """Show one's own account."""
    return page("auth/account.html", me=me, form=ConfirmForm())
