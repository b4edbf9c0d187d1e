"""Why somebody waits: the reasons of the rule that serves the queue, with the numbers that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from regapp.rules.window import is_serving
from regapp.services import waitlist
from regapp.services.events import CategoryFacts, EventFacts
from regapp.services.own import Own


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one person waits. `event`, `category`: their numbers as they stand; category None: the person has none.

    `event_full`, `category_full`: which of the two lacks a seat for this person; `behind`: somebody ahead, who waits
    as well, would be passed; `ahead`: people before this person in the same category; `serving`: False once no place
    goes to those who wait any more.
    """

    event: EventFacts
    category: CategoryFacts | None
    event_full: bool
    category_full: bool
    behind: bool
    ahead: int
    serving: bool


def explain(own: Own, *, now: datetime) -> Explanation | None:
    """Return why a person waits, None if they do not, or are about to be served. Source: R3, R5; `rules.seating`."""
    if own.position is None:
        return None
    event, category = own.event, own.event.category(own.category_id)
    serving, lacking, behind = is_serving(event, now), set[int](), False
    if serving:
        standing = waitlist.look(event, before=own.queue_no)
        reason = waitlist.ask(standing, own.category_id).reasons.get(waitlist.NEWCOMER)
        if reason is None:
            return None
        lacking, behind = set(reason.lacking), reason.behind
    return Explanation(
        event=event,
        category=category,
        event_full=event.quota_id in lacking,
        category_full=category is not None and category.quota_id in lacking,
        behind=behind,
        ahead=own.position - 1,
        serving=serving,
    )
