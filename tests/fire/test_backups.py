"""Backups taken while people register and cancel: each can be restored, its books are clean, nobody lacks a mail."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from bench.database import Installation
from bench.server import serving
from config import TestConfig
from regapp import create_app, links
from regapp.clock import utcnow
from regapp.db import db
from regapp.models import OutboxMail, Registration
from regapp.services import backup
from tests.browser.serving import wait_for
from tests.factories import make_event
from tests.fire.visitors import Told, visiting
from tests.postgres import new_database

BACKUPS = 3
BETWEEN = 10
"""Registrations from one backup to the next."""
FIRST = ("confirmed", "waitlisted")


@pytest.fixture
def programs(app: Flask, database: str) -> Path | None:
    """Return the folder of PostgreSQL's programs that belong to the server, and let backups use them."""
    if database == "sqlite":
        return None
    with db.engine.connect() as connection:
        folder = Path(str(connection.scalar(text("SELECT setting FROM pg_config WHERE name = 'BINDIR'"))))
    app.config["PG_DUMP"] = str(folder / "pg_dump")
    return folder


@contextmanager
def restored(archive: Path, folder: Path, programs: Path | None, server: Callable[[], str]) -> Iterator[Flask]:
    """Give a fresh installation from an archive, as its manifest says."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    secret = (folder / "secret_key").read_text()
    if programs is None:
        app = create_app(TestConfig(folder, SECRET_KEY=secret))
        with app.app_context():
            yield app
            db.engine.dispose()
        return
    with new_database(server()) as url:
        command = [programs / "pg_restore", "--no-owner", f"--dbname={url}", folder / "regapp.pgdump"]
        subprocess.run(command, check=True, capture_output=True)
        with create_app(TestConfig(folder, SECRET_KEY=secret, DATABASE_URL=url)).app_context() as context:
            yield context.app
            db.engine.dispose()


def check(app: Flask, slug: str, told_before: dict[str, str], told_after: Told) -> int:
    """Check what was restored; return how many people it holds. `told_before`: who was answered before the backup."""
    assert app.test_cli_runner().invoke(args=["seats", "verify"]).exit_code == 0
    people = list(db.session.scalars(select(Registration).order_by(Registration.id)))
    addresses = {person.email for person in people}
    assert told_before.keys() <= addresses <= told_after.paths.keys()
    told = select(OutboxMail.registration_id).where(OutboxMail.message.in_(FIRST))
    assert sorted(db.session.scalars(told)) == sorted(person.id for person in people)
    client, last = app.test_client(), people[-1]
    for path in (f"/events/{slug}", links.own_path(last.code, last.link_version)):
        assert client.get(path).status_code == 200
    db.session.remove()
    return len(people)


def test_what_is_backed_up_under_load_is_whole(
    app: Flask, installation: Installation, programs: Path | None, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    slug, archives = make_event(size=6).slug, list[tuple[Path, dict[str, str]]]()
    db.session.remove()
    with serving(installation) as server, visiting(server.port, slug, visitors=3) as told:
        for number in range(BACKUPS):
            enough = len(told.paths) + BETWEEN
            wait_for(lambda least=enough: len(told.paths) >= least, "visitors")
            answered = dict(told.paths)
            archives.append((backup.make(tmp_path, now=utcnow() + timedelta(seconds=number)), answered))

    held = []
    for archive, answered in archives:
        folder = tmp_path / archive.name.removesuffix(".tar.gz")
        with restored(archive, folder, programs, lambda: str(request.getfixturevalue("server"))) as fresh:
            held.append(check(fresh, slug, answered, told))
    assert held == sorted(held)
    assert held[-1] > held[0] >= BETWEEN
