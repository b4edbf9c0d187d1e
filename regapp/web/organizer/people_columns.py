"""Which columns the table of people shows, as the address says it: `?columns=email,country`."""

from __future__ import annotations

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from regapp.services.people import Sort

COLUMNS = {
    "email": lazy_gettext("E-mail"),
    "code": lazy_gettext("Reference"),
    "job_title": lazy_gettext("Job title"),
    "organisation_type": lazy_gettext("Kind of organisation"),
    "country": lazy_gettext("Country"),
    "category": lazy_gettext("Category"),
    "language": lazy_gettext("Language"),
    "tags": lazy_gettext("Tags"),
    "registered": lazy_gettext("Registered"),
}
"""Beside name with organisation, and state, which are always shown; in the order of the table."""
DEFAULT = ("country", "category", "tags", "registered")
NONE = "none"
"""Stands in the address for no further column."""
SORTS = {
    "-registered": lazy_gettext("Newest registration first"),
    "registered": lazy_gettext("Oldest registration first"),
    "name": lazy_gettext("Last name, A to Z"),
    "-name": lazy_gettext("Last name, Z to A"),
    "organisation": lazy_gettext("Organisation, A to Z"),
    "-organisation": lazy_gettext("Organisation, Z to A"),
    "country": lazy_gettext("Country"),
    "-country": lazy_gettext("Country, backwards"),
    "queue": lazy_gettext("Number on the waiting list"),
    "-queue": lazy_gettext("End of the waiting list first"),
}
"""Order as the address names it → in words."""
SORTED_BY = {"country": Sort.COUNTRY, "registered": Sort.REGISTERED}
"""Column → what a click on its heading sorts by."""


_IN_LISTS = {"code": "reference", "registered": "registered_at"}
"""Columns that lists to take away know by another name."""
_ALWAYS = ("first_name", "last_name", "organisation", "state")


def in_lists(columns: tuple[str, ...]) -> str:
    """Return the part of the address by which lists show the same columns."""
    return ",".join((*_ALWAYS, *(_IN_LISTS.get(name, name) for name in columns)))


def from_args(args: MultiDict[str, str]) -> tuple[str, ...]:
    """Return the columns that an address names, in the order of the table; the usual ones if it names none."""
    wanted = {name for value in args.getlist("columns") for name in value.split(",")}
    chosen = tuple(name for name in COLUMNS if name in wanted)
    return chosen if chosen or NONE in wanted else DEFAULT


def to_args(columns: tuple[str, ...]) -> dict[str, str]:
    """Return the part of the address; nothing for the usual columns."""
    return {} if columns == DEFAULT else {"columns": ",".join(columns) or NONE}
