"""`doctor`: one line per check, what to do, and 1 if something has to be done."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text, update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Heartbeat, OutboxMail, Quota
from regapp.services import health
from tests.factories import make_event, make_registration


def examine(app: Flask) -> tuple[int, dict[str, str]]:
    """Return the exit code, and check → line."""
    found = app.test_cli_runner().invoke(args=["doctor"])
    lines = [line.split(maxsplit=1) for line in found.output.splitlines()]
    return found.exit_code, {what.partition(":")[0]: f"{verdict} {what}" for verdict, what in lines}


@pytest.fixture
def well(app: Flask) -> Flask:
    """Return an installation with a worker that has just been seen."""
    with transaction():
        db.session.add(Heartbeat(worker="one", seen_at=utcnow()))
    return app


def test_all_is_well(well: Flask) -> None:
    make_event()

    code, found = examine(well)

    assert code == 0
    assert {line.split()[0] for line in found.values()} == {"ok"}
    assert list(found) == [
        "secret", "address", "files", "mail", "database", "schema", "worker", "outbox", "failed mails", "books",
    ]  # fmt: skip
    assert "mails become files in" in found["mail"]
    assert found["books"] == "ok books: 1 events agree"


@pytest.mark.parametrize(
    ("setting", "value", "check", "expected"),
    [
        ("SECRET_KEY", "short", "secret", "problem secret: 5 characters; set SECRET_KEY"),
        ("PUBLIC_URL", "events.example.org", "address", "problem address: PUBLIC_URL is “events.example.org”"),
        ("PUBLIC_URL", "https://[::1", "address", "problem address: PUBLIC_URL is"),
        ("PUBLIC_URL", "http://events.example.org", "address", "warning address: http://events.example.org is not"),
        ("PUBLIC_URL", "http://192.0.2.1", "address", "warning address"),
        ("PUBLIC_URL", "https://events.example.org", "address", "ok address: https://events.example.org"),
        ("PUBLIC_URL", "http://localhost:8000", "address", "ok address"),
        ("PUBLIC_URL", "http://[::1]:8000", "address", "ok address"),
    ],
)
def test_settings_are_judged(well: Flask, setting: str, value: str, check: str, expected: str) -> None:
    well.config[setting] = value

    code, found = examine(well)

    assert found[check].startswith(expected)
    assert code == (1 if expected.startswith("problem") else 0)


def test_a_secret_that_others_may_read_is_a_problem(well: Flask) -> None:
    path = Path(well.config["INSTANCE_DIR"]) / "secret_key"
    path.write_text("x" * 64)
    path.chmod(0o644)

    assert "run chmod 600" in examine(well)[1]["secret"]


def test_a_folder_that_is_not_there_is_a_problem(well: Flask, tmp_path: Path) -> None:
    well.config["INSTANCE_DIR"] = str(tmp_path / "nowhere")

    assert examine(well)[1]["files"].startswith("problem files:")


def test_a_mail_server_that_is_away_is_a_problem(build_app: Callable[..., Flask]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=str(port), MAIL_TIMEOUT="2")

    with app.app_context():
        code, found = examine(app)

    assert code == 1
    assert found["mail"].startswith("problem mail: 127.0.0.1 cannot be reached")


def test_a_database_that_is_behind_is_a_problem_and_is_not_read_further(well: Flask) -> None:
    wanted = health.wanted_revision()
    with transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        code, found = examine(well)
    finally:
        with transaction():
            db.session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": wanted})

    assert code == 1
    assert found["schema"].startswith(f"problem schema: at 0000, needed {wanted};")
    assert "db upgrade" in found["schema"]
    assert "books" not in found


def test_a_database_that_is_away_is_a_problem(build_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = build_app(DATABASE_URL=f"postgresql://nobody@/none?host={tmp_path}")

    with app.app_context():
        code, found = examine(app)

    assert code == 1
    assert found["database"].startswith("problem database: cannot be reached")
    assert "schema" not in found


def test_a_worker_that_was_never_seen_is_a_problem(app: Flask) -> None:
    assert examine(app)[1]["worker"].startswith("problem worker: none was ever seen")


def test_a_worker_that_is_silent_is_a_problem(app: Flask) -> None:
    with transaction():
        db.session.add(Heartbeat(worker="one", seen_at=utcnow() - timedelta(minutes=10)))

    assert examine(app)[1]["worker"].startswith("problem worker: silent for 60")


def test_mail_that_does_not_leave_is_a_problem(well: Flask) -> None:
    make_registration(make_event())
    assert examine(well)[1]["outbox"] == "ok outbox: 1 waiting"

    with transaction():
        db.session.execute(update(OutboxMail).values(due_at=utcnow() - timedelta(hours=1)))

    assert "1 mails are due, the oldest for 60 minutes" in examine(well)[1]["outbox"]


def test_mail_that_was_given_up_is_a_problem(well: Flask) -> None:
    make_registration(make_event())
    with transaction():
        db.session.execute(update(OutboxMail).values(failed_at=utcnow(), error="550 no such user"))

    assert examine(well)[1]["failed mails"].startswith("problem failed mails: 1; see")


def test_books_that_do_not_agree_are_a_problem(well: Flask) -> None:
    make_event()
    with transaction():
        db.session.execute(update(Quota).values(taken=1))

    code, found = examine(well)

    assert code == 1
    assert found["books"].startswith("problem books: 1 differences; see")
