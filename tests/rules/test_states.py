"""One table says which moves exist."""

from __future__ import annotations

import pytest

from regapp.errors import IllegalMove
from regapp.rules.states import FINAL, LIVING, MOVES, SEATED, State, can_move, check_move

ALLOWED = """
none > unverified pending waitlisted offered confirmed
unverified > confirmed pending waitlisted expired cancelled
pending > confirmed waitlisted offered declined expired cancelled
waitlisted > offered confirmed expired cancelled
offered > confirmed waitlisted expired cancelled
confirmed > cancelled
declined >
expired >
cancelled >
"""


def _pairs() -> set[tuple[str, str]]:
    lines = [line.split(">") for line in ALLOWED.strip().splitlines()]
    return {(before.strip(), after) for before, afters in lines for after in afters.split()}


@pytest.mark.parametrize("before", [None, *State], ids=lambda state: f"from {state or 'nothing'}")
@pytest.mark.parametrize("after", list(State), ids=lambda state: f"to {state}")
def test_every_move_is_allowed_or_refused_as_the_design_says(before, after) -> None:
    allowed = (before or "none", after) in _pairs()

    assert can_move(before, after) is allowed
    if allowed:
        check_move(before, after)
    else:
        with pytest.raises(IllegalMove) as refused:
            check_move(before, after)
        assert refused.value.values == {"before": before, "after": after}


def test_final_states_stay_final_and_seats_are_held_by_living_ones() -> None:
    assert all(not MOVES[state] for state in FINAL)
    assert set(State) == LIVING | FINAL
    assert SEATED < LIVING
