"""Making events: from nothing, from a profile, or as a copy of an earlier edition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import Model, db, table
from regapp.models import Category, Event, EventStatus, Membership, Quota, QuotaKind, Role, Series
from regapp.rules import profiles, slugs
from regapp.rules.local_times import shift, shown
from regapp.rules.profiles import Profile
from regapp.services import events, records, seats, teams
from regapp.services.events import EventFacts
from regapp.services.records import Action

COPIED = (
    "tz", "fit", "waitlist_limit", "online_url", "contact_address", "robot_check", "asks_organisation_type", "texts",
)  # fmt: skip
"""What a copy takes over as it is."""
MOVED = ("starts_at", "ends_at", "opens_at", "closes_at", "serve_until", "change_until", "retain_until")
"""What a copy takes over with its distance to the start."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is asked of who makes an event; all else follows from the profile. `size` in seats, None is no limit.

    `ends_at` None: as long as is usual for its kind.
    """

    name: str
    lang: str
    tz: str
    starts_at: datetime
    ends_at: datetime | None
    size: int | None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """What differs in a copy. `starts_on`: its first day, in its zone; `names`: language → name.

    `new_series`: make a series of the two if there is none.
    """

    starts_on: date
    names: dict[str, str]
    new_series: bool = False


def create(new: NewEvent, owner_id: int, *, actor: str, now: datetime) -> str:
    """Make a draft that belongs to this account; return its slug."""
    plan = profiles.outline(new.profile)
    windows = profiles.windows(plan, new.starts_at, new.ends_at, tz=new.tz, now=now)
    values = {
        "tz": new.tz,
        "starts_at": new.starts_at,
        "ends_at": windows.ends_at,
        "opens_at": windows.opens_at,
        "closes_at": windows.closes_at,
        "change_until": windows.change_until,
        "retain_until": windows.retain_until,
        "waitlist_limit": plan.waitlist_limit,
        "asks_organisation_type": plan.asks_organisation_type,
        "texts": {new.lang: {"name": new.name}},
    }
    line = {"reason": new.profile}
    return _store(new.name, values, size=new.size, owner_id=owner_id, actor=actor, now=now, **line)


def copy(event: EventFacts, new: Copy, owner_id: int, *, actor: str, now: datetime) -> str:
    """Make a draft like an earlier edition, without its people and its history; return its slug.

    Categories come along with their sizes, all of them free. `event`: with its categories.
    All times keep their distance to the start in days and their time on the clock.
    """
    days = new.starts_on - shown(event.starts_at, event.tz).date()
    values: dict[str, Any] = {name: getattr(event, name) for name in COPIED}
    for name in MOVED:
        instant = getattr(event, name)
        values[name] = None if instant is None else shift(instant, event.tz, days)
    values["texts"] = {
        lang: texts | ({"name": new.names[lang]} if lang in new.names else {}) for lang, texts in event.texts.items()
    }
    values["series_id"] = _begin_series(event.id, actor=actor, now=now) if new.new_series else event.series_id
    name = next(iter(new.names.values()), event.slug)
    line = {"reason": "copy", "numbers": {"of": event.slug}}
    slug = _store(name, values, size=event.size, owner_id=owner_id, actor=actor, now=now, **line)
    _copy_categories(event, events.get_id(slug), days)
    return slug


def _copy_categories(event: EventFacts, event_id: int, days: timedelta) -> None:
    """Give an event the categories of an earlier one, whose own windows move by so many whole days."""
    for one in event.categories:
        quota = Quota(event_id=event_id, kind=QuotaKind.CATEGORY, size=one.size)
        db.session.add(quota)
        db.session.flush()
        window = {name: getattr(one, name) for name in ("opens_at", "closes_at")}
        moved = {name: at and shift(at, event.tz, days) for name, at in window.items()}
        db.session.add(
            Category(
                event_id=event_id, quota_id=quota.id, texts=one.texts, counts=one.counts, hidden=one.hidden,
                rank=one.rank, **moved,
            )
        )  # fmt: skip
    db.session.flush()


def last_zone(account_id: int) -> str | None:
    """Return the zone of the event that this person got last, None for who has none."""
    mine = select(Event.tz).join(Membership, Membership.event_id == Event.id)
    return db.session.scalar(mine.where(Membership.account_id == account_id).order_by(Event.id.desc()).limit(1))


def insert_under(model: type[Model], addresses: Iterable[str], values: dict[str, Any]) -> tuple[int, str]:
    """Store a row under the first of these addresses that is free; return its id and address."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    for slug in addresses:
        statement = insert(table(model)).values(**values, slug=slug)
        found = db.session.execute(statement.on_conflict_do_nothing().returning(table(model).c.id)).scalar_one_or_none()
        if found is not None:
            return found, slug
    raise AssertionError("numbers do not end")


def _store(
    name: str, values: dict[str, Any], *, size: int | None, owner_id: int, actor: str, now: datetime, **line: Any
) -> str:
    year = shown(values["starts_at"], values["tz"]).year
    values = {"status": EventStatus.DRAFT, **values}
    event_id, slug = insert_under(Event, slugs.candidates(name, year), values)
    db.session.add(Quota(event_id=event_id, kind=QuotaKind.EVENT, size=size))
    db.session.flush()
    teams.add(event_id, owner_id, Role.OWNER)
    records.remember([records.line(Action.EVENT_CREATED, event_id=event_id, actor=actor, now=now, **line)])
    return slug


def _begin_series(event_id: int, *, actor: str, now: datetime) -> int:
    """Make a series that is called like its first edition, and put this in, unless it is in one already."""
    event = seats.lock(event_id)
    if event.series_id is not None:
        return event.series_id
    texts = {lang: {"name": words["name"]} for lang, words in event.texts.items() if words.get("name")}
    year = shown(event.starts_at, event.tz).year
    series_id, _slug = insert_under(Series, slugs.candidates(event.text("name", "en"), year), {"texts": texts})
    db.session.execute(update(Event).where(Event.id == event_id).values(series_id=series_id))
    db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(version=Quota.version + 1))
    line = records.line(
        Action.SETTINGS_CHANGED, event_id=event_id, actor=actor, now=now, numbers={"fields": ["series_id"]}
    )
    records.remember([line])
    return series_id
