"""The embedded server, killed while visitors register and mails leave, and started again as if nothing were."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from bench.database import Installation
from bench.server import free_port, serving
from tests.browser.serving import wait_for
from tests.fire.visitors import Told, visiting

SHORT_LEASES = {"MAIL_TIMEOUT": "0.2", "MAIL_BATCH_SECONDS": "2"}
"""Settings with which a worker that was killed is waited for five seconds, not minutes."""
LIVES = (0.1, 2.0)
"""Seconds that a server lives after its first page, at least and at most."""
FIRST = ("confirmed", "waitlisted")
"""The mails that somebody may get for registering: exactly one of them."""


@dataclass(frozen=True, slots=True)
class Books:
    """What is stored. `people`: address → reference and state; `mails`: address → messages; `files`: of mails.

    `promoted`: addresses of those who got a place after they had waited.
    """

    people: dict[str, tuple[str, str]]
    promoted: set[str]
    mails: dict[str, Counter[str]]
    unsent: int
    files: set[str]
    sound: str


def run(installation: Installation, slug: str, *, kills: int, chance: random.Random) -> Told:
    """Kill the server so many times while visitors come. Afterwards a server runs until all mails have left."""
    port = free_port()
    with ExitStack() as visits:
        told = visits.enter_context(visiting(port, slug))
        for _ in range(kills):
            with serving(installation, port=port) as server:
                Event().wait(chance.uniform(*LIVES))
                os.kill(server.pid, signal.SIGKILL)
            check_served(installation)
        with serving(installation, port=port):
            visits.close()  # everybody gets an answer
            wait_for(lambda: read(installation).unsent == 0, "the last mail")
    return told


def check(installation: Installation, told: Told) -> Books:
    """Check that what people were told is what is stored, and that nothing else is. Raises: CommandFailed too."""
    installation.flask("seats", "verify")
    books = read(installation)
    assert books.sound == "ok"
    assert books.people.keys() == told.paths.keys()
    for email, (code, state) in books.people.items():
        assert told.paths[email].startswith(f"/r/{code}-"), f"{email} was shown somebody else"
        assert (state == "cancelled") == (email in told.cancelled), f"{email} is {state}"
        got = books.mails[email]
        assert sum(got[message] for message in FIRST) == 1, f"{email} got {got}"
        assert max(got.values()) == 1, f"{email} got {got}"
        assert got["cancelled"] == (state == "cancelled"), f"{email} is {state} and got {got}"
        assert got["promoted"] == (email in books.promoted), f"{email} is {state} and got {got}"
    assert books.unsent == 0
    assert len(books.files) == sum(got.total() for got in books.mails.values())
    return books


def check_served(installation: Installation) -> None:
    """Check that nobody waits whom a free place would take, and that whoever was promoted is told so, once. Source: R2.

    Whatever was going on when the server was killed, it was done whole or not at all. Looks at a copy: what the server
    left behind is for the next one to clear up, and that one's worker would serve the queue anyway.
    """
    with TemporaryDirectory() as folder:
        for file in Path(installation.environment["INSTANCE_DIR"]).glob("regapp.sqlite*"):
            shutil.copy(file, folder)
        _check_served(Path(folder))


def _check_served(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "regapp.sqlite")) as connection:
        left_over = connection.execute(
            "SELECT size, taken, waiting FROM quotas WHERE taken < size AND waiting"
        ).fetchall()
        promoted = connection.execute("SELECT registration_id FROM history WHERE action = 'promoted'").fetchall()
        mails = connection.execute("SELECT registration_id FROM outbox WHERE message = 'promoted'").fetchall()
        counted = connection.execute("SELECT state, count(*) FROM registrations GROUP BY state").fetchall()
        books = connection.execute("SELECT taken, waiting FROM quotas").fetchall()
    states = dict(counted)
    assert not left_over, f"people wait though places are free (size, taken, waiting): {left_over}"
    assert books == [(states.get("confirmed", 0), states.get("waitlisted", 0))], f"{books}, but {states}"
    assert sorted(promoted) == sorted(mails) == sorted(set(promoted)), "promotions and mails about them differ"


def read(installation: Installation) -> Books:
    """Read the books from outside."""
    instance = Path(installation.environment["INSTANCE_DIR"])
    with closing(sqlite3.connect(instance / "regapp.sqlite")) as connection:
        people = connection.execute("SELECT id, email, code, state FROM registrations").fetchall()
        mails: dict[str, Counter[str]] = {email: Counter() for _, email, _, _ in people}
        addresses = {number: email for number, email, _, _ in people}
        for number, message in connection.execute("SELECT registration_id, message FROM outbox"):
            mails[addresses[number]][message] += 1
        promoted = connection.execute("SELECT registration_id FROM history WHERE action = 'promoted'").fetchall()
        (unsent,) = connection.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone()
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
    assert len(people) == len(mails), "somebody is registered twice"
    return Books(
        people={email: (code, state) for _, email, code, state in people},
        promoted={addresses[number] for (number,) in promoted},
        mails=mails,
        unsent=unsent,
        files={file.name for file in (instance / "mail").glob("*.eml")},
        sound=sound,
    )
