"""One's own account: name, language, password."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp.db import transaction
from regapp.services import accounts, one_time_codes, passwords
from regapp.services.accounts import Me
from regapp.web import access, languages, sessions
from regapp.web.auth import proving
from regapp.web.auth.blueprint import bp
from regapp.web.auth.forms import ChangePasswordForm, ProfileForm
from regapp.web.forms import ConfirmForm, Form
from regapp.web.pages import page


@bp.route("/account", methods=["GET", "POST"])
@access.account
def account(me: Me) -> ResponseReturnValue:
    """Show one's own account; take another name or language."""
    form = ProfileForm(name=me.name, lang=me.lang)
    if not form.validate_on_submit():
        return account_page(me, form=form, status=422 if form.errors else 200)
    with transaction():
        accounts.change_profile(me.id, name=form.name.data, lang=form.lang.data)
    languages.speak(form.lang.data)
    flash(_("Saved."))
    return redirect(url_for("auth.account"), code=303)


@bp.route("/account/password", methods=["GET", "POST"])
@access.account
def change_password(me: Me) -> ResponseReturnValue:
    """Take another password from who knows the present one; all other sessions end."""
    form = ChangePasswordForm(me)
    if not form.validate_on_submit():
        return _password_page(me, form)
    if not proving.has_own_password(me, form.password.data):
        form.refuse()
        return _password_page(me, form)
    stored = passwords.make_hash(form.new_password.data)
    with transaction():
        changed = accounts.set_password(me, stored)
    sessions.begin(changed)
    flash(_("Your password is changed. Everywhere else you are signed out."))
    return redirect(url_for("auth.account"), code=303)


def account_page(me: Me, *, status: int, form: Form | None = None, asked: Form | None = None) -> Response:
    """Return the page of one's own account; `form`: name and language as typed, `asked`: a button that was pressed."""
    keys = accounts.get_keys(me.id)
    return page(
        "auth/account.html", status=status, me=me, form=form or ProfileForm(name=me.name, lang=me.lang),
        asked=asked or ConfirmForm(), uses_codes=keys.uses_codes,
        codes_left=one_time_codes.count_recovery_codes(me.id),
    )  # fmt: skip


def _password_page(me: Me, form: ChangePasswordForm) -> Response:
    return page("auth/change_password.html", status=422 if form.errors else 200, me=me, form=form)
