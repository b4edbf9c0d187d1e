"""The next release changes the schema while this one serves, people register, and somebody reads at length."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import flask_migrate
import psycopg
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, select

from bench.database import ROOT, Installation
from bench.server import serving, shows_page
from config import TestConfig
from regapp import create_app
from regapp.db import db
from regapp.models import OutboxMail, Registration
from tests.factories import make_event
from tests.fire.rude import page_seconds
from tests.fire.visitors import visiting
from tests.postgres import new_database

READS = 4.0
"""Seconds that somebody goes on reading after the migration has met the table that they read."""
STANDS = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%'"
WITHIN = 3.0
"""Seconds within which pages come meanwhile. A migration waits for a table for one; machines are busy."""
VISITORS, MORE = 2, 6
"""Who register all the time, and how many registrations there must be after the migration."""


@pytest.fixture
def settings(settings: dict[str, str], database: str, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Give a database that nobody shares, since its schema will be another one."""
    if database == "sqlite":
        yield settings
        return
    with new_database(request.getfixturevalue("server")) as url:
        mine = settings | {"DATABASE_URL": url}
        with create_app(TestConfig(Path(mine["INSTANCE_DIR"]), DATABASE_URL=url)).app_context():
            flask_migrate.upgrade()
            db.engine.dispose()
        yield mine


@contextmanager
def somebody_reads(settings: dict[str, str]) -> Iterator[Callable[[], bool]]:
    """Keep a table in use, as a long list does that is being written; give what says whether it was long enough."""
    if "DATABASE_URL" not in settings:
        yield lambda: True  # on SQLite readers are in nobody's way
        return
    url = settings["DATABASE_URL"]
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as onlooker:
        reader.execute("SELECT count(*) FROM events")
        met_at: list[float] = []

        def is_enough() -> bool:
            if not met_at and onlooker.execute(STANDS).fetchone():
                met_at.append(time.monotonic())
            return bool(met_at) and time.monotonic() > met_at[0] + READS

        yield is_enough


def next_release(folder: Path) -> Path:
    """Return the migrations of the next release."""
    migrations = folder / "migrations"
    shutil.copytree(ROOT / "migrations", migrations)
    today = ScriptDirectory(str(migrations)).get_current_head()
    step = (Path(__file__).parent / "next_release" / "next_release.py").read_text(encoding="utf-8")
    (migrations / "versions" / "next_release.py").write_text(step.replace("TODAY", str(today)), encoding="utf-8")
    return migrations


def test_nobody_sees_more_of_a_migration_than_that_a_form_is_to_be_sent_again(
    app: Flask, installation: Installation, settings: dict[str, str], tmp_path: Path
) -> None:
    event, migrations = make_event(size=2), str(next_release(tmp_path))
    db.session.remove()
    pages: list[float] = []

    def look_until(done: Callable[[], bool]) -> None:
        while not done():
            pages.append(page_seconds(server.port, f"/events/{event.slug}"))
            Event().wait(0.05)

    with (
        serving(installation) as server,
        visiting(server.port, event.slug, visitors=VISITORS) as told,
        ThreadPoolExecutor() as pool,
    ):
        with somebody_reads(settings) as is_enough:
            migration = pool.submit(installation.flask, "db", "upgrade", "-d", migrations)
            look_until(lambda: is_enough() or migration.done())
        look_until(migration.done)
        migration.result()
        enough = len(told.paths) + MORE
        look_until(lambda: len(told.paths) >= enough)
        ready = shows_page(server.port, "/readyz")

    assert "badges" in inspect(db.engine).get_table_names()
    assert max(pages) < WITHIN
    assert ready
    installation.flask("seats", "verify")
    people = {person.email: person for person in db.session.scalars(select(Registration))}
    assert people.keys() == told.paths.keys()
    assert {email for email, person in people.items() if person.state == "cancelled"} == told.cancelled
    first = select(OutboxMail.registration_id).where(OutboxMail.message.in_(["confirmed", "waitlisted"]))
    assert sorted(db.session.scalars(first)) == sorted(person.id for person in people.values())
