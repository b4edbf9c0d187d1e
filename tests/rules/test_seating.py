"""The one rule: who gets seats, who waits, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regapp.rules.seating import Blocked, Fit, Policy, Waiting, Why, free_seats, serve

EVENT, MAKERS, PRACTITIONERS, SPEAKERS = 1, 2, 3, 4
STRICT = Policy(event_quota=EVENT)
NEXT = Policy(event_quota=EVENT, fit=Fit.NEXT)


def party(number: int, *, people: int = 1, category: int | None = None) -> Waiting:
    """A party that needs seats of the event and, if it has one, of its category's quota."""
    demand = {EVENT: people} if category is None else {EVENT: people, category: people}
    return Waiting(number, demand, frozenset({category}))


def speaker(number: int, *, people: int = 1) -> Waiting:
    """A party whose category does not count: it needs no seat of the event."""
    return Waiting(number, {SPEAKERS: people}, frozenset({SPEAKERS}))


@pytest.mark.rule("R3")
@pytest.mark.parametrize(
    ("free", "heads", "policy", "moves"),
    [
        pytest.param({EVENT: 1}, [party(1)], STRICT, [1], id="a free seat and one who waits"),
        pytest.param({EVENT: 0}, [party(1)], STRICT, [], id="no free seat"),
        pytest.param({EVENT: -5}, [party(1)], STRICT, [], id="cut below what is taken (R4)"),
        pytest.param({EVENT: float("inf")}, [party(1), party(2)], STRICT, [1, 2], id="no limit"),
        pytest.param({EVENT: 2}, [party(1), party(2), party(3)], STRICT, [1, 2], id="two seats for the first two"),
        pytest.param({EVENT: 2}, [], STRICT, [], id="nobody waits"),
        pytest.param({EVENT: 2}, [party(1, people=3), party(2)], STRICT, [], id="strict: nobody passes a large party"),
        pytest.param({EVENT: 2}, [party(1, people=3), party(2)], NEXT, [2], id="next that fits passes it (R6)"),
        pytest.param({EVENT: 3}, [party(1, people=3), party(2)], STRICT, [1], id="a party is seated whole (R6)"),
        pytest.param(
            {EVENT: 5, MAKERS: 0, PRACTITIONERS: 5},
            [party(1, category=MAKERS), party(2, category=PRACTITIONERS)],
            STRICT, [2], id="a full category blocks nobody else",
        ),
        pytest.param(
            {EVENT: 5, MAKERS: 1, PRACTITIONERS: 5},
            [party(1, people=2, category=MAKERS), party(2, category=MAKERS), party(3, category=PRACTITIONERS)],
            STRICT, [3], id="a full category blocks itself",
        ),
        pytest.param(
            {EVENT: 1, MAKERS: 5, PRACTITIONERS: 5},
            [party(1, people=2, category=MAKERS), party(2, category=PRACTITIONERS)],
            STRICT, [], id="stopped by the event alone blocks everybody behind",
        ),
        pytest.param(
            {EVENT: 1, MAKERS: 1, PRACTITIONERS: 5},
            [party(1, people=2, category=MAKERS), party(2, category=PRACTITIONERS)],
            STRICT, [2], id="stopped by event and category blocks only the category",
        ),
        pytest.param(
            {EVENT: 9, MAKERS: 1, PRACTITIONERS: 9},
            [party(1, people=2, category=MAKERS), party(2, category=MAKERS)],
            NEXT, [2], id="next that fits within a category",
        ),
        pytest.param(
            {EVENT: 0, MAKERS: 5, SPEAKERS: 1}, [party(1, category=MAKERS), speaker(2), speaker(3)],
            STRICT, [2], id="who needs no seat of the event passes those who wait for one",
        ),
        pytest.param(
            {EVENT: 1, SPEAKERS: 1}, [speaker(1, people=2), party(2), speaker(3)],
            STRICT, [2], id="a full category that does not count blocks itself",
        ),
    ],
)  # fmt: skip
def test_the_queue_is_walked_in_order(free, heads, policy, moves) -> None:
    served = serve(free, heads, policy)

    assert served.moves == moves


