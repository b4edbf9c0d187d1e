"""Saving what organizers set and write: under the lock, in the history; what concerns those who take part is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from regapp.db import db
from regapp.errors import BadDates, ChangedMeanwhile, EventOver, SlugTaken, WrongStatus
from regapp.models import Event, Quota
from regapp.services import editing, records, seats, waitlist
from regapp.services.editing import PLACE, EventChange
from regapp.services.events import EventFacts
from regapp.services.records import Action

TOLD = ("starts_at", "ends_at", "online_url")
"""Settings whose change those who take part are told."""
LASTING = frozenset({"contact_address", "retain_until", "series_id"})
"""Settings that may still change when the event is over."""
UNRECORDED = frozenset({"contact_address", "online_url"})
"""Settings whose values the history leaves out: it names no addresses."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that one page sets. Fields are those of `EventFacts`."""

    slug: str
    tz: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    serve_until: datetime | None
    change_until: datetime | None
    waitlist_limit: int | None
    fit: str
    online_url: str | None
    contact_address: str | None
    retain_until: datetime | None
    robot_check: str
    asks_organisation_type: bool
    series_id: int | None

    @classmethod
    def of(cls, event: EventFacts, **changes: Any) -> Settings:
        """Return the settings of an event as they are, with changes."""
        return cls(**{field.name: getattr(event, field.name) for field in fields(cls)} | changes)


@dataclass(frozen=True, slots=True)
class Saved:
    """It is saved. `told`: people who get a mail; `promoted`: people who got a place because of it."""

    told: int = 0
    promoted: int = 0


@dataclass(frozen=True, slots=True)
class MustTell:
    """Nothing is saved yet: this many people would be told, which whoever saves has not agreed to."""

    people: int


def save(event_id: int, wanted: Settings, *, seen: int, agreed: int, actor: str, now: datetime) -> Saved | MustTell:
    """Save settings. `seen`: the version that the page was drawn from; `agreed`: how many people may be told.

    Raises: NotFound; ChangedMeanwhile; EventOver; BadDates; WrongStatus (another address, though published); SlugTaken.
    Source: R2, R13.
    """
    event = _lock(event_id, seen)
    new = {name: value for name, value in asdict(wanted).items() if value != getattr(event, name)}
    if not new:
        return Saved()
    _check(event, new, now)
    change = _change(new)
    people = editing.count_told(event_id) if change else 0
    if people != agreed:
        return MustTell(people)
    _store(event, {name: value for name, value in new.items() if name not in TOLD}, actor=actor, now=now)
    told = editing.change_event(event_id, change, actor=actor, now=now) if change else 0
    settled = waitlist.settle(event_id, now=now)
    return Saved(told, settled.promoted)


def save_texts(
    event_id: int, lang: str, texts: dict[str, str], *, seen: int, agreed: int, actor: str, now: datetime
) -> Saved | MustTell:
    """Save all texts of one language, key → text; empty ones are left out. `seen`, `agreed`: as in `save`.

    Who takes part is told of another place, but not of one that is only written in a further language.
    Raises: NotFound; ChangedMeanwhile.
    """
    event = _lock(event_id, seen)
    before = event.texts.get(lang, {})
    after = {key: text for key, text in texts.items() if text}
    new = sorted(key for key in {*before, *after} if before.get(key, "") != after.get(key, ""))
    if not new:
        return Saved()
    moves = _moves(event, before, after) and not event.is_over(now)
    people = editing.count_told(event_id) if moves else 0
    if people != agreed:
        return MustTell(people)
    told = 0
    if moves:
        place = {key: after.get(key, "") for key in PLACE}
        told = editing.change_place(event_id, lang, place, now=now)
    _write(event, {"texts": _with(event, lang, after)})
    numbers = {"lang": lang, "fields": new}
    records.remember([
        records.line(Action.TEXTS_CHANGED, event_id=event_id, actor=actor, now=now, numbers=numbers)
    ])  # fmt: skip
    return Saved(told)


def check_version(event: EventFacts, seen: int) -> None:
    """Raise ChangedMeanwhile if settings were saved after this version."""
    if event.version != seen:
        raise ChangedMeanwhile


def _lock(event_id: int, seen: int) -> EventFacts:
    event = seats.lock(event_id)
    check_version(event, seen)
    return event


def _check(event: EventFacts, new: dict[str, Any], now: datetime) -> None:
    """Refuse what no page offers, and what has become impossible since it was drawn."""
    if event.is_over(now) and not new.keys() <= LASTING:
        raise EventOver
    if "slug" in new and not event.draft:
        raise WrongStatus(status=event.status)
    starts_at, ends_at = new.get("starts_at", event.starts_at), new.get("ends_at", event.ends_at)
    retain_until = new.get("retain_until", event.retain_until)
    erased_early = retain_until is not None and retain_until < ends_at and new.keys() & {"retain_until", "ends_at"}
    moved_back = "starts_at" in new and starts_at <= now and not event.draft
    if ends_at <= starts_at or moved_back or erased_early:
        raise BadDates(starts_at=starts_at, ends_at=ends_at)


def _change(new: dict[str, Any]) -> EventChange | None:
    """Return what is to be told, None if there is nothing."""
    if not new.keys() & set(TOLD):
        return None
    online_url = (new["online_url"] or "") if "online_url" in new else None
    return EventChange(new.get("starts_at"), new.get("ends_at"), online_url)


def _store(event: EventFacts, new: dict[str, Any], *, actor: str, now: datetime) -> None:
    if not new:
        return
    try:
        _write(event, new)
    except IntegrityError as error:
        raise SlugTaken from error
    plain = new.keys() - UNRECORDED
    numbers = {
        "fields": sorted(new),
        "before": {name: _plain(getattr(event, name)) for name in sorted(plain)},
        "after": {name: _plain(new[name]) for name in sorted(plain)},
    }
    records.remember([
        records.line(Action.SETTINGS_CHANGED, event_id=event.id, actor=actor, now=now, numbers=numbers)
    ])  # fmt: skip


def _write(event: EventFacts, new: dict[str, Any]) -> None:
    db.session.execute(update(Event).where(Event.id == event.id).values(**new))
    db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(version=Quota.version + 1))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moves(event: EventFacts, before: dict[str, Any], after: dict[str, str]) -> bool:
    """Say whether readers of this language learn of another place than the one that they were told."""
    known = any(before.get(key) for key in PLACE) or not any(event.text(key, "en") for key in PLACE)
    return known and any(before.get(key, "") != after.get(key, "") for key in PLACE)


def _with(event: EventFacts, lang: str, after: dict[str, str]) -> dict[str, dict[str, Any]]:
    texts = {**event.texts, lang: after}
    return {code: words for code, words in texts.items() if words}
