"""A whole registration with a seat in one statement, where the database can: five round trips become one.

PostgreSQL runs one INSERT after the other inside a statement, each reading the id that the one before returned. SQLite
has no such statement, and no round trips either: there the parts are stored one by one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import CTE, ColumnElement, Table, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql

from regapp.compiled import Compiled
from regapp.db import connection, db, table
from regapp.models import Party
from regapp.services import drafts
from regapp.services.drafts import Draft

Shape: TypeAlias = tuple[tuple[Table, tuple[str, ...]], ...]
"""Tables with the columns that are given, in the order in which they are stored; the ids come from the database."""


def store(draft: Draft) -> bool:
    """Store a confirmed registration with all that belongs to it; say False if address or form is taken already.

    The seat is not taken yet: `seats.take` comes after it. Source: ADR 0002.
    """
    if db.engine.dialect.name == "postgresql":
        return _in_one(draft)
    party_id = drafts.claim(draft)
    if party_id is not None:
        drafts.admit(draft, party_id)
    return party_id is not None


def _in_one(draft: Draft) -> bool:
    rows = {table(Party): drafts.party_row(draft), **drafts.rows(draft)}
    statement = _statement(tuple((into, tuple(row)) for into, row in rows.items()))
    values = {f"{into.name}_{column}": value for into, row in rows.items() for column, value in row.items()}
    [[stored]] = statement.rows(connection(), values)
    return bool(stored)


@lru_cache
def _statement(shape: Shape) -> Compiled:
    """Return the statement that stores rows of this shape and says how many registrations it stored: one or none."""
    (party, columns), (registration, its_columns), *others = shape
    claimed = postgresql.insert(party).values(_bound(party, columns)).on_conflict_do_nothing().returning(party.c.id)
    claim = claimed.cte("claim")
    stored = _store_beside(claim, registration, its_columns, party_id=claim.c.id).returning(registration.c.id)
    mine = stored.cte("mine")
    statement = select(func.count()).select_from(mine)
    for into, columns in others:
        part = _store_beside(mine, into, columns, registration_id=mine.c.id)
        statement = statement.add_cte(part.cte(f"its_{into.name}"))
    return Compiled(statement)


def _store_beside(source: CTE, into: Table, columns: tuple[str, ...], **ids: ColumnElement[int]) -> Any:
    """Return the INSERT of one row if `source` gave one, else of none."""
    bound = _bound(into, columns)
    return insert(into).from_select([*ids, *bound], select(*ids.values(), *bound.values()).select_from(source))


def _bound(into: Table, columns: tuple[str, ...]) -> dict[str, ColumnElement[Any]]:
    return {column: bindparam(f"{into.name}_{column}", type_=into.c[column].type) for column in columns}
