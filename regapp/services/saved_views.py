"""Views of people that somebody comes back to: their own, for each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import db, table
from regapp.errors import NotFound, RuleViolation
from regapp.models import SavedView

MOST = 30
"""Views that somebody keeps for one event."""
_UNIQUE = ["event_id", "account_id", "name"]
_INTO_SQLITE, _INTO_POSTGRESQL = sqlite.insert(table(SavedView)), postgresql.insert(table(SavedView))
_KEEP = {
    "sqlite": _INTO_SQLITE.on_conflict_do_update(index_elements=_UNIQUE, set_={"query": _INTO_SQLITE.excluded.query}),
    "postgresql": _INTO_POSTGRESQL.on_conflict_do_update(
        index_elements=_UNIQUE, set_={"query": _INTO_POSTGRESQL.excluded.query}
    ),
}


class TooMany(RuleViolation):
    """Nobody keeps that many views. Values: `most`."""

    code = "too_many_views"


@dataclass(frozen=True, slots=True)
class Saved:
    """A view that is kept. `query`: the part of its address after the question mark."""

    id: int
    name: str
    query: str


def list_views(event_id: int, account_id: int) -> Sequence[Saved]:
    """Return somebody's views of an event, by name."""
    found = select(SavedView.id, SavedView.name, SavedView.query).where(*_mine(event_id, account_id))
    return [Saved(*row) for row in db.session.execute(found.order_by(SavedView.name))]


def save(event_id: int, account_id: int, *, name: str, query: str) -> None:
    """Keep a view; one of the same name is replaced. Raises: TooMany."""
    others = select(func.count()).where(*_mine(event_id, account_id), SavedView.name != name)
    if (db.session.scalar(others) or 0) >= MOST:
        raise TooMany(most=MOST)
    row = {"event_id": event_id, "account_id": account_id, "name": name, "query": query}
    db.session.execute(_KEEP[db.engine.dialect.name], row)


def forget(event_id: int, account_id: int, view_id: int) -> str:
    """Forget a view; return its name. Raises: NotFound, if it is somebody else's too."""
    gone = delete(SavedView).where(*_mine(event_id, account_id), SavedView.id == view_id).returning(SavedView.name)
    name = db.session.scalar(gone)
    if name is None:
        raise NotFound
    return str(name)


def _mine(event_id: int, account_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SavedView.event_id == event_id, SavedView.account_id == account_id
