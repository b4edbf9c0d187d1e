"""Events to try the product on: read from demo/*.toml, moved to where they are useful today."""

from __future__ import annotations

import secrets
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select

from regapp.db import db
from regapp.models import Event, EventStatus, OutboxMail, Quota, QuotaKind, RobotCheck, Role
from regapp.services import accounts, categories, drafts, events, registrations, teams
from regapp.services.accounts import Me
from regapp.services.categories import Plan
from regapp.services.drafts import Applicant, Details
from regapp.services.teams import Notices

PRIVACY_VERSION = "demo"
"""What the invented people agreed to."""
ORGANIZER = "demo@example.org"
"""Address of the account that organizes the demo events."""


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """One file. Times are local and naive, as in the file; `starts_in_weeks` None keeps the real dates.

    Units: `size` in seats, None is unlimited. `people`: in the order in which they register;
    `categories`: in the order in which they are shown.
    """

    slug: str
    tz: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime
    closes_at: datetime
    texts: dict[str, dict[str, Any]]
    size: int | None = None
    starts_in_weeks: int | None = None
    change_until: datetime | None = None
    contact_address: str | None = None
    robot_check: str = RobotCheck.NONE
    asks_organisation_type: bool = False
    people: tuple[dict[str, str], ...] = ()
    categories: tuple[dict[str, Any], ...] = ()


def read(folder: Path) -> list[DemoEvent]:
    """Return the events of a folder, by file name."""
    return [_parse(tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.toml"))]


def has_events() -> bool:
    """Say whether there is any event at all."""
    return bool(db.session.scalar(select(exists().select_from(Event))))


def load(demo: DemoEvent, *, now: datetime) -> bool:
    """Make the event and register its people; say False and change nothing if there is one of this name already."""
    if db.session.scalar(select(Event.id).where(Event.slug == demo.slug)):
        return False
    event_id = _create(demo, now=now)
    for rank, category in enumerate(demo.categories):
        _add_category(event_id, category, rank, now=now)
    _register(event_id, demo.people, now=now)
    # The people are invented and nobody waits for these mails. No worker has seen them: they were never committed.
    db.session.execute(delete(OutboxMail).where(OutboxMail.event_id == event_id))
    return True


def add_organizer(slugs: list[str], password_hash: str, *, now: datetime) -> Me:
    """Make the account that owns these events. It gets no mails: its address is nobody's."""
    me = accounts.set_password(accounts.create(ORGANIZER, "Demo Organizer", now=now), password_hash)
    for slug in slugs:
        event_id = events.get_id(slug)
        teams.join(event_id, me.id, Role.OWNER, actor="operator", now=now)
        teams.choose_notices(event_id, me.id, Notices(full=False, mail=False, digest=False))
    return me


def instant(demo: DemoEvent, local: datetime, *, now: datetime) -> datetime:
    """Return a time of the file, moved by whole weeks: weekdays and local times stay, over summer time too."""
    zone = ZoneInfo(demo.tz)
    if demo.starts_in_weeks is not None:
        earliest = now.astimezone(zone).date() + timedelta(weeks=demo.starts_in_weeks)
        days = (earliest - demo.starts_at.date()).days
        local += timedelta(weeks=-(-days // 7))
    return local.replace(tzinfo=zone)


def _parse(found: dict[str, Any]) -> DemoEvent:
    return DemoEvent(**found | {key: tuple(found.get(key, ())) for key in ("people", "categories")})


def _create(demo: DemoEvent, *, now: datetime) -> int:
    event = Event(
        slug=demo.slug,
        status=EventStatus.PUBLISHED,
        tz=demo.tz,
        starts_at=instant(demo, demo.starts_at, now=now),
        ends_at=instant(demo, demo.ends_at, now=now),
        opens_at=instant(demo, demo.opens_at, now=now),
        closes_at=instant(demo, demo.closes_at, now=now),
        change_until=demo.change_until and instant(demo, demo.change_until, now=now),
        contact_address=demo.contact_address,
        robot_check=RobotCheck(demo.robot_check),
        asks_organisation_type=demo.asks_organisation_type,
        texts=demo.texts,
    )
    db.session.add(event)
    db.session.flush()
    db.session.add(Quota(event_id=event.id, kind=QuotaKind.EVENT, size=demo.size))
    db.session.flush()
    return event.id


def _add_category(event_id: int, said: dict[str, Any], rank: int, *, now: datetime) -> None:
    counts, hidden = said.get("counts", True), said.get("hidden", False)
    plan = Plan(said["texts"], counts=counts, hidden=hidden, rank=rank)
    categories.create(event_id, plan, size=said.get("size"), actor="operator", now=now)


def _register(event_id: int, people: tuple[dict[str, str], ...], *, now: datetime) -> None:
    """Register the people one after the other, at even distances between the opening and now."""
    opens_at = events.get(event_id).opens_at
    for number, person in enumerate(people, start=1):
        at = opens_at + (now - opens_at) * number / (len(people) + 1)
        registrations.register(drafts.prepare(events.get(event_id), _applicant(person), now=at))


def _applicant(person: dict[str, str]) -> Applicant:
    return Applicant(
        details=Details(
            first_name=person.get("first_name"),
            last_name=person.get("last_name"),
            organisation=person["organisation"],
            job_title=person.get("job_title"),
            country=person["country"],
            organisation_type=person.get("organisation_type"),
        ),
        email=person["email"],
        lang="en",
        submission=secrets.token_hex(16),
        accept_waitlist=True,
        privacy_version=PRIVACY_VERSION,
    )
