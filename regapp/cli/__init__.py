"""Commands for operators: `flask --app wsgi …`. As thin as routes: parse, one transaction, one service, one line."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register every command."""
