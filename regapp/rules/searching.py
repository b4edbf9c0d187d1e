"""What organizers search people by."""

from __future__ import annotations

import unicodedata


def search_key(*words: str | None) -> str:
    """Return words in the form in which they are searched: one line, no case, no accents; Őrsi is found by orsi."""
    line = " ".join(word for word in words if word)
    if line.isascii():
        return line.lower()
    plain = unicodedata.normalize("NFKD", line)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()
