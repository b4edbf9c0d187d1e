"""What organizers are told by mail: that their event is full, that mails do not arrive, and once a day what is new.

Each is written with the mark that says so: what is told is told once (R13). Drafts, events that were called off or put
away, and those that are over tell nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, update

from regapp.db import AnyRow, db
from regapp.mail.messages import BULK, About, Message, compose
from regapp.models import Account, Event, EventStatus, History, Membership, OutboxMail, Quota, QuotaKind
from regapp.rules.addresses import ascii_address
from regapp.services import events, records
from regapp.services.events import EventFacts
from regapp.services.records import Action

DIGEST_AT = time(7)
"""In the event's own zone."""
MAIL_TOLD_AGAIN = timedelta(days=1)
OFTEN = 3
"""Attempts after which a mail that is still tried counts as not arriving: half an hour after the first."""

Conditions: TypeAlias = tuple[ColumnElement[bool], ...]

_OWN = and_(Quota.event_id == Event.id, Quota.kind == QuotaKind.EVENT)
_FULL = and_(Quota.size > 0, Quota.taken + Quota.held >= Quota.size)


@dataclass(frozen=True, slots=True)
class News:
    """What happened since the last digest. Units: people; `failing`: mails."""

    registered: int
    cancelled: int
    promoted: int
    failing: int

    def __bool__(self) -> bool:
        """Say whether anything happened at all."""
        return any((self.registered, self.cancelled, self.promoted, self.failing))


def list_due(*, now: datetime) -> list[int]:
    """Return the ids of the events that may have something to tell; looking does not change anything."""
    is_told = Event.full_told_at.is_not(None)
    full = select(Event.id).join(Quota, _OWN).where(_tells(now), func.coalesce(_FULL, false()) != is_told)
    told_long_ago = or_(Event.mail_told_at.is_(None), Event.mail_told_at <= now - MAIL_TOLD_AGAIN)
    troubled = [
        select(Event.id).join(OutboxMail, OutboxMail.event_id == Event.id).where(_tells(now), told_long_ago, *which)
        for which in _failing(Event.mail_told_at)
    ]
    found = {event_id for due in (full, *troubled) for event_id in db.session.scalars(due.distinct())}
    digests = select(Event.id, Event.tz, Membership.digest_at).join(Membership, Membership.event_id == Event.id)
    for row in db.session.execute(digests.where(_tells(now), Membership.tells_digest)):
        if row.digest_at is None or row.digest_at < last_digest(row.tz, now):
            found.add(row.id)
    return sorted(found)


def tell(event_id: int, *, now: datetime) -> int:
    """Write the notices of an event that are due; return how many mails. Raises: NotFound."""
    if (
        db.session.scalar(select(Event.id).where(Event.id == event_id, _tells(now)).with_for_update(key_share=True))
        is None
    ):
        return 0
    event = events.get(event_id)
    mails = [*_full(event, now), *_mail_trouble(event, now), *_digests(event, now)]
    if mails:
        records.post(mails)
    return len(mails)


def last_digest(tz: str, now: datetime) -> datetime:
    """Return the last time at which a digest was due in this zone, whatever the clocks did meanwhile."""
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    due = datetime.combine(today, DIGEST_AT, zone)
    return due if due.timestamp() <= now.timestamp() else datetime.combine(today - timedelta(days=1), DIGEST_AT, zone)


def _tells(now: datetime) -> ColumnElement[bool]:
    return and_(Event.status == EventStatus.PUBLISHED, Event.ends_at > now)


def _full(event: EventFacts, now: datetime) -> list[dict[str, Any]]:
    """Tell that the event is full, once each time that it becomes so."""
    is_full = bool(event.size) and event.free <= 0
    mine = update(Event).where(Event.id == event.id)
    if not is_full:
        db.session.execute(mine.where(Event.full_told_at.is_not(None)).values(full_told_at=None))
        return []
    told = db.session.execute(mine.where(Event.full_told_at.is_(None)).values(full_told_at=now))
    if not told.rowcount:  # type: ignore[attr-defined]  # a cursor result has one
        return []
    return _to(_members(event, Membership.tells_full), Message.NOTICE_FULL, event, now=now)


