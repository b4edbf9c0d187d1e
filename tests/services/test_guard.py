"""The guard is a shortcut for the commonest answer of the rule, not a second rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from regapp.db import db, transaction
from regapp.models import Category, Quota, QuotaKind
from regapp.rules.seating import Blocked, Waiting, free_seats, serve
from regapp.services import events, seats, waitlist
from tests.factories import make_category, make_event

sizes = st.none() | st.integers(0, 6)
few = st.integers(0, 6)


@pytest.mark.rule("R3")
def test_guard_and_rule_agree(app, now) -> None:
    event = make_event(size=1)

    @given(size=sizes, taken=few, held=few, waiting=few, people=st.integers(1, 3), stale=st.booleans(),
           expiry=st.sampled_from([None, -1, 0, 1]))  # fmt: skip
    def agree(size, taken, held, waiting, people, stale, expiry) -> None:
        due = None if expiry is None else now + timedelta(minutes=expiry)
        with transaction():
            db.session.execute(
                update(Quota).values(size=size, taken=taken, held=held, waiting=waiting, next_expiry_at=due)
            )
        read = events.get(event.id)
        if stale:
            with transaction():
                db.session.execute(update(Quota).values(version=Quota.version + 1))
        newcomer = Waiting(0, {event.quota_id: people}, frozenset({None}))
        free = {event.quota_id: free_seats(size=size, taken=taken, held=held)}
        ruled = serve(free, [newcomer], waitlist.policy(read), Blocked(everybody=waiting > 0))
        nothing_due = due is None or due > now

        with transaction():
            guarded = seats.take(read, people, now=now)

        assert guarded == (bool(ruled.moves) and not stale and nothing_due)
        assert events.get(event.id).taken == taken + (people if guarded else 0)

    agree()


@pytest.mark.rule("R5")
def test_guards_and_rule_agree_for_two_limits_and_take_from_both_or_neither(app, now) -> None:
    event = make_event(size=1)
    category_id = make_category(event, size=1)

    @given(size=sizes, taken=few, own_size=sizes, own_taken=few, waiting=few, counts=st.booleans())
    def agree(size, taken, own_size, own_taken, waiting, counts) -> None:
        with transaction():
            mine, its = (Quota.kind == kind for kind in (QuotaKind.EVENT, QuotaKind.CATEGORY))
            db.session.execute(update(Quota).where(mine).values(size=size, taken=taken, waiting=waiting))
            db.session.execute(update(Quota).where(its).values(size=own_size, taken=own_taken))
            db.session.execute(update(Category).values(counts=counts))
        read = events.get(event.id)
        newcomer = Waiting(0, read.demand(category_id), frozenset({category_id}))
        behind = Blocked(everybody=waiting > 0, categories=frozenset({category_id} if waiting else ()))
        ruled = bool(serve(read.free_by_quota, [newcomer], waitlist.policy(read), behind).moves)

        guarded = _take(read, category_id, now=now)

        full = size is not None and taken > size  # then the guard leaves even those who do not count to the slow path
        assert guarded == (ruled and not full)
        after = events.get(event.id)
        assert after.categories[0].taken == own_taken + guarded
        assert after.taken == taken + (guarded and counts)

    agree()


def _take(event, category_id, *, now) -> bool:
    """Take a seat as registering does: what was taken goes back if a guard does not hold."""
    try:
        with transaction():
            if not seats.take(event, 1, category_id=category_id, now=now):
                raise seats.GuardMissed
    except seats.GuardMissed:
        return False
    return True
