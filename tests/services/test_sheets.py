"""Tables in whatever way people write them; and files that are none."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rustpy_xlsxwriter import write_worksheet

from regapp.errors import UnreadableFile
from regapp.services import sheets

PEOPLE = [["Vezetéknév", "Keresztnév", "E-mail"], ["Őrsi", "Ana", "ana@example.org"]]


def csv_of(rows: list[list[str]], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_of(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    write_worksheet(rows, file)
    return file.getvalue()


def sheet_of(xml: str, **parts: bytes) -> bytes:
    """Return a workbook whose one sheet has this XML for its rows, with further parts."""
    file = io.BytesIO()
    good = zipfile.ZipFile(io.BytesIO(xlsx_of([{"Name": "Ana"}])))
    with good, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in good.namelist():
            content = good.read(name).decode()
            if name.endswith("sheet1.xml"):
                content = re.sub("<sheetData>.*</sheetData>", f"<sheetData>{xml}</sheetData>", content)
                content = re.sub("<dimension[^>]*>", "", content)
            packed.writestr(name, content)
        for name, added in parts.items():
            packed.writestr(name, added)
    return file.getvalue()


def why(data: bytes, **how: str) -> str:
    with pytest.raises(UnreadableFile) as refused:
        sheets.read(data, **how)
    return str(refused.value.values["why"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
def test_a_list_is_read_however_it_was_saved(delimiter: str, encoding: str) -> None:
    found = sheets.read(csv_of(PEOPLE, delimiter=delimiter, encoding=encoding))

    assert (found.header, found.rows) == (PEOPLE[0], [(2, PEOPLE[1])])
    assert found.read_as == {"encoding": encoding.removesuffix("-sig"), "delimiter": delimiter}


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["Őze Fűzfa", "Szűcs Ödön"], "cp1250"),
        (["Zieliński Łukasz", "Wójcik Świętosława"], "cp1250"),
        (["Málaga Ångström", "Sjöberg Åsa"], "cp1252"),
        (["à Paris", "João Magalhães"], "cp1252"),
    ],
)
def test_an_encoding_is_guessed_by_the_letters_that_are_likely(names: list[str], encoding: str) -> None:
    found = sheets.read(csv_of([["Name", "E-mail"], *([name, "a@b.org"] for name in names)], encoding=encoding))

    assert found.read_as["encoding"] == encoding
    assert [cells[0] for _, cells in found.rows] == names


def test_whoever_knows_the_encoding_may_say_so() -> None:
    data = csv_of([["Name"], ["Dvořák"]], encoding="cp1250")

    assert sheets.read(data, encoding="cp1252").rows == [(2, ["Dvoøák"])]
    assert why(data, encoding="utf-8") == "wrong_encoding"


@given(
    cells=st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="@"), min_size=1),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=5,
    ),
    delimiter=st.sampled_from(",;"),
)
def test_whatever_is_written_is_read(cells: list[list[str]], delimiter: str) -> None:
    found = sheets.read(csv_of([["Name", "Mail"], *cells], delimiter=delimiter))

    assert [row for _, row in found.rows] == cells


def test_rows_keep_the_numbers_that_they_have_in_the_file() -> None:
    found = sheets.read(b"\r\n,\r\nName,Mail\r\n\r\nAna,a@b.org\r\n,,\r\nBo,,x\r\n")

    assert found.header == ["Name", "Mail", ""]
    assert found.rows == [(5, ["Ana", "a@b.org", ""]), (7, ["Bo", "", "x"])]


def test_a_cell_may_hold_lines_quotes_and_delimiters() -> None:
    found = sheets.read(b'Name;Organisation\r\n"O\'Brien; ""Al""";"Two\r\nlines"\r\n')

    assert found.rows == [(2, ['O\'Brien; "Al"', "Two lines"])]


