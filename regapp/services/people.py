"""Which people of an event organizers look at: one view for the table, bulk actions, messages and lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, any_, func, or_, select

from regapp.db import db
from regapp.models import Registration, Tag
from regapp.rules import local_times
from regapp.rules.searching import search_key
from regapp.rules.states import State
from regapp.services import events

DAY = timedelta(days=1)
WITHOUT = 0
"""Stands for no category where the id of one stands; no category has it."""
SHORT = 3
"""Letters of a word that is looked for anywhere. Of fewer there are too many; in scripts of syllables they do."""


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
    `country`: ISO 3166 code; `category`: its id,
    `WITHOUT` for those who have none; `since`, `until`: first and last day of registering, in the event's zone.
    """

    q: str = ""
    state: State | None = None
    country: str = ""
    tag: str = ""
    organisation_type: str = ""
    lang: str = ""
    category: int | None = None
    since: date | None = None
    until: date | None = None
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
    if view.lang:
        found.append(Registration.lang == view.lang)
    if view.category is not None:
        wanted = None if view.category == WITHOUT else view.category
        found.append(Registration.category_id == wanted)
    if view.since or view.until:
        found += _registered_between(events.get(event_id).tz, view.since, view.until)
    if view.tag:
        found.append(_is_tagged(event_id, view.tag))
    found += [_holds(word) for word in sorted(words(view), key=str.isalpha)]
    return found


def _registered_between(tz: str, since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    found = []
    if since:
        found.append(Registration.registered_at >= local_times.at(datetime.combine(since, time()), tz))
    if until:
        found.append(Registration.registered_at < local_times.at(datetime.combine(until + DAY, time()), tz))
    return found


def tagged(event_id: int, tag: str) -> Select[int]:
    """Return the ids of those who have a tag."""
    return select(Tag.registration_id).where(Tag.event_id == event_id, Tag.tag == tag)


def _is_tagged(event_id: int, tag: str) -> ColumnElement[bool]:
    """Say that a person has a tag. As an array, PostgreSQL begins with those who have it, not with everybody."""
    if db.engine.dialect.name != "postgresql":
        return Registration.id.in_(tagged(event_id, tag))
    return Registration.id == any_(func.array(tagged(event_id, tag).scalar_subquery()))


def is_among_tagged(event_id: int, tag: str) -> ColumnElement[bool]:
    """Say the same where many have it: each person, in the order of the view, is looked up among them.

    Whoever begins with those who have it would have to sort them all. SQLite looks people up by itself.
    """
    found = Registration.id.in_(tagged(event_id, tag))
    return found.is_(True) if db.engine.dialect.name == "postgresql" else found


def words(view: View) -> list[str]:
    """Return the words that are searched, in the form in which people are found by them."""
    return [part for word in view.q.split() for part in search_key(word).split()]


def _holds(word: str) -> ColumnElement[bool]:
    """Say that a word is found in a person: anywhere, or, if it is one or two plain letters, where a word begins.

    PostgreSQL has an index of each three letters, with the spaces before words. SQLite reads the keys of all people,
    for which GLOB is the quickest comparison: one that leaves out most of them comes first, so digits before letters.
    """
    key, begins = Registration.search_key, len(word) < SHORT and word.isascii() and word.isalnum()
    if db.engine.dialect.name != "postgresql":
        plain = re.sub(r"([*?[])", r"[\1]", word)
        found, first, later = (key.op("GLOB")(pattern) for pattern in (f"*{plain}*", f"{plain}*", f"* {plain}*"))
        return and_(found, or_(first, later)) if begins else found
    if begins:
        return or_(key.startswith(word, autoescape=True), key.contains(f" {word}", autoescape=True))
    return key.contains(word, autoescape=True) if len(word) >= SHORT else func.strpos(key, word) > 0


def order(view: View) -> list[ColumnElement[Any]]:
    """Return the columns to sort by; the last one makes the order complete. Who does not wait comes after the queue."""
    columns: dict[Sort, list[Any]] = {
        Sort.REGISTERED: [],
        Sort.NAME: [Registration.search_key],
        Sort.ORGANISATION: [Registration.organisation_key],
        Sort.COUNTRY: [Registration.country],
        Sort.QUEUE: [Registration.queue_no],
    }
    chosen = [*columns[view.sort], Registration.id]
    if view.descending:
        return [column.desc().nulls_first() if column.nullable else column.desc() for column in chosen]
    return [column.asc().nulls_last() if column.nullable else column.asc() for column in chosen]
