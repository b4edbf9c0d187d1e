"""Importing a list, step by step, as managers do it; and files that are none."""

from __future__ import annotations

import io
import re
from collections import Counter
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask.testing import FlaskClient
from rustpy_xlsxwriter import write_worksheet
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Event, History, Import, OutboxMail, Registration, Role
from regapp.services import events, importing, registrations, sheets, teams
from regapp.services.exports import COLUMNS
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.services.test_importing import differences
from tests.services.test_sheets import csv_of, sheet_of
from tests.web.organizers import resume, sign_in
from tests.web.visitor import Page, read

START = "/organizer/events/conference/import"
HEADER = ["First name", "Last name", "E-mail", "Organisation", "Country"]
ANA = ["Ana", "Kovács", "ana@example.org", "Danube Cluster", "HU"]
BO = ["Bo", "Őrsi", "bo@example.org", "Elbe Cluster", "Germany"]


def people(count: int) -> list[list[str]]:
    """Return a heading and so many people."""
    return [HEADER, *([f"P{n}", "Őrsi", f"p{n}@example.org", "Danube", "HU"] for n in range(1, count + 1))]


def send(client: FlaskClient, data: bytes, *, name: str = "people.csv", encoding: str = "") -> TestResponse:
    """Choose a file and send it."""
    typed = read(client.get(START)).inputs | {"encoding": encoding}
    return client.post(START, data=typed | {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def choose(client: FlaskClient, data: bytes, **chosen: str) -> str:
    """Send a file and say what its columns are; return the address that shows what would happen."""
    answer = send(client, data)
    assert answer.status_code == 303, read(answer).described("file")
    there = answer.headers["Location"]
    inputs = read(client.get(there)).inputs | chosen
    return f"{there}/check?" + "&".join(f"{name}={value}" for name, value in inputs.items() if value)


def look(client: FlaskClient, address: str) -> Page:
    """Open what would happen."""
    answer = client.get(address)
    assert answer.status_code == 200, read(answer).words
    return read(answer)


def rows_of(client: FlaskClient, address: str) -> list[str]:
    """Return the rows of what would happen, a space between the cells."""
    rows = re.findall("<tr>(.*?)</tr>", client.get(address).text, re.DOTALL)
    return [" ".join(unescape(re.sub("<[^>]+>", " ", row)).split()) for row in rows[1:]]


def bring_in(client: FlaskClient, address: str) -> TestResponse:
    """Look at what would happen, and press the button."""
    return client.post(address, data=look(client, address).inputs)


def states() -> Counter[str]:
    """Return state → people."""
    db.session.rollback()
    return Counter(db.session.scalars(select(Registration.state)))


def said(client: FlaskClient) -> str:
    """Return the words of the page that comes next."""
    return read(client.get("/organizer/events/conference/lists")).words


# --- what is shown, and then done --------------------------------------------


@pytest.mark.rule("R1", "R3")
def test_300_into_250_are_shown_then_done_and_a_second_time_change_nothing(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=250)
    me = sign_in(client, event, Role.MANAGER)
    file = csv_of(people(300))
    address = choose(client, file)
    before = everything()

    page = look(client, address)

    assert everything() == before
    assert "250 people get a place. Then 250 of 250 are taken." in page.words
    assert "50 people join the waiting list. Then 50 people wait." in page.words
    assert "300 mails are sent, one to each of them." in page.words
    assert rows_of(client, address)[-1] == "301 P300 Őrsi p300@example.org Waits as number 50"
    assert "Import 300 people" in page.buttons

    answer = bring_in(client, address)

    assert (answer.status_code, states()) == (303, {"confirmed": 250, "waitlisted": 50})
    assert "250 people have a place. 50 people are on the waiting list." in said(client)
    assert db.session.scalars(select(History.actor).where(History.action == "imported")).all() == [me.actor]
    assert (differences(utcnow()), db.session.scalars(select(Import)).all()) == ([], [])
    stored = everything()

    again = choose(client, file)
    page = look(client, again)

    assert "Nobody gets a place." in page.words
    assert "300 rows change nothing" in page.words
    assert not [button for button in page.buttons if "Import" in button]
    assert client.post(again, data=page.inputs).status_code == 303
    assert "Nobody was imported: nothing has changed." in said(client)
    assert everything() == stored


def test_each_row_is_told_its_fate_by_its_number(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=2)
    known = make_registration(event, email="known@example.org")
    sign_in(client, event, Role.MANAGER)
    rows = [
        HEADER, ANA, [*BO[:2], "KNOWN@example.org", *BO[3:]], [], BO, [*ANA[:2], "ANA@example.org", *ANA[3:]],
        ["", "", "nobody@example.org", "", ""], ["Cy", "Ng", "cy", "", ""],
        ["Di", "Ng", "di@example.org", "", "Utopia"], ["Ed", "x" * 300, "ed@example.org", "", ""],
    ]  # fmt: skip

    address = choose(client, csv_of(rows), when_full="refuse")
    assert rows_of(client, address) == [
        "2 Ana Kovács ana@example.org Gets a place",
        f"3 Bo Őrsi KNOWN@example.org Registered already {known.code}",
        "5 Bo Őrsi bo@example.org No place: left out",
        "6 Ana Kovács ANA@example.org Same address as row 2",
        "7 nobody@example.org Cannot be read First name: Write at least one of the names",
        "8 Cy Ng Cannot be read E-mail: Add the @ and the part after it, such as name@example.org",
        "9 Di Ng Cannot be read Country: This country is not known: write its name in English or Hungarian, or its "
        "code of two letters",
        f"10 {('Ed ' + 'x' * 300)[:200]} Cannot be read Last name: Shorten this to 200 characters: it has 300 now",
    ]
    only = read(client.get(f"{address}&fate=broken"))
    assert "Cy Ng" in only.words
    assert "Bo Őrsi" not in only.words

    bring_in(client, address)

    assert states() == {"confirmed": 2}
    assert differences(utcnow()) == []


def test_what_a_viewer_sees_in_a_workbook_is_imported_with_names_of_any_script(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)
    file = io.BytesIO()
    names = ["王 小明", "Παπαδάκη Δήμητρα", "אבי כהן", "Siân O’Brien", "=1+1 Formula"]
    write_worksheet([{"Név": name, "E-mail cím": f"{n}@example.org"} for n, name in enumerate(names)], file)

    there = send(client, file.getvalue(), name="people.xlsx").headers["Location"]
    page = read(client.get(there))

    assert (page.inputs["name"], page.inputs["email"], page.inputs["order"]) == ("0", "1", "family")
    assert "Read from the sheet “Sheet1”." in page.words
    assert bring_in(client, f"{there}/check?name=0&email=1&order=given").status_code == 303
    found = db.session.execute(select(Registration.first_name, Registration.last_name).order_by(Registration.email))
    assert [f"{first} {last}" for first, last in found] == names


def test_what_was_taken_away_can_be_brought_in_elsewhere(client: FlaskClient) -> None:
    event, other = make_event(slug="conference"), make_event(slug="elsewhere")
    given = {"first_name": "'Ors", "last_name": "=Őrsi", "job_title": "+43 660 1", "country": "AT"}
    make_registration(other, **given, lang="hu", email="ors@example.org")
    sign_in(client, other, Role.VIEWER)
    wanted = {"format": "csv-semicolon", "columns": ",".join(COLUMNS)}
    with client.get("/organizer/events/elsewhere/lists/file", query_string=wanted) as answer:
        taken = answer.data
    sign_in(client, event, Role.MANAGER)

    bring_in(client, choose(client, taken))

    row = db.session.scalars(select(Registration).where(Registration.event_id == event.id)).one()
    assert {name: getattr(row, name) for name in given} == given
    assert db.session.scalars(select(OutboxMail.lang).where(OutboxMail.event_id == event.id)).all() == ["hu"]


def test_kinds_of_organisation_are_read_where_the_event_asks_for_them(client: FlaskClient) -> None:
    asking, other = make_event(slug="conference", asks_organisation_type=True), make_event(slug="elsewhere")
    me = sign_in(client, asking, Role.MANAGER)
    header = ["Name", "Organisation type", "E-mail"]
    kinds = ["region", "Regional or local authority", "", "Circus"]
    rows = [header, *([f"P {n}", kind, f"p{n}@example.org"] for n, kind in enumerate(kinds))]

    address = choose(client, csv_of(rows))
    shown = rows_of(client, address)
    bring_in(client, address)

    assert shown[-1].startswith("5 P 3 Cannot be read Kind of organisation: This kind of organisation is not known")
    found = db.session.scalars(select(Registration.organisation_type).order_by(Registration.email))
    assert list(found) == ["region", "region", None]
    assert "organisation_type" not in fields_of(client, other.slug, me.id)


def fields_of(client: FlaskClient, slug: str, account: int) -> set[str]:
    """Return what columns may be at an event."""
    event = events.get_by_slug(slug)
    with transaction():
        teams.add(event.id, account, Role.MANAGER)
        kept = importing.keep(event.id, account, "list", sheets.read(csv_of([HEADER, ANA])), now=utcnow())
    return set(read(client.get(f"/organizer/events/{slug}/import/{kept}")).inputs)


def test_nobody_is_told_where_the_box_is_empty(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]), tell="")

    assert "Nobody is told by mail." in look(client, address).words
    bring_in(client, address)

    assert (states(), db.session.scalars(select(OutboxMail)).all()) == ({"confirmed": 1}, [])


