"""`demo load`: may be run again at any time."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from regapp.db import db
from regapp.models import Event
from regapp.services import accounts, passwords, teams
from tests.factories import make_event


def count_events() -> int:
    return db.session.scalar(select(func.count()).select_from(Event)) or 0


def test_a_second_load_leaves_all_events_alone(app: Flask) -> None:
    run = app.test_cli_runner()

    first = run.invoke(args=["demo", "load"])
    second = run.invoke(args=["demo", "load"])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.startswith("demo: 5 loaded, 0 left alone (clusters-in-europe-iv, ")
    assert second.output == "demo: 0 loaded, 5 left alone\n"
    assert count_events() == 5


def test_an_event_that_has_its_name_already_is_left_as_it_is(app: Flask) -> None:
    make_event(slug="european-cluster-conference", size=7)

    found = app.test_cli_runner().invoke(args=["demo", "load"])

    assert "4 loaded, 1 left alone" in found.output
    assert db.session.scalar(select(func.count()).where(Event.slug == "european-cluster-conference")) == 1


def test_if_empty_loads_into_an_empty_database_only(app: Flask) -> None:
    run = app.test_cli_runner()

    assert "5 loaded" in run.invoke(args=["demo", "load", "--if-empty"]).output

    found = run.invoke(args=["demo", "load", "--if-empty"])
    assert (found.exit_code, found.output) == (0, "demo: nothing loaded, there are events already\n")


def test_if_empty_does_nothing_beside_somebody_s_own_event(app: Flask) -> None:
    make_event()

    app.test_cli_runner().invoke(args=["demo", "load", "--if-empty"])

    assert count_events() == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
class TestOrganizer:
    def test_an_empty_embedded_database_gets_one_whose_password_is_said_once(self, app: Flask) -> None:
        run = app.test_cli_runner()

        first = run.invoke(args=["demo", "load", "--if-empty"]).output
        second = run.invoke(args=["demo", "load", "--if-empty"]).output

        found = re.search(r"address +(\S+)\n +password +(\S+)", first)
        assert found is not None
        keys = accounts.find_keys(found[1])
        assert keys is not None
        assert passwords.fits(found[2], keys.password_hash)
        assert [mine.role for mine in teams.list_events(keys.me.id)] == ["owner"] * 5
        assert "password" not in second

    def test_beside_events_or_accounts_of_somebody_there_is_none(self, app: Flask) -> None:
        app.test_cli_runner().invoke(args=["organizer", "create", "eva@example.org", "--name", "Eva"])

        said = app.test_cli_runner().invoke(args=["demo", "load", "--if-empty"]).output

        assert "password" not in said
        assert accounts.count() == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_of_its_own_gets_no_organizer(app: Flask) -> None:
    said = app.test_cli_runner().invoke(args=["demo", "load", "--if-empty"]).output

    assert "5 loaded" in said
    assert "password" not in said
    assert accounts.count() == 0
