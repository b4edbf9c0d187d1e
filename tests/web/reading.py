"""What a page says, as it is read."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse


def words(answer: TestResponse) -> str:
    """Return the words of a page in one line, without its marks."""
    text = " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())
    return re.sub(r" (?=[.,;:)])", "", text)


def hidden_fields(html: str) -> dict[str, str]:
    """Return what the forms of a page send without being asked, the first of each name."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in reversed(found)}
