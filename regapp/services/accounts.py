"""People who can sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import db, table
from regapp.errors import NotFound
from regapp.mail.messages import Message, compose_to_account
from regapp.models import Account
from regapp.rules.addresses import contact_key
from regapp.services import records
from regapp.speech import DEFAULT

REMIND_AGAIN_AFTER = timedelta(hours=1)
RESET_LIFETIME = timedelta(hours=1)
"""How long the link of somebody who forgot the password works; templates/mail/reset.md says so."""
INVITATION_LIFETIME = timedelta(days=7)
"""How long the link of somebody who has no password yet works; templates/mail/team_invited.md says so."""


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


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens an account. `totp_secret` in base 32, `totp_step` in steps of 30 seconds; None: not in use."""

    me: Me
    password_hash: str | None
    totp_secret: str | None
    totp_step: int | None

    @property
    def uses_codes(self) -> bool:
        """Say whether signing in takes a one-time code, too."""
        return self.totp_secret is not None


_ME = select(Account.id, Account.name, Account.email, Account.lang, Account.session_version)
_BY_ID = _ME.where(Account.id == bindparam("id"))
_BY_EMAIL = _ME.where(Account.email == bindparam("email"))
_KEYS = (Account.password_hash, Account.totp_secret, Account.totp_step)
_KEYS_BY_ID = _BY_ID.add_columns(*_KEYS)
_KEYS_BY_EMAIL = _BY_EMAIL.add_columns(*_KEYS)
_CREATE: dict[str, Any] = {
    name: dialect.insert(table(Account)).on_conflict_do_nothing() for name, dialect in
    {"sqlite": sqlite, "postgresql": postgresql}.items()
}  # fmt: skip


def find_signed_in(account_id: int, session_version: int) -> Me | None:
    """Return who began a session, None if it was ended by signing out everywhere."""
    row = db.session.execute(_BY_ID, {"id": account_id}).one_or_none()
    return Me(*row) if row is not None and row.session_version == session_version else None


def find(email: str) -> Me | None:
    """Return the account of this address."""
    row = db.session.execute(_BY_EMAIL, {"email": contact_key(email)}).one_or_none()
    return None if row is None else Me(*row)


def find_keys(email: str) -> Keys | None:
    """Return what opens the account of this address, None if there is no such account."""
    row = db.session.execute(_KEYS_BY_EMAIL, {"email": contact_key(email)}).one_or_none()
    return None if row is None else Keys(Me(*row[:5]), *row[5:])


def get_keys(account_id: int) -> Keys:
    """Return what opens an account. Raises: NotFound."""
    row = db.session.execute(_KEYS_BY_ID, {"id": account_id}).one_or_none()
    if row is None:
        raise NotFound
    return Keys(Me(*row[:5]), *row[5:])


def list_all() -> list[Keys]:
    """Return all accounts by address."""
    rows = db.session.execute(_ME.add_columns(*_KEYS).order_by(Account.email))
    return [Keys(Me(*row[:5]), *row[5:]) for row in rows]


def count() -> int:
    """Return how many accounts there are."""
    return db.session.scalar(select(func.count()).select_from(Account)) or 0


def create(email: str, name: str, *, now: datetime, lang: str = DEFAULT) -> Me:
    """Make an account that has no password yet: nobody can sign in to it before one is set.

    If there is one of this address already, return that one, as it is.
    """
    key = contact_key(email)
    values = {"email": key, "name": name, "lang": lang, "created_at": now}
    db.session.execute(_CREATE[db.engine.dialect.name], values)
    return Me(*db.session.execute(_BY_EMAIL, {"email": key}).one())


def set_password(me: Me, password_hash: str) -> Me:
    """Set a new password and sign out everywhere; links that set a password stop working. Return the new sessions' Me.

    Raises: NotFound if that has happened meanwhile: of two that hold the same link, one sets the password.
    """
    return _raise_version(me, password_hash=password_hash)


def sign_out_everywhere(me: Me) -> Me:
    """End all sessions of this account. Raises: NotFound if that has happened meanwhile."""
    return _raise_version(me)


def keep_new_hash(keys: Keys, password_hash: str) -> None:
    """Store the same password hashed anew, with the parameters that we use now; nothing else changes."""
    as_read = (Account.id == keys.me.id) & (Account.password_hash == keys.password_hash)
    db.session.execute(update(Account).where(as_read).values(password_hash=password_hash))


def change_profile(account_id: int, *, name: str, lang: str) -> None:
    """Change how a person is called, and in which language pages and mails speak to them."""
    db.session.execute(update(Account).where(Account.id == account_id).values(name=name, lang=lang))


def send_reset(email: str, *, now: datetime) -> None:
    """Send a link that sets a new password, at most once an hour. Tells nobody whether there is such an account."""
    long_ago = or_(Account.reminded_at.is_(None), Account.reminded_at <= now - REMIND_AGAIN_AFTER)
    due = update(Account).where(Account.email == contact_key(email), long_ago).values(reminded_at=now)
    found = db.session.execute(due.returning(*_ME.selected_columns)).one_or_none()
    if found is not None:
        records.post([write_to(Me(*found), Message.RESET, now=now, lifetime=int(RESET_LIFETIME.total_seconds()))])


def write_to(me: Me, message: Message, *, now: datetime, event_id: int | None = None, **facts: Any) -> dict[str, Any]:
    """Return the outbox row of a mail to an account."""
    return compose_to_account(
        message, account_id=me.id, event_id=event_id, lang=me.lang, address=me.email, name=me.name, now=now,
        session_version=me.session_version, **facts,
    )  # fmt: skip


def _raise_version(me: Me, **values: Any) -> Me:
    mine = (Account.id == me.id) & (Account.session_version == me.session_version)
    raised = update(Account).where(mine).values(session_version=me.session_version + 1, **values)
    row = db.session.execute(raised.returning(*_ME.selected_columns)).one_or_none()
    if row is None:
        raise NotFound
    return Me(*row)
