"""What waits to become registrations: files that somebody is importing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON

from regapp.db import Model, UtcDateTime


class Import(Model):
    """A file between its upload and its end, an hour later at most. It belongs to one account at one event.

    `header`: names of the columns; `rows`: each with its number in the file, then its cells; `read_as`: how the file
    was read (`encoding` and `delimiter`, or `sheet`).
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(200))
    read_as: Mapped[dict[str, str]] = mapped_column(JSON)
    header: Mapped[list[str]] = mapped_column(JSON)
    rows: Mapped[list[list[Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
