"""Why somebody waits, for organizers: the reasons of the rule that serves the queue, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import ngettext

from regapp.rules.seating import QuotaId
from regapp.services.capacity import Limit
from regapp.services.events import CategoryFacts, EventFacts
from regapp.services.why import Explanation
from regapp.web import languages
from regapp.web.filters import number


def reasons(why: Explanation) -> list[str]:
    """Return why somebody waits, the reason that lies nearest first."""
    event, category = why.event, why.category
    said = []
    if not why.serving:
        said.append(_("Places no longer go to those who wait."))
    if category is not None and why.category_full:
        said.append(full(category))
    if why.event_full:
        said.append(full(event))
    elif category is not None and category.counts and why.serving and event.places_left is not None:
        said.append(_free(event.places_left))
    if why.behind:
        said.append(_("Somebody ahead waits as well, and would be passed."))
    return said


def ahead(why: Explanation) -> str:
    """Return how many people are ahead of somebody, of those with the same category."""
    if not why.ahead:
        return _("First in line of this category.") if why.category else _("First in line.")
    people = number(why.ahead)
    if why.category is None:
        return ngettext("One person is ahead.", "%(people)s people are ahead.", why.ahead, people=people)
    name = _name(why.category)
    return ngettext(
        "%(people)s person of “%(category)s” is ahead.", "%(people)s people of “%(category)s” are ahead.", why.ahead,
        people=people, category=name,
    )  # fmt: skip


def full(limit: Limit) -> str:
    """Return that a limit is full, with its numbers."""
    taken, size = number(limit.taken + limit.held), number(limit.size or 0)
    if isinstance(limit, EventFacts):
        return _("The event is full (%(taken)s of %(size)s).", taken=taken, size=size)
    return _("“%(category)s” is full (%(taken)s of %(size)s).", category=_name(limit), taken=taken, size=size)


def all_full(event: EventFacts, lacking: Iterable[QuotaId]) -> list[str]:
    """Return which of the limits of an event are full."""
    quotas = set(lacking)
    limits: list[Limit] = [event, *event.categories]
    return [full(limit) for limit in limits if limit.quota_id in quotas]


def _free(places: int) -> str:
    return ngettext(
        "In the event one place is free.", "In the event %(places)s places are free.", places, places=number(places)
    )  # fmt: skip


def _name(category: CategoryFacts) -> str:
    return category.text("name", languages.current())
