"""The editions of a recurring event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.exc import IntegrityError

from regapp.db import db, table
from regapp.errors import ChangedMeanwhile, NotFound, SlugTaken
from regapp.models import Event, Membership, Quota, Role, Series
from regapp.models.event import text_in
from regapp.services import records, seats
from regapp.services.events import FACTS, OWN_QUOTA, VISIBLE, EventFacts
from regapp.services.records import Action


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series at one moment. `texts`: language → name, summary."""

    id: int
    slug: str
    texts: dict[str, dict[str, Any]]

    def text(self, key: str, lang: str) -> str:
        """Return a text in this language, else in English, else in any; empty if there is none."""
        return text_in(self.texts, key, lang)


_series, _event = table(Series).c, table(Event).c
_SERIES = select(_series.id, _series.slug, _series.texts)
_BY_ID = _SERIES.where(_series.id == bindparam("id"))
_BY_SLUG = _SERIES.where(_series.slug == bindparam("slug"))
_EDITIONS = (
    select(*FACTS)
    .join_from(table(Event), table(Quota), OWN_QUOTA)
    .where(_event.series_id == bindparam("series"), _event.status.in_(VISIBLE))
    .order_by(_event.starts_at.desc(), _event.id)
)


def find(series_id: int | None) -> SeriesFacts | None:
    """Return a series, None if there is none of this id."""
    row = db.session.execute(_BY_ID, {"id": series_id}).one_or_none() if series_id is not None else None
    return None if row is None else SeriesFacts(*row)


def get_by_slug(slug: str) -> SeriesFacts:
    """Return the series of this address. Raises: NotFound."""
    row = db.session.execute(_BY_SLUG, {"slug": slug}).one_or_none()
    if row is None:
        raise NotFound
    return SeriesFacts(*row)


def get_mine(account_id: int, slug: str) -> SeriesFacts:
    """Return a series that this person may edit: as owner or manager of an edition. Raises: NotFound for any other."""
    for found in list_mine(account_id):
        if found.slug == slug:
            return found
    raise NotFound


def list_mine(account_id: int) -> list[SeriesFacts]:
    """Return the series of which this person owns or manages an edition, by their addresses."""
    mine = exists().where(
        Membership.event_id == Event.id, Membership.account_id == account_id, Event.series_id == _series.id,
        Membership.role.in_([role for role in Role if role.includes(Role.MANAGER)]),
    )  # fmt: skip
    return [SeriesFacts(*row) for row in db.session.execute(_SERIES.where(mine).order_by(_series.slug))]


def list_editions(series_id: int) -> list[EventFacts]:
    """Return the editions that the public sees, the latest first."""
    return [EventFacts(*row) for row in db.session.execute(_EDITIONS, {"series": series_id})]


def save(
    series_id: int, *, slug: str, texts: dict[str, dict[str, str]], seen: SeriesFacts, actor: str, now: datetime
) -> None:
    """Save address, names and summaries, language → key → text. `seen`: as the page was drawn from.

    Raises: NotFound; SlugTaken; ChangedMeanwhile. The pages of its events name it, so their version rises.
    """
    events = list(db.session.scalars(select(Event.id).where(Event.series_id == series_id).order_by(Event.id)))
    for event_id in events:
        seats.lock(event_id)
    found = find(series_id)
    if found is None:
        raise NotFound
    if found != seen:
        raise ChangedMeanwhile
    filled = {lang: {key: text for key, text in words.items() if text} for lang, words in texts.items()}
    kept = {lang: words for lang, words in filled.items() if words}
    try:
        db.session.execute(update(Series).where(Series.id == series_id).values(slug=slug, texts=kept))
    except IntegrityError as error:
        raise SlugTaken from error
    db.session.execute(update(Quota).where(Quota.event_id.in_(events)).values(version=Quota.version + 1))
    records.remember([
        records.line(Action.SETTINGS_CHANGED, event_id=event_id, actor=actor, now=now, reason="series")
        for event_id in events
    ])  # fmt: skip
