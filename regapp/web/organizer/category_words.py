"""What happened to categories, and to people in them, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from regapp.services.events import EventFacts
from regapp.services.history import Line
from regapp.services.records import Action
from regapp.speech import DEFAULT
from regapp.web import languages

LIMIT, CATEGORY = "limit:", "category:"
"""What the keys of names begin with, before the id of a quota or of a category."""


def names(event: EventFacts) -> dict[str, str]:
    """Return what the categories of an event are called: by the keys of their limits, and of themselves."""
    lang, found = languages.current(), dict[str, str]()
    for one in event.categories:
        found[f"{LIMIT}{one.quota_id}"] = found[f"{CATEGORY}{one.id}"] = one.text("name", lang)
    return found | {f"{LIMIT}{event.quota_id}": ""}


def name_in(category_id: Any, known: Mapping[str, str]) -> str:
    """Return what a category is called, that there is none, or that it is gone."""
    if category_id is None:
        return _("no category")
    return known.get(f"{CATEGORY}{category_id}") or _("a category that is gone")


def of_limit(line: Line, known: Mapping[str, str]) -> str:
    """Return whose limit a line is about; empty for that of the whole event."""
    if line.quota_id is None:
        return ""
    return known.get(f"{LIMIT}{line.quota_id}", _("a category that is gone"))


def about_category(line: Line, known: Mapping[str, str]) -> str:
    """Return what happened to a category."""
    name = _name(line, known)
    match line.action:
        case Action.CATEGORY_CREATED:
            return _("The category “%(category)s” was added", category=name)
        case Action.CATEGORY_DELETED:
            return _("The category “%(category)s” was removed: nobody had it", category=name)
    if "place" in (line.numbers or {}):
        return _("The category “%(category)s” is shown in another place", category=name)
    return _("The category “%(category)s” was changed", category=name)


def _name(line: Line, known: Mapping[str, str]) -> str:
    """Return what a category is called now; once it is gone, as it was called then."""
    numbers = line.numbers or {}
    then = numbers.get("names") or {}
    now = known.get(f"{CATEGORY}{numbers.get('category')}")
    return now or then.get(languages.current()) or then.get(DEFAULT) or next(iter(then.values()), "–")
