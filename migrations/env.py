"""Runs the migrations on the application's own database: `flask --app wsgi db upgrade`, while the product serves.

All steps of one call are one transaction, and two calls at the same time follow one another. On PostgreSQL everybody
stands in line behind whoever waits for a table that somebody reads: so a step waits for a second at most, and the whole
call begins anew.
"""

from __future__ import annotations

import time

import click
from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext, MigrationInfo
from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from regapp.models.registration import TRIGRAMS

LOCK = 7_346_720
"""Any number, the same for every server: PostgreSQL's advisory lock for migrating."""


WAITS = "1s"
"""How long a step waits for a table; visitors wait as long."""
TRIES, PAUSE = 60, 1.0
"""How often a call begins anew, and after how many seconds."""
LOCK_NOT_AVAILABLE = "55P03"


def run() -> None:
    """Bring the schema to the revision asked for. Raises: OperationalError if a table is in use all the time."""
    for left in reversed(range(TRIES)):
        try:
            _run()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or not left:
                raise
            click.echo("a table that is to change is in use; trying again")
            time.sleep(PAUSE)
        else:
            return


def _run() -> None:
    migrate = current_app.extensions["migrate"]
    with migrate.db.engine.connect().execution_options(writes=True) as connection:
        _foreign_keys(connection, on=False)
        try:
            context.configure(
                connection=connection,
                target_metadata=migrate.db.metadata,
                include_object=_is_ours,
                transactional_ddl=True,  # on SQLite too: db.py begins the transaction, not the driver
                on_version_apply=_say,
                **{"process_revision_directives": _number, **migrate.configure_args},
            )
            with context.begin_transaction():
                _wait_for_others(connection)
                context.run_migrations()
                _check_foreign_keys(connection)
        finally:
            _foreign_keys(connection, on=True)


def _is_ours(_object: object, name: str | None, *_: object) -> bool:
    """Say whether the models know of something: one index is made only where PostgreSQL can."""
    return name != TRIGRAMS


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    """Switch SQLite's foreign keys, outside any transaction: changing a table there means building it anew."""
    if connection.dialect.name == "sqlite":
        connection.rollback()
        connection.connection.cursor().execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    """Refuse the result if a row points nowhere."""
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        raise RuntimeError(f"rows that point nowhere: {broken[:5]}")


def _wait_for_others(connection: Connection) -> None:
    """Let another server that is migrating finish first. SQLite's write lock does this by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAITS}'"))


def _say(*, step: MigrationInfo, **_: object) -> None:
    direction = "up" if step.is_upgrade else "down"
    click.echo(f"migrated {direction}: {step.up_revision_id} {step.up_revision.doc if step.up_revision else ''}")


def _number(migration: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """Number a new migration after the newest one; make none when nothing changed."""
    script = directives[0]
    newest = context.script.get_current_head() or "0000"
    script.rev_id = f"{int(newest) + 1:04d}"
    if script.upgrade_ops is not None and script.upgrade_ops.is_empty() and context.config.cmd_opts.autogenerate:
        directives.clear()


if context.is_offline_mode():
    raise click.UsageError("There is no SQL output: migrations need the database they change.")
run()
