"""What visitors choose from: the categories of an event, and what can be had in each of them at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from regapp.rules.window import is_offered
from regapp.services.events import CategoryFacts, EventFacts


class Offer(StrEnum):
    """What a category has for visitors now."""

    FREE = "free"
    FULL = "full"
    UPCOMING = "upcoming"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Choice:
    """A category as visitors find it. `left`: places that can be had at once, None without a limit.

    `event_full`: the category has places, the event has none; `interest`: a limit of 0, the list shows who would come;
    `can_wait`: one more person may wait.
    """

    category: CategoryFacts
    offer: Offer
    left: int | None
    event_full: bool
    interest: bool
    can_wait: bool

    @property
    def id(self) -> int:
        """Return what stands for it in forms."""
        return self.category.id

    @property
    def position(self) -> int:
        """Return which number one more person who waits would have."""
        return self.category.waiting + 1

    @property
    def offered(self) -> bool:
        """Say whether visitors may choose it now, whether or not it has room."""
        return self.offer in (Offer.FREE, Offer.FULL)

    @property
    def open(self) -> bool:
        """Say whether one gets anything by choosing it: a place, or a place in its queue."""
        return self.offer is Offer.FREE or (self.offer is Offer.FULL and self.can_wait)

    def text(self, key: str, lang: str) -> str:
        """Return its `name` or `text` in this language, else in English, else in any; empty if there is none."""
        return self.category.text(key, lang)


@dataclass(frozen=True, slots=True)
class Choices:
    """All that visitors are shown, in the order in which they are shown it; empty without categories."""

    all: tuple[Choice, ...] = ()

    def __iter__(self) -> Iterator[Choice]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def open(self) -> list[Choice]:
        """Return those that one gets anything by choosing."""
        return [choice for choice in self.all if choice.open]

    @property
    def free(self) -> list[Choice]:
        """Return those that have a place now."""
        return [choice for choice in self.all if choice.offer is Offer.FREE]

    @property
    def full(self) -> list[Choice]:
        """Return those that are offered, and have no place now."""
        return [choice for choice in self.all if choice.offer is Offer.FULL]

    @property
    def interest(self) -> bool:
        """Say whether all that one may choose are lists of those who are interested."""
        return bool(self.open) and all(choice.interest for choice in self.open)

    @property
    def limited(self) -> bool:
        """Say whether any of them may be full one day."""
        return any(choice.left is not None for choice in self.all)

    def find(self, typed: str | None) -> Choice | None:
        """Return what a form names, None if it is nothing that visitors are shown."""
        return next((choice for choice in self.all if str(choice.id) == typed), None)


NONE = Choices()


def list_choices(event: EventFacts, now: datetime) -> Choices:
    """Return the categories that visitors are shown, whatever the phase of the event is. Source: R3, R5."""
    return Choices(tuple(_choice(event, found, now) for found in event.categories if not found.hidden))


def _choice(event: EventFacts, category: CategoryFacts, now: datetime) -> Choice:
    limits = [(event.size, event.free)] if category.counts else []
    limits.append((category.size, category.free))
    free = min(left for _size, left in limits)
    return Choice(
        category=category,
        offer=_offer(category, free, now),
        left=None if free == float("inf") else max(0, int(free)),
        event_full=free <= 0 < category.free,
        interest=any(size == 0 for size, _left in limits),
        can_wait=event.can_wait(now),
    )


def _offer(category: CategoryFacts, free: float, now: datetime) -> Offer:
    if is_offered(category, now):
        return Offer.FREE if free > 0 else Offer.FULL
    return Offer.UPCOMING if category.opens_at is not None and now < category.opens_at else Offer.CLOSED
