"""Who gets a seat: the one rule that registering, settling and explaining share. Pure: plain values in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

QuotaId: TypeAlias = int
Category: TypeAlias = int | None


class Fit(StrEnum):
    """Whether a smaller party may pass a larger one that does not fit (NEXT) or not (STRICT)."""

    STRICT = "strict"
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party in the queue. `demand`: quota → seats it needs there, all of them or none."""

    id: int
    demand: Mapping[QuotaId, int]
    categories: frozenset[Category]


@dataclass(frozen=True, slots=True)
class Policy:
    """How the queue is walked. `event_quota` is the one whose lack stops all behind who need a seat of it too."""

    event_quota: QuotaId
    fit: Fit = Fit.STRICT


@dataclass(frozen=True, slots=True)
class Blocked:
    """Who must wait because of somebody ahead: all who need a seat of the event, or the people of some categories."""

    everybody: bool = False
    categories: frozenset[Category] = frozenset()

    def stops(self, party: Waiting, policy: Policy) -> bool:
        """Say whether the party is behind somebody it may not pass."""
        return (self.everybody and policy.event_quota in party.demand) or bool(self.categories & party.categories)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a party waits: quotas without room for it, and whether somebody ahead blocks it."""

    lacking: tuple[QuotaId, ...]
    behind: bool


@dataclass(frozen=True, slots=True)
class Served:
    """The outcome. `moves`: ids that get their seats, in order; `free`: seats left per quota; `reasons`: id → why."""

    moves: list[int]
    blocked: Blocked
    free: dict[QuotaId, float]
    reasons: dict[int, Why] = field(default_factory=dict)


def free_seats(*, size: int | None, taken: int, held: int) -> float:
    """Return the seats left, below zero after a cut; infinite without a size."""
    return float("inf") if size is None else size - taken - held


def serve(
    free: Mapping[QuotaId, float], heads: Sequence[Waiting], policy: Policy, blocked: Blocked = Blocked()
) -> Served:
    """Walk the queue in order and say who gets seats, and why the others do not.

    Units: seats; free may be below zero; heads oldest first, each a whole party. A longer queue is served page by
    page: hand the `free` and `blocked` of one answer to the next call. A newcomer is a page of one. Whoever needs no
    seat of the event, as their category does not count, passes those who wait for one: it takes nothing from them.
    Source: docs/rules.md, R1 to R6; ADR 0014.
    """
    left, moves, reasons = dict(free), [], {}
    for party in heads:
        lacking = tuple(quota for quota, seats in party.demand.items() if left[quota] < seats)
        behind = blocked.stops(party, policy)
        if lacking or behind:
            reasons[party.id] = Why(lacking, behind)
            blocked = _block(blocked, party, lacking, behind=behind, policy=policy)
            continue
        moves.append(party.id)
        for quota, seats in party.demand.items():
            left[quota] -= seats
    return Served(moves, blocked, left, reasons)


def _block(blocked: Blocked, party: Waiting, lacking: tuple[QuotaId, ...], *, behind: bool, policy: Policy) -> Blocked:
    """Return who is stopped by a party that stays."""
    if policy.fit is Fit.NEXT:
        return blocked
    if lacking == (policy.event_quota,) and not behind:
        return Blocked(everybody=True, categories=blocked.categories)
    return Blocked(blocked.everybody, blocked.categories | party.categories)
