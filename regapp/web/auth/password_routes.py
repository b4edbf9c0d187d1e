"""Links that set a password: asked for, and used."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from regapp import links
from regapp.clock import utcnow
from regapp.db import let_go, transaction
from regapp.errors import NotFound
from regapp.rules.addresses import contact_key
from regapp.services import accounts, passwords
from regapp.services.accounts import Me
from regapp.web import access, languages, limits, sessions
from regapp.web.auth import known
from regapp.web.auth.blueprint import bp
from regapp.web.auth.forms import ForgottenForm, NewPasswordForm
from regapp.web.pages import page


@bp.route("/forgotten", methods=["GET", "POST"])
@access.public
def forgotten() -> ResponseReturnValue:
    """Send a link that sets a new password; the answer is the same whether or not there is such an account."""
    form = ForgottenForm()
    if not form.validate_on_submit():
        return page("auth/forgotten.html", status=422 if form.errors else 200, form=form)
    limits.check(limits.PER_NETWORK, "reset from", limits.network())
    limits.check(limits.PER_ADDRESS, "reset", contact_key(form.email.data))
    with transaction():
        accounts.send_reset(form.email.data, now=utcnow())
    return page("auth/link_sent.html", email=form.email.data)


@bp.route("/password/<token>", methods=["GET", "POST"])
@access.public
def set_password(token: str) -> ResponseReturnValue:
    """Set the password of the account that the link is for. Only the post changes anything; then the link has ended."""
    me = _whose(token)
    if me is None:
        return _link_over()
    languages.speak(me.lang)
    form = NewPasswordForm(me)
    if not form.validate_on_submit():
        return page("auth/set_password.html", status=422 if form.errors else 200, form=form, email=me.email)
    let_go()
    stored = passwords.make_hash(form.new_password.data)
    try:
        with transaction():
            accounts.set_password(me, stored)
    except NotFound:  # the same link, sent twice at once
        return _link_over()
    sessions.end()
    flash(_("Your password is set. Sign in with it."))
    answer = make_response(redirect(url_for("auth.sign_in"), code=303))
    if accounts.get_keys(me.id).uses_codes:  # a mailbox alone must not earn further attempts at codes
        return answer
    return known.remember(answer, me.id)


def _whose(token: str) -> Me | None:
    """Return whose password a link sets, None if it is not ours or has ended."""
    found = links.read_password_token(token)
    return None if found is None else accounts.find_signed_in(found.account_id, found.session_version)


def _link_over() -> Response:
    return page("auth/link_over.html", status=404)