def test_a_workbook_is_read_as_people_see_it() -> None:
    rows = [
        {"Name": "王 小明", "E-mail": "wang@example.org", "Phone": "+43 660 1", "Age": 42, "Share": 0.5,
         "Day": date(2026, 1, 2)},
        {"Name": "=1+1", "E-mail": None, "Phone": "007", "Age": None, "Share": None, "Day": None},
    ]  # fmt: skip

    found = sheets.read(xlsx_of(rows))

    assert found.header == ["Name", "E-mail", "Phone", "Age", "Share", "Day"]
    assert found.rows == [
        (2, ["王 小明", "wang@example.org", "+43 660 1", "42", "0.5", "2026-01-02"]),
        (3, ["=1+1", "", "007", "", "", ""]),
    ]
    assert found.read_as == {"sheet": "Sheet1"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b" \r\n,,\r\n", "empty", id="blanks"),
        pytest.param(b"Name,Mail\r\n", "nobody", id="a heading alone"),
        pytest.param(b"Ana,ana@example.org\r\nBo,bo@example.org\r\n", "no_header", id="no heading"),
        pytest.param(b"Name,Mail,NAME\r\nAna,a@b.org,x\r\n", "twice", id="two columns alike"),
        pytest.param(b'Name,Mail\r\n"Ana,a@b.org\r\nBo,b@b.org\r\n', "broken_row", id="a quotation mark is missing"),
        pytest.param(b"Name\r\n" + b"x" * 200_000 + b"\r\n", "broken_row", id="an endless cell"),
        pytest.param(b"Name\r\n" + b"Ana\r\n" * 5_001, "too_many_rows", id="5,001 people"),
        pytest.param(b",".join(b"c%d" % n for n in range(101)) + b"\r\nx\r\n", "too_many_columns", id="101 columns"),
        pytest.param(b"Name\r\nAna\0\r\n", "not_text", id="a zero byte"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_text", id="a picture"),
        pytest.param(b"Name\r\n\x81\x8d\x98\r\n", "not_text", id="in no encoding that we know"),
        pytest.param(b"\xff\xfeN\0a", "not_text", id="half a letter"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "old_or_locked", id="with a password"),
        pytest.param(b"PK\x03\x04 and no more", "broken_workbook", id="a torn workbook"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_told_by_its_reason(data: bytes, reason: str) -> None:
    assert why(data) == reason


def test_a_packed_file_that_is_no_workbook_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("people.csv", "Name,Mail")

    assert why(file.getvalue()) == "broken_workbook"


def test_a_workbook_cut_off_anywhere_is_refused() -> None:
    data = xlsx_of([{"Name": "Ana", "E-mail": "ana@example.org"}] * 50)

    for length in range(10, len(data), len(data) // 7):
        assert why(data[:length]) == "broken_workbook"


def test_a_workbook_that_is_damaged_anywhere_is_refused_or_read() -> None:
    data = xlsx_of([{"Name": f"Ana {number}", "E-mail": f"ana{number}@example.org"} for number in range(50)])

    for at in range(40, len(data), 53):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        with suppress(UnreadableFile):  # and nothing else
            sheets.read(damaged)


def test_many_cells_that_share_one_long_text_are_too_much() -> None:
    long = "x" * 30_000
    data = xlsx_of([{"Name": long, "E-mail": "ana@example.org"}] * 200)

    assert why(data) == "too_much_text"


def test_a_bomb_is_not_unpacked() -> None:
    data = sheet_of("", bomb=b"\0" * 60_000_000)

    assert len(data) < 100_000
    assert why(data) == "too_large"


def test_a_bomb_that_states_a_small_size_is_found_out() -> None:
    data = bytearray(sheet_of("", bomb=b"\0" * 2_000_000))
    true, stated = (2_000_000).to_bytes(4, "little"), (20).to_bytes(4, "little")
    assert data.count(true) >= 2

    assert why(bytes(data.replace(true, stated))) == "broken_workbook"


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param('<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>', id="far corner"),
        pytest.param(
            '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>'
            '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
            id="both corners",
        ),
    ],
)
def test_a_cell_a_million_rows_away_costs_no_memory_here(xml: str) -> None:
    assert why(sheet_of(xml)) in ("too_large", "too_many_rows")
