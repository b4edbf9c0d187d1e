"""Everything that is stored about one person, for that person. Source: GDPR, articles 15 and 20."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select

from regapp.db import db
from regapp.models import Category, Consent, Event, History, OutboxMail, Party, Registration
from regapp.models.event import text_in

_PERSON = (
    Registration.code, Event.slug.label("event"), Registration.state, Registration.queue_no, Registration.first_name,
    Registration.last_name, Registration.email, Registration.organisation, Registration.job_title,
    Registration.country, Registration.organisation_type, Registration.answers,
    Party.lang.label("language"), Party.announcements_ended_at, Registration.registered_at,
    Registration.revision, Category.texts.label("category"),
)  # fmt: skip
_CONSENT = (Consent.kind, Consent.version, Consent.at, Consent.withdrawn_at)
_HISTORY = (History.at, History.actor, History.action, History.before, History.after, History.reason, History.numbers)
_MAIL = (OutboxMail.message, OutboxMail.to_address, OutboxMail.created_at, OutboxMail.sent_at, OutboxMail.failed_at)


def write(registration_id: int) -> str:
    """Return it as JSON: the registration, what was agreed to, what happened (oldest first), which mails were sent."""
    person = select(*_PERSON).join_from(Registration, Event, Event.id == Registration.event_id)
    person = person.join(Party, Party.id == Registration.party_id)
    person = person.outerjoin(Category, Category.id == Registration.category_id)
    [mine] = _rows(person.where(Registration.id == registration_id))
    if mine["category"]:
        mine["category"] = text_in(mine["category"], "name", mine["language"])
    found = {
        "registration": mine,
        "consents": _rows(select(*_CONSENT).where(Consent.registration_id == registration_id)),
        "history": _rows(select(*_HISTORY).where(History.registration_id == registration_id).order_by(History.id)),
        "mails": _rows(select(*_MAIL).where(OutboxMail.registration_id == registration_id).order_by(OutboxMail.id)),
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


def _rows(statement: Any) -> list[dict[str, Any]]:
    """Return rows by column; instants as ISO 8601 in UTC."""
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in db.session.execute(statement).mappings()
    ]
