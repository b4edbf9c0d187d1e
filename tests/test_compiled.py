"""Statements that go to the driver as they are answer as SQLAlchemy's own way does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from regapp.compiled import Compiled
from regapp.db import db, read, table, transaction
from regapp.models import Event, OutboxMail, Registration
from tests.factories import make_event, make_registration
from tests.statements import counting

EVENT = table(Event).c
MAIL = table(OutboxMail).c
STATEMENT = select(EVENT.slug, EVENT.starts_at, EVENT.serve_until, EVENT.texts, EVENT.asks_organisation_type).where(
    EVENT.slug == bindparam("slug"), EVENT.starts_at > bindparam("after", type_=EVENT.starts_at.type)
)


def test_rows_are_those_of_sqlalchemy(app: Flask) -> None:
    values = {"slug": make_event().slug, "after": datetime(2020, 1, 1, tzinfo=UTC)}

    [row] = read(Compiled(STATEMENT), values)

    with db.engine.connect() as opened:
        assert tuple(row) == tuple(opened.execute(STATEMENT, values).one())
    assert row[1].tzinfo is UTC


def test_nothing_found_is_no_row(app: Flask) -> None:
    assert list(read(Compiled(STATEMENT), {"slug": "x", "after": datetime(2020, 1, 1, tzinfo=UTC)})) == []


def test_writing_counts_the_rows_and_belongs_to_the_open_transaction(app: Flask) -> None:
    event = make_event()
    make_registration(event)
    raised = update(table(Registration)).where(table(Registration).c.event_id == bindparam("event"))
    raised = raised.values(link_version=table(Registration).c.link_version + 1)
    written = Compiled(raised)

    def raise_and_fail() -> None:
        with transaction(), pytest.raises(ValueError, match="undo"):
            assert written.count(db.session.connection(), {"event": event.id}) == 1
            raise ValueError("undo")

    raise_and_fail()
    with transaction():
        assert written.count(db.session.connection(), {"event": event.id}) == 1
        assert written.count(db.session.connection(), {"event": 0}) == 0


def test_listeners_see_the_statement_and_may_refuse_it(app: Flask) -> None:
    with counting() as statements:
        read(Compiled(select(func.count()).select_from(table(OutboxMail)).where(MAIL.id == bindparam("id"))), {"id": 1})

    assert len(statements) == 1
    assert statements[0].startswith("SELECT count(*)")


def test_errors_are_those_of_sqlalchemy_and_repeat_no_value(app: Flask) -> None:
    wrong = Compiled(select(func.no_such_function(bindparam("address", "zsofia@example.org"))))

    with pytest.raises(DBAPIError) as raised:
        read(wrong, {"address": "zsofia@example.org"})

    assert "no_such_function" in str(raised.value)
    assert "zsofia" not in str(raised.value.statement)


class TestAConnectionThatBroke:
    @pytest.fixture
    def database(self) -> str:
        return "postgresql"

    def test_leaves_the_pool(self, app: Flask) -> None:
        pid = Compiled(select(func.pg_backend_pid()))
        end: Any = Compiled(select(func.pg_terminate_backend(func.pg_backend_pid())))
        [[before]] = read(pid, {})

        with pytest.raises(OperationalError) as raised:
            read(end, {})

        assert raised.value.connection_invalidated
        [[after]] = read(pid, {})
        assert after != before
