"""Logs are lines of JSON that say what happened, and to nobody."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from regapp.db import db
from regapp.links import own_path
from tests.factories import make_event, make_registration


@pytest.fixture
def database() -> str:
    """Choose one: what is logged does not depend on it, but for the errors below."""
    return "sqlite"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was logged since the last call."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_request_is_one_line(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    client.get("/healthz")

    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["method"]) == ("request", "info", "GET")
    assert (line["endpoint"], line["status"]) == ("system.healthz", 200)
    assert 0 <= line["ms"] < 10_000
    assert len(line["request_id"]) == 16
    assert line["timestamp"].endswith("Z")


def test_two_requests_have_different_ids(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    client.get("/healthz")
    client.get("/healthz")

    first, second = lines(capsys)
    assert first["request_id"] != second["request_id"]


def test_neither_link_nor_person_nor_ip_is_logged(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    own = make_registration(make_event(slug="conference"), first_name="Zsófia", email="zsofia@example.org")
    capsys.readouterr()

    client.get(own_path(own.code, own.link_version), environ_base={"REMOTE_ADDR": "192.0.2.7"})
    client.post("/events/conference/register", data={"first_name": "Zsófia", "email": "zsofia@example.org"})
    client.get("/events/nowhere?name=zsofia")

    said = capsys.readouterr().err
    assert said.count("\n") == 3
    mac = own_path(own.code, own.link_version).rpartition("-")[2]
    for secret in (own.code, mac, "sofia", "s\\u00f3fia", "192.0.2.7", "/r/", "conference", "nowhere"):
        assert secret not in said


@pytest.fixture
def failing(app: Flask) -> FlaskClient:
    """Return a client of an application in which /r/boom/… fails, as it would outside tests."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def boom(name: str) -> str:
        try:
            raise ValueError(f"no such person: {name}")
        except ValueError as error:
            raise LookupError(name) from error

    def crash(name: str) -> str:
        raise TypeError("unsupported operand")

    app.add_url_rule("/r/boom/<name>", view_func=boom)
    app.add_url_rule("/r/crash/<name>", view_func=crash)
    return app.test_client()


def test_an_unhandled_error_is_logged_with_its_frames_and_without_what_was_typed(
    failing: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert failing.get("/r/boom/Zsofia").status_code == 500

    error, request = lines(capsys)
    assert (error["event"], error["level"]) == ("unhandled error", "error")
    assert error["exception"].startswith("builtins.LookupError: (message left out)\n")
    assert "builtins.ValueError: (message left out)\n" in error["exception"]
    assert "in boom" in error["exception"]
    assert "Zsofia" not in json.dumps(error)
    assert (request["status"], request["level"]) == (500, "error")
    assert request["request_id"] == error["request_id"]


def test_an_error_about_the_program_keeps_its_words(failing: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    failing.get("/r/crash/Zsofia")

    error, _request = lines(capsys)
    assert error["exception"].startswith("builtins.TypeError: unsupported operand\n")


class TestErrorsOfTheDatabase:
    """What a database says of an error often repeats the values."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def database(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def test_they_name_the_statement_and_none_of_its_values(
        self, app: Flask, capsys: pytest.CaptureFixture[str]
    ) -> None:
        db.session.execute(text("CREATE TEMPORARY TABLE known (address VARCHAR(80) UNIQUE)"))
        insert = text("INSERT INTO known (address) VALUES (:address)")
        values = {"address": "zsofia@example.org"}
        db.session.execute(insert, values)
        capsys.readouterr()

        try:
            db.session.execute(insert, values)
        except Exception as error:
            logging.getLogger("somewhere").exception("failed", exc_info=error)
        db.session.rollback()

        (line,) = lines(capsys)
        assert "sqlalchemy.exc.IntegrityError: " in line["exception"]
        assert "INSERT INTO known (address) VALUES (" in line["exception"]
        assert "zsofia" not in json.dumps(line)


def test_what_libraries_log_takes_the_same_shape(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    logging.getLogger("waitress.queue").warning("Task queue depth is %d", 7)

    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("Task queue depth is 7", "warning")
