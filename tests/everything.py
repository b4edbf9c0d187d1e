"""All that is stored, to see that nothing has changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from regapp.db import db


def everything() -> dict[str, list[Any]]:
    """Return every row of every table."""
    db.session.rollback()
    tables = db.metadata.sorted_tables
    return {table.name: list(db.session.execute(select(table).order_by(*table.primary_key))) for table in tables}
