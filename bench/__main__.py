"""Measure everything, print one table, write bench/results.json: `python -m bench`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from bench import exports, figures, limit, machine, measure, queues, tables, workspace
from bench.database import Installation, installed
from bench.event import CATEGORIES
from bench.figures import Figure, percentile, rounded
from bench.load import CLIENTS, Seen
from bench.measure import Cost, Stage
from bench.server import EMBEDDED_THREADS, THREADS, WORKERS, Server, serving
from tests.postgres import new_database, postgres_server

RESULTS = Path(__file__).parent / "results.json"
CPU_TARGETS = {"event page": 1.5, "form": 1.5, "POST": 4.0, "own page": 1.5}
STATEMENT_TARGETS = {"event page": 2, "form": 2, "POST": 7, "own page": None}
CATEGORY_CPU_TARGET, CATEGORY_STATEMENT_TARGET = 5.0, 9
MEMORY_TARGET = 150
"""Milliseconds of processor time; statements; MB."""
LIST_TARGETS = {"csv": 0.5, "csv-semicolon": 0.5, "xlsx": 1.0}
COPY_TARGET, GROWTH_TARGET = 4, 30
"""Seconds for 10,000 people; times what COPY takes for 100,000; MB over a process that has nothing to do."""
PAGE_TARGETS = {"overview": 50}
TABLE_TARGET = 50
"""Milliseconds of server time; the same for each page of the table of people."""
QUEUE_TARGETS, QUEUE_STATEMENTS = (50, 1000, 500), 25
"""Milliseconds for an explanation, a look ahead, 200 freed places; statements for the last."""
SAID = {
    "again": "nothing changed since", "changed": "somebody changed since", "first": "asked for the first time"
}  # fmt: skip
"""What had happened when the table was looked at."""


def main() -> None:
    """Measure both databases, one after the other."""
    options = _options()
    found = [*_on_postgresql(seconds=options.seconds), *_on_sqlite(seconds=options.seconds)]
    figures.write(found, RESULTS)
    print(machine.machine())
    print(figures.table(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long journeys are made (default: 10)")
    return parser.parse_args()


def _on_postgresql(*, seconds: float) -> Iterator[Figure]:
    with postgres_server({}) as cluster, new_database(cluster) as url, installed(url) as installation:
        database = machine.postgresql(url)
        server = f"{machine.part('granian')}, {WORKERS} processes of {THREADS} threads"
        here = f"{database}; {server}; {machine.machine()}"
        with _stage(installation, url) as stage:
            yield from _load_figures("PostgreSQL", stage, here, seconds=seconds)
            costs = measure.each_kind(stage)
            yield from _rate_figures("PostgreSQL", costs, here)
            yield from _memory_figures("PostgreSQL", stage.server, here)
        with _stage(installation, url, app="bench.empty:app") as stage:
            yield from _cpu_figures(costs, measure.empty_route(stage), here)
        yield from _statement_figures(installation, f"second journey of a process; {database}")
        yield from _limit_figures(installation, url, costs["POST"], f"{database}; {machine.machine()}")
        with _stage(installation, url) as stage:
            chosen = measure.with_categories(stage)
        yield from _category_figures(installation, chosen, here)
        with new_database(cluster) as other, installed(other) as filled:
            yield from _list_figures("PostgreSQL", filled, f"{database}; {machine.machine()}")
        yield from _workspace_figures("PostgreSQL", installation, f"{database}; {machine.machine()}")
    with postgres_server({}) as cluster, new_database(cluster) as url, installed(url) as installation:
        yield from _table_figures("PostgreSQL", installation, f"{database}; {machine.machine()}")
    with postgres_server({}) as cluster, new_database(cluster) as url, installed(url) as installation:
        yield from _queue_figures("PostgreSQL", installation, f"{database}; {machine.machine()}")


def _on_sqlite(*, seconds: float) -> Iterator[Figure]:
    with installed(None) as installation:
        server = f"{machine.part('waitress')}, 1 process of {EMBEDDED_THREADS} threads"
        here = f"{machine.sqlite()}; {server}; {machine.machine()}"
        with _stage(installation, None) as stage:
            yield from _load_figures("SQLite", stage, here, seconds=seconds)
            yield from _rate_figures("SQLite", measure.each_kind(stage), here)
            yield from _memory_figures("SQLite", stage.server, here)
        with serving(installation.with_worker()) as started:
            ready = f"python wsgi.py with its worker, packages installed, database migrated; {machine.machine()}"
            yield Figure("start to first page", rounded(started.ready_after), "s", ready)
        yield from _workspace_figures("SQLite", installation, f"{machine.sqlite()}; {machine.machine()}")
    with installed(None) as filled:
        yield from _list_figures("SQLite", filled, f"{machine.sqlite()}; {machine.machine()}")
    with installed(None) as installation:
        yield from _table_figures("SQLite", installation, f"{machine.sqlite()}; {machine.machine()}")
    with installed(None) as installation:
        yield from _queue_figures("SQLite", installation, f"{machine.sqlite()}; {machine.machine()}")


@contextmanager
def _stage(installation: Installation, url: str | None, *, app: str = "wsgi:app") -> Iterator[Stage]:
    with serving(installation, app=app) as server:
        yield Stage(server, installation, None if url is None else measure.postmaster_of(url))


def _load_figures(database: str, stage: Stage, here: str, *, seconds: float) -> Iterator[Figure]:
    seen: Seen = measure.journeys(stage, seconds=seconds)
    here = f"{CLIENTS} clients, each journey a new visitor: event page, form, POST, own page; {here}"
    yield Figure(f"{database}: journeys", rounded(seen.per_second), "1/s", here)
    for kind, times in seen.times.items():
        for share in (0.50, 0.95, 0.99):
            yield Figure(f"{database}: {kind} p{share * 100:.0f}", rounded(percentile(times, share)), "ms", here)


def _rate_figures(database: str, costs: dict[str, Cost], here: str) -> Iterator[Figure]:
    here = f"{CLIENTS} clients, one kind at a time, {measure.COUNTED} requests after {measure.WARM}; {here}"
    for kind, cost in costs.items():
        yield Figure(f"{database}: {kind} alone", rounded(cost.per_second), "1/s", here)


def _memory_figures(database: str, server: Server, here: str) -> Iterator[Figure]:
    name = f"{database}: memory of the largest server process"
    yield Figure(name, rounded(server.memory_mb()), "MB", f"after the load; {here}", "<=", MEMORY_TARGET)


def _cpu_figures(costs: dict[str, Cost], empty: Cost, here: str) -> Iterator[Figure]:
    here = f"user and system time of all server processes, {measure.COUNTED} requests after {measure.WARM}; {here}"
    yield Figure("CPU: empty route", rounded(empty.server_ms), "ms", here)
    for kind, cost in costs.items():
        yield Figure(f"CPU: {kind}", rounded(cost.server_ms), "ms", here, "<=", CPU_TARGETS[kind])
    for kind, cost in costs.items():
        yield Figure(f"CPU: {kind}, empty routes", rounded(cost.server_ms / empty.server_ms), "x", here)
    for kind, cost in costs.items():
        yield Figure(f"CPU of PostgreSQL: {kind}", rounded(cost.database_ms), "ms", here)


def _statement_figures(installation: Installation, here: str) -> Iterator[Figure]:
    said = installation.python("-m", "bench.statements")
    for kind, count in json.loads(said.splitlines()[-1]).items():
        target = STATEMENT_TARGETS[kind]
        yield Figure(f"statements: {kind}", count, "", here, None if target is None else "<=", target)


def _category_figures(installation: Installation, post: Cost, here: str) -> Iterator[Figure]:
    here = f"an event with {CATEGORIES} categories, {measure.COUNTED} requests after {measure.WARM}; {here}"
    yield Figure("CPU: POST with a category", rounded(post.server_ms), "ms", here, "<=", CATEGORY_CPU_TARGET)
    said = json.loads(installation.python("-m", "bench.statements").splitlines()[-1])
    name = "statements: POST with a category"
    yield Figure(name, said["POST"], "", f"second journey of a process; {here}", "<=", CATEGORY_STATEMENT_TARGET)


def _table_figures(database: str, installation: Installation, here: str) -> Iterator[Figure]:
    here = f"table of {tables.PEOPLE:,} people, from request to HTML in one process, median of {tables.TIMES}; {here}"
    found = tables.measure(installation)
    installation.flask("seats", "verify")
    for kind, said in SAID.items():
        for view, times in found.items():
            name = f"{database}: people, {view}, {said}"
            yield Figure(name, rounded(times[kind]), "ms", f"{said}; {here}", "<=", TABLE_TARGET)


def _queue_figures(database: str, installation: Installation, here: str) -> Iterator[Figure]:
    here = f"{queues.CATEGORIES} categories, all full; {here}"
    found = queues.measure(installation)
    installation.flask("seats", "verify")
    for (step, (milliseconds, statements)), target in zip(found.items(), QUEUE_TARGETS, strict=True):
        yield Figure(f"{database}: {step}", rounded(milliseconds), "ms", here, "<=", target)
        asked = QUEUE_STATEMENTS if step.startswith(str(queues.FREED)) else None
        yield Figure(f"{database}: {step}, statements", statements, "", here, asked and "<=", asked)


def _limit_figures(installation: Installation, url: str, post: Cost, here: str) -> Iterator[Figure]:
    rates = limit.measure(url)
    installation.flask("seats", "verify")
    here = f"the rows of one registration in one transaction, counter last, each connection a process; {here}"
    for connections, rate in rates.items():
        yield Figure(f"limit through psycopg, {connections} connections", rounded(rate), "1/s", here)
    yield Figure("POST alone, share of the limit", rounded(post.per_second / max(rates.values())), "", here)


def _list_figures(database: str, installation: Installation, here: str) -> Iterator[Figure]:
    costs = exports.measure(installation)
    here = f"a list of {len(exports.ALL_COLUMNS)} columns into a file, the shorter time of two; {here}"
    small, large = exports.SIZES
    for size, seconds in costs.seconds.items():
        for kind, found in seconds.items():
            target = LIST_TARGETS.get(kind) if size == small else None
            asked = None if target is None else "<="
            yield Figure(f"{database}: {kind} of {size:,}", rounded(found), "s", here, asked, target)
    if costs.copy is not None:
        name = f"{database}: csv of {large:,} beside COPY"
        yield Figure(name, rounded(costs.seconds[large]["csv"] / costs.copy), "x", here, "<=", COPY_TARGET)
    for kind, found in costs.growth.items():
        yield Figure(f"{database}: memory for {kind} of {large:,}", rounded(found), "MB", here, "<=", GROWTH_TARGET)


def _workspace_figures(database: str, installation: Installation, here: str) -> Iterator[Figure]:
    here = f"{workspace.PEOPLE:,} people and a mail to each, one organizer, median of {workspace.COUNTED} looks; {here}"
    for page, milliseconds in workspace.measure(installation).items():
        target = PAGE_TARGETS.get(page)
        op: Literal["<="] | None = None if target is None else "<="
        yield Figure(f"{database}: workspace, {page}", rounded(milliseconds), "ms", here, op, target)


if __name__ == "__main__":
    main()
