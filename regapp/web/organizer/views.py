"""A view of people in the address of a page: `?q=novak&state=waitlisted&sort=-name`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from regapp.rules.states import State
from regapp.services.people import WITHOUT, Sort, View
from regapp.web.moments import FIRST_YEAR, LAST_YEAR

LENGTH = 200
"""Characters of a search that are read."""
NONE = "none"
"""Stands in the address for no category."""
DIGITS = 10
"""Digits that no id of a category has."""


def from_args(args: Mapping[str, str]) -> View:
    """Return the view that an address names; what it does not know in it is left out."""
    sort = args.get("sort", "-registered")
    state = args.get("state", "")
    return View(
        q=_text(args, "q", LENGTH),
        state=State(state) if state in set(State) else None,
        country=_text(args, "country", 2),
        tag=_text(args, "tag", 40),
        organisation_type=_text(args, "organisation_type", 20),
        lang=_text(args, "language", 10),
        category=_category(args.get("category", "")),
        since=_day(args, "since"),
        until=_day(args, "until"),
        sort=Sort(sort.removeprefix("-")) if sort.removeprefix("-") in set(Sort) else Sort.REGISTERED,
        descending=sort.startswith("-"),
    )


def to_args(view: View, **changes: Any) -> dict[str, str]:
    """Return the parts of the address of a view, with changes; what is as by default is left out."""
    view = replace(view, **changes)
    default = View()
    parts = {
        "q": view.q,
        "state": view.state or "",
        "country": view.country,
        "tag": view.tag,
        "organisation_type": view.organisation_type,
        "language": view.lang,
        "category": NONE if view.category == WITHOUT else view.category or "",
        "since": view.since or "",
        "until": view.until or "",
    }
    found = {name: str(value) for name, value in parts.items() if value}
    if (view.sort, view.descending) != (default.sort, default.descending):
        found["sort"] = f"{'-' if view.descending else ''}{view.sort}"
    return found


def _category(text: str) -> int | None:
    """Return the id of a category, or what stands for none; nothing where it is no number of one."""
    if text == NONE:
        return WITHOUT
    is_id = text.isascii() and text.isdecimal() and len(text) < DIGITS
    return (int(text) or None) if is_id else None


def _text(args: Mapping[str, str], name: str, length: int) -> str:
    """Return a part of the address without what no text in the database can hold."""
    return args.get(name, "").replace("\0", "").strip()[:length]


def _day(args: Mapping[str, str], name: str) -> date | None:
    text = args.get(name, "")
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and FIRST_YEAR <= found.year < LAST_YEAR else None
