"""A mail on its way: its row of the outbox, and what it says about the event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from regapp.db import AnyRow
from regapp.models.event import text_in


@dataclass(frozen=True, slots=True)
class Written:
    """The words of an announcement, in the one language in which they were written. `body` is Markdown."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed row of the outbox with all that its mail says. Nothing more is read while it is sent.

    A mail that is about no event has an empty `slug`, no texts, and its own time in the place of the event's.
    Units: `size` in places of the event as it stands now, None is unlimited. `category_…`: of the person, as it is now;
    `category_texts` None: the person has none.
    """

    id: int
    message: str
    lang: str
    to_address: str | None
    to_name: str | None
    facts: dict[str, Any]
    created_at: datetime
    attempts: int
    lease_until: datetime
    registered_at: datetime | None
    slug: str
    tz: str
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    serve_until: datetime | None
    change_until: datetime | None
    online_url: str | None
    contact_address: str | None
    texts: dict[str, dict[str, Any]]
    size: int | None
    announced_subject: str | None = None
    announced_body: str | None = None
    category_texts: dict[str, dict[str, Any]] | None = None
    category_size: int | None = None
    category_counts: bool | None = None

    @property
    def written(self) -> Written | None:
        """Return what an organizer wrote, None in all other mails. A test mail carries it in its facts."""
        if self.announced_body is not None:
            return Written(self.announced_subject or "", self.announced_body)
        found = self.facts.get("written")
        return None if found is None else Written(found["subject"], found["body"])

    @classmethod
    def read(cls, row: AnyRow) -> Letter:
        """Return the letter of a row with these columns, those of the event empty if it is about none."""
        letter = cls(*row)
        if row.slug is not None:
            return letter
        at = letter.created_at
        return replace(letter, slug="", tz="UTC", starts_at=at, ends_at=at, closes_at=at, texts={})

    def text(self, key: str, lang: str) -> str:
        """Return a text of the event in this language, else in English, else in any; empty if there is none."""
        return text_in(self.texts, key, lang)

    @property
    def interest(self) -> bool:
        """Say whether a limit that holds for the person is 0: their list shows who would come."""
        return self.category_size == 0 or (self.size == 0 and self.category_counts is not False)

    def category(self, lang: str) -> str:
        """Return what the person's category is called in this language; empty if there is none."""
        return text_in(self.category_texts or {}, "name", lang)

    def where(self, lang: str) -> str:
        """Return the place, as far as it is known."""
        return ", ".join(part for key in ("venue", "address") if (part := self.text(key, lang)))
