"""Files that lists become. People come a page at a time and column by column, so that nothing is held in memory."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO, Any, BinaryIO, cast

from rustpy_xlsxwriter import Format as CellFormat
from rustpy_xlsxwriter import write_worksheet

BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""
LONGEST_CELL = 32_767
"""Characters that a cell of a spreadsheet holds; the end of longer text is cut off there, and nowhere else."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9 ().,/-]+")
_SUSPECT = re.compile(r"(?:\A|\0)[=+\-@\t\r]")


class Format(StrEnum):
    """What a list becomes. CSV for spreadsheets that separate cells by commas, or by semicolons."""

    CSV = "csv"
    CSV_SEMICOLON = "csv-semicolon"
    XLSX = "xlsx"
    JSON = "json"

    @property
    def ending(self) -> str:
        """Return how names of such files end."""
        return "csv" if self is Format.CSV_SEMICOLON else self.value

    @property
    def mimetype(self) -> str:
        """Return the type of such files."""
        return {
            "csv": "text/csv",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "json": "application/json",
        }[self.ending]


class Kind(StrEnum):
    """What a column holds: our own words, what people wrote, words with line breaks between, moments, numbers."""

    PLAIN = "plain"
    TEXT = "text"
    WORDS = "words"
    MOMENT = "moment"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list; its values may be None."""

    name: str
    kind: Kind


Page = Sequence[Sequence[Any]]
"""Some people, column by column."""
Writer = Callable[[Sequence[Column], Iterable[Page], IO[bytes]], int]


def safe(cell: str) -> str:
    """Return the cell with an apostrophe before it if a spreadsheet would take it for a formula.

    Numbers stay as they are, telephone numbers and dates among them.
    """
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _write_csv(columns: Sequence[Column], pages: Iterable[Page], to: IO[bytes], *, delimiter: str) -> int:
    count = 0
    text = io.TextIOWrapper(to, encoding="utf-8", newline="")
    try:
        text.write(BOM)
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow(column.name for column in columns)
        for page in pages:
            cells = [_AS_TEXT[column.kind](values) for column, values in zip(columns, page, strict=True)]
            writer.writerows(zip(*cells, strict=True))
            count += len(page[0])
        text.flush()
    finally:
        text.detach()
    return count


def _write_xlsx(columns: Sequence[Column], pages: Iterable[Page], to: IO[bytes]) -> int:
    """Write one sheet: text stays text, whatever it looks like, and moments are dates that can be reckoned with."""
    names = [column.name for column in columns]
    count = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal count
        for page in pages:
            cells = [_AS_CELLS[column.kind](values) for column, values in zip(columns, page, strict=True)]
            count += len(page[0])
            for row in zip(*cells, strict=True):
                yield dict(zip(names, row, strict=True))
        if not count:
            yield dict.fromkeys(names)  # without a row there would be no heading either

    write_worksheet(
        rows(), cast("BinaryIO", to), sheet_name="People", header_format=CellFormat().set_bold(), freeze_row=1,
        datetime_format="yyyy-mm-dd hh:mm:ss", column_widths={name: _WIDTHS[kind] for name, kind in _kinds(columns)},
    )  # fmt: skip
    return count


def _write_json(columns: Sequence[Column], pages: Iterable[Page], to: IO[bytes]) -> int:
    """Write an array with an object for each person; moments carry their distance from UTC, words are arrays."""
    names = [column.name for column in columns]
    encode = json.JSONEncoder(ensure_ascii=False).encode
    count = 0
    to.write(b"[")
    for page in pages:
        values = [_AS_JSON[column.kind](found) for column, found in zip(columns, page, strict=True)]
        lines = [encode(dict(zip(names, row, strict=True))) for row in zip(*values, strict=True)]
        to.write((",\n" if count else "\n").encode() + ",\n".join(lines).encode())
        count += len(lines)
    to.write(b"\n]\n")
    return count


WRITERS: dict[Format, Writer] = {
    Format.CSV: lambda columns, pages, to: _write_csv(columns, pages, to, delimiter=","),
    Format.CSV_SEMICOLON: lambda columns, pages, to: _write_csv(columns, pages, to, delimiter=";"),
    Format.XLSX: _write_xlsx,
    Format.JSON: _write_json,
}


def _kinds(columns: Sequence[Column]) -> Iterator[tuple[str, Kind]]:
    return ((column.name, column.kind) for column in columns)


def _safe(column: Sequence[str | None]) -> Sequence[str | None]:
    """Return a column safe for spreadsheets. One look tells that nothing in it is suspect, as nearly always."""
    if not _SUSPECT.search("\0".join(filter(None, column))):
        return column
    return [safe(cell) if cell else cell for cell in column]


def _lines(column: Sequence[str | None], between: str) -> list[str | None]:
    return [cell.replace("\n", between) if cell else cell for cell in column]


def _fitting(column: Sequence[str | None]) -> Sequence[str | None]:
    if len("".join(filter(None, column))) <= LONGEST_CELL:
        return column
    return [cell[: LONGEST_CELL - 1] + "…" if cell and len(cell) > LONGEST_CELL else cell for cell in column]


def _as_they_are(column: Sequence[Any]) -> Sequence[Any]:
    return column


def _written(column: Sequence[datetime]) -> list[str]:
    return [local.isoformat(" ")[:19] for local in column]


_Turn = Callable[[Sequence[Any]], Sequence[Any]]
_AS_TEXT: dict[Kind, _Turn] = {
    Kind.PLAIN: _as_they_are,
    Kind.TEXT: _safe,
    Kind.WORDS: lambda column: _safe(_lines(column, ", ")),
    Kind.MOMENT: _written,
    Kind.NUMBER: _as_they_are,
}
_AS_CELLS: dict[Kind, _Turn] = {
    Kind.PLAIN: _as_they_are,
    Kind.TEXT: _fitting,
    Kind.WORDS: lambda column: _fitting(_lines(column, ", ")),
    Kind.MOMENT: lambda column: [local.replace(tzinfo=None, microsecond=0) for local in column],
    Kind.NUMBER: _as_they_are,
}
_AS_JSON: dict[Kind, _Turn] = {
    Kind.PLAIN: _as_they_are,
    Kind.TEXT: _as_they_are,
    Kind.WORDS: lambda column: [cell.split("\n") if cell else [] for cell in column],
    Kind.MOMENT: lambda column: [local.isoformat(timespec="seconds") for local in column],
    Kind.NUMBER: _as_they_are,
}
_WIDTHS = {Kind.PLAIN: 14.0, Kind.TEXT: 24.0, Kind.WORDS: 24.0, Kind.MOMENT: 19.0, Kind.NUMBER: 9.0}