# --- things that move ---------------------------------------------------------


def test_what_moved_meanwhile_is_shown_before_anything_is_done(client: FlaskClient) -> None:
    event = make_event(slug="conference", size=2)
    sign_in(client, event, Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA, BO]))
    seen = look(client, address)
    make_registration(event)
    before = everything()

    answer = client.post(address, data=seen.inputs)

    page = read(answer)
    assert answer.status_code == 409
    assert "Things have moved meanwhile" in page.words
    assert "One person joins the waiting list." in page.words
    assert everything() == before
    assert client.post(address, data=page.inputs).status_code == 303
    assert (states(), differences(utcnow())) == ({"confirmed": 2, "waitlisted": 1}, [])


def test_a_second_click_imports_nobody_twice(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]))
    seen = look(client, address).inputs

    assert [client.post(address, data=seen).status_code for _ in range(2)] == [303, 303]

    assert states() == {"confirmed": 1}
    assert "This list is not here any more" in read(client.get(START)).words


def test_a_list_goes_after_its_hour(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    me = sign_in(client, event, Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]))

    with time_machine.travel(utcnow() + timedelta(hours=1, minutes=1), tick=False):
        resume(client, me)
        assert client.get(address).status_code == 404
        assert client.post(address, data=read(client.get(START)).inputs).status_code == 303

    assert states() == {}


