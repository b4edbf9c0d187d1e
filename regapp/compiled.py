"""Statements that nearly every visitor causes: compiled once, then handed to PostgreSQL's driver as they are.

What SQLAlchemy does around a statement (context, result with names, events) takes more than twice as long as the driver
itself. Here rows are plain tuples; all else stays: types, connections of the pool, listeners who count statements, and
SQLAlchemy's errors, so that a connection that broke leaves the pool and the edge answers as always. Other statements,
and SQLite, where there is no such difference, go SQLAlchemy's own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
_CURSOR = "regapp.cursor"
"""What a connection of the pool calls its cursor; forgotten when the pool connects anew."""


class Compiled:
    """One statement. Values are given by the names of its parameters, results come in the order of its columns."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._driven: _Driven | None = None

    def rows(self, opened: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the rows of a reading statement, or of one that returns something."""
        if opened.dialect.name != "postgresql":
            return opened.execute(self._statement, values).all()
        driven = self._drive(opened)
        return [driven.read(row) for row in driven.run(opened, values).fetchall()]

    def count(self, opened: Connection, values: Mapping[str, Any]) -> int:
        """Return how many rows a writing statement changed."""
        if opened.dialect.name != "postgresql":
            return opened.execute(self._statement, values).rowcount
        return self._drive(opened).run(opened, values).rowcount

    def _drive(self, opened: Connection) -> _Driven:
        if self._driven is None:
            self._driven = _Driven(self._statement, opened.dialect)
        return self._driven


class _Driven:
    """A statement in the driver's words, with what converts its values and its columns."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._text: str = compiled.string
        self._fixed: dict[str, Any] = dict(compiled.params)
        self._values = _converters(dialect, {name: bind.type for bind, name in compiled.bind_names.items()})
        columns = enumerate(getattr(statement, "exported_columns", ()))
        kinds = ((place, column.type.dialect_impl(dialect)) for place, column in columns)
        self._columns = [(place, read) for place, kind in kinds if (read := kind.result_processor(dialect, None))]

    def run(self, opened: Connection, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
        """Send it. Raises: DBAPIError, as SQLAlchemy does."""
        given = {**self._fixed, **values}
        for name, convert in self._values:
            given[name] = convert(given[name])
        said = (opened, None, self._text, given, None, False)
        for listener in opened.engine.dispatch.before_cursor_execute:
            listener(*said)
        cursor = _cursor(opened)
        try:
            return cursor.execute(self._text, given)
        except psycopg.Error as error:
            lost = cursor.connection.closed
            if lost:
                opened.invalidate(error)
            raise DBAPIError.instance(
                self._text, given, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost
            ) from error

    def read(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return a row with its values as the types of its columns want them."""
        if not self._columns:
            return row
        read = list(row)
        for place, convert in self._columns:
            read[place] = convert(read[place])
        return read


def _cursor(opened: Connection) -> psycopg.Cursor[Any]:
    """Return the one cursor that each connection keeps: what it found is read before it is used again."""
    cursor: psycopg.Cursor[Any] | None = opened.info.get(_CURSOR)
    if cursor is None:
        driver: Any = opened.connection.driver_connection
        cursor = opened.info[_CURSOR] = driver.cursor()
    return cursor


def _converters(dialect: Dialect, types: Mapping[str, TypeEngine[Any]]) -> list[tuple[str, Convert]]:
    """Return (name, conversion) of those values that the driver does not take as they are."""
    found = ((name, kind.dialect_impl(dialect).bind_processor(dialect)) for name, kind in types.items())
    return [(name, convert) for name, convert in found if convert is not None]
