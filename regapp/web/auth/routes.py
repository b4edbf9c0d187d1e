"""Signing in and out."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import accounts, one_time_codes
from regapp.services.accounts import Me
from regapp.web import access, sessions
from regapp.web.auth import proving
from regapp.web.auth.account_routes import account_page
from regapp.web.auth.blueprint import bp
from regapp.web.auth.forms import CodeForm, SignInForm
from regapp.web.forms import ConfirmForm, Form
from regapp.web.pages import page


@bp.route("/sign-in", methods=["GET", "POST"])
@access.public
def sign_in() -> ResponseReturnValue:
    """Ask who it is. A wrong password and an unknown address get the same answer, after the same work."""
    if request.method == "GET" and sessions.find() is not None:
        return redirect(proving.wanted_page(), code=303)
    form = SignInForm()
    if not form.validate_on_submit():
        return _form_page("auth/sign_in.html", form)
    keys = accounts.find_keys(form.email.data)
    proving.check_attempts(form.email.data, keys.me.id if keys else None)
    if not proving.has_password(keys, form.password.data) or keys is None:
        form.refuse()
        return _form_page("auth/sign_in.html", form)
    if not keys.uses_codes:
        return proving.let_in(keys.me)
    sessions.begin_half(keys.me)
    return redirect(url_for("auth.sign_in_code", next=request.args.get("next")), code=303)


@bp.route("/sign-in/code", methods=["GET", "POST"])
@access.public
def sign_in_code() -> ResponseReturnValue:
    """Ask who gave the right password for a one-time code, too."""
    keys, form = sessions.find_half(), CodeForm()
    if keys is None:
        return redirect(url_for("auth.sign_in", next=request.args.get("next")), code=303)
    if not form.validate_on_submit():
        return _form_page("auth/sign_in_code.html", form)
    proving.check_code_attempts(keys.me.id)
    with transaction():
        used = one_time_codes.use(keys, form.code.data, now=utcnow())
    if not used:
        form.refuse()
        return _form_page("auth/sign_in_code.html", form)
    return proving.let_in(keys.me)


@bp.post("/sign-out")
@access.account
def sign_out(me: Me) -> ResponseReturnValue:
    """Sign out here."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return account_page(me, asked=form, status=422)
    sessions.end()
    flash(_("You are signed out."))
    return redirect(url_for("auth.sign_in"), code=303)


@bp.post("/sign-out-everywhere")
@access.account
def sign_out_everywhere(me: Me) -> ResponseReturnValue:
    """End all sessions of this account, this one too."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return account_page(me, asked=form, status=422)
    with transaction():
        accounts.sign_out_everywhere(me)
    sessions.end()
    flash(_("You are signed out everywhere."))
    return redirect(url_for("auth.sign_in"), code=303)


def _form_page(template: str, form: Form) -> Response:
    return page(template, status=422 if form.errors else 200, form=form)