def test_a_list_belongs_to_whoever_sent_it_at_its_event(client: FlaskClient) -> None:
    event, other = make_event(slug="conference"), make_event(slug="elsewhere")
    me = sign_in(client, event, Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]))
    with transaction():
        teams.add(other.id, me.id, Role.MANAGER)

    assert client.get(address.replace("conference", "elsewhere")).status_code == 404
    assert client.get(address.replace("/check", "9999999999/check")).status_code == 404
    sign_in(client, event, Role.OWNER)
    assert client.get(address).status_code == 404
    assert client.get(address.partition("/check")[0]).status_code == 404


def test_nobody_is_imported_into_an_event_that_was_called_off(client: FlaskClient) -> None:
    event = make_event(slug="conference")
    sign_in(client, event, Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]))
    seen = look(client, address).inputs
    with transaction():
        db.session.execute(update(Event).values(status="cancelled"))
    before = everything()

    answer = client.post(address, data=seen)
    first_step = read(client.get("/organizer/events/conference/import"))

    assert answer.status_code == 409
    assert "Nobody can be added any more." in answer.text
    assert "Nobody can be added any more." in first_step.words
    assert "Next: the columns" not in first_step.buttons
    assert everything() == before


@pytest.mark.rule("R9")
def test_whoever_cancelled_is_not_brought_back_by_the_same_list(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    file = csv_of([HEADER, ANA])
    bring_in(client, choose(client, file))
    own = db.session.scalars(select(Registration)).one()
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=utcnow())

    assert f"Registered already {own.code}" in rows_of(client, choose(client, file))[0]


# --- what cannot be right -----------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "field", "sentence"),
    [
        ({"email": ""}, "email", "Say which column holds the e-mail addresses"),
        ({"first_name": "", "last_name": ""}, "last_name", "Say which columns hold the names"),
        ({"name": "3"}, "name", "Choose either the whole name or first and last name, not both"),
        ({"country": "2"}, "country", "Each column can be used once"),
        ({"email": "99"}, "email", "Say which column holds the e-mail addresses"),
        ({"email": "-1"}, "email", "Say which column holds the e-mail addresses"),
        ({"email": "٣"}, "email", "Say which column holds the e-mail addresses"),
    ],
)
def test_columns_that_cannot_be_right_are_said_beside_the_field(
    client: FlaskClient, chosen: dict[str, str], field: str, sentence: str
) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]), when_full="refuse", **chosen)
    before = everything()

    answer = client.get(address)

    page = read(answer)
    assert answer.status_code == 422
    assert sentence in page.described(field)
    assert (page.inputs["organisation"], page.inputs["when_full"]) == ("3", "refuse")
    assert everything() == before


