"""Lists are complete, in order, and safe to open."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from regapp.db import snapshot, transaction
from regapp.errors import NotFound
from regapp.rules.states import State
from regapp.services import exports, registrations
from regapp.services.exports import Wanted
from regapp.services.formats import BOM, safe
from regapp.services.people import Sort, View
from tests.factories import make_event, make_registration


def text_of(slug: str, state: State = State.CONFIRMED) -> str:
    """Return the file as it would be written."""
    return written(slug, Wanted(View(state=state, sort=Sort.QUEUE, descending=False))).decode()


def written(slug: str, wanted: Wanted) -> bytes:
    """Return the bytes of a list."""
    file = io.BytesIO()
    with snapshot() as connection:
        exports.write(connection, slug, wanted, file)
    return file.getvalue()


def rows_of(slug: str, state: State = State.CONFIRMED) -> list[dict[str, str]]:
    """Return the file as a spreadsheet would read it."""
    return list(csv.DictReader(io.StringIO(text_of(slug, state).removeprefix(BOM), newline="")))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("=HYPERLINK(…)", "'=HYPERLINK(…)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("-", "-"),
        ("+-1", "+-1"),
        ("--1", "--1"),
        ("-1\n", "'-1\n"),
        ("+٣٤", "'+٣٤"),
        ("\t1", "'\t1"),
        ("\r1", "'\r1"),
        ("+36 (1) 234-56.78", "+36 (1) 234-56.78"),
        ("-1,5", "-1,5"),
        ("Ana", "Ana"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_spreadsheet_takes_no_cell_for_a_formula(cell: str, expected: str) -> None:
    assert safe(cell) == expected


@pytest.mark.rule("R15")
def test_the_list_holds_those_who_have_a_place_and_nobody_else(app: Flask, now: datetime) -> None:
    event = make_event(size=2)
    own = [make_registration(event, now=now) for _ in range(4)]
    with transaction():
        registrations.cancel(own[0].id, actor="attendee", now=now)

    assert [row["reference"] for row in rows_of(event.slug)] == [own[1].code, own[2].code]
    assert [row["reference"] for row in rows_of(event.slug, State.WAITLISTED)] == [own[3].code]
    assert [row["reference"] for row in rows_of(event.slug, State.CANCELLED)] == [own[0].code]


def test_those_who_wait_are_listed_in_the_order_of_the_queue(app: Flask, now: datetime) -> None:
    event = make_event(size=0)
    own = [make_registration(event, now=now - timedelta(minutes=minute)) for minute in range(3)]

    assert [row["reference"] for row in rows_of(event.slug, State.WAITLISTED)] == [one.code for one in own]


def test_a_row_holds_what_the_columns_promise(app: Flask) -> None:
    event = make_event(tz="Europe/Budapest")
    own = make_registration(
        event, now=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), first_name="Örs\r\n\"Öcsi\"", last_name=None,
        email="ors@example.org", organisation="=Klaszter", job_title="Igazgató, elnök", country="HU", lang="hu",
    )  # fmt: skip

    (row,) = rows_of(event.slug)

    assert tuple(row) == exports.COLUMNS
    assert tuple(row.values()) == (
        own.code, "confirmed", "Örs\r\n\"Öcsi\"", "", "ors@example.org", "'=Klaszter", "Igazgató, elnök",
        "HU", "Hungary", "hu", "2026-07-02 00:30:00", "Europe/Budapest",
    )  # fmt: skip


def test_the_file_says_that_it_is_utf_8_and_ends_lines_as_csv_wants(app: Flask, now: datetime) -> None:
    event = make_event()
    make_registration(event, now=now)

    text = text_of(event.slug)

    assert text.startswith("\ufeffreference,state,first_name,")
    assert text.count("\r\n") == 2
    assert text.count("\n") == 2


def test_a_list_without_anybody_has_its_heading(app: Flask) -> None:
    event = make_event()

    assert text_of(event.slug) == BOM + ",".join(exports.COLUMNS) + "\r\n"


def test_drafts_have_lists_too(app: Flask) -> None:
    event = make_event(status="draft")

    assert rows_of(event.slug) == []


def test_an_unknown_event_has_no_list(app: Flask) -> None:
    with pytest.raises(NotFound):
        text_of("nowhere")
