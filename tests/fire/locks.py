"""Another program holds the lock that SQLite needs to write, while people send forms and open pages."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from bench.database import Installation
from bench.server import serving
from tests.browser.serving import wait_for
from tests.fire import kills
from tests.fire.rude import page_seconds
from tests.fire.visitors import Told, Visitor, begin, finish
from tests.races.visitors import location, register

POSTS = 8
"""Forms sent at once: twice as many as there are threads."""
PAUSE = 0.1
"""Seconds between two pages."""


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds that each page took, and how the forms were answered in the end of the lock."""

    pages: list[float]
    statuses: list[int]


def hold(installation: Installation, slug: str, *, seconds: float) -> Waited:
    """Hold the lock so long while forms wait for it. Afterwards everybody registers, if need be by a second try."""
    database = Path(installation.environment["INSTANCE_DIR"]) / "regapp.sqlite"
    told, pages = Told(), []
    with serving(installation) as server:
        visitor = Visitor("visitor", server.port, slug, told)
        asks = {
            f"{number}@example.org": register(slug, visitor.open_form(), f"{number}@example.org")
            for number in range(POSTS)
        }
        with closing(sqlite3.connect(database)) as other:
            other.execute("BEGIN IMMEDIATE")
            until = time.monotonic() + seconds
            asked = {email: begin(server.port, ask) for email, ask in asks.items()}
            while time.monotonic() < until:
                pages.append(page_seconds(server.port, f"/events/{slug}"))
                Event().wait(PAUSE)
        answers = {email: finish(client) for email, client in asked.items()}
        for email, ask in asks.items():
            told.paths[email] = location(visitor.ask(ask))
        wait_for(lambda: kills.read(installation).unsent == 0, "the mails")
    kills.check(installation, told)
    return Waited(pages, [answer.status for answer in answers.values()])
