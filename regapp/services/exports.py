"""Lists to take away, as CSV that spreadsheets open safely.

Columns (their names and order are stable; new ones are added at the end):
reference, state, first_name, last_name, email, organisation, job_title, country (ISO 3166 code), country_name
(English), language (in which the person is written to), registered_at (local time of the event), time_zone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import IO
from zoneinfo import ZoneInfo

from babel import Locale
from sqlalchemy import Connection, bindparam, select

from regapp.db import AnyRow
from regapp.errors import NotFound
from regapp.models import Event, Party, Registration
from regapp.rules.states import State

COLUMNS = (
    "reference",
    "state",
    "first_name",
    "last_name",
    "email",
    "organisation",
    "job_title",
    "country",
    "country_name",
    "language",
    "registered_at",
    "time_zone",
)
ROWS_AT_A_TIME = 1000
BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9 ().,/-]+")
_COUNTRIES = Locale("en").territories

_EVENT = select(Event.id, Event.tz).where(Event.slug == bindparam("slug"))
_PEOPLE = (
    select(
        Registration.code,
        Registration.state,
        Registration.first_name,
        Registration.last_name,
        Registration.email,
        Registration.organisation,
        Registration.job_title,
        Registration.country,
        Party.lang,
        Registration.registered_at,
    )
    .join(Party, Party.id == Registration.party_id)
    .where(Registration.event_id == bindparam("event"), Registration.state == bindparam("state"))
    .order_by(Registration.queue_no, Registration.id)
)


def write(snapshot: Connection, slug: str, state: State, to: IO[str]) -> int:
    """Write the people of an event in this state; return how many. Raises: NotFound.

    Order: who waits by queue number, all others as they registered. `to` must be opened with newline="".
    The list of attendees is the list of the confirmed (R15).
    """
    event = snapshot.execute(_EVENT, {"slug": slug}).one_or_none()
    if event is None:
        raise NotFound(slug)
    to.write(BOM)
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in _people(snapshot, event.id, state):
        writer.writerow([safe(cell) for cell in _cells(row, event.tz)])
        count += 1
    return count


def safe(cell: str) -> str:
    """Return the cell with an apostrophe before it if a spreadsheet would take it for a formula.

    Numbers stay as they are, telephone numbers and dates among them.
    """
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _people(snapshot: Connection, event_id: int, state: State) -> Iterator[AnyRow]:
    found = snapshot.execution_options(yield_per=ROWS_AT_A_TIME).execute(_PEOPLE, {"event": event_id, "state": state})
    yield from found


def _cells(row: AnyRow, tz: str) -> list[str]:
    """Return the cells of one person, in the order of COLUMNS."""
    registered_at = row.registered_at.astimezone(ZoneInfo(tz)).strftime("%Y-%m-%d %H:%M:%S")
    texts = (row.code, row.state, row.first_name, row.last_name, row.email, row.organisation, row.job_title)
    country = row.country or ""
    return [
        *(text or "" for text in texts),
        country,
        _COUNTRIES.get(country, country),
        row.lang,
        registered_at,
        tz,
    ]
