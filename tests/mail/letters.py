"""Makes letters for tests that need no database."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from regapp.mail.letters import Letter

NOW = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
FACTS = {
    "position", "before", "code", "state", "sequence", "changed", "was", "from_name", "from_address", "body", "account",
    "session_version", "lifetime", "role", "by_organizers", "link_version",
}  # fmt: skip
FACTS |= {"taken", "waiting", "registered", "cancelled", "promoted", "failing", "since"}
TEXTS = {
    "en": {
        "name": "European Cluster Conference",
        "venue": "Crowne Plaza",
        "address": "Rue Gineste 3, 1210 Brussels",
        "organiser": "Cluster Association",
    }
}


def make_letter(**overrides: Any) -> Letter:
    """Make a claimed mail. Overrides: fields of `Letter`, or facts (`position`, `before`)."""
    facts = {"code": "7K4M2-QXTB9", "link_version": 0, "sequence": 0}
    facts |= {key: overrides.pop(key) for key in set(overrides) & FACTS}
    values = {
        "id": 42,
        "message": "confirmed",
        "lang": "en",
        "to_address": "ilona@example.org",
        "to_name": "Ilona Kovács",
        "facts": facts,
        "created_at": NOW,
        "attempts": 0,
        "lease_until": NOW,
        "registered_at": datetime(2026, 9, 7, 8, 0, tzinfo=UTC),
        "slug": "cluster-conference",
        "tz": "Europe/Brussels",
        "starts_at": datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        "ends_at": datetime(2026, 12, 2, 12, 30, tzinfo=UTC),
        "closes_at": datetime(2026, 11, 20, 17, 0, tzinfo=UTC),
        "serve_until": None,
        "change_until": None,
        "online_url": None,
        "contact_address": None,
        "texts": TEXTS,
        "size": 250,
    }
    return Letter(**values | overrides)


def make_account_letter(**overrides: Any) -> Letter:
    """Make a claimed mail that is about no event."""
    columns = {field.name: None for field in fields(Letter)} | {"facts": {}}
    about_the_mail = ("id", "lang", "to_address", "to_name", "created_at", "attempts", "lease_until")
    written = make_letter()
    columns |= {name: getattr(written, name) for name in about_the_mail}
    row = namedtuple("Row", columns)(**columns | overrides)  # type: ignore[misc]
    return Letter.read(row)  # type: ignore[arg-type]
