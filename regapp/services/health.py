"""How the installation is: its schema, its workers, its unsent mail. For /readyz, /metrics and `flask doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import func, inspect, select, text

from regapp.db import db
from regapp.models import Heartbeat, OutboxMail

_HEAD = "regapp.schema_head"
WORKER_SILENT_AFTER = 120
"""Seconds without a sign of life after which a worker is taken for dead."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unsent mail. `due`: waiting and not put off; `oldest_seconds`: how long the oldest due one has been due."""

    waiting: int
    due: int
    failed: int
    oldest_seconds: float


def init_app(app: Flask) -> None:
    """Read once which schema this code wants."""
    script = ScriptDirectory(str(Path(app.root_path).parent / "migrations"))
    app.extensions[_HEAD] = script.get_current_head()


def wanted_revision() -> str | None:
    """Return the migration that this code needs."""
    found: str | None = current_app.extensions[_HEAD]
    return found


def suits(revision: str | None) -> bool:
    """Say whether this code can serve on a database at this migration: at its own, or at a later release's.

    A migration leaves the version before alive (CONTRIBUTING.md), which serves until it is replaced. Their numbers have
    as many digits each, so later ones are greater.
    """
    wanted = wanted_revision()
    return revision == wanted or (revision is not None and wanted is not None and revision > wanted)


def find_revision() -> str | None:
    """Return the migration that the database is at, None if it has none yet. Raises: SQLAlchemyError."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def find_worker_age(*, now: datetime) -> float | None:
    """Return the seconds since a worker last gave a sign of life, None if none ever did.

    One that is still to come is as old as it is far away: the clock was put back, and who lives gives another soon.
    """
    return min(
        (abs((now - seen).total_seconds()) for seen in db.session.scalars(select(Heartbeat.seen_at))), default=None
    )


def count_backlog(*, now: datetime) -> Backlog:
    """Count the mails that were not handed over. The partial index on unsent mail answers all but the failed ones."""
    unsent = OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None)
    waiting = db.session.scalar(select(func.count()).where(*unsent)) or 0
    due, oldest = db.session.execute(
        select(func.count(), func.min(OutboxMail.due_at)).where(*unsent, OutboxMail.due_at <= now)
    ).one()
    failed = db.session.scalar(select(func.count()).where(OutboxMail.failed_at.is_not(None))) or 0
    return Backlog(waiting, due, failed, (now - oldest).total_seconds() if oldest else 0.0)
