"""The database: one session a request, one place that begins and ends a transaction.

The session makes objects of rows and keeps track of them. That costs more than sending a statement, so what is sent for
nearly every visitor does without: it takes the bare `connection` of the step that it belongs to, or is `read` at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, DateTime, Dialect, Engine, ExceptionContext, MetaData, Row, Table, event
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from regapp.compiled import Compiled
from regapp.turns import Turns, TurnTimeout

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base; constraint names come from `NAMES`, so that migrations can name what they change."""

    metadata = MetaData(naming_convention=NAMES)


_step: ContextVar[Connection | None] = ContextVar("step", default=None)
"""The connection of the transaction that is open, if one is."""


class JoiningSession(Session):
    """A session that takes part in the transaction that is open, and otherwise has a connection of its own."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return where statements go."""
        return _step.get() or super().get_bind(*args, **kwargs)


db = SQLAlchemy(
    model_class=Base, session_options={"class_": JoiningSession, "expire_on_commit": False, "autoflush": False}
)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


_FILE_TROUBLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
"""Errors after which SQLite's file must be opened anew: what was opened for reading only stays so for ever."""

MOMENT = 100
"""Milliseconds that tidying up waits for those who read; it is done again every hour."""
_TURNS = "regapp.turns"

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A result row, whatever its columns."""


def table(model: type[Model]) -> Table:
    """Return the table of a model, for statements that are built once and bypass the ORM."""
    return cast(Table, model.__table__)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values on the way in, gives UTC on the way out (SQLite stores no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(slots=True)
class Changes:
    """How often this process changed the database: only by giving seats, or otherwise. Tells what is out of date."""

    seats: int = 0
    settings: int = 0


changes = Changes()


@contextmanager
def transaction(*, gives_seats_only: bool = False) -> Iterator[None]:
    """Make the block one step: committed when it ends, undone when it raises.

    For the outermost caller only (route, command, worker, test); services never commit. Ends a read transaction that
    is open. On SQLite the write lock is taken at once, so that nothing read inside can be out of date.
    """
    _end_reading()
    try:
        with (
            _turn() as begun,
            db.engine.connect().execution_options(writes=True) as opened,
            opened.begin(),
            _as_step(opened),
        ):
            begun()
            yield
    except BaseException:
        changes.settings += 1  # what was believed may be the reason
        raise
    if gives_seats_only:
        changes.seats += 1
    else:
        changes.settings += 1


def _turn() -> AbstractContextManager[Callable[[], None]]:
    """Wait for one's turn where writers follow one another; gives what is to be called once the lock is there."""
    turns: Turns | None = current_app.extensions.get(_TURNS)
    return nullcontext(lambda: None) if turns is None else turns.take()


def connection() -> Connection:
    """Return the connection of the open transaction. Raises: LookupError if there is none."""
    step = _step.get()
    if step is None:
        raise LookupError("no transaction is open")
    return step


def read(statement: Compiled, values: Mapping[str, Any]) -> Sequence[Any]:
    """Return the rows of a statement without the ORM: as of now, or as the open transaction sees them.

    What the session reads later is no older. It keeps a connection that it has once taken, and then lends it: a thread
    that held two at a time could wait for itself.
    """
    lent = _step.get() or (db.session.connection() if _session_reads() else None)
    if lent is not None:
        return statement.rows(lent, values)
    with db.engine.connect() as opened:
        return statement.rows(opened, values)


def let_go() -> None:
    """End what was read and give the connection back, before something that takes long. For the edge only."""
    db.session.rollback()


@contextmanager
def snapshot() -> Iterator[Connection]:
    """Read a consistent state, whatever others commit meanwhile. Gives the connection; writes nothing."""
    db.session.commit()
    options: dict[str, Any] = {}
    if db.engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        yield db.session.connection(execution_options=options)
    finally:
        db.session.rollback()


@contextmanager
def _as_step(opened: Connection) -> Iterator[None]:
    """Let everything inside the block use this connection, the session too if anybody asks for it."""
    token = _step.set(opened)
    try:
        yield
        _end_reading()  # stores what the session still has to store
    except BaseException:
        if db.session.registry.has():
            db.session.rollback()
        raise
    finally:
        _step.reset(token)


def _end_reading() -> None:
    if db.session.registry.has():  # looking at it would make one
        db.session.commit()


def _session_reads() -> bool:
    return db.session.registry.has() and db.session().in_transaction()


def prepare_engine(app: Flask, engine: Engine) -> None:
    """Begin transactions only where they are wanted: where something is written, or read as of one moment."""
    if engine.dialect.name == "sqlite":
        places = max(1, app.config["THREADS"] // 2)  # the other threads go on showing pages
        app.extensions[_TURNS] = Turns(places=places, timeout=app.config["LOCK_TIMEOUT"])
        _prepare_sqlite(engine)
        return

    @event.listens_for(engine, "set_connection_execution_options")
    def _isolate(_connection: Connection, options: dict[str, Any]) -> None:
        if options.get("writes"):
            options["isolation_level"] = "READ COMMITTED"


def compact() -> None:
    """Let nothing of what was deleted lie about in the files of the embedded database; others tidy up themselves.

    Waits for readers only for a moment, since nobody can write meanwhile; and not at all if nobody can write anyway.
    """
    db.session.commit()
    if db.engine.dialect.name == "sqlite":
        with suppress(TurnTimeout), _turn() as begun:
            begun()
            _checkpoint()


def _checkpoint() -> None:
    """Write what is in the log into the database, outside any transaction, and empty the log."""
    with closing(db.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        (patience,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {MOMENT}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute(f"PRAGMA busy_timeout = {patience}")


def _prepare_sqlite(engine: Engine) -> None:
    """Give every connection its settings, and leave the beginning of transactions to us."""

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # no implicit BEGIN
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "handle_error")
    def _open_anew(context: ExceptionContext) -> None:
        error = context.original_exception
        if (
            isinstance(error, sqlite3.OperationalError)
            and getattr(error, "sqlite_errorcode", 0) & 0xFF in _FILE_TROUBLE
        ):
            engine.dispose()  # all of them: SQLite shares what it has opened within a process
            context.is_disconnect = True
