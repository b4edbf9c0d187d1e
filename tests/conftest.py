"""Fixtures: each test gets its own application on its own empty database, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import refresh
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from psycopg import sql
from sqlalchemy import Dialect, Engine, event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config import TestConfig
from regapp import create_app
from regapp.db import db
from tests.postgres import NoPostgres, new_database, postgres_server

Settings = dict[str, str]

SERVER = "REGAPP_TEST_SERVER"
"""Environment variable that hands the address of the run's one PostgreSQL server on to the workers of xdist."""

hypothesis_settings.register_profile(
    "regapp",
    deadline=None,  # machines that run tests are busy
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("regapp")

_run = ExitStack()
_statements: dict[str, tuple[Dialect, Any]] = {}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node() -> None:
    """Start the server before the first worker of xdist starts."""
    _server()


def pytest_unconfigure() -> None:
    """Stop the server if this process started it."""
    _run.close()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a run fail that left a test out: what is not tried is not known to work."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and exitstatus == pytest.ExitCode.OK and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _server() -> str:
    """Return the address of the run's PostgreSQL server; start it if nobody has."""
    if SERVER not in os.environ:
        try:
            os.environ[SERVER] = _run.enter_context(postgres_server())
        except NoPostgres as error:
            pytest.exit(str(error), returncode=1)
        _run.callback(os.environ.pop, SERVER)
    return os.environ[SERVER]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Return the kind of database of this test; every test that uses one runs on both."""
    return str(request.param)


@pytest.fixture
def now() -> datetime:
    """Return an instant at which events of `make_event` are open; the true present is another one."""
    return datetime(2026, 9, 14, 10, 0, tzinfo=UTC)


@pytest.fixture
def settings(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return the environment of this test's application, on an empty migrated database; for processes too."""
    instance = tmp_path / "instance"
    instance.mkdir()
    environment = {"INSTANCE_DIR": str(instance), "SECRET_KEY": "test-" * 8}
    if database == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("emptied_postgres")
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), instance / "regapp.sqlite")
    return environment


@pytest.fixture
def build_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Return a function that builds an application on this test's database, with other settings if wanted."""
    built: list[Flask] = []

    def build(**changes: str) -> Flask:
        built.append(_build(settings | changes))
        return built[-1]

    yield build
    for app in built:
        _let_go(app)


@pytest.fixture
def app(build_app: Callable[..., Flask]) -> Iterator[Flask]:
    """Return the application, with a context pushed, so that a test may call services directly."""
    app = build_app()
    with app.app_context():
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a visitor's browser without JavaScript, as it were."""
    return app.test_client()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty database file to copy."""
    folder = tmp_path_factory.mktemp("template")
    _migrate({"INSTANCE_DIR": str(folder)})
    return folder / "regapp.sqlite"


@pytest.fixture(scope="session")
def server() -> str:
    """Return the address of a PostgreSQL server, for `new_database`."""
    return _server()


@pytest.fixture(scope="session")
def migrated_postgres(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a migrated database for this worker's tests, one after the other."""
    with new_database(server) as url:
        _migrate({"INSTANCE_DIR": str(tmp_path_factory.mktemp("migration")), "DATABASE_URL": url})
        yield url


@pytest.fixture
def emptied_postgres(migrated_postgres: str) -> str:
    """Return the same address after all rows have gone and numbers start at 1 again.

    Rows are deleted where there are some: TRUNCATE makes new files for every table, ten times as slow for a few rows.
    """
    tables = [table.name for table in reversed(db.metadata.sorted_tables)]
    used = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    with psycopg.connect(migrated_postgres) as connection:
        filled = {row[0] for row in connection.execute(used)}
        for name in filter(filled.__contains__, tables):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        connection.execute("SELECT setval(s.sequencename::regclass, 1, false) FROM pg_sequences s WHERE last_value > 0")
    return migrated_postgres


class _Client(FlaskClient):
    """Ends what the test itself has read before a request, so that it sees afterwards what the request changed."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        db.session.rollback()
        g.pop("me", None)  # who was signed in, and in which role: kept in the context, which here outlives the request
        g.pop("role", None)
        g.pop("csrf_token", None)  # Flask-WTF keeps it in the context, which here outlives the request
        refresh()  # the same for Flask-Babel and its language
        return super().open(*args, **kwargs)


class _Compiled(BytecodeCache):
    """Keeps compiled templates for all applications of this process: each test builds a new one."""

    kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


class _Rule(Rule):
    """Keeps the function that builds an address from a rule for all applications of this process: it takes the rule.

    Compiling these is most of what building an application takes, and each test builds one.
    """

    kept: dict[tuple[str, bool], Callable[..., tuple[str, str]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (repr((self._trace, self.defaults)), append_unknown)
        if key not in self.kept:
            self.kept[key] = super()._compile_builder(append_unknown)
        return self.kept[key]


def _build(environment: Settings) -> Flask:
    given = {key: value for key, value in environment.items() if key != "INSTANCE_DIR"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "url_rule_class", _Rule)
        app = create_app(TestConfig(Path(environment["INSTANCE_DIR"]), **given))
    app.test_client_class = _Client
    app.jinja_env.bytecode_cache = _Compiled()
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _write_lightly)  # after the application's own
        _share_statements(db.engine)
    return app


def _share_statements(engine: Engine) -> None:
    """Keep compiled statements for all applications of this process: they are found by dialect and statement."""
    engine.dialect, engine._compiled_cache = _statements.setdefault(
        engine.dialect.name, (engine.dialect, engine._compiled_cache)
    )


def _migrate(environment: Settings) -> None:
    app = _build(environment)
    with app.app_context():
        flask_migrate.upgrade()
    _let_go(app)


def _write_lightly(connection: sqlite3.Connection, _record: object) -> None:
    """Let SQLite leave writing to the disk to the system, as `tests.postgres` does. Servers that tests start do not."""
    connection.execute("PRAGMA synchronous = OFF")


def _let_go(app: Flask) -> None:
    """Close the connections of an application."""
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
