"""Organizers and their browsers."""

from __future__ import annotations

from itertools import count

from flask.testing import FlaskClient

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.models import Role
from regapp.services import accounts, passwords, teams
from regapp.services.accounts import Me
from regapp.services.events import EventFacts

_numbers = count(1)
PASSWORD = "seven quiet boats"
_HASH = passwords.make_hash(PASSWORD)


def make_account(name: str = "Eszter Varga") -> Me:
    """Make an account without a password."""
    with transaction():
        return accounts.create(f"organizer.{next(_numbers)}@example.org", name, now=utcnow())


def give_password(me: Me, password: str = PASSWORD) -> Me:
    """Let somebody sign in with this password."""
    stored = _HASH if password == PASSWORD else passwords.make_hash(password)
    with transaction():
        return accounts.set_password(me, stored)


def sign_in(client: FlaskClient, event: EventFacts | None = None, role: Role = Role.OWNER) -> Me:
    """Sign somebody new in, with this role at the event if one is given."""
    me = make_account()
    if event is not None:
        with transaction():
            teams.add(event.id, me.id, role)
    resume(client, me)
    return me


def resume(client: FlaskClient, me: Me) -> None:
    """Let somebody be signed in in this browser."""
    with client.session_transaction() as session:
        session.update(account=me.id, version=me.session_version, at=int(utcnow().timestamp()))
