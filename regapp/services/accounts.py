"""People who can sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from regapp.db import db
from regapp.models import Account
from regapp.rules.addresses import contact_key
from regapp.speech import DEFAULT


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in. `session_version`: raising it in the database ends all sessions that carry this one."""

    id: int
    name: str
    email: str
    lang: str
    session_version: int

    @property
    def actor(self) -> str:
        """Return how the history names this person."""
        return f"account:{self.id}"


_ME = select(Account.id, Account.name, Account.email, Account.lang, Account.session_version)
_BY_ID = _ME.where(Account.id == bindparam("id"))
_BY_EMAIL = _ME.where(Account.email == bindparam("email"))


def find_signed_in(account_id: int, session_version: int) -> Me | None:
    """Return who began a session, None if it was ended by signing out everywhere."""
    row = db.session.execute(_BY_ID, {"id": account_id}).one_or_none()
    return Me(*row) if row is not None and row.session_version == session_version else None


def find(email: str) -> Me | None:
    """Return the account of this address."""
    row = db.session.execute(_BY_EMAIL, {"email": contact_key(email)}).one_or_none()
    return None if row is None else Me(*row)


def create(email: str, name: str, *, now: datetime, lang: str = DEFAULT) -> Me:
    """Make an account that has no password yet: nobody can sign in to it before one is set."""
    account = Account(email=contact_key(email), name=name, lang=lang, created_at=now)
    db.session.add(account)
    db.session.flush()
    return Me(account.id, name, account.email, lang, 0)
