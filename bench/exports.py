"""What lists cost: people made straight in the database, lists written as the page writes them.

`python -m bench.exports` fills the database of the settings and prints its figures as JSON.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
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


def measure(installation: Installation) -> dict[str, float]:
    """Return the figures of an installation. Units: seconds; megabytes for names that end so."""
    found: dict[str, float] = json.loads(installation.python("-m", "bench.exports").splitlines()[-1])
    return found


def main() -> None:
    """Fill the database, write each list, print what it took."""
    with create_app().app_context():
        found: dict[str, float] = {}
        for size in SIZES:
            _fill(size)
            for kind in Format:
                found[f"{kind} {size}"] = _seconds(lambda file, kind=kind: _write(file, kind))  # type: ignore[misc]
        if db.engine.dialect.name == "postgresql":
            found[f"COPY {SIZES[-1]}"] = _seconds(_copy)
        found[f"growth {SIZES[-1]} MB"] = _growth()
    print(json.dumps(found))


def _write(file: IO[bytes], kind: Format) -> None:
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


def _growth() -> float:
    """Return by how much the memory of a process that serves grew at most, for the largest list in each format."""
    parts = _resident()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # begin the highest mark anew
    for kind in Format:
        _seconds(lambda file, kind=kind: _write(file, kind))  # type: ignore[misc]
    highest = next(
        int(line.split()[1]) / 1000
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        if line.startswith("VmHWM")
    )
    return highest - parts


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


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
        "search_key": search_key(first, last, organisation, address, code),
        "note": "Vegetarian, comes by train" if number % 10 == 0 else None,
    }  # fmt: skip


if __name__ == "__main__":
    main()