def _mail_trouble(event: EventFacts, now: datetime) -> list[dict[str, Any]]:
    """Tell that mails do not arrive, at most once a day, and only if some went wrong since the last time."""
    last: datetime | None = db.session.scalar(select(Event.mail_told_at).where(Event.id == event.id))
    failing = _count_failing(event.id, since=last)
    if not failing or (last is not None and now - last < MAIL_TOLD_AGAIN):
        return []
    db.session.execute(update(Event).where(Event.id == event.id).values(mail_told_at=now))
    members = _members(event, Membership.tells_mail)
    return _to(members, Message.NOTICE_MAIL, event, now=now, failing=failing)


def _digests(event: EventFacts, now: datetime) -> list[dict[str, Any]]:
    """Tell each who wants it what happened since the last digest; nobody is told of nothing."""
    mails: list[dict[str, Any]] = []
    known: dict[datetime, News] = {}
    for member in _members(event, Membership.tells_digest):
        last: datetime | None = member.digest_at
        if last is not None and last >= last_digest(event.tz, now):
            continue
        mine = update(Membership).where(Membership.event_id == event.id, Membership.account_id == member.id)
        db.session.execute(mine.values(digest_at=now))
        if last is None:  # it was switched on a moment ago: from now on
            continue
        if last not in known:
            known[last] = _news(event.id, since=last, until=now)
        if known[last]:
            facts = asdict(known[last]) | {"since": last.isoformat()}
            mails += _to([member], Message.NOTICE_DIGEST, event, now=now, **facts)
    return mails


def _news(event_id: int, *, since: datetime, until: datetime) -> News:
    actions = (Action.REGISTERED, Action.CANCELLED, Action.PROMOTED)
    counts = [func.coalesce(func.sum(case((History.action == action, 1), else_=0)), 0) for action in actions]
    happened = (History.event_id == event_id, History.at >= since, History.at < until)
    registered, cancelled, promoted = db.session.execute(select(*counts).where(*happened)).one()
    return News(registered, cancelled, promoted, _count_failing(event_id, since=since))


def _failing(since: Any) -> tuple[Conditions, Conditions]:
    """Return what holds for mails that went wrong since then: given up, or written since and refused often.

    Notices do not count: one that fails must not cause the next.
    """
    to_others = OutboxMail.account_id.is_(None)
    unsent = (OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None), OutboxMail.attempts >= OFTEN)
    ever = since is None
    given_up = OutboxMail.failed_at.is_not(None) if ever else _after(OutboxMail.failed_at, since)
    return (
        (to_others, OutboxMail.failed_at.is_not(None), given_up),
        (to_others, *unsent, *([] if ever else [_after(OutboxMail.created_at, since)])),
    )


def _after(at: Any, since: Any) -> ColumnElement[bool]:
    return at > since if isinstance(since, datetime) else or_(since.is_(None), at > since)


def _count_failing(event_id: int, *, since: datetime | None) -> int:
    counts = (select(func.count()).where(OutboxMail.event_id == event_id, *which) for which in _failing(since))
    return sum(db.session.scalar(count) or 0 for count in counts)


def _members(event: EventFacts, wants: Any) -> Sequence[AnyRow]:
    """Return those who organize this event and want to be told."""
    wanted = (
        select(Account.id, Account.name, Account.email, Account.lang, Membership.digest_at)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.event_id == event.id, wants)
        .order_by(Account.id)
    )
    return db.session.execute(wanted).all()


def _to(
    members: Sequence[AnyRow], message: Message, event: EventFacts, *, now: datetime, **facts: Any
) -> list[dict[str, Any]]:
    """Return a mail for each, with the figures as of now."""
    figures = {"size": event.size, "taken": event.taken + event.held, "waiting": event.waiting}
    return [
        compose(message, _about(event, member), now=now, priority=BULK, **figures, **facts) | {"account_id": member.id}
        for member in members
    ]


def _about(event: EventFacts, member: AnyRow) -> About:
    return About(
        event_id=event.id, registration_id=None, code="", link_version=0, sequence=0, lang=member.lang,
        address=ascii_address(member.email), name=member.name,
    )  # fmt: skip
