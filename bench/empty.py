"""The application with one more route, which does nothing: what Flask and the server cost by themselves."""

from __future__ import annotations

from regapp import create_app
from regapp.web import access

app = create_app()


@app.get("/empty")
@access.machine
def empty() -> bytes:
    """Answer with nothing."""
    return b""
