"""What a page says, as it is read."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse


def words(answer: TestResponse) -> str:
    """Return the words of a page in one line, without its marks."""
    text = " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())
    return re.sub(r" (?=[.,;:)])", "", text)
