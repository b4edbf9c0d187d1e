"""Make the event of the measurements: `python -m bench.event`; with `categories` behind it, add these to it."""

from __future__ import annotations

import sys
from datetime import timedelta

from bench.database import SLUG
from regapp import create_app
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Event, EventStatus, Quota, QuotaKind
from regapp.services import categories, events
from regapp.services.categories import Plan

PLACES = 100_000
"""So many that nobody waits: the usual answer is what is measured."""
CATEGORIES = 8
DESCRIPTION = """
Cluster organisations, regions and ministries meet for two days to compare what has worked and to agree on what comes
next. The conference is the **fifth** of its kind; the one before gathered more than 340 people.

## What it is about

Industry changes faster than programmes do. Four strands run side by side on the first afternoon:

- *Smart manufacturing*: how small firms take up digital tools, and who helps them
- *Circular economy*: materials that stay in use, from packaging to buildings
- *Key enabling technologies*: sharing pilot lines across borders
- *Creative and data-driven services*: new customers for old skills

On the second day the strands report, and the Commission answers.

## Before you travel

The day before is for **matchmaking**: meetings of twenty minutes, arranged by both sides. Rooms near the venue fill
early; a list of hotels comes with your confirmation.
"""
TEXTS = {
    "en": {
        "name": "European Cluster Conference",
        "kicker": "Fifth edition",
        "summary": "Two days on how clusters help industry to change, for those who make policy and those who do it.",
        "description": DESCRIPTION,
        "audience": "Policy makers of national and regional authorities, and people who run clusters.",
        "venue": "Crowne Plaza, Rogier",
        "address": "Rue Gineste 3, 1210 Brussels, Belgium",
        "languages": "English",
        "organiser": "European Cluster Collaboration Platform",
    }
}


def make_event() -> None:
    """Store one event whose registration is open now."""
    now = utcnow().replace(minute=0, second=0, microsecond=0)
    starts_at = now + timedelta(days=60)
    event = Event(
        slug=SLUG,
        status=EventStatus.PUBLISHED,
        tz="Europe/Brussels",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=32),
        opens_at=now - timedelta(days=30),
        closes_at=now + timedelta(days=50),
        texts=TEXTS,
    )
    db.session.add(event)
    db.session.flush()
    db.session.add(Quota(event_id=event.id, kind=QuotaKind.EVENT, size=PLACES))


def add_categories() -> None:
    """Let visitors choose from eight categories, none of which is ever full."""
    event_id, now = events.get_id(SLUG), utcnow()
    for rank in range(CATEGORIES):
        plan = Plan(
            {"en": {"name": f"Category {rank + 1}", "text": "For those who come for the first time."}}, rank=rank
        )
        categories.create(event_id, plan, size=PLACES, actor="operator", now=now)


def main() -> None:
    """Make the event in the database of the settings, or give it categories."""
    app = create_app()
    with app.app_context(), transaction():
        if sys.argv[1:] == ["categories"]:
            add_categories()
        else:
            make_event()


if __name__ == "__main__":
    main()
