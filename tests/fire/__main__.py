"""The long form: `make test-fire` kills the embedded server fifty times, locks it out, lets rude clients at granian."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from dataclasses import replace

from bench.database import SLUG, installed
from bench.server import serving
from tests.fire import kills, locks
from tests.fire.proxies import nginx
from tests.fire.rude import KINDS, LOST, measure
from tests.postgres import new_database, postgres_server

KILLS = 50
LOCKED = 12.0
"""Seconds, more than LOCK_TIMEOUT."""
PAGES = 10
PLACES = 6
"""Half of what visitors keep, so that nearly everybody who cancels makes room for somebody."""


def main() -> None:
    """Do both and print what came of it."""
    kill(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10**6))
    lock()
    be_rude()


def kill(seed: int) -> None:
    """Kill the embedded server again and again. Raises: AssertionError if anybody was forgotten or counted twice."""
    began = time.monotonic()
    with installed(None) as plain:
        settings = plain.with_worker().environment | kills.SHORT_LEASES
        installation = replace(plain, environment=settings)
        installation.flask("seats", "resize", SLUG, str(PLACES))
        told = kills.run(installation, SLUG, kills=KILLS, chance=random.Random(seed))
        books = kills.check(installation, told)
    mails = sum(got.total() for got in books.mails.values())
    print(f"SQLite, embedded server, {KILLS} kills in {time.monotonic() - began:.0f} s (chance {seed}):")
    print(f"  {len(books.people)} people registered, {len(told.cancelled)} of them cancelled again;")
    print(f"  {len(books.promoted)} were promoted; after each start nobody waited for a place that was free;")
    print(f"  requests sent again: {dict(told.again)}; answers “records away”: {told.away};")
    print(f"  {mails} mails, each sent, one file each; seats verify clean, integrity_check ok", flush=True)


def lock() -> None:
    """Hold SQLite's lock elsewhere, longer than anybody waits. Raises: AssertionError if anybody was forgotten."""
    with installed(None) as plain:
        settings = plain.with_worker().environment | kills.SHORT_LEASES
        waited = locks.hold(replace(plain, environment=settings), SLUG, seconds=LOCKED)
    print(
        f"SQLite's lock held for {LOCKED:.0f} s: {len(waited.pages)} pages, the slowest in {max(waited.pages):.2f} s;"
    )
    print(f"  forms sent meanwhile: {dict(Counter(waited.statuses))}; all are registered in the end", flush=True)


def be_rude() -> None:
    """Let clients be rude to each server, and print how long the slowest page took meanwhile."""
    with installed(None) as embedded, serving(embedded) as server:
        _print_slowest("embedded server", server.port)
    with postgres_server() as databases, new_database(databases) as url, installed(url) as installation:
        with serving(installation) as server:
            _print_slowest("granian alone (no promise)", server.port)
        with serving(installation) as server, nginx(server.port, installation.folder) as port:
            _print_slowest("granian behind nginx", port)


def _print_slowest(name: str, port: int) -> None:
    print(f"{name}: slowest of {PAGES} pages, in seconds; {LOST:.0f} means that it did not come")
    for kind in KINDS:
        print(f"  {kind:24} {max(measure(port, f'/events/{SLUG}', kind, pages=PAGES)):.2f}", flush=True)


if __name__ == "__main__":
    main()
