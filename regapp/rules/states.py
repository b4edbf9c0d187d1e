"""The states of a registration, and the moves between them. Nothing else changes a state."""

from __future__ import annotations

from enum import StrEnum

from regapp.errors import IllegalMove


class State(StrEnum):
    """Where a registration stands."""

    UNVERIFIED = "unverified"
    PENDING = "pending"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


LIVING = frozenset({State.UNVERIFIED, State.PENDING, State.WAITLISTED, State.OFFERED, State.CONFIRMED})
FINAL = frozenset(State) - LIVING
SEATED = frozenset({State.UNVERIFIED, State.OFFERED, State.CONFIRMED})
"""Living states that hold a seat."""

MOVES: dict[State | None, frozenset[State]] = {
    None: LIVING,  # a new registration
    State.UNVERIFIED: frozenset({State.CONFIRMED, State.PENDING, State.WAITLISTED, State.EXPIRED, State.CANCELLED}),
    State.PENDING: frozenset(
        {State.CONFIRMED, State.WAITLISTED, State.OFFERED, State.DECLINED, State.EXPIRED, State.CANCELLED}
    ),
    State.WAITLISTED: frozenset({State.OFFERED, State.CONFIRMED, State.EXPIRED, State.CANCELLED}),
    State.OFFERED: frozenset({State.CONFIRMED, State.WAITLISTED, State.EXPIRED, State.CANCELLED}),
    State.CONFIRMED: frozenset({State.CANCELLED}),
    State.DECLINED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}


def can_move(before: State | None, after: State) -> bool:
    """Say whether a registration may go from one state to the other; None is a new one."""
    return after in MOVES[before]


def check_move(before: State | None, after: State) -> None:
    """Raise IllegalMove unless the registration may go from one state to the other."""
    if not can_move(before, after):
        raise IllegalMove(before=before, after=after)
