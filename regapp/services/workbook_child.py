"""Reads a workbook in a process of its own, which may use so much memory and time and no more.

A small file can claim a cell a million rows and sixteen thousand columns away, and its reader makes room for all of
them. This process is run by its path, knows nothing of regapp, and prints JSON: a sheet's name and its rows of texts,
or why there are none.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any

from python_calamine import CalamineError, SheetVisibleEnum, load_workbook


def read(file: bytes, *, most_rows: int, most_columns: int, most_text: int) -> dict[str, Any]:
    """Return the first sheet that is not hidden, or why there is none."""
    try:
        workbook = load_workbook(io.BytesIO(file))
        seen = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
        if not seen:
            return {"why": "empty"}
        sheet = workbook.get_sheet_by_name(seen[0])
        if sheet.total_height > most_rows:
            return {"why": "too_many_rows", "found": sheet.total_height}
        if sheet.total_width > most_columns:
            return {"why": "too_many_columns", "found": sheet.total_width}
        rows = sheet.to_python(skip_empty_area=False)
    except CalamineError:
        return {"why": "broken_workbook"}
    texts = [[_text(cell) for cell in row] for row in rows]
    if sum(len(cell) for row in texts for cell in row) > most_text:
        return {"why": "too_much_text"}
    return {"sheet": seen[0], "rows": texts}


def _text(cell: Any) -> str:
    """Return a cell as somebody reads it: whole numbers without a decimal point."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def main() -> None:
    """Read from standard input; arguments: megabytes of memory, seconds, most rows, columns, letters."""
    megabytes, seconds, most_rows, most_columns, most_text = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = read(sys.stdin.buffer.read(), most_rows=most_rows, most_columns=most_columns, most_text=most_text)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
