"""How a request is read."""

from __future__ import annotations

from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.formparser import FormDataParser

MOST_FIELDS = 1000
"""Fields in one form; what has more is no form of ours and is read as an empty one."""


class ForgivingParser(FormDataParser):
    """Read broken UTF-8 as U+FFFD.

    Werkzeug gives an empty form for a broken byte and quotes a broken %-sequence: words would be lost, or stored wrong.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Any:
        """Return the stream, its fields and its files."""
        if mimetype != "application/x-www-form-urlencoded":
            return super().parse(stream, mimetype, content_length, options)
        text = stream.read().decode("utf-8", "replace")
        try:
            fields = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
        except ValueError:
            fields = []
        return stream, self.cls(fields), self.cls()


class ForgivingRequest(Request):
    """A request whose forms are read with patience."""

    form_data_parser_class = ForgivingParser
