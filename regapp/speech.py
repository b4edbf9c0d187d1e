"""The languages that regapp speaks. A language is one line here and one catalogue: see docs/languages.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is called in itself, and in which order it writes the names of people."""

    name: str
    family_name_first: bool = False

    def full_name(self, first: str | None, last: str | None) -> str:
        """Return both names in the order of this language, or the one that there is."""
        names = (last, first) if self.family_name_first else (first, last)
        return " ".join(name for name in names if name)


LANGUAGES = {
    "en": Language("English"),
    "hu": Language("Magyar", family_name_first=True),
}
"""Code → language; the first one is spoken when nothing else is asked for."""
DEFAULT = next(iter(LANGUAGES))


def full_name(first: str | None, last: str | None, lang: str) -> str:
    """Return somebody's names as this language writes them; a language that we do not speak, as the default one."""
    return LANGUAGES.get(lang, LANGUAGES[DEFAULT]).full_name(first, last)
