"""Somebody proves who they are: how often it may be tried, and trying with no transaction open."""

from __future__ import annotations

from flask import Response, make_response, redirect, request, url_for

from regapp.db import let_go, transaction
from regapp.rules.addresses import contact_key
from regapp.services import accounts, passwords
from regapp.services.accounts import Keys, Me
from regapp.web import limits, sessions
from regapp.web.auth import known


def check_attempts(email: str, account_id: int | None) -> None:
    """Count an attempt to sign in, the same for addresses that have an account and others. Raises: TooManyRequests."""
    if (browser := known.find(account_id)) is not None:
        limits.check(limits.PASSWORDS, "password in a known browser", browser)
        return
    whose, where = contact_key(email), limits.network()
    limits.check(limits.PER_NETWORK, "password from a network", where)
    limits.check(limits.PASSWORDS, "password from a network for", f"{whose} {where}")
    limits.check(limits.PASSWORDS_FROM_ANYWHERE, "password for", whose)


def check_code_attempts(account_id: int) -> None:
    """Count a one-time code that somebody tries who knows the password. Raises: TooManyRequests."""
    if (browser := known.find(account_id)) is not None:
        limits.check(limits.PASSWORDS, "code in a known browser", browser)
    else:
        limits.check(limits.CODES, "code for", str(account_id))


def has_password(keys: Keys | None, password: str) -> bool:
    """Say whether this is the account's password; no account and no password take as long as a wrong one."""
    let_go()
    stored = keys.password_hash if keys else None
    if not passwords.fits(password, stored):
        return False
    if keys is not None and passwords.is_outdated(stored or ""):
        renewed = passwords.make_hash(password)
        with transaction():
            accounts.keep_new_hash(keys, renewed)
    return True


def has_own_password(me: Me, password: str) -> bool:
    """Say whether who is signed in knows the password, as for changes that open the account to others.

    Raises: TooManyRequests.
    """
    limits.check(limits.PASSWORDS, "own password", str(me.id))
    return has_password(accounts.get_keys(me.id), password)


def let_in(me: Me) -> Response:
    """Begin the session, and lead to where this person wanted to go."""
    sessions.begin(me)
    return known.remember(make_response(redirect(wanted_page(), code=303)), me.id)


def wanted_page() -> str:
    """Return the page of the workspace to go to after signing in: `next`, if it is one, else the first one.

    Nothing else is taken, so that no link to our sign-in page leads elsewhere.
    """
    wanted = request.args.get("next", "")
    is_ours = wanted.startswith("/organizer/") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_ours else url_for("organizer.index")
