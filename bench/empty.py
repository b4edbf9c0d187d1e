"""The application with one more route, which does nothing: what Flask and the server cost by themselves."""

from __future__ import annotations

from regapp.web import access
from wsgi import app


@app.get("/empty")
@access.machine
def empty() -> bytes:
    """Answer with nothing."""
    return b""
