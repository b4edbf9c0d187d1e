"""Facts of a moment ago: how old they may be, and what makes them out of date at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from regapp.db import db, transaction
from regapp.errors import NotFound
from regapp.services import capacity, recent
from regapp.services.events import EventFacts
from tests.factories import make_event, make_registration
from tests.statements import counting

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


def _elsewhere(event: EventFacts, *, size: int) -> None:
    """Change the size as another process would: this one does not notice. Ends its reading first."""
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE quotas SET size = :size WHERE id = :id"), {"size": size, "id": event.quota_id})


def test_many_readers_cost_one_statement(app: Flask) -> None:
    event = make_event()

    with counting() as statements:
        found = [recent.get_by_slug(event.slug, now=NOW + timedelta(milliseconds=10 * step)) for step in range(40)]

    assert len(statements) == 1
    assert all(facts == event for facts in found)


@pytest.mark.parametrize(
    ("later", "size"),
    [
        pytest.param(timedelta(milliseconds=499), 250, id="just young enough"),
        pytest.param(timedelta(milliseconds=500), 99, id="too old"),
        pytest.param(timedelta(seconds=-1), 99, id="the clock was set back"),
    ],
)
def test_what_another_process_changed_is_seen_after_half_a_second(app: Flask, later: timedelta, size: int) -> None:
    event = make_event(size=250)
    recent.get_by_slug(event.slug, now=NOW)
    _elsewhere(event, size=99)

    assert recent.get_by_slug(event.slug, now=NOW + later).size == size
    assert recent.get(event.id, now=NOW).size == 99  # another key, read for the first time


def test_what_this_process_changed_is_seen_at_once(app: Flask) -> None:
    event = make_event(size=2)
    recent.get_by_slug(event.slug, now=NOW)
    make_registration(event, now=NOW)
    assert recent.get_by_slug(event.slug, now=NOW).taken == 1

    with transaction():
        capacity.resize(event.id, 7, actor="operator", now=NOW)
    assert recent.get_by_slug(event.slug, now=NOW).size == 7


def test_who_lets_the_guard_count_does_not_see_seats_given_by_the_quick_answer(app: Flask) -> None:
    event = make_event(size=2)
    recent.get_by_slug(event.slug, now=NOW)
    with transaction(gives_seats_only=True):
        db.session.execute(text("UPDATE quotas SET taken = 1 WHERE id = :id"), {"id": event.quota_id})

    assert recent.get_by_slug(event.slug, now=NOW, seats_may_lag=True).taken == 0
    assert recent.get_by_slug(event.slug, now=NOW).taken == 1


def test_after_a_step_that_was_undone_everything_is_read_again(app: Flask) -> None:
    event = make_event()
    recent.get_by_slug(event.slug, now=NOW)
    with pytest.raises(ZeroDivisionError), transaction(gives_seats_only=True):
        raise ZeroDivisionError

    with counting() as statements:
        recent.get_by_slug(event.slug, now=NOW, seats_may_lag=True)

    assert len(statements) == 1


def test_an_event_that_is_not_there_is_not_remembered(app: Flask) -> None:
    with pytest.raises(NotFound):
        recent.get_by_slug("next-event", now=NOW)
    event = make_event(slug="next-event")

    assert recent.get_by_slug("next-event", now=NOW) == event