@pytest.mark.rule("R3")
def test_reasons_name_what_is_lacking_and_who_is_ahead() -> None:
    heads = [party(1, category=MAKERS), party(2, category=MAKERS), party(3, category=PRACTITIONERS)]

    served = serve({EVENT: 1, MAKERS: 0, PRACTITIONERS: 1}, heads, STRICT)

    assert served.reasons == {1: Why((MAKERS,), behind=False), 2: Why((MAKERS,), behind=True)}
    assert served.moves == [3]
    assert served.free == {EVENT: 0, MAKERS: 0, PRACTITIONERS: 0}
    assert served.blocked == Blocked(categories=frozenset({MAKERS}))


@pytest.mark.rule("R3")
def test_a_newcomer_behind_a_blocking_head_waits_although_there_is_room_for_one() -> None:
    queue = serve({EVENT: 1}, [party(1, people=2)], STRICT)

    newcomer = serve(queue.free, [party(9)], STRICT, queue.blocked)

    assert newcomer.moves == []
    assert newcomer.reasons == {9: Why((), behind=True)}


@pytest.mark.parametrize(
    ("size", "taken", "held", "free"),
    [
        pytest.param(10, 4, 2, 4, id="what is left"),
        pytest.param(10, 12, 0, -2, id="below zero after a cut"),
        pytest.param(0, 0, 0, 0, id="interest list"),
        pytest.param(None, 900, 3, float("inf"), id="unlimited"),
    ],
)
def test_free_seats(size, taken, held, free) -> None:
    assert free_seats(size=size, taken=taken, held=held) == free


parties = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([None, MAKERS, PRACTITIONERS])), max_size=30).map(
    lambda rows: [party(n, people=people, category=cat) for n, (people, cat) in enumerate(rows, start=1)]
)
room = st.fixed_dictionaries({quota: st.integers(-2, 20) for quota in (EVENT, MAKERS, PRACTITIONERS)})
policies = st.sampled_from([STRICT, NEXT])


@pytest.mark.rule("R1")
@given(free=room, heads=parties, policy=policies)
def test_no_quota_is_exceeded_and_nobody_is_forgotten(free, heads, policy) -> None:
    served = serve(free, heads, policy)

    for quota, seats in free.items():
        used = sum(head.demand.get(quota, 0) for head in heads if head.id in served.moves)
        assert used <= max(0, seats)
        assert served.free[quota] == seats - used
    assert sorted([*served.moves, *served.reasons]) == [head.id for head in heads]


@pytest.mark.rule("R2")
@given(free=room, heads=parties, policy=policies)
def test_after_serving_nobody_waits_whom_the_rule_would_seat(free, heads, policy) -> None:
    first = serve(free, heads, policy)

    again = serve(first.free, [head for head in heads if head.id in first.reasons], policy)

    assert again.moves == []


@pytest.mark.rule("R3")
@given(free=room, heads=parties, policy=policies, cut=st.integers(0, 30))
def test_a_queue_served_in_pages_is_served_the_same(free, heads, policy, cut) -> None:
    whole = serve(free, heads, policy)

    one = serve(free, heads[:cut], policy)
    two = serve(one.free, heads[cut:], policy, one.blocked)

    assert one.moves + two.moves == whole.moves
    assert {**one.reasons, **two.reasons} == whole.reasons


@pytest.mark.rule("R3")
@given(free=room, heads=parties)
def test_strict_order_within_a_category_is_never_broken(free, heads) -> None:
    served = serve(free, heads, STRICT)

    for category in (None, MAKERS, PRACTITIONERS):
        fates = [head.id in served.moves for head in heads if category in head.categories]
        assert fates == sorted(fates, reverse=True)


mixed = st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=20).map(
    lambda rows: [speaker(n, people=p) if s else party(n, people=p) for n, (p, s) in enumerate(rows, start=1)]
)


@pytest.mark.rule("R1")
@given(free=st.fixed_dictionaries({EVENT: st.integers(-2, 9), SPEAKERS: st.integers(-2, 9)}), heads=mixed)
def test_those_who_do_not_count_and_the_others_never_touch_each_other(free, heads) -> None:
    apart = [[head for head in heads if (SPEAKERS in head.demand) == speaks] for speaks in (True, False)]

    together = serve(free, heads, STRICT)

    alone = [serve(free, some, STRICT) for some in apart]
    assert sorted(together.moves) == sorted(alone[0].moves + alone[1].moves)
    assert together.reasons == {**alone[0].reasons, **alone[1].reasons}
