"""Who is signed in: a signed cookie that names the account and the version of its sessions.

Flask-Login is not used: it reads the cookie on every response, so that caches could not share public pages.
"""

from __future__ import annotations

from typing import cast

from flask import g, session

from regapp.clock import utcnow
from regapp.services import accounts
from regapp.services.accounts import Keys, Me
from regapp.web import languages

RENEW_AFTER = 3600
"""Seconds after which a session in use is written anew, so that it ends long after the last click."""

HALF_WAY = 600
"""Seconds in which the one-time code is to follow the password."""


def begin(me: Me) -> None:
    """Sign somebody in. What the cookie held before goes: nobody can prepare a session for somebody else."""
    session.clear()
    session.permanent = True
    session.update(account=me.id, version=me.session_version, at=_now())


def begin_half(me: Me) -> None:
    """Remember who gave the right password, until the one-time code comes. Nobody is signed in yet."""
    session.clear()
    session["half"] = [me.id, me.session_version, _now()]


def find_half() -> Keys | None:
    """Return whose one-time code is awaited, None if nobody's is, or no longer."""
    account, version, at = session.get("half", (None, None, 0))
    if account is None or _now() - at > HALF_WAY or accounts.find_signed_in(account, version) is None:
        return None
    return accounts.get_keys(account)


def end() -> None:
    """Sign out here."""
    session.clear()


def find() -> Me | None:
    """Return who is signed in, None if nobody is; the page then speaks their language."""
    if "me" not in g:
        g.me = _read()
        if g.me is not None:
            languages.speak(g.me.lang)
    return cast("Me | None", g.me)


def _read() -> Me | None:
    account, version = session.get("account"), session.get("version")
    if account is None or version is None:
        return None
    me = accounts.find_signed_in(account, version)
    if me is not None and _now() - session.get("at", 0) > RENEW_AFTER:
        session["at"] = _now()
    return me


def _now() -> int:
    return int(utcnow().timestamp())