BOMB = sheet_of("", bomb=b"\0" * 60_000_000)
FAR = sheet_of('<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>')


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "This file is empty", id="nothing"),
        pytest.param(csv_of([HEADER]), "This file has a heading and nobody below it", id="a heading alone"),
        pytest.param(csv_of([ANA, BO]), "The first line must name the columns", id="no heading"),
        pytest.param(csv_of([["Name", "E-mail", "E-MAIL"], ANA[:3]]), "Two columns are called “E-mail”", id="alike"),
        pytest.param(b'Name,E-mail\r\n"Ana,a@b.org\r\n', "Row 2 cannot be read", id="no closing quotation mark"),
        pytest.param(csv_of([HEADER, ["x" * 200_000]]), "Row 2 cannot be read", id="a cell of 200,000 characters"),
        pytest.param(csv_of(people(5001)), "5,000 people can be imported at a time", id="5,001 people"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "This is neither CSV nor XLSX", id="a picture"),
        pytest.param(b"%PDF-1.7\n\x81\x8d\x98", "This is neither CSV nor XLSX", id="a PDF"),
        pytest.param(b"\n<!DOCTYPE html>\n<p>Name", "This is neither CSV nor XLSX", id="a page"),
        pytest.param(b"\xd0\xcf\x11\xe0" + b"\0" * 99, "has a password or an old format", id="with a password"),
        pytest.param(b"PK\x03\x04 and no more", "This workbook is damaged", id="a torn workbook"),
        pytest.param(BOMB, "There is more in this file than a list of people", id="a bomb"),
        pytest.param(FAR, "", id="a cell a million rows away"),
    ],
)
def test_a_file_that_is_no_list_is_refused_beside_the_field(client: FlaskClient, data: bytes, sentence: str) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    before = everything()

    answer = send(client, data)

    assert answer.status_code == 422
    assert sentence in read(answer).described("file")
    assert everything() == before


def test_a_file_in_another_encoding_than_was_said_is_refused(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)

    answer = send(client, csv_of([HEADER, BO], encoding="cp1250"), encoding="utf-8")

    page = read(answer)
    assert answer.status_code == 422
    assert "written in another encoding than you chose" in page.described("file")
    assert page.inputs["encoding"] == "utf-8"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    before = everything()

    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    body = part + b"Name,E-mail\r\n" + b"Ana,ana@example.org\r\n" * 300_000 + b"\r\n--x--\r\n"
    answer = client.post(START, data=body, content_type="multipart/form-data; boundary=x")

    assert answer.status_code == 413
    assert "This file has more than 5 MB" in read(answer).described("file")
    assert everything() == before


@pytest.mark.parametrize("sent", [{}, {"file": ""}, {"file": "text"}, {"file": (b"Name", "")}])
def test_no_file_at_all_is_asked_for(client: FlaskClient, sent: dict[str, object]) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)

    typed: dict[str, object] = {**read(client.get(START)).inputs}
    typed.pop("file")
    sent = {name: (io.BytesIO(one[0]), one[1]) if isinstance(one, tuple) else one for name, one in sent.items()}
    answer = client.post(START, data=typed | sent, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "Choose the file that holds the list" in read(answer).described("file")


def test_texts_of_100_000_characters_and_formulas_are_told_in_their_rows(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    long, formula = ["x" * 100_000, *ANA[1:]], ["=HYPERLINK(1)", "<b>Őrsi</b>", *BO[2:]]

    address = choose(client, csv_of([HEADER, long, formula]))
    answer = client.get(address)
    page = read(answer)

    assert "First name: Shorten this to 200 characters" in page.words
    assert len(answer.data) < 50_000
    assert "&lt;b&gt;Őrsi&lt;/b&gt;" in answer.text
    assert rows_of(client, address)[1] == "3 =HYPERLINK(1) <b>Őrsi</b> bo@example.org Gets a place"


def test_anything_in_the_address_of_a_check_is_answered(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"), Role.MANAGER)
    address = choose(client, csv_of([HEADER, ANA]))

    for query in ("part=" + "9" * 5000, "part=²", "part=-1&fate=%00", "default_lang=tlh&order=x&when_full=exceed"):
        assert client.get(f"{address}&{query}").status_code == 200, query


def test_the_name_of_a_file_may_hold_anything(client: FlaskClient) -> None:
    sign_in(client, make_event(slug="conference"))
    name = "\u202egnp.\0people.csv"

    assert send(client, csv_of([HEADER, ANA]), name=name).status_code == 303
