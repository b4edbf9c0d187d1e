"""Tables that people send: CSV in whatever way it was written, and workbooks. Broken ones are told from good ones."""

from __future__ import annotations

import codecs
import csv
import io
import json
import lzma
import subprocess
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regapp.errors import UnreadableFile

MOST_ROWS, MOST_COLUMNS = 5_000, 100
"""People and columns in a table."""
MOST_TEXT = 5_000_000
"""Characters in all cells together."""
MOST_UNPACKED, MOST_PARTS = 50_000_000, 1000
"""Bytes of all parts of a workbook together, and parts."""
CHILD_MEGABYTES, CHILD_SECONDS = 512, 20
ENCODINGS = ("utf-8", "cp1250", "cp1252", "utf-16")
"""What somebody may say that a file is written in."""
DELIMITERS = ",;\t|"

_CHILD = Path(__file__).with_name("workbook_child.py")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_OTHERS = (b"<!doctype", b"<html", b"<?xml", b"%pdf-", b"{\\rtf")
"""How text begins that is no table."""
_CENTRAL = frozenset(b"\xf5\xfb\xd5\xdb\xb3\xb9\xbf\x9c\x9f\xa3\xa5\xaf\x8c\x8f\xbe\xbc\x9d\x8d")
"""Letters of Windows-1250 that are rare letters or no letters at all in Windows-1252: ő, ű, ł, ą, ż, ś, ź, ľ, ť."""
_WESTERN = frozenset(b"\xe0\xe5\xc5\xc0\xe3\xf9")
"""The reverse: à, å, ã, ù."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with people. `rows`: number in the file, counted from 1, and as many cells as the header has names.

    `read_as`: `encoding` and `delimiter`, or the name of the `sheet`.
    """

    header: list[str]
    rows: list[tuple[int, list[str]]]
    read_as: dict[str, str]


def read(data: bytes, *, encoding: str = "") -> Sheet:
    """Return the table in a file. `encoding`: what somebody says it is written in; else it is found out.

    Raises: UnreadableFile.
    """
    if not data.strip():
        raise UnreadableFile(why="empty")
    if data.startswith(b"PK\x03\x04"):
        rows, read_as = _read_workbook(data)
    elif data.lstrip()[:9].lower().startswith(_OTHERS):
        raise UnreadableFile(why="not_text")
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(why="old_or_locked")
    else:
        rows, read_as = _read_csv(data, encoding)
    return _table(rows, read_as)


def _table(rows: list[list[str]], read_as: dict[str, str]) -> Sheet:
    """Return the table of these rows: its first row that is not empty names the columns."""
    if sum(len(cell) for row in rows for cell in row) > MOST_TEXT:
        raise UnreadableFile(why="too_much_text", most=MOST_TEXT)
    filled = [
        (number, [" ".join(cell.split()) for cell in row])
        for number, row in enumerate(rows, start=1)
        if any(cell.strip() for cell in row)
    ]
    if not filled:
        raise UnreadableFile(why="empty")
    header, *people = filled
    names = _names(header[1])
    if not people:
        raise UnreadableFile(why="nobody")
    if len(people) > MOST_ROWS:
        raise UnreadableFile(why="too_many_rows", found=len(people), most=MOST_ROWS)
    width = max(len(names), *(len(cells) for _, cells in people))
    if width > MOST_COLUMNS:
        raise UnreadableFile(why="too_many_columns", found=width, most=MOST_COLUMNS)
    names += [""] * (width - len(names))
    return Sheet(names, [(number, cells + [""] * (width - len(cells))) for number, cells in people], read_as)


def _names(cells: Sequence[str]) -> list[str]:
    """Return the names of the columns. Raises: UnreadableFile if these are people rather than names, or not unique."""
    if any("@" in cell for cell in cells):
        raise UnreadableFile(why="no_header")
    twice = [name for name, times in Counter(cell.casefold() for cell in cells if cell).items() if times > 1]
    if twice:
        raise UnreadableFile(why="twice", name=next(cell for cell in cells if cell.casefold() == twice[0]))
    return [cell[:200] for cell in cells]


def _read_csv(data: bytes, said: str) -> tuple[list[list[str]], dict[str, str]]:
    text, encoding = _decode(data, said)
    if "\0" in text:
        raise UnreadableFile(why="not_text")
    if not text.strip(DELIMITERS + '" \r\n'):
        raise UnreadableFile(why="empty")
    best: list[list[str]] = []
    chosen, width = DELIMITERS[0], 0
    for delimiter in DELIMITERS:
        rows = _head(text, delimiter)
        agreed = min((len(row) for row in rows), default=0) + len(rows[0]) if rows else 0
        if agreed > width:
            chosen, width = delimiter, agreed
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=chosen, strict=True), start=1):
            best.append(row)
            if number > MOST_ROWS * 2:
                raise UnreadableFile(why="too_many_rows", found=number, most=MOST_ROWS)
    except csv.Error:
        raise UnreadableFile(why="broken_row", row=len(best) + 1) from None
    return best, {"encoding": encoding, "delimiter": chosen}


def _head(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows that say something, as this delimiter parts them; none if it cannot be the one."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if any(cell.strip() for cell in row):
                found.append(row)
            if len(found) == 20:
                break
    except csv.Error:
        return found[:1]
    return found


def _decode(data: bytes, said: str) -> tuple[str, str]:
    """Return the text and what it is written in: as somebody says, as its mark says, UTF-8, else the likelier guess."""
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    guesses = [said] if said else [marked] if marked else ["utf-8", *_guess(data)]
    for encoding in guesses:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(why="wrong_encoding" if said else "not_text")


def _guess(data: bytes) -> Sequence[str]:
    """Return both one-byte encodings of European spreadsheets, the likelier first; in doubt the Central European."""
    counted = Counter(data)
    western = sum(counted[byte] for byte in _WESTERN) > sum(counted[byte] for byte in _CENTRAL)
    return ("cp1252", "cp1250") if western else ("cp1250", "cp1252")


def _read_workbook(data: bytes) -> tuple[list[list[str]], dict[str, str]]:
    _check_unpacked(data)
    limits = map(str, (CHILD_MEGABYTES, CHILD_SECONDS, MOST_ROWS * 2, MOST_COLUMNS, MOST_TEXT))
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_CHILD), *limits], input=data, capture_output=True, timeout=CHILD_SECONDS * 3
        )
    except subprocess.TimeoutExpired:
        raise UnreadableFile(why="too_large") from None
    if done.returncode:  # out of memory or time
        raise UnreadableFile(why="too_large")
    found: dict[str, Any] = json.loads(done.stdout)
    if "why" in found:
        limits_of = {"too_many_rows": MOST_ROWS, "too_many_columns": MOST_COLUMNS, "too_much_text": MOST_TEXT}
        most = limits_of.get(found["why"])
        raise UnreadableFile(**found, most=most)
    return found["rows"], {"sheet": found["sheet"]}


def _check_unpacked(data: bytes) -> None:
    """Refuse what unpacks to more than any list of people, or is no workbook. The sizes stated are checked too."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise UnreadableFile(why="too_large")
            if "xl/workbook.xml" not in packed.namelist():
                raise UnreadableFile(why="broken_workbook")
            for part in parts:
                with packed.open(part) as file:
                    while file.read(1 << 20):  # ends at the size stated, and fails there if there is more
                        pass
    except (*_DAMAGED, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UnreadableFile(why="broken_workbook") from error
