"""Why somebody waits, as the rule says it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from regapp.db import transaction
from regapp.services import capacity, own, registrations, why
from regapp.services.why import Explanation
from tests.factories import make_category, make_event, make_registration


def _explain(code: str, now: datetime) -> Explanation:
    found = why.explain(own.get_own(code), now=now)
    assert found is not None
    return found


@pytest.mark.rule("R3")
def test_a_full_category_is_the_reason_though_the_event_has_places(app: Any, now: datetime) -> None:
    event = make_event(size=10)
    makers, others = make_category(event, size=2, name="Policy makers"), make_category(event, size=None)
    for category in (makers, makers, others):
        make_registration(event, category_id=category, now=now)
    first, second = [make_registration(event, category_id=makers, now=now) for _ in range(2)]

    reason = _explain(second.code, now)

    assert (reason.category_full, reason.event_full, reason.behind) == (True, False, False)
    assert (reason.ahead, _explain(first.code, now).ahead) == (1, 0)
    assert reason.category is not None
    assert (reason.category.taken, reason.category.size, reason.event.places_left) == (2, 2, 7)


@pytest.mark.rule("R3")
def test_a_full_event_is_the_reason_though_the_category_has_places(app: Any, now: datetime) -> None:
    event = make_event(size=1)
    makers, practitioners = make_category(event, size=5), make_category(event, size=5)
    make_registration(event, category_id=makers, now=now)
    make_registration(event, category_id=makers, now=now)
    waits = make_registration(event, category_id=practitioners, now=now)

    reason = _explain(waits.code, now)

    assert (reason.category_full, reason.event_full, reason.ahead) == (False, True, 0)


@pytest.mark.rule("R12")
def test_once_serving_has_ended_there_is_no_other_reason(app: Any, now: datetime) -> None:
    event = make_event(size=1, serve_until=now)
    make_registration(event, now=now.replace(year=now.year - 1))
    waits = make_registration(event, now=now.replace(year=now.year - 1))

    assert _explain(waits.code, now).serving is False


def test_who_has_a_place_has_no_reason(app: Any, now: datetime) -> None:
    event = make_event(size=1)
    seated, waits = make_registration(event, now=now), make_registration(event, now=now)
    with transaction():
        registrations.cancel(seated.id, actor="attendee", now=now)

    assert why.explain(own.get_own(waits.code), now=now) is None


@pytest.mark.rule("R4")
def test_a_cut_limit_is_full(app: Any, now: datetime) -> None:
    event = make_event(size=3)
    for _ in range(4):
        last = make_registration(event, now=now)
    with transaction():
        capacity.resize(event.id, 1, actor="account:1", now=now)

    reason = _explain(last.code, now)

    assert (reason.event_full, reason.event.places_left, reason.event.taken) == (True, 0, 3)
