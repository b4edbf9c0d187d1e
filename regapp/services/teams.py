"""Who organizes which event, in which role."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import db, table
from regapp.errors import AlreadyMember, NotFound
from regapp.mail.messages import Message
from regapp.models import Account, Event, Membership, Quota, Role
from regapp.rules.teams import check_owner_stays
from regapp.services import accounts, events, records, seats
from regapp.services.accounts import INVITATION_LIFETIME
from regapp.services.events import FACTS, OWN_QUOTA, EventFacts
from regapp.services.records import Action


@dataclass(frozen=True, slots=True)
class Mine:
    """One of my events, and what I may do there."""

    event: EventFacts
    role: Role


@dataclass(frozen=True, slots=True)
class Notices:
    """Of what somebody is told by mail: that the event is full, that mails fail, and once a day how things stand."""

    full: bool
    mail: bool
    digest: bool


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who organizes an event. Without a password they have not signed in yet."""

    id: int
    name: str
    email: str
    role: str
    tells_full: bool
    tells_mail: bool
    tells_digest: bool
    has_password: bool

    @property
    def notices(self) -> Notices:
        """Return of what this person is told by mail."""
        return Notices(self.tells_full, self.tells_mail, self.tells_digest)


@dataclass(frozen=True, slots=True)
class Invited:
    """Who is to join a team, and in which language they are written to if they are new."""

    email: str
    name: str
    role: Role
    lang: str


_MINE = (
    select(*FACTS, table(Membership).c.role)
    .join_from(table(Event), table(Quota), OWN_QUOTA)
    .join(table(Membership), table(Membership).c.event_id == table(Event).c.id)
    .where(table(Membership).c.account_id == bindparam("account"))
)
_ONE = _MINE.where(table(Event).c.slug == bindparam("slug"))
_MEMBERS = (
    select(
        Account.id, Account.name, Account.email, Membership.role, Membership.tells_full, Membership.tells_mail,
        Membership.tells_digest, Account.password_hash.is_not(None),
    )
    .join(Membership, Membership.account_id == Account.id)
    .where(Membership.event_id == bindparam("event"))
)  # fmt: skip
_ROLES = select(Membership.account_id, Membership.role).where(Membership.event_id == bindparam("event"))
_ADD: dict[str, Any] = {
    name: dialect.insert(table(Membership)).on_conflict_do_nothing().returning(table(Membership).c.account_id)
    for name, dialect in {"sqlite": sqlite, "postgresql": postgresql}.items()
}
_ALL = _MINE.order_by(table(Event).c.starts_at.desc(), table(Event).c.id)


def get_event(account_id: int, slug: str) -> tuple[EventFacts, Role]:
    """Return an event that this person helps to organize, and the role there. Raises: NotFound for any other event."""
    row = db.session.execute(_ONE, {"account": account_id, "slug": slug}).one_or_none()
    if row is None:
        raise NotFound
    return events.with_categories(EventFacts(*row[:-1])), Role(row.role)


def list_events(account_id: int) -> list[Mine]:
    """Return the events of this person, the latest first."""
    return [Mine(EventFacts(*row[:-1]), Role(row.role)) for row in db.session.execute(_ALL, {"account": account_id})]


def list_members(event_id: int) -> list[Member]:
    """Return who organizes an event, by role, then by name."""
    rows = [Member(*row[:-1], has_password=row[-1]) for row in db.session.execute(_MEMBERS, {"event": event_id})]
    ranks = list(Role)
    return sorted(rows, key=lambda member: (ranks.index(Role(member.role)), member.name.casefold(), member.id))


def get_member(event_id: int, account_id: int) -> Member:
    """Return one of those who organize an event. Raises: NotFound."""
    for member in list_members(event_id):
        if member.id == account_id:  # compared here: no database has to read a number of any size
            return member
    raise NotFound


def add(event_id: int, account_id: int, role: Role) -> None:
    """Give somebody who has none a role at an event. Raises: AlreadyMember."""
    values = {"event_id": event_id, "account_id": account_id, "role": role}
    if db.session.execute(_ADD[db.engine.dialect.name], values).scalar_one_or_none() is None:
        raise AlreadyMember


def join(event_id: int, account_id: int, role: Role, *, actor: str, now: datetime) -> None:
    """Give somebody who has none a role at an event, and note it in the history. Raises: AlreadyMember."""
    add(event_id, account_id, role)
    _remember(Action.TEAM_JOINED, event_id, account_id, after=role, actor=actor, now=now)


def invite(event_id: int, invited: Invited, *, actor: str, now: datetime) -> Member:
    """Take somebody into the team, and tell them by mail; who has no password gets a link that sets one.

    An address that has no account gets one, with this name; who has an account keeps the name. Raises: AlreadyMember.
    """
    me = accounts.create(invited.email, invited.name, now=now, lang=invited.lang)
    join(event_id, me.id, invited.role, actor=actor, now=now)
    member = get_member(event_id, me.id)
    lifetime = {} if member.has_password else {"lifetime": int(INVITATION_LIFETIME.total_seconds())}
    facts = {"role": str(invited.role), **lifetime}
    records.post([accounts.write_to(me, Message.TEAM_INVITED, event_id=event_id, now=now, **facts)])
    return member


def change_role(event_id: int, account_id: int, role: Role, *, actor: str, now: datetime) -> None:
    """Give a member another role. Raises: NotFound; LastOwner."""
    before = _lock_role(event_id, account_id, role)
    if before == role:
        return
    db.session.execute(_membership(update(Membership), event_id, account_id).values(role=role))
    _remember(Action.TEAM_ROLE_CHANGED, event_id, account_id, before=before, after=role, actor=actor, now=now)


def remove(event_id: int, account_id: int, *, actor: str, now: datetime) -> None:
    """Take somebody out of the team; the account stays. Raises: NotFound; LastOwner."""
    before = _lock_role(event_id, account_id, None)
    db.session.execute(_membership(delete(Membership), event_id, account_id))
    _remember(Action.TEAM_LEFT, event_id, account_id, before=before, actor=actor, now=now)


def choose_notices(event_id: int, account_id: int, notices: Notices) -> None:
    """Say of what this member wants to be told by mail."""
    values: dict[str, Any] = {f"tells_{name}": value for name, value in asdict(notices).items()}
    if not notices.digest:
        values["digest_at"] = None  # switched on again, it tells what is new from then on
    db.session.execute(_membership(update(Membership), event_id, account_id).values(values))


def _lock_role(event_id: int, account_id: int, role: Role | None) -> str:
    """Lock the event, so that two owners cannot leave at once; return the role before the change, which is allowed."""
    seats.lock(event_id)
    roles = {row.account_id: row.role for row in db.session.execute(_ROLES, {"event": event_id})}
    if account_id not in roles:
        raise NotFound
    check_owner_stays(roles, account_id, role)
    return str(roles[account_id])


def _membership(statement: Any, event_id: int, account_id: int) -> Any:
    return statement.where(Membership.event_id == event_id, Membership.account_id == account_id)


def _remember(
    action: Action, event_id: int, account_id: int, *, actor: str, now: datetime, **roles: str
) -> None:  # fmt: skip
    numbers = {"account": account_id, **{when: str(role) for when, role in roles.items()}}
    records.remember([records.line(action, event_id=event_id, actor=actor, now=now, numbers=numbers)])
