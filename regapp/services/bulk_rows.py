"""Many rows in one statement, whatever the database: thousands of people are stored while others wait for the lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, JSON, ColumnElement, Insert, Table, Text, bindparam, cast, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from regapp.db import AnyRow, db


def insert_many(
    into: Table, rows: Sequence[dict[str, Any]], *, returning: Sequence[ColumnElement[Any]] = ()
) -> Sequence[AnyRow]:
    """Store rows that all have the same columns; return what is asked for of them, in no order."""
    return _execute(insert(into), into, rows, returning) if rows else []


def claim_many(
    into: Table, rows: Sequence[dict[str, Any]], *, returning: Sequence[ColumnElement[Any]]
) -> Sequence[AnyRow]:
    """Store rows in their order, except where a unique key is taken already; return those that were stored."""
    if not rows:
        return []
    if _is_postgresql():
        return _execute(postgresql.insert(into).on_conflict_do_nothing(), into, rows, returning)
    return _execute(sqlite.insert(into).on_conflict_do_nothing(), into, rows, returning)


def _execute(
    statement: Insert, into: Table, rows: Sequence[dict[str, Any]], returning: Sequence[ColumnElement[Any]]
) -> Sequence[AnyRow]:
    if returning:
        statement = statement.returning(*returning)
    values: Any = list(rows)
    if _is_postgresql():
        statement, values = _from_arrays(statement, into, list(rows[0])), _arrays(into, rows)
    found = db.session.execute(statement, values)
    return found.all() if returning else []


def _from_arrays(statement: Insert, into: Table, names: Sequence[str]) -> Insert:
    """Return the statement that reads one array a column: the text of it does not grow with the rows."""
    columns = [_unnested(into.c[name]) for name in names]
    return statement.from_select(list(names), select(*columns))


def _unnested(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, JSON):
        return cast(func.unnest(bindparam(column.key, type_=ARRAY(Text))), JSON)
    return func.unnest(bindparam(column.key, type_=ARRAY(column.type)))


def _arrays(into: Table, rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    serialize = db.engine.dialect._json_serializer or json.dumps
    found: dict[str, list[Any]] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        found[name] = [serialize(value) for value in values] if isinstance(into.c[name].type, JSON) else values
    return found


def _is_postgresql() -> bool:
    return bool(db.engine.dialect.name == "postgresql")
