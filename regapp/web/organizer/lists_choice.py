"""What somebody wants to take away, as the address of the list says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from regapp.rules.states import State
from regapp.services.exports import ALL_COLUMNS, COLUMNS, Wanted
from regapp.services.formats import Format
from regapp.services.people import Sort
from regapp.web import languages
from regapp.web.organizer import views

NARROWING = ("q", "country", "tag", "organisation_type", "language", "category", "since", "until")
"""Parts of the address that leave people out, save the state."""
EVERYBODY = "all"
"""Stands for all states in the address, where none means the attendees (R15)."""
STATES = {
    State.CONFIRMED.value: lazy_gettext("Attendees: who has a place"),
    State.WAITLISTED.value: lazy_gettext("Who is on the waiting list"),
    State.CANCELLED.value: lazy_gettext("Who cancelled"),
    State.EXPIRED.value: lazy_gettext("Who waited in vain"),
    EVERYBODY: lazy_gettext("Everybody"),
}
SORTS = {
    "registered": lazy_gettext("As they registered"),
    "-registered": lazy_gettext("Newest first"),
    "name": lazy_gettext("Last name"),
    "organisation": lazy_gettext("Organisation"),
    "country": lazy_gettext("Country"),
    "queue": lazy_gettext("Number on the waiting list"),
}
FORMATS = {
    Format.XLSX: (lazy_gettext("XLSX"), lazy_gettext("For Excel, LibreOffice and the like; dates are real dates")),
    Format.CSV: (lazy_gettext("CSV with commas"), lazy_gettext("For most programs, and for Excel in English")),
    Format.CSV_SEMICOLON: (
        lazy_gettext("CSV with semicolons"),
        lazy_gettext("For Excel in Hungarian, German, French and other languages that write 1,5"),
    ),
    Format.JSON: (lazy_gettext("JSON"), lazy_gettext("For programmers")),
}
LABELS = {
    "reference": lazy_gettext("Reference"),
    "state": lazy_gettext("State"),
    "first_name": lazy_gettext("First name"),
    "last_name": lazy_gettext("Last name"),
    "email": lazy_gettext("E-mail"),
    "organisation": lazy_gettext("Organisation"),
    "job_title": lazy_gettext("Job title"),
    "country": lazy_gettext("Country, as a code"),
    "country_name": lazy_gettext("Country, in English"),
    "language": lazy_gettext("Language of mails"),
    "registered_at": lazy_gettext("Registered at"),
    "time_zone": lazy_gettext("Time zone"),
    "organisation_type": lazy_gettext("Kind of organisation"),
    "position": lazy_gettext("Number on the waiting list"),
    "tags": lazy_gettext("Tags"),
    "name": lazy_gettext("Whole name"),
    "consent": lazy_gettext("Ground for keeping the data"),
    "consent_version": lazy_gettext("Version of the privacy notice"),
    "announcements": lazy_gettext("Wants announcements"),
    "note": lazy_gettext("Note of the organizers"),
    "category": lazy_gettext("Category"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A list that was asked for. `problems`: names of fields that say nothing we know."""

    wanted: Wanted
    problems: frozenset[str]

    @property
    def state(self) -> str:
        """Return the state as the address names it."""
        return self.wanted.view.state or EVERYBODY

    @property
    def sort(self) -> str:
        """Return the order as the address names it."""
        view = self.wanted.view
        return f"{'-' if view.descending else ''}{view.sort}"

    @property
    def narrowed(self) -> dict[str, str]:
        """Return what else narrows the view, as parts of the address."""
        parts = views.to_args(self.wanted.view)
        return {name: part for name, part in parts.items() if name not in ("state", "sort")}


def read(args: MultiDict[str, str]) -> Choice:
    """Return the list that an address asks for; attendees as they registered, if it says nothing."""
    view = views.from_args(args)
    if "sort" not in args:
        view = replace(view, sort=Sort.REGISTERED, descending=False)
    if "state" not in args and not _narrows(args):
        view = replace(view, state=State.CONFIRMED)
    sent = "format" in args
    chosen = {name for value in args.getlist("columns") for name in value.split(",")}
    columns = tuple(name for name in ALL_COLUMNS if name in chosen) if sent or chosen else COLUMNS
    known = args.get("format", Format.XLSX) in set(Format)
    kind = Format(args.get("format", Format.XLSX)) if known else Format.XLSX
    problems = {"columns": not columns or not chosen <= set(ALL_COLUMNS), "format": not known}
    wanted = Wanted(view, columns, kind, lang=languages.current())
    return Choice(wanted, frozenset(name for name, wrong in problems.items() if wrong))


def whole_number(args: Mapping[str, str], name: str) -> int:
    """Return a part of the address as a whole number, 1 if it is none."""
    value = args.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else 1


def _narrows(args: Mapping[str, str]) -> bool:
    return any(args.get(name) for name in NARROWING)
