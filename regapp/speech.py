"""The languages that regapp speaks. A language is one line here and one catalogue: see docs/languages.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is called in itself."""

    name: str


LANGUAGES = {
    "en": Language("English"),
    "hu": Language("Magyar"),
}
"""Code → language; the first one is spoken when nothing else is asked for."""
DEFAULT = next(iter(LANGUAGES))
