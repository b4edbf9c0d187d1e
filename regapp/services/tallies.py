"""How many people a view of an event has, by state, and what it can be narrowed down by; quick with 100,000 people.

What was counted is kept (`unchanged`), block by block, so that after a change only few people are counted again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import CTE, ColumnElement, Select, bindparam, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from regapp.db import db
from regapp.models import Registration, Tag
from regapp.rules.states import State
from regapp.services import people, unchanged
from regapp.services.people import Sort, View

BLOCK = 4096
FEW = 8
"""Registrations, by id, that are counted together; and blocks that are counted one by one, not all at once."""
Counts: TypeAlias = dict[int, Counter[State]]
"""Number of a block → people by state."""


def _different(of: InstrumentedAttribute[Any], *wanted: ColumnElement[bool]) -> CTE:
    """Find the different values of an indexed column, in order: one look into the index for each of them."""
    return _hop(select(func.min(of).label("value")).where(*wanted), lambda value: of > value)


def _hop(lowest: Select[Any], beyond: Callable[[ColumnElement[Any]], ColumnElement[bool]]) -> CTE:
    """Find the lowest value, then the lowest one beyond that, and so on."""
    each = lowest.cte(recursive=True)
    following = lowest.where(beyond(each.c.value)).scalar_subquery()
    each = each.union_all(select(following).where(each.c.value.is_not(None)))
    return select(each.c.value).where(each.c.value.is_not(None)).cte()


_HERE = (Registration.event_id == bindparam("event"), Registration.erased_at.is_(None))
_STATES = _different(Registration.state, *_HERE)
_COUNTRIES = select(_different(Registration.country, *_HERE).c.value)
_TAGS = select(_different(Tag.tag, Tag.event_id == bindparam("event")).c.value)


@dataclass(frozen=True, slots=True)
class Choices:
    """Codes of the countries from which people come, and the tags that they have, both in their order."""

    countries: list[str]
    tags: list[str]


def count(event_id: int, view: View) -> Counter[State]:
    """Return the people by state, as if the view asked for no state."""
    narrowed = replace(view, state=None, sort=Sort.REGISTERED, descending=True)
    counts = unchanged.work_out(event_id, narrowed, partial(_count_blocks, event_id, narrowed))
    return sum(counts.values(), Counter())


def _count_blocks(event_id: int, view: View, before: Counts | None, changed: frozenset[int]) -> Counts:
    """Return the people of a view by state, block by block; only those in which somebody has changed are read again."""
    blocks = {id_ // BLOCK for id_ in changed}
    if before is None or len(blocks) > FEW:
        return _count_few(event_id, view) if view.tag else _count_many(event_id, view)
    counts = {block: count for block, count in before.items() if block not in blocks}
    for block in blocks:
        counts |= _count_one(event_id, view, block)
    return counts


def _count_one(event_id: int, view: View, block: int) -> Counts:
    first, last = block * BLOCK, block * BLOCK + BLOCK - 1
    within = [Registration.id.between(first, last)]
    if view.tag:
        tagged = people.tagged(event_id, view.tag).where(Tag.registration_id.between(first, last))
        within.append(Registration.id.in_(tagged))
    return _count_few(event_id, replace(view, tag=""), *within)


def _count_few(event_id: int, view: View, *within: ColumnElement[bool]) -> Counts:
    """Count people by grouping them."""
    block = (Registration.id // BLOCK).label("block")
    counted = select(block, Registration.state, func.count()).where(*people.conditions(event_id, view), *within)
    return _counts(event_id, counted.group_by(block, Registration.state))


def _count_many(event_id: int, view: View) -> Counts:
    """Count the people of each state in each block by itself: the index of states holds them side by side.

    Grouping them takes SQLite, which sorts them first, several times as long.
    """
    lowest = select((func.min(Registration.id) // BLOCK).label("value")).where(*_HERE)
    blocks = _hop(lowest, lambda value: Registration.id >= (value + 1) * BLOCK)
    start = blocks.c.value * BLOCK
    these = (Registration.state == _STATES.c.value, Registration.id.between(start, start + (BLOCK - 1)))
    counted = select(func.count()).where(*people.conditions(event_id, view), *these).scalar_subquery()
    return _counts(event_id, select(blocks.c.value, _STATES.c.value, counted).join_from(blocks, _STATES, true()))


def _counts(event_id: int, counted: Select[int, str, int]) -> Counts:
    counts: Counts = defaultdict(Counter)
    for block, state, number in db.session.execute(counted, {"event": event_id}):
        counts[block][State(state)] = number
    return counts


def find_choices(event_id: int) -> Choices:
    """Return what the people of an event can be narrowed down by."""
    return unchanged.work_out(event_id, "choices", lambda _before, _changed: _read_choices(event_id))


def _read_choices(event_id: int) -> Choices:
    here = {"event": event_id}
    return Choices(list(db.session.scalars(_COUNTRIES, here)), list(db.session.scalars(_TAGS, here)))
