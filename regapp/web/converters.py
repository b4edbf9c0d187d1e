"""The parts of an address that vary. What cannot be one never reaches the database: it is not found."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter, Map


class Slug(BaseConverter):
    """The name of an event in an address."""

    regex = "[a-z0-9][a-z0-9-]{0,79}"


class Token(BaseConverter):
    """Code and mac of a registration's own link."""

    regex = "[0-9A-Za-z-]{1,80}"


class Code(BaseConverter):
    """The reference of a registration."""

    regex = "[0-9A-Z]{5}-[0-9A-Z]{5}"


class Id(IntegerConverter):
    """The number of a row: larger ones than a database knows are none."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**31 - 1)


def init_app(app: Flask) -> None:
    """Make the converters known to routes."""
    app.url_map.converters.update(slug=Slug, token=Token, code=Code, int=Id)
