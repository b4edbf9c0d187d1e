"""Which people of an event organizers look at: one view for the table, bulk actions, messages and lists."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists

from regapp.models import Registration, Tag
from regapp.rules.searching import search_key
from regapp.rules.states import State


class Sort(StrEnum):
    """What a view is sorted by."""

    REGISTERED = "registered"
    NAME = "name"
    ORGANISATION = "organisation"
    COUNTRY = "country"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class View:
    """People of an event, and their order. Empty fields leave nobody out; the default is everybody, newest first.

    `q`: words that must all be found in names, organisation, address or reference; `state` None is all states;
    `country`: ISO 3166 code.
    """

    q: str = ""
    state: State | None = None
    country: str = ""
    tag: str = ""
    organisation_type: str = ""
    sort: Sort = Sort.REGISTERED
    descending: bool = True


def conditions(event_id: int, view: View) -> list[ColumnElement[bool]]:
    """Return what a registration must fulfil to be in the view. Those who were erased are in none."""
    found: list[ColumnElement[bool]] = [Registration.event_id == event_id, Registration.erased_at.is_(None)]
    if view.state is not None:
        found.append(Registration.state == view.state)
    if view.country:
        found.append(Registration.country == view.country)
    if view.organisation_type:
        found.append(Registration.organisation_type == view.organisation_type)
    if view.tag:
        found.append(exists().where(Tag.registration_id == Registration.id, Tag.tag == view.tag))
    found += [Registration.search_key.contains(word, autoescape=True) for word in search_key(view.q).split()]
    return found


def order(view: View) -> list[ColumnElement[Any]]:
    """Return the columns to sort by; the last one makes the order complete."""
    columns: dict[Sort, list[Any]] = {
        Sort.REGISTERED: [],
        Sort.NAME: [Registration.last_name, Registration.first_name],
        Sort.ORGANISATION: [Registration.organisation],
        Sort.COUNTRY: [Registration.country],
        Sort.QUEUE: [Registration.queue_no],
    }
    chosen = [*columns[view.sort], Registration.id]
    return [column.desc() if view.descending else column.asc() for column in chosen]
