"""Who writes to SQLite is served in the order of coming, and waits in vain only if others hold the lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as TurnTimeout

from regapp.db import MOMENT, compact, db
from regapp.turns import Turns
from tests.factories import make_event

WRITERS = 5


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Return threads that want to write."""
    with ThreadPoolExecutor(WRITERS) as threads:
        yield threads


def line_up(turns: Turns, pool: ThreadPoolExecutor, count: int) -> tuple[list[int], list[Future[None]]]:
    """Let so many want to write, one after the other; return who wrote, in order, and what came of each."""
    wrote: list[int] = []

    def write(number: int) -> None:
        with turns.take() as begun:
            begun()
            wrote.append(number)

    begun_with, futures = len(turns), []
    for number in range(count):
        futures.append(pool.submit(write, number))
        while len(turns) < begun_with + number + 1:
            sleep(0.001)
    return wrote, futures


def test_writers_follow_each_other_in_the_order_of_coming(pool: ThreadPoolExecutor) -> None:
    turns = Turns(places=1, timeout=10)
    with turns.take() as begun:
        begun()
        wrote, futures = line_up(turns, pool, WRITERS)

    for future in futures:
        future.result()
    assert wrote == list(range(WRITERS))


def test_while_others_hold_the_lock_only_those_with_a_place_go_on_waiting(pool: ThreadPoolExecutor) -> None:
    turns = Turns(places=2, timeout=10)
    with turns.take() as begun:  # asks for the lock, in vain for the time being
        wrote, futures = line_up(turns, pool, 3)
        refused = [future.exception() for future in futures[1:]]
        begun()

    futures[0].result()
    assert [type(error) for error in refused] == [TurnTimeout] * 2
    assert wrote == [0]


def test_who_asked_for_the_lock_in_vain_lets_nobody_wait_as_long_again(pool: ThreadPoolExecutor) -> None:
    turns = Turns(places=WRITERS, timeout=10)
    with pytest.raises(OperationalError), turns.take():
        wrote, futures = line_up(turns, pool, 2)
        raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))

    assert [type(future.exception()) for future in futures] == [TurnTimeout] * 2
    assert wrote == []
    assert len(turns) == 0


def test_a_transaction_that_fails_stops_nobody(pool: ThreadPoolExecutor) -> None:
    turns = Turns(places=1, timeout=10)
    with pytest.raises(ZeroDivisionError), turns.take() as begun:
        begun()
        wrote, futures = line_up(turns, pool, 2)
        raise ZeroDivisionError

    for future in futures:
        future.result()
    assert wrote == [0, 1]


@contextmanager
def somebody_reads(app: Flask) -> Iterator[None]:
    """Keep what was true a while ago in view, as a long export does."""
    path = Path(app.config["INSTANCE_DIR"]) / "regapp.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        yield


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_tidying_up_waits_only_a_moment_for_somebody_who_reads(app: Flask) -> None:
    with somebody_reads(app):
        make_event()
        began = monotonic()

        compact()

        assert monotonic() - began < 2 * MOMENT / 1000
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == app.config["LOCK_TIMEOUT"] * 1000
