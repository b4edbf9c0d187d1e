"""Told to end, a server finishes what it has been asked; killed, what serves comes back by itself."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from bench import processes
from bench.database import Installation
from bench.server import serving, shows_page
from tests.browser.serving import wait_for
from tests.factories import make_event
from tests.fire.visitors import Told, Visitor, begin, finish
from tests.races.visitors import register

ASKED = 8
"""Requests in hand: more than there are threads."""


@contextmanager
def held(settings: dict[str, str]) -> Iterator[None]:
    """Hold the lock that every registration needs."""
    if "DATABASE_URL" in settings:
        with psycopg.connect(settings["DATABASE_URL"]) as other:
            other.execute("SELECT FROM quotas FOR UPDATE")
            yield
            return
    with closing(sqlite3.connect(Path(settings["INSTANCE_DIR"]) / "regapp.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_told_to_end_it_answers_everybody_who_has_asked(
    app: Flask, installation: Installation, settings: dict[str, str]
) -> None:
    event = make_event()
    patient = Installation(installation.folder, installation.environment | {"LOCK_TIMEOUT": "10"})
    with serving(patient) as server:
        visitor = Visitor("visitor", server.port, event.slug, Told())
        asks = [register(event.slug, visitor.open_form(), f"{number}@example.org") for number in range(ASKED)]
        with held(settings):
            asked = [begin(server.port, ask) for ask in asks]
            os.kill(server.pid, signal.SIGTERM)
        answers = [finish(client) for client in asked]

    assert [answer.status for answer in answers] == [303] * ASKED


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_process_of_granian_that_is_killed_is_replaced(app: Flask, installation: Installation) -> None:
    with serving(installation) as server:
        before = set(processes.family(server.pid)[1:])
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        wait_for(lambda: set(processes.family(server.pid)[1:]) - before and shows_page(server.port), "another process")
