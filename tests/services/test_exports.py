"""Lists are complete, in order, and safe to open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import load_workbook
from sqlalchemy import update

from regapp.db import db, snapshot, transaction
from regapp.errors import NotFound
from regapp.models import Registration, Tag
from regapp.rules.states import State
from regapp.services import exports, registrations
from regapp.services.events import EventFacts
from regapp.services.exports import ALL_COLUMNS, Wanted
from regapp.services.formats import BOM, WRITERS, Column, Format, Kind, safe
from regapp.services.people import Sort, View
from tests.factories import make_category, make_event, make_registration


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


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("=+-@\t\r\n,;\"'1"), max_size=12
)


@given(cells=st.lists(st.lists(ANY_TEXT | st.none(), min_size=2, max_size=2), max_size=8))
@pytest.mark.parametrize("kind", [Format.CSV, Format.CSV_SEMICOLON])
def test_whatever_people_write_comes_back_from_a_strict_parser(kind: Format, cells: list[list[str | None]]) -> None:
    file = io.BytesIO()
    columns = [Column("first", Kind.TEXT), Column("last", Kind.TEXT)]

    WRITERS[kind](columns, [list(zip(*cells, strict=True))] if cells else [], file)

    delimiter = ";" if kind is Format.CSV_SEMICOLON else ","
    text = io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")
    found = list(csv.reader(text, delimiter=delimiter, strict=True))
    assert found == [["first", "last"], *([safe(cell or "") for cell in row] for row in cells)]


@given(cells=st.lists(ANY_TEXT.filter(lambda text: "\r" not in text), min_size=1, max_size=8))
def test_whatever_people_write_comes_back_from_a_sheet_as_text(cells: list[str]) -> None:
    file = io.BytesIO()

    WRITERS[Format.XLSX]([Column("first", Kind.TEXT), Column("n", Kind.NUMBER)], [[cells, [1] * len(cells)]], file)

    found = [row[0] for row in sheet_of(file.getvalue())[1:]]
    assert found == cells


def sheet_of(file: bytes) -> list[list[Any]]:
    return load_workbook(io.BytesIO(file)).get_sheet_by_index(0).to_python(skip_empty_area=False)


def test_each_column_holds_what_it_promises_in_each_format(app: Flask) -> None:
    event = make_event(tz="Europe/Budapest", size=1)
    at = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
    make_registration(event, now=at)
    gone = make_registration(event, now=at)
    members = make_category(event, texts={"en": {"name": "Members"}, "hu": {"name": "Tagok"}})
    own = make_registration(
        event, now=at, first_name="Örs", last_name="1e5", organisation="=1+1", job_title="+43 660 1",
        email="ors@example.org", lang="hu", category_id=members,
    )  # fmt: skip
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=at)
        db.session.add_all(Tag(registration_id=own.id, tag=tag, event_id=event.id) for tag in ("vip", "speaker"))
        db.session.execute(update(Registration).where(Registration.id == own.id).values(note="-2+3", country=None))
    view = View(state=State.WAITLISTED)

    wanted = {kind: written(event.slug, Wanted(view, ALL_COLUMNS, kind, lang="hu")) for kind in Format}

    plain = [own.code, "waitlisted", "Örs", "1e5", "ors@example.org", "=1+1", "+43 660 1", "", "", "hu"]
    rest = ["Europe/Budapest", "", "1", "speaker, vip", "Örs 1e5", "privacy", "1", "yes"]
    in_csv = [*plain, "2026-07-02 00:30:05", *rest, "'-2+3", "Tagok"]
    in_csv[5] = "'=1+1"
    for kind, delimiter in ((Format.CSV, ","), (Format.CSV_SEMICOLON, ";")):
        text = wanted[kind].decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == [list(ALL_COLUMNS), in_csv]
    assert sheet_of(wanted[Format.XLSX]) == [
        list(ALL_COLUMNS),
        [*plain, datetime(2026, 7, 2, 0, 30, 5), *rest[:2], 1.0, *rest[3:], "-2+3", "Tagok"],
    ]
    (found,) = json.loads(wanted[Format.JSON])
    assert (found["registered_at"], found["position"]) == ("2026-07-02T00:30:05+02:00", 1)
    assert (found["tags"], found["country"], found["organisation"]) == (["speaker", "vip"], None, "=1+1")


def test_a_list_holds_the_people_of_a_view_in_its_order_and_the_columns_that_were_chosen(app: Flask) -> None:
    event, other = make_event(), make_event()
    make_registration(other, last_name="Őrsi")
    for name in ("Zola", "Őrsi", "Orsini"):
        make_registration(event, last_name=name)

    text = written(event.slug, Wanted(View(q="ors", sort=Sort.NAME, descending=True), ("last_name", "state")))

    assert text.decode("utf-8-sig").splitlines() == ["last_name,state", "Orsini,confirmed", "Őrsi,confirmed"]


@pytest.mark.parametrize("kind", Format)
def test_nobody_at_all_is_a_list_too(app: Flask, kind: Format) -> None:
    file = written(make_event().slug, Wanted(format=kind))

    if kind is Format.JSON:
        assert json.loads(file) == []
    elif kind is Format.XLSX:
        assert sheet_of(file)[0] == list(exports.COLUMNS)
    else:
        assert len(file.decode().splitlines()) == 1


def test_text_that_no_cell_holds_is_cut_in_a_sheet_and_whole_elsewhere(app: Flask) -> None:
    event = make_event()
    own = make_registration(event)
    with transaction():
        db.session.execute(update(Registration).where(Registration.id == own.id).values(note="é" * 100_000))

    found = {kind: written(event.slug, Wanted(columns=("note",), format=kind)) for kind in Format}

    assert sheet_of(found[Format.XLSX])[1] == ["é" * 32_766 + "…"]
    assert json.loads(found[Format.JSON]) == [{"note": "é" * 100_000}]
    assert found[Format.CSV].decode("utf-8-sig") == "note\r\n" + "é" * 100_000 + "\r\n"


def test_a_list_is_of_one_moment_however_many_register_meanwhile(app: Flask, build_app: Callable[..., Flask]) -> None:
    event = make_event(size=None)
    for _ in range(3):
        make_registration(event)
    file = io.BytesIO()

    with snapshot() as connection:
        before = exports.count(connection, event.id, View())
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_register_elsewhere, build_app(), event, count=5).result()
        exports.write(connection, event.slug, Wanted(view=View()), file)

    assert before == 3
    assert len(file.getvalue().decode().splitlines()) == 1 + 3
    assert len(text_of(event.slug).splitlines()) == 1 + 8


def _register_elsewhere(app: Flask, event: EventFacts, *, count: int) -> None:
    with app.app_context():
        for _ in range(count):
            make_registration(event)


def test_a_list_without_anybody_has_its_heading(app: Flask) -> None:
    event = make_event()

    assert text_of(event.slug) == BOM + ",".join(exports.COLUMNS) + "\r\n"


def test_drafts_have_lists_too(app: Flask) -> None:
    event = make_event(status="draft")

    assert rows_of(event.slug) == []


def test_an_unknown_event_has_no_list(app: Flask) -> None:
    with pytest.raises(NotFound):
        text_of("nowhere")
