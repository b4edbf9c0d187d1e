"""What organizers search people by."""

from __future__ import annotations

import unicodedata
from itertools import filterfalse

KEPT = 100
"""Letters of each word that are searched: names, organisations and addresses that are longer are told apart by these.

The key of a person must fit into an index, which holds 2,700 bytes.
"""


_PLAIN = str.maketrans({
    "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th",
})  # fmt: skip
"""Letters that are written with a stroke or bound together, which Unicode does not take apart."""


def search_key(*words: str | None) -> str:
    """Return words in the form in which they are searched: one line, no case, no accents; Őrsi is found by orsi."""
    return " ".join(_fold(word)[:KEPT] for word in words if word)


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word)
    return "".join(filterfalse(unicodedata.combining, plain)).casefold().translate(_PLAIN)
