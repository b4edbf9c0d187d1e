"""Mail: what is written into the outbox, how it is rendered, how it leaves."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Prepare sending mail for this application."""
