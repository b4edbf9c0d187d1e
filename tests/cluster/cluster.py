"""A whole installation: PostgreSQL, two web servers, two mail workers, a mail server, Redis if there is one."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bench.database import ROOT
from bench.server import HOST, free_port
from config import Config
from regapp import create_app
from regapp.db import db
from tests import postgres
from tests.cluster.programs import Program, Redis, WebServer, mail_worker, wait_until
from tests.cluster.sink import Mailbox, Temper
from tests.factories import make_event
from tests.postgres import Prepared, new_database

SERVERS = MAIL_WORKERS = 2
PLACES = 30
"""At the beginning."""
THREADS = 2
"""Of each of granian's two processes."""
MAIL_TIMEOUT, MAIL_BATCH_SECONDS = 0.7, 2.0
LEASE = MAIL_BATCH_SECONDS + 14 * MAIL_TIMEOUT
"""Seconds until others take over what a worker has left behind: few here, since somebody waits for them."""


SETTINGS = {"recovery_init_sync_method": "syncfs"}
"""Of PostgreSQL, which is as careful as it comes; it would else look at every file for seconds whenever it recovers."""


@dataclass(frozen=True)
class Apps:
    """What the programs serve: as shipped, or something broken that must be noticed."""

    web: str = "wsgi:app"
    mail: str = "wsgi"


AS_SHIPPED = Apps()


class DatabaseAway(Exception):
    """A command did not reach the database; it may be given again."""


class Database:
    """A PostgreSQL with its own data directory that survives crashes: what is committed is on disk."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._keeper = prepared.start()

    @property
    def address(self) -> str:
        """Return where databases may be made."""
        return postgres.address(self._prepared.home)

    def crash(self) -> None:
        """Stop it with no time for anything; what it was doing is undone when it starts."""
        self._prepared.stop_at_once()
        self._keeper.communicate()

    def start(self) -> None:
        """Start it again, and wait until it has recovered."""
        self._keeper = self._prepared.start()

    def stop(self) -> None:
        """Stop it for good."""
        self._keeper.communicate()


@dataclass(frozen=True)
class Cluster:
    """All parts, running. `app`: the operator's, to give commands and to look into the database."""

    app: Flask
    database: Database
    web: list[WebServer]
    workers: list[Program]
    folder: Path
    mailbox: Mailbox
    mail_port: int
    redis: Redis | None
    slug: str

    @property
    def ports(self) -> list[int]:
        """Return where visitors may ask."""
        return [server.port for server in self.web]

    def command(self, *words: str) -> tuple[int, str]:
        """Run `flask --app wsgi …`; return its exit code and what it says. One at a time. Raises: DatabaseAway."""
        done = self.app.test_cli_runner().invoke(args=words)
        if isinstance(done.exception, OperationalError | InterfaceError | PoolTimeout):
            raise DatabaseAway
        return done.exit_code, f"{done.output}{done.exception or ''}"

    def wait_until_answering(self) -> None:
        """Wait until every server shows a page. Raises: AssertionError if one never does."""
        for server in self.web:
            wait_until(server.answers, f"{server.name} to answer, see {server.log}")


@contextmanager
def running(apps: Apps) -> Iterator[Cluster]:
    """Start everything, with one event; stop it all and remove its files afterwards."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regapp-pg-", ignore_cleanup_errors=True)))
        database = Database(postgres.prepare(home, SETTINGS))
        stack.callback(database.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regapp-cluster-")))
        mailbox = Mailbox(folder)
        mailbox.temper = Temper.KIND
        port = stack.enter_context(_sink(folder))
        redis = Redis(free_port(), folder) if shutil.which("redis-server") else None
        environment = _environment(folder, stack.enter_context(new_database(database.address)), port, redis)
        app = stack.enter_context(_operator(environment))
        slug = _install(app)
        web = [WebServer(f"web-{n}", apps.web, free_port(), THREADS, environment, folder) for n in range(SERVERS)]
        workers = [mail_worker(f"worker-{n}", apps.mail, environment, folder) for n in range(MAIL_WORKERS)]
        for program in [*([redis] if redis else []), *web, *workers]:
            stack.callback(program.stop)
            program.start()
        cluster = Cluster(app, database, web, workers, folder, mailbox, port, redis, slug)
        cluster.wait_until_answering()
        yield cluster


def _environment(folder: Path, database_url: str, mail_port: int, redis: Redis | None) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "INSTANCE_DIR": str(folder),
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_hex(32),
        "MAIL_SERVER": HOST,
        "MAIL_PORT": str(mail_port),
        "MAIL_TIMEOUT": str(MAIL_TIMEOUT),
        "MAIL_BATCH_SECONDS": str(MAIL_BATCH_SECONDS),
        "THREADS": str(THREADS),
        "REDIS_URL": redis.url if redis else "",
    }


@contextmanager
def _operator(environment: dict[str, str]) -> Iterator[Flask]:
    app = create_app(Config(environment))
    yield app
    with app.app_context():
        db.engine.dispose()


def _install(app: Flask) -> str:
    """Make tables and an event; return the event's name in addresses."""
    app.test_cli_runner().invoke(args=["db", "upgrade"], catch_exceptions=False)
    with app.app_context():
        return make_event(size=PLACES).slug


@contextmanager
def _sink(folder: Path) -> Iterator[int]:
    """Run the mail server; give its port."""
    command = [sys.executable, "-m", "tests.cluster.sink", str(folder)]
    with (folder / "sink.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            start_new_session=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate()
