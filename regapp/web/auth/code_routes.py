"""One-time codes of one's own account: on, off, and the codes for when the telephone is lost."""

from __future__ import annotations

import re

import segno
from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import accounts, one_time_codes
from regapp.services.accounts import Me
from regapp.web import access
from regapp.web.auth import proving
from regapp.web.auth.blueprint import bp
from regapp.web.auth.forms import CodesForm, PasswordForm
from regapp.web.forms import Form
from regapp.web.pages import page

_SECRET = re.compile("[A-Z2-7]{32}")


@bp.route("/account/codes", methods=["GET", "POST"])
@access.account
def codes(me: Me) -> ResponseReturnValue:
    """Share a secret with somebody's telephone, and see that it shows the right code. Nothing is kept before that."""
    if accounts.get_keys(me.id).uses_codes:
        return redirect(url_for("auth.account"), code=303)
    form = CodesForm()
    if not _SECRET.fullmatch(form.secret.data or ""):
        form.secret.data = one_time_codes.new_secret()
    if not form.validate_on_submit():
        return _codes_page(me, form)
    step = one_time_codes.find_step(form.secret.data, form.code.data, now=utcnow(), after=None)
    if step is None:
        form.refuse_code()
        return _codes_page(me, form)
    if not proving.has_own_password(me, form.password.data):
        form.refuse()
        return _codes_page(me, form)
    with transaction():
        recovery = one_time_codes.switch_on(me.id, form.secret.data, step)
    return page("auth/recovery_codes.html", me=me, codes=recovery)


@bp.route("/account/codes/recovery", methods=["GET", "POST"])
@access.account
def new_recovery_codes(me: Me) -> ResponseReturnValue:
    """Make new recovery codes, which are shown once."""
    form = PasswordForm()
    if not _is_proven(me, form):
        return _form_page("auth/new_recovery_codes.html", me, form)
    if not accounts.get_keys(me.id).uses_codes:
        return redirect(url_for("auth.account"), code=303)
    with transaction():
        recovery = one_time_codes.renew_recovery_codes(me.id)
    return page("auth/recovery_codes.html", me=me, codes=recovery)


@bp.route("/account/codes/off", methods=["GET", "POST"])
@access.account
def codes_off(me: Me) -> ResponseReturnValue:
    """Ask for the password only from now on."""
    form = PasswordForm()
    if not _is_proven(me, form):
        return _form_page("auth/codes_off.html", me, form)
    with transaction():
        one_time_codes.switch_off(me.id)
    flash(_("From now on you sign in with your password alone."))
    return redirect(url_for("auth.account"), code=303)


def _is_proven(me: Me, form: PasswordForm) -> bool:
    if not form.validate_on_submit():
        return False
    if proving.has_own_password(me, form.password.data):
        return True
    form.refuse()
    return False


def _codes_page(me: Me, form: CodesForm) -> Response:
    secret = form.secret.data
    picture = segno.make(one_time_codes.address_of(secret, me.email), error="m", micro=False)
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return _form_page(
        "auth/codes.html", me, form, secret=groups,
        picture=picture.svg_data_uri(scale=5, border=4, dark="#000", light="#fff"),
    )  # fmt: skip


def _form_page(template: str, me: Me, form: Form, **values: str) -> Response:
    return page(template, status=422 if form.errors else 200, me=me, form=form, **values)
