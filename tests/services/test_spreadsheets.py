"""Lists as LibreOffice opens them: the workbook whole, every cell as it was written, nothing reckoned."""

from __future__ import annotations

import csv
import io
import subprocess
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from regapp.services.formats import WRITERS, Column, Format, Kind

COLUMNS = [
    *(Column(name, Kind.TEXT) for name in ("first_name", "last_name", "organisation", "job_title")),
    Column("registered_at", Kind.MOMENT), Column("position", Kind.NUMBER), Column("note", Kind.TEXT),
]  # fmt: skip
PEOPLE = [
    ("王", "小明", "=1+1", "+43 660 1"),
    ("Δήμητρα", "Παπαδάκη", "=HYPERLINK(\"http://x.example\",\"x\")", "-5"),
    ("דנה", "כהן", "@SUM(A1)", "007"),
    ("Ђорђе", "Љубић", "+cmd|' /C calc'!A0", "1e5"),
    ("محمد", "الحسيني", "Tab\tand \"quotes\"; commas, too", "2026-01-02"),
    ("कमला", "देवी", "'quoted'", "TRUE"),
    ("Nguyễn", "Văn Ánh", "<b>&amp;</b>", "1/2"),
    ("😀", "Smile", " spaces ", "_x0041_"),
]  # fmt: skip
NOTES = [*[None] * (len(PEOPLE) - 1), "é" * 100_000]
NAMES = [column.name for column in COLUMNS]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where LibreOffice keeps its settings: making them takes longer than opening a file."""
    return tmp_path_factory.mktemp("profile")


def opened(file: bytes, folder: Path, profile: Path, *, ending: str, how: str) -> list[list[str]]:
    """Return the rows that LibreOffice sees: it opens the file and saves it as CSV, every text quoted."""
    source = folder / f"list.{ending}"
    source.write_bytes(file)
    saved = folder / "out"
    done = subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{profile}", "--headless", *how.split(), "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", str(saved),
            str(source),
        ],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    found = sorted(saved.glob("*.csv"))
    assert len(found) == 1, done.stdout + done.stderr
    return list(csv.reader(io.StringIO(found[0].read_text(encoding="utf-8"), newline=""), strict=True))


def written(kind: Format) -> bytes:
    """Return the bytes of a list of everybody."""
    file = io.BytesIO()
    count, moment = len(PEOPLE), datetime(2026, 7, 2, 0, 30, 5, tzinfo=ZoneInfo("Europe/Budapest"))
    WRITERS[kind](COLUMNS, [[*zip(*PEOPLE, strict=True), [moment] * count, range(1, count + 1), NOTES]], file)
    return file.getvalue()


def test_a_workbook_shows_every_word_as_it_was_written(tmp_path: Path, profile: Path) -> None:
    heading, *rows = opened(written(Format.XLSX), tmp_path, profile, ending="xlsx", how="")

    assert heading == NAMES
    assert [tuple(row[:4]) for row in rows] == PEOPLE
    assert {row[4] for row in rows} == {"2026-07-02 00:30:05"}
    assert [row[5] for row in rows] == [str(n) for n in range(1, len(PEOPLE) + 1)]
    assert rows[-1][6] == "é" * 32_766 + "…"


@pytest.mark.parametrize(("kind", "delimiter"), [(Format.CSV, 44), (Format.CSV_SEMICOLON, 59)])
def test_csv_opens_without_a_formula_and_with_every_name(
    tmp_path: Path, profile: Path, kind: Format, delimiter: int
) -> None:
    how = f"--infilter=CSV:{delimiter},34,76,1,,0,false,true,false,false,false"

    heading, *rows = opened(written(kind), tmp_path, profile, ending="csv", how=how)

    assert heading == NAMES
    assert [tuple(row[:2]) for row in rows] == [(first, last) for first, last, *_ in PEOPLE]
    for row, (_first, _last, organisation, job) in zip(rows, PEOPLE, strict=True):
        assert row[2].removeprefix("'") == organisation.removeprefix("'")
        if job in ("+43 660 1", "-5"):
            assert row[3] == job
