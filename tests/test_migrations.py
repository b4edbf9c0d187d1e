"""The migrations lead to what the models say, and back, with data in the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import func, insert, inspect, select

from config import TestConfig
from regapp import create_app
from regapp.db import Model, db, transaction
from regapp.models import (
    Account,
    Announcement,
    Heartbeat,
    Import,
    Membership,
    OutboxMail,
    RecoveryCode,
    Role,
    SavedView,
    Series,
    Tag,
)
from regapp.models.registration import TRIGRAMS
from regapp.services import listing, registrations
from regapp.services.people import View
from tests.factories import make_category, make_event, make_registration
from tests.postgres import new_database

VERSIONS = Path(__file__).parent.parent / "migrations" / "versions"
HEAD = ScriptDirectory(str(VERSIONS.parent)).get_current_head()


@pytest.fixture
def bare_app(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """Give an application on a database without any table."""
    if database == "sqlite":
        yield from _run(create_app(TestConfig(tmp_path / "instance")))
        return
    with new_database(request.getfixturevalue("server")) as url:
        yield from _run(create_app(TestConfig(tmp_path / "instance", DATABASE_URL=url)))


def _run(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_an_empty_database_becomes_what_the_models_say(bare_app: Flask) -> None:
    flask_migrate.upgrade()

    assert _differences() == []


def test_nothing_differs_from_tables_made_of_the_models_themselves(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    migrated = _schema()
    flask_migrate.downgrade(revision="base")

    db.create_all()

    assert migrated == _schema()


def test_the_last_step_can_be_undone_and_done_again_with_data_in_the_tables(bare_app: Flask, now: datetime) -> None:
    flask_migrate.upgrade()
    _fill(now)

    flask_migrate.downgrade()
    flask_migrate.upgrade()

    assert _differences() == []


def test_all_steps_can_be_undone_and_done_again_with_data_in_the_tables(bare_app: Flask, now: datetime) -> None:
    flask_migrate.upgrade()
    _fill(now)

    flask_migrate.downgrade(revision="base")

    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()
    assert _differences() == []
    assert set(_rows().values()) == {0}


def test_migrating_twice_changes_nothing(bare_app: Flask, now: datetime) -> None:
    flask_migrate.upgrade()
    _fill(now)
    before = _rows()

    flask_migrate.upgrade()

    assert _rows() == before
    assert _revision() == HEAD


def test_a_migration_that_fails_leaves_the_database_as_it_was(bare_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("the power went")

    monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)

    with pytest.raises(OSError, match="the power went"):
        flask_migrate.upgrade()

    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}


def test_migrations_are_numbered_and_do_not_know_the_models() -> None:
    scripts = sorted(VERSIONS.glob("*.py"))

    assert [script.name[:4] for script in scripts] == [f"{number:04d}" for number in range(1, len(scripts) + 1)]
    assert [script.name for script in scripts if "regapp" in script.read_text(encoding="utf-8")] == []


def _differences() -> list[object]:
    """Return what a new migration would have to change: tables, columns, types, defaults, indexes, keys."""
    with db.engine.connect() as connection:
        options: dict[str, Any] = {"compare_type": True, "compare_server_default": True}
        options["include_object"] = lambda _object, name, *_: name != TRIGRAMS
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata))


def _schema() -> dict[str, list[str]]:
    """Return table name → all that the database knows of it: checks and conditions of indexes too."""
    inspector = inspect(db.engine)
    return {
        table.name: _lines(
            inspector.get_columns(table.name),
            [inspector.get_pk_constraint(table.name)],
            inspector.get_foreign_keys(table.name),
            inspector.get_unique_constraints(table.name),
            inspector.get_check_constraints(table.name),
            [index for index in inspector.get_indexes(table.name) if index["name"] != TRIGRAMS],
        )
        for table in db.metadata.sorted_tables
    }


def _lines(*facts: Sequence[Any]) -> list[str]:
    """Return each fact as a line, sorted, so that two schemas can be compared."""
    items = [item for group in facts for item in group]
    return sorted("; ".join(f"{key} = {_text(item[key])}" for key in sorted(item)) for item in items)


def _text(value: object) -> str:
    return str({key: str(inner) for key, inner in value.items()}) if isinstance(value, dict) else str(value)


def _fill(now: datetime) -> None:
    """Put at least one row into every table."""
    event = make_event(size=1, slug="conference")
    seated = make_registration(event, now=now)
    category_id = make_category(event)
    make_registration(event, category_id=category_id, now=now)
    with transaction():
        registrations.cancel(seated.id, actor="attendee", now=now)
        account = {"email": "owner@example.org", "name": "Owner", "created_at": now}
        account_id = db.session.execute(insert(Account).values(account).returning(Account.id)).scalar_one()
        member = {"account_id": account_id, "event_id": event.id, "role": Role.OWNER}
        db.session.execute(insert(Membership).values(member))
        db.session.execute(insert(Heartbeat).values(worker="test", seen_at=now))
        _fill_workspace(event.id, account_id, seated.id, now)
    assert 0 not in _rows().values()


def _fill_workspace(event_id: int, account_id: int, registration_id: int, now: datetime) -> None:
    mine = {"event_id": event_id, "account_id": account_id}
    rows: dict[type[Model], dict[str, Any]] = {
        RecoveryCode: {"account_id": account_id, "hash": "0" * 64},
        Series: {"slug": "conferences", "texts": {"en": {"name": "Conferences"}}},
        Tag: {"registration_id": registration_id, "tag": "speaker", "event_id": event_id},
        SavedView: {**mine, "name": "Waiting", "query": "state=waitlisted"},
        Import: {**mine, "name": "list.csv", "read_as": {}, "header": ["N"], "rows": [[2, "A"]], "created_at": now},
        Announcement: {
            **mine, "subject": "Room", "body": "It is on the first floor.", "query": "", "recipients": 1,
            "created_at": now, "due_at": now, "submission_hash": "0" * 64,
        },
    }  # fmt: skip
    for model, values in rows.items():
        db.session.execute(insert(model).values(values))
    about_an_account = {"message": "reset", "lang": "en", "facts": {}, "created_at": now, "due_at": now}
    db.session.execute(insert(OutboxMail).values(account_id=account_id, **about_an_account))


def _rows() -> dict[str, int]:
    """Return table name → number of rows."""
    with db.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in db.metadata.sorted_tables
        }


def _revision() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@pytest.fixture
def may_not_extend(server: str, tmp_path: Path) -> Iterator[Flask]:
    """Give an application on PostgreSQL whose user may make tables, and nothing beside."""
    with new_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE ROLE plain LOGIN")
            connection.execute("GRANT USAGE, CREATE ON SCHEMA public TO plain")
        yield from _run(create_app(TestConfig(tmp_path / "instance", DATABASE_URL=url.replace("regapp@", "plain@"))))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP OWNED BY plain; DROP ROLE plain")


def test_people_are_found_without_the_extension_that_makes_it_quick(may_not_extend: Flask, now: datetime) -> None:
    flask_migrate.upgrade()

    assert _differences() == []
    person = make_registration(make_event(), now=now, last_name="Őrsi")
    assert [found.code for found in listing.list_page(person.event.id, View(q="orsi"), page=1).people] == [person.code]


def test_the_extension_is_used_where_it_can_be(bare_app: Flask, database: str) -> None:
    flask_migrate.upgrade()

    names = {index["name"] for index in inspect(db.engine).get_indexes("registrations")}

    assert (TRIGRAMS in names) == (database == "postgresql")
