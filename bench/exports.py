"""What lists cost: people made straight in the database, lists written as the page writes them.

`python -m bench.exports` fills the database of the settings and prints its figures as JSON.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import IO

from sqlalchemy import insert, select, update

from bench.database import SLUG, Installation
from regapp import create_app
from regapp.clock import utcnow
from regapp.db import db, snapshot, table, transaction
from regapp.links import new_code
from regapp.models import Consent, Event, Party, Quota, Registration, Tag
from regapp.rules.searching import search_key
from regapp.services import exports
from regapp.services.exports import ALL_COLUMNS, Wanted
from regapp.services.formats import Format
from regapp.services.people import View

SIZES = (10_000, 100_000)
"""People in a list; the last one is measured for memory too, and beside COPY."""
PAGE = 5000
NAMES = ("Kovács Örs", "Zieliński Ana", "O’Brien Siân", "Παπαδάκη Δήμητρα", "王 小明")


@dataclass(frozen=True, slots=True)
class Costs:
    """What lists cost. `seconds`: people → format → seconds; `copy`: those of PostgreSQL's own COPY; `growth`: MB."""

    seconds: dict[int, dict[str, float]]
    copy: float | None
    growth: dict[str, float]


def measure(installation: Installation) -> Costs:
    """Fill the database of an installation with people, and return what lists of them cost."""
    found = json.loads(installation.python("-m", "bench.exports").splitlines()[-1])
    seconds = {int(size): costs for size, costs in found.pop("seconds").items()}
    return Costs(seconds=seconds, **found)


def main() -> None:
    """Fill the database, write each list, print what it took."""
    with create_app().app_context():
        seconds = {}
        for size in SIZES:
            _fill(size)
            seconds[size] = {kind.value: _seconds(partial(_write, kind)) for kind in Format}
        copy = _seconds(_copy) if db.engine.dialect.name == "postgresql" else None
        growth = {kind.value: _growth(kind) for kind in Format}
    print(json.dumps({"seconds": seconds, "copy": copy, "growth": growth}))


def _write(kind: Format, file: IO[bytes]) -> None:
    with snapshot() as connection:
        exports.write(connection, SLUG, Wanted(View(descending=False), ALL_COLUMNS, kind), file)


def _copy(file: IO[bytes]) -> None:
    """Write as many columns by PostgreSQL's own means: the bound below which no program can be."""
    wanted = exports._statement(db.session.scalars(select(Event.id)).one(), Wanted(View(descending=False), ALL_COLUMNS))
    text = str(wanted.compile(db.engine, compile_kwargs={"literal_binds": True}))
    with snapshot() as connection:
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv)") as rows:  # type: ignore[attr-defined]
            for block in rows:
                file.write(block)


def _seconds(write: Callable[[IO[bytes]], None]) -> float:
    """Return the shorter time of two, so that a first time does not count."""
    times = []
    for _ in range(2):
        with tempfile.TemporaryFile() as file:
            started = time.perf_counter()
            write(file)
            times.append(time.perf_counter() - started)
    return min(times)


def _growth(kind: Format) -> float:
    """Return by how much a process that has nothing else to do grows for the largest list."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_growth_here, kind).result()


def _growth_here(kind: Format) -> float:
    with create_app().app_context():
        with snapshot() as connection:
            exports.count(connection, 1, View())  # what any page would have loaded
        idle = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # begins the highest mark anew
        with tempfile.TemporaryFile() as file:
            _write(kind, file)
        return _memory("VmHWM") - idle


def _memory(name: str) -> float:
    """Return a figure of this process in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(name))


def _fill(size: int) -> None:
    """Add people until there are so many: each with a tag, every tenth with a note, every fifth waiting."""
    event_id, there = db.session.scalars(select(Event.id)).one(), db.session.query(Registration).count()
    for first in range(there, size, PAGE):
        numbers = range(first + 1, min(first + PAGE, size) + 1)
        with transaction():
            db.session.execute(insert(table(Party)), [_party(event_id, number) for number in numbers])
            db.session.execute(insert(table(Registration)), [_registration(event_id, number) for number in numbers])
            db.session.execute(
                insert(table(Consent)),
                [{"registration_id": n, "kind": "privacy", "version": "2026-12", "at": utcnow()} for n in numbers],
            )
            db.session.execute(
                insert(table(Tag)), [{"registration_id": n, "tag": "speaker", "event_id": event_id} for n in numbers]
            )
            waiting = size // 5
            db.session.execute(update(Quota).values(taken=size - waiting, waiting=waiting, last_seq=size))


def _party(event_id: int, number: int) -> dict[str, object]:
    address = f"person.{number}@example.org"
    waits = number % 5 == 0
    return {
        "id": number, "event_id": event_id, "contact_key": address, "contact_name": NAMES[number % len(NAMES)],
        "contact_email": address, "lang": "en", "submission_hash": f"{number:064x}",
        "queue_no": number if waits else None,
    }  # fmt: skip


def _registration(event_id: int, number: int) -> dict[str, object]:
    last, first = NAMES[number % len(NAMES)].split()
    waits, code = number % 5 == 0, new_code()
    organisation, address = f"Danube Cluster {number % 997}", f"person.{number}@example.org"
    return {
        "id": number, "event_id": event_id, "party_id": number, "code": code,
        "state": "waitlisted" if waits else "confirmed", "queue_no": number if waits else None, "first_name": first,
        "last_name": f"{last} {number}", "email": address, "organisation": organisation, "job_title": "Manager",
        "country": "HU", "registered_at": utcnow() - timedelta(minutes=number), "organisation_type": "cluster",
        "search_key": search_key(last, first, organisation, address, code), "lang": "en",
        "organisation_key": search_key(organisation),
        "note": "Vegetarian, comes by train" if number % 10 == 0 else None,
    }  # fmt: skip


if __name__ == "__main__":
    main()
