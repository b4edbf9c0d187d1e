"""The application with address and form looked up instead of claimed: races for one registration must notice it.

It looks whether there is such a registration, and if not, stores one as if no unique index were in the way. Guard and
lock of the seats are as shipped.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from flask import g
from sqlalchemy import or_, select

from regapp import create_app
from regapp.cli.serve import serve
from regapp.db import db
from regapp.models import Party
from regapp.services import arrivals, drafts
from regapp.services.drafts import Applicant, Draft
from regapp.services.events import EventFacts

PAUSE = 0.1
"""Seconds between looking and storing, so that others surely come in between."""

prepare: Callable[..., Draft] = drafts.prepare
claim: Callable[[Draft], int | None] = drafts.claim


def look_first(event: EventFacts, applicant: Applicant, *, now: datetime) -> Draft:
    """Look whether this address or form is known, and wait: stands in for `drafts.prepare`."""
    draft = prepare(event, applicant, now=now)
    same_address = (Party.event_id == event.id) & (Party.contact_key == draft.contact_key)
    same_form = Party.submission_hash == draft.submission_hash
    g.is_known = db.session.scalar(select(Party.id).where(or_(same_address, same_form)).limit(1)) is not None
    time.sleep(PAUSE)
    return draft


def store(draft: Draft) -> int | None:
    """Store the party unless looking had found it, under other keys if need be: stands in for `drafts.claim`."""
    party_id = claim(draft)
    if party_id is None and not g.is_known:
        other = secrets.token_hex(32)
        return claim(replace(draft, contact_key=other, submission_hash=other))
    return party_id


def store_in_steps(draft: Draft) -> bool:
    """Store claim and registration one after the other, on PostgreSQL too: stands in for `arrivals.store`."""
    party_id = drafts.claim(draft)
    if party_id is not None:
        drafts.admit(draft, party_id)
    return party_id is not None


drafts.prepare = look_first
drafts.claim = store
arrivals.store = store_in_steps
app = create_app()

if __name__ == "__main__":
    serve(app)
