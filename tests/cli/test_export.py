"""`export`: to stdout or into a file, whole or not at all."""

from __future__ import annotations

import csv
import io
import stat
from datetime import datetime
from pathlib import Path

from flask import Flask

from regapp.db import db
from tests.factories import make_category, make_event, make_registration


def test_every_attendee_has_a_row_and_nobody_else(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference", size=2)
    own = [make_registration(event, now=now) for _ in range(3)]

    found = app.test_cli_runner().invoke(args=["export", "conference"])

    assert found.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(found.stdout_bytes.decode("utf-8-sig"), newline="")))
    assert [row["reference"] for row in rows] == [own[0].code, own[1].code]


def test_stdout_carries_the_bytes_of_the_file_and_nothing_else(app: Flask, now: datetime, tmp_path: Path) -> None:
    event = make_event(slug="conference")
    make_registration(event, now=now, first_name="Ελένη", organisation="Łódź & Co.")
    run = app.test_cli_runner()

    said = run.invoke(args=["export", "conference"]).stdout_bytes
    run.invoke(args=["export", "conference", "--output", str(tmp_path / "list.csv")])

    assert said == (tmp_path / "list.csv").read_bytes()
    assert said.startswith(b"\xef\xbb\xbfreference,")
    assert said.endswith(b"Europe/Brussels\r\n")


def test_a_file_is_its_owner_s_alone_and_replaces_an_older_one(app: Flask, now: datetime, tmp_path: Path) -> None:
    event = make_event(slug="conference", size=1)
    make_registration(event, now=now)
    make_registration(event, now=now)
    path = tmp_path / "list.csv"
    path.write_text("older")

    found = app.test_cli_runner().invoke(args=["export", "conference", "--state", "waitlisted", "--output", str(path)])

    assert found.output == f"1 waitlisted of conference written to {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8-sig").count("\n") == 2
    assert list(tmp_path.glob(".export-*")) == []


def test_an_unknown_event_is_answered_with_those_that_there_are(app: Flask, tmp_path: Path) -> None:
    make_event(slug="conference")

    found = app.test_cli_runner().invoke(args=["export", "nowhere", "--output", str(tmp_path / "list.csv")])

    assert found.exit_code == 1
    assert "there is no event “nowhere”. Events: conference" in found.output
    assert not (tmp_path / "list.csv").exists()
    assert list(tmp_path.glob(".export-*")) == []


def test_an_unknown_state_is_answered_with_those_that_there_are(app: Flask) -> None:
    found = app.test_cli_runner().invoke(args=["export", "conference", "--state", "happy"])

    assert found.exit_code == 2
    assert "'waitlisted'" in found.output


def test_a_file_that_cannot_be_written_is_named(app: Flask, tmp_path: Path) -> None:
    make_event(slug="conference")
    path = tmp_path / "no" / "such" / "folder" / "list.csv"

    found = app.test_cli_runner().invoke(args=["export", "conference", "--output", str(path)])

    assert found.exit_code == 1
    assert f"cannot write {path}" in found.output


def test_the_connection_is_given_back_before_anything_is_sent(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference")
    make_registration(event, now=now)

    app.test_cli_runner().invoke(args=["export", "conference"])

    assert not db.session().in_transaction()


def test_the_people_of_one_category_are_listed_by_its_name_in_any_language(app: Flask, now: datetime) -> None:
    event = make_event(slug="conference")
    members = make_category(event, texts={"en": {"name": "Members"}, "hu": {"name": "Tagok"}})
    make_registration(event, now=now, first_name="Ana", category_id=members)
    make_registration(event, now=now, first_name="Bo", category_id=make_category(event, name="Guests"))
    run, wanted = app.test_cli_runner(), ["export", "conference", "--columns", "first_name,category", "--category"]

    found, unknown = run.invoke(args=[*wanted, "Tagok"]), run.invoke(args=[*wanted, "Sponsors"])

    assert found.stdout_bytes.decode("utf-8-sig").split() == ["first_name,category", "Ana,Members"]
    assert unknown.exit_code == 2
    assert "there is no category “Sponsors”. Categories: Members, Tagok, Guests" in unknown.output
