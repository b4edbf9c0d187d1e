"""What pages about an event say besides its facts, since the clock or a setting changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from regapp.rules import window
from regapp.services import contacts
from regapp.services.choices import list_choices
from regapp.services.events import EventFacts


def true_now(event: EventFacts, now: datetime) -> dict[str, Any]:
    """Return it by the names that templates use."""
    return {
        "phase": window.phase(event, now),
        "choices": list_choices(event, now),
        "can_wait": event.can_wait(now),
        "serving": window.is_serving(event, now),
        "contactable": contacts.is_contactable(event),
    }
