"""The guard is a shortcut for the commonest answer of the rule, not a second rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from regapp.db import db, transaction
from regapp.models import Quota
from regapp.rules.seating import Blocked, Waiting, free_seats, serve
from regapp.services import events, seats, waitlist
from tests.factories import make_event

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
