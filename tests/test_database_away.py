"""Database or mail server away: nothing half done, nothing lost, and sending again is safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import OperationalError

from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.models import History, OutboxMail, Party, Registration
from regapp.services.events import EventFacts, get
from tests.browser.serving import free_port
from tests.factories import make_event
from tests.web.visitor import FIELDS, Page, fill, read

Settings = dict[str, str]
Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def away(app: Flask, settings: Settings) -> Away:
    """Return a context in which the database can be reached by nobody; what was connected is cut off."""
    if "DATABASE_URL" in settings:
        return lambda: _closed_to_all(settings["DATABASE_URL"])
    return lambda: _without_its_folder(Path(settings["INSTANCE_DIR"]))


@contextmanager
def _closed_to_all(url: str) -> Iterator[None]:
    """Let the server refuse new connections to this database, and end those that there are."""
    db.session.rollback()
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    elsewhere = psycopg.conninfo.make_conninfo(url, dbname="postgres")
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(elsewhere, autocommit=True) as operator:
        operator.execute(allow.format(sql.Identifier(name), False))
        try:
            operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            operator.execute(allow.format(sql.Identifier(name), True))


@contextmanager
def _without_its_folder(folder: Path) -> Iterator[None]:
    """Take the folder away, as when its disk is gone; what was open is closed."""
    db.session.rollback()
    db.engine.dispose()
    hidden = folder.with_name("unplugged")
    folder.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(folder)


def _counts() -> list[int]:
    """Count parties, registrations, lines of history and mails."""
    db.session.rollback()  # tests share their context with the requests they make: a lost connection too
    models = (Party, Registration, History, OutboxMail)
    return [db.session.scalar(select(func.count()).select_from(model)) or 0 for model in models]


def _nothing_stored(found: EventFacts) -> bool:
    return _counts() == [0, 0, 0, 0] and get(found.id) == found


def _registered_once(found: EventFacts) -> bool:
    return _counts() == [1, 1, 1, 1] and get(found.id).taken == 1


def _assert_unavailable(page: Page, headers: Any) -> None:
    assert page.status == 503
    assert int(headers["Retry-After"]) > 0
    assert "no-store" in headers["Cache-Control"]
    assert "We cannot reach our records just now" in page.words


def test_every_page_says_that_the_records_cannot_be_reached(client: FlaskClient, away: Away) -> None:
    slug = make_event().slug
    own_path = fill(client, f"/events/{slug}/register").location

    for path in ("/", f"/events/{slug}", f"/events/{slug}/register", own_path, f"{own_path}/change"):
        with transaction():  # a change, after which nothing read before counts
            pass
        with away():
            answer = client.get(path)

        _assert_unavailable(read(answer), answer.headers)
        assert client.get(path).status_code == 200, path


def test_a_form_that_met_the_database_away_is_sent_again_and_counts_once(client: FlaskClient, away: Away) -> None:
    found = make_event()
    path = f"/events/{found.slug}/register"
    form = read(client.get(path)).inputs | FIELDS | {"last_name": '<b>"Kovács"</b>'}

    with away():
        answer = client.post(path, data=form)
        page = read(answer)
    nothing_half_done = _nothing_stored(found)
    first, second = (client.post(path, data=page.inputs) for _ in range(2))

    _assert_unavailable(page, answer.headers)
    assert page.inputs == form
    assert page.buttons == ["Send it again"]
    assert nothing_half_done
    assert first.status_code == 303
    assert second.location == first.location
    assert _registered_once(found)
    assert '<b>"Kovács"</b>' in read(client.get(first.location)).words


@pytest.mark.parametrize("doing", ["change", "cancel"])
def test_changing_and_cancelling_wait_for_the_database_too(client: FlaskClient, away: Away, doing: str) -> None:
    found = make_event()
    own_path = fill(client, f"/events/{found.slug}/register").location
    form = read(client.get(f"{own_path}/{doing}")).inputs
    form |= {"organisation": "Balkan Cluster"} if doing == "change" else {}

    with away():
        page = read(client.post(f"{own_path}/{doing}", data=form))
    before = read(client.get(own_path))
    after = read(client.get(client.post(f"{own_path}/{doing}", data=page.inputs).location))

    assert page.status == 503
    assert "Danube Cluster" in before.words
    assert before.main["data-state"] == "confirmed"
    assert "Balkan Cluster" in after.words if doing == "change" else after.main["data-state"] == "cancelled"


def test_a_registration_that_breaks_off_at_any_statement_leaves_nothing(client: FlaskClient) -> None:
    found = make_event()
    path = f"/events/{found.slug}/register"
    form = read(client.get(path)).inputs | FIELDS
    statements = 0

    while True:
        with _broken_at(statements + 1):
            answer = client.post(path, data=form)
        if answer.status_code == 303:
            break
        statements += 1
        assert answer.status_code == 503
        assert read(answer).inputs == form
        assert _nothing_stored(found), f"broken off at statement {statements}"

    assert statements >= (2 if db.engine.dialect.name == "postgresql" else 5)  # one stores all, one takes the seat
    assert _registered_once(found)


@contextmanager
def _broken_at(number: int) -> Iterator[None]:
    """Let the connection fail at this statement: PostgreSQL ends it, SQLite finds its disk unreadable."""
    seen = 0

    def count(connection: Connection, *_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen != number:
            return
        if connection.dialect.name == "sqlite":
            raise OperationalError("", None, sqlite3.OperationalError("disk I/O error"))
        driver: Any = connection.connection.driver_connection
        with psycopg.connect(driver.info.dsn, autocommit=True) as operator:
            operator.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])

    db.session.rollback()
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def test_when_only_the_answer_was_lost_sending_again_gives_it(client: FlaskClient) -> None:
    found = make_event()
    path = f"/events/{found.slug}/register"
    form = read(client.get(path)).inputs | FIELDS

    with _answer_of_commit_lost():
        page = read(client.post(path, data=form))
    stored_meanwhile = _registered_once(found)
    again = client.post(path, data=page.inputs)

    assert page.status == 503
    assert stored_meanwhile
    assert again.status_code == 303
    assert read(client.get(again.location)).main["data-state"] == "confirmed"
    assert _registered_once(found)


@contextmanager
def _answer_of_commit_lost() -> Iterator[None]:
    """Let the first transaction that stores a party be kept, and the news of it get lost."""
    stores: list[Connection] = []

    def notice(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO parties" in statement:
            stores.append(connection)

    def lose(connection: Connection) -> None:
        if connection in stores:
            stores.clear()
            connection.connection.commit()
            raise OperationalError("COMMIT", None, Exception("server closed the connection unexpectedly"))

    db.session.rollback()
    event.listen(db.engine, "before_cursor_execute", notice)
    event.listen(db.engine, "commit", lose)
    yield
    event.remove(db.engine, "before_cursor_execute", notice)
    event.remove(db.engine, "commit", lose)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_locked_by_somebody_else_shows_pages_and_takes_the_form_later(app: Flask, client: FlaskClient) -> None:
    found = make_event()
    path = f"/events/{found.slug}/register"
    db.engine.dispose()
    event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 50"))
    form = read(client.get(path)).inputs | FIELDS

    with closing(sqlite3.connect(str(db.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        page = read(client.post(path, data=form))
        meanwhile = client.get(f"/events/{found.slug}").status_code
    nothing_half_done = _nothing_stored(found)
    again = client.post(path, data=page.inputs)

    assert page.status == 503
    assert page.inputs == form
    assert meanwhile == 200
    assert nothing_half_done
    assert again.status_code == 303
    assert _registered_once(found)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_without_any_postgresql_the_process_lives_and_says_so(build_app: Callable[..., Flask]) -> None:
    app = build_app(DATABASE_URL=f"postgresql://regapp@127.0.0.1:{free_port()}/regapp")

    with app.app_context():
        client = app.test_client()
        answers = {path: client.get(path).status_code for path in ("/", "/readyz", "/healthz", "/privacy")}

    assert answers == {"/": 503, "/readyz": 503, "/healthz": 200, "/privacy": 200}


def test_connections_cut_while_nobody_asked_cost_one_answer_at_most(client: FlaskClient, away: Away) -> None:
    client.get("/readyz")

    with away():
        pass

    answers = [client.get("/readyz").status_code for _ in range(5)]

    assert answers[1:] == [200] * 4


def test_readyz_follows_the_database(client: FlaskClient, away: Away) -> None:
    with away():
        unready = client.get("/readyz")
        alive = client.get("/healthz")
    ready = client.get("/readyz")

    assert (unready.status_code, unready.get_json()["database"]) == (503, "away")
    assert alive.status_code == 200
    assert (ready.status_code, ready.get_json()["database"]) == (200, "ok")


def test_with_the_mail_server_away_people_register_and_their_mail_waits(build_app: Callable[..., Flask]) -> None:
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(free_port()), MAIL_TIMEOUT="2")
    client = app.test_client()
    with app.app_context():
        found = make_event()
        answer = fill(client, f"/events/{found.slug}/register")
        report = outbox.send_due()
        state = read(client.get(answer.location)).main["data-state"]
        mail = db.session.scalars(select(OutboxMail)).one()

    assert state == "confirmed"
    assert not report.reachable
    assert (report.sent, report.failed) == (0, 0)
    assert (mail.sent_at, mail.failed_at) == (None, None)
    assert mail.to_address == FIELDS["email"]


def test_mail_that_waited_leaves_when_it_can(build_app: Callable[..., Flask], settings: Settings) -> None:
    silent = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(free_port()), MAIL_TIMEOUT="2")
    with silent.app_context():
        fill(silent.test_client(), f"/events/{make_event().slug}/register")
        outbox.send_due()

    with build_app().app_context():
        report = outbox.send_due()

    assert report.sent == 1
    assert len(list(Path(settings["INSTANCE_DIR"]).glob("mail/*-confirmed.eml"))) == 1
