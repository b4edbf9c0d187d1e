"""How fast this PostgreSQL can take registrations at all: the same rows through psycopg, with nothing around them."""

from __future__ import annotations

import multiprocessing
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Json

CONNECTIONS = (1, 2, 4, 8)
SECONDS = 3.0
WARM = 200
"""Registrations of each connection before the clock starts."""
_TAKE = """
    UPDATE quotas SET taken = taken + 1
    WHERE id = %(quota)s AND version = %(seen)s AND waiting = 0 AND (size IS NULL OR taken + held + 1 <= size)
    AND (next_expiry_at IS NULL OR next_expiry_at > now())
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that one registration wrote, and the limit that it counts in."""

    party: Row
    registration: Row
    others: dict[str, Row]
    quota: Row


def measure(url: str) -> dict[int, float]:
    """Return registrations per second for each number of connections, each connection a process of its own."""
    return {connections: _measure(url, connections) for connections in CONNECTIONS}


def _measure(url: str, connections: int) -> float:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(connections)
    counts: SimpleQueue[int] = context.SimpleQueue()
    writers = [context.Process(target=_write, args=(url, start, counts.put)) for _ in range(connections)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60 + SECONDS)
        if writer.exitcode != 0:
            raise RuntimeError("a writer ended with an error")
    return sum(counts.get() for _ in writers) / SECONDS


def _write(url: str, start: Barrier, tell: Callable[[int], None]) -> None:
    """Register as often as possible; tell how often after the warming."""
    tag = secrets.token_hex(6)
    with psycopg.connect(url) as connection:
        rows = _rows_of_last(connection)
        register = _Writer(connection, rows)
        for number in range(WARM):
            register(f"{tag}w{number}")
        start.wait(timeout=60)
        until, count = time.perf_counter() + SECONDS, 0
        while time.perf_counter() < until:
            register(f"{tag}-{count}")
            count += 1
        tell(count)


class _Writer:
    """Writes one registration after another, all like the given one."""

    def __init__(self, connection: psycopg.Connection[Any], rows: Rows) -> None:
        self._connection, self._rows = connection, rows
        self._party = _insert("parties", rows.party, " ON CONFLICT DO NOTHING RETURNING id")
        self._registration = _insert("registrations", rows.registration, " RETURNING id")
        self._others = [(_insert(table, row), row) for table, row in rows.others.items()]

    def __call__(self, unique: str) -> None:
        """Write one registration in one transaction, the counter last."""
        rows, run = self._rows, self._connection.execute
        party_id = _id(run(self._party, {**rows.party, "contact_key": unique, "submission_hash": unique}))
        named = {**rows.registration, "party_id": party_id, "code": unique[-16:]}
        registration_id = _id(run(self._registration, named))
        for statement, row in self._others:
            run(statement, {**row, "registration_id": registration_id})
        taken = run(_TAKE, {"quota": rows.quota["id"], "seen": rows.quota["version"]})
        if taken.rowcount != 1:
            raise RuntimeError("the guard missed")
        self._connection.commit()


def _rows_of_last(connection: psycopg.Connection[Any]) -> Rows:
    """Return the rows of the last registration that came through the product."""
    with connection.cursor(row_factory=dict_row) as cursor:
        registration = _one(cursor, "SELECT * FROM registrations ORDER BY id DESC LIMIT 1", ())
        party = _one(cursor, "SELECT * FROM parties WHERE id = %s", [registration["party_id"]])
        quota = _one(cursor, "SELECT * FROM quotas WHERE event_id = %s", [registration["event_id"]])
        others = {
            table: _one(cursor, f"SELECT * FROM {table} WHERE registration_id = %s", [registration["id"]])
            for table in ("consents", "history", "outbox")
        }
    connection.commit()
    return Rows(_new(party), _new(registration), {table: _new(row) for table, row in others.items()}, quota)


def _one(cursor: psycopg.Cursor[Row], query: str, values: Sequence[Any]) -> Row:
    row = cursor.execute(query, values).fetchone()
    if row is None:
        raise RuntimeError(f"nothing found: {query}")
    return row


def _new(row: Row) -> Row:
    """Return what an insert has to name: no id, nothing that is empty, JSON marked as such."""
    return {
        name: Json(value) if isinstance(value, dict) else value
        for name, value in row.items()
        if name != "id" and value is not None
    }


def _insert(table: str, row: Row, ending: str = "") -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join(map(sql.Placeholder, row))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})" + ending).format(sql.Identifier(table), names, values)


def _id(cursor: psycopg.Cursor[Any]) -> int:
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the row was not stored")
    return int(row[0])
