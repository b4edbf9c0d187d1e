"""Settings: what they become, what they refuse, and how the application starts with them."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from config import Config, TestConfig
from regapp import create_app
from regapp.db import db
from regapp.errors import ConfigError

PG = "postgresql+psycopg://"


class EmptyConfig(Config):
    """What an environment without any setting gives, in a folder of the test."""

    def __init__(self, folder: Path, **env: str) -> None:
        super().__init__({"INSTANCE_DIR": str(folder / "instance"), **env})


def test_without_settings_everything_lies_in_the_instance_folder() -> None:
    config = Config({})

    assert config.EMBEDDED
    assert Path(config.INSTANCE_DIR).name == "instance"
    assert config.SQLALCHEMY_DATABASE_URI == f"sqlite:///{config.INSTANCE_DIR}/regapp.sqlite"
    assert config.PUBLIC_URL == "http://127.0.0.1:8000"
    assert not config.SESSION_COOKIE_SECURE


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@host/name", PG + "u:p@host/name"),
        ("postgresql://u:p@host/name", PG + "u:p@host/name"),
        (PG + "u:p@host/name", PG + "u:p@host/name"),
    ],
    ids=["the short form", "the usual form", "with our driver"],
)
def test_an_address_of_postgresql_gets_the_driver_that_we_ship(given: str, used: str) -> None:
    config = Config({"DATABASE_URL": given})

    assert config.SQLALCHEMY_DATABASE_URI == used
    assert not config.EMBEDDED


def test_a_relative_instance_folder_is_seen_from_where_we_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    config = Config({"INSTANCE_DIR": "here"})

    assert Path(config.INSTANCE_DIR) == tmp_path / "here"


def test_cookies_are_secure_when_visitors_come_by_https() -> None:
    config = Config({"PUBLIC_URL": "https://events.example.org/"})

    assert config.SESSION_COOKIE_SECURE
    assert config.PUBLIC_URL == "https://events.example.org"


@pytest.mark.parametrize(("given", "meant"), [("1", True), ("True", True), ("on", True), ("0", False), ("", False)])
def test_a_switch_is_on_or_off(given: str, *, meant: bool) -> None:
    assert Config({"MAIL_USE_TLS": given}).MAIL_USE_TLS is meant


def test_earlier_secrets_are_a_list() -> None:
    assert Config({"SECRET_KEY_FALLBACKS": "one,two,"}).SECRET_KEY_FALLBACKS == ["one", "two"]
    assert Config({}).SECRET_KEY_FALLBACKS == []


def test_postgresql_without_a_secret_stops_the_start_and_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        create_app(EmptyConfig(tmp_path, DATABASE_URL="postgresql://u@host/name"))


def test_the_embedded_default_makes_a_secret_once_that_only_we_can_read(tmp_path: Path) -> None:
    first = create_app(EmptyConfig(tmp_path))
    again = create_app(EmptyConfig(tmp_path))

    kept = tmp_path / "instance" / "secret_key"
    assert first.config["SECRET_KEY"] == again.config["SECRET_KEY"] == kept.read_text(encoding="ascii")
    assert len(first.config["SECRET_KEY"]) == 64
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [file.name for file in kept.parent.iterdir()] == ["secret_key"]


def test_migrating_makes_the_instance_folder_if_it_is_not_there(tmp_path: Path) -> None:
    app = create_app(TestConfig(tmp_path / "deep" / "instance"))

    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()

    assert (tmp_path / "deep" / "instance" / "regapp.sqlite").is_file()


@pytest.mark.parametrize("name", ["PORT", "THREADS", "MAIL_PORT", "LOCK_TIMEOUT"])
def test_a_setting_that_is_no_number_is_named(name: str) -> None:
    with pytest.raises(SystemExit, match=f"{name} is “abc”: it must be a whole number"):
        Config({name: "abc"})


def test_time_limits_reach_the_database(build_app: Callable[..., Flask]) -> None:
    app = build_app(STATEMENT_TIMEOUT="7", LOCK_TIMEOUT="3", TRANSACTION_TIMEOUT="11")
    if app.config["EMBEDDED"]:
        asked = {"PRAGMA busy_timeout": 3000}  # milliseconds
    else:
        asked = {
            "SHOW statement_timeout": "7s",
            "SHOW lock_timeout": "3s",
            "SHOW idle_in_transaction_session_timeout": "11s",
        }

    with app.app_context(), db.engine.connect() as connection:
        found = {question: connection.scalar(text(question)) for question in asked}

    assert found == asked
