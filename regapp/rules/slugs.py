"""From the name of something to its part of an address: readable, plain letters only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LENGTH = 80
"""Characters that an address keeps."""
ROOM = 68
"""Characters of the name that are used: a year and a number may follow."""
NAMELESS = "event"
"""For names without any letter that can be written in plain ones."""

_PLAIN = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
        "ŋ": "n", "'": "", "’": "",
        # Greek (ELOT 743, shortened)
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
        "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
        "χ": "ch", "ψ": "ps", "ω": "o",
        # Cyrillic (Bulgarian, Serbian, Ukrainian, Russian; where they differ, the way of the first that has the letter)
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "к": "k", "л": "l",
        "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "ts",
        "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a", "ь": "", "ю": "yu", "я": "ya", "ы": "y", "э": "e", "є": "ye",
        "і": "i", "ґ": "g", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz", "ѓ": "g", "ќ": "k",
        "ѕ": "dz",
    }
)  # fmt: skip
_GAPS = re.compile("[^a-z0-9]+")
_SLUG = re.compile(f"[a-z0-9][a-z0-9-]{{0,{LENGTH - 1}}}")


def slugify(name: str) -> str:
    """Return the name in small plain letters, digits and hyphens: `Fórum Győr 2026` becomes `forum-gyor-2026`."""
    folded = unicodedata.normalize("NFC", name).casefold().translate(_PLAIN)
    plain = "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))
    words = _GAPS.sub("-", plain.translate(_PLAIN)).strip("-")
    if len(words) > ROOM:
        words = words[: ROOM + 1].rpartition("-")[0] or words[:ROOM]
    return words.strip("-") or NAMELESS


def is_slug(text: str) -> bool:
    """Say whether this can be part of an address as it is."""
    return _SLUG.fullmatch(text) is not None


def candidates(name: str, year: int) -> Iterator[str]:
    """Yield addresses for something of this name, the best first: plain, with its year, then numbered."""
    slug = slugify(name)
    yield slug
    if str(year) not in slug:
        slug = f"{slug}-{year}"
        yield slug
    number = 2
    while True:
        yield f"{slug}-{number}"
        number += 1
