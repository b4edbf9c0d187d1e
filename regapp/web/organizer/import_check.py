"""What would become of each row of a list, as a table to look through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from regapp.models import Import
from regapp.services.adding import WhenFull
from regapp.services.importing import Candidate, Decided, Outlook
from regapp.web.organizer.import_rows import Broken, Columns

ROWS = 500
"""Rows on one page."""
BROKEN = "broken"
"""Stands among the fates for rows that cannot be read."""


@dataclass(frozen=True, slots=True)
class Check:
    """A list with all that was chosen about it, and the people that were read from it."""

    kept: Import
    columns: Columns
    when_full: WhenFull
    tells: bool
    people: list[Candidate]
    broken: list[Broken]

    @property
    def args(self) -> dict[str, Any]:
        """Return what was chosen as parts of an address."""
        return {**self.columns.args, "when_full": self.when_full.value, **({"tell": "yes"} if self.tells else {})}


@dataclass(frozen=True, slots=True)
class Line:
    """One row: who it is, and what would become of them, or why they cannot be read."""

    number: int
    who: str
    email: str
    decided: Decided | None
    broken: Broken | None
    category_id: int | None = None

    @property
    def fate(self) -> str:
        """Return the fate, rows that cannot be read included."""
        return self.decided.fate.value if self.decided else BROKEN


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one fate, or of all, a page of them. `counts`: fate → rows, of those that there are."""

    lines: list[Line]
    counts: dict[str, int]
    fate: str
    part: int
    parts: int
    total: int


def shown(check: Check, outlook: Outlook | None, *, fate: str, part: int) -> Table:
    """Return a page of the rows, in the order of the file; of all of them where there is no such fate."""
    lines = [Line(row.number, row.who, "", None, row) for row in check.broken]
    if outlook is not None:
        people: dict[int, Any] = {one.number: one.applicant for one in check.people}
        for row in outlook.rows:
            applicant = people[row.number]
            lines.append(Line(row.number, applicant.details.name, applicant.email, row, None, applicant.category_id))
    lines.sort(key=lambda line: line.number)
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.fate] = counts.get(line.fate, 0) + 1
    fate = fate if fate in counts else ""
    chosen = [line for line in lines if fate in ("", line.fate)]
    parts = max(1, -(-len(chosen) // ROWS))
    part = min(max(1, part), parts)
    return Table(chosen[(part - 1) * ROWS : part * ROWS], counts, fate, part, parts, len(lines))
