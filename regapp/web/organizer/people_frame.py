"""What the table of people shows around its rows: filters that are on, links that change one thing of the view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from flask import request, url_for
from markupsafe import Markup

from regapp.rules.states import State
from regapp.services.events import EventFacts
from regapp.services.listing import Listing
from regapp.services.people import Sort, View
from regapp.web import languages
from regapp.web.organizer import history_words, people_columns, view_words, views

ASKED_FOR = (State.CONFIRMED, State.WAITLISTED, State.CANCELLED)
"""States that are offered even when nobody is in them."""
SOME_CODE = "00000-00000"
REMEMBERED = 4096
"""Times as the table shows them kept per process: writing one takes long."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A view in the address of the table, with the columns that it shows."""

    event: EventFacts
    view: View
    columns: tuple[str, ...]

    def address(self, *, page: int = 1, **changes: Any) -> str:
        """Return the address of the same table with changes of its view."""
        return url_for("organizer.people", slug=self.event.slug, **self.args(page=page, **changes))  # type: ignore[arg-type]

    def args(self, *, page: int = 1, **changes: Any) -> dict[str, str]:
        """Return the parts of this address."""
        parts = views.to_args(self.view, **changes) | people_columns.to_args(self.columns)
        return parts | ({"page": str(page)} if page > 1 else {})

    def list_args(self) -> dict[str, str]:
        """Return the parts of the address under which the same people, and what is seen of them, are taken away."""
        usual = self.columns == people_columns.DEFAULT
        columns = {} if usual else {"columns": people_columns.in_lists(self.shown)}
        return views.to_args(self.view) | {"state": self.view.state or "all"} | columns

    def kept(self, *without: str) -> dict[str, str]:
        """Return the parts of the address that a form sends along, save those that it asks for itself."""
        spoken = languages.chosen()
        parts = self.args() | ({"lang": spoken} if spoken else {})
        return {name: value for name, value in parts.items() if name not in without}

    def category(self, category_id: int | None) -> str:
        """Return what a category is called, a dash for none."""
        found = self.event.category(category_id)
        return found.text("name", languages.current()) if found else "–"

    @property
    def shown(self) -> tuple[str, ...]:
        """Return the columns to show: none of categories where there are none."""
        return tuple(name for name in self.columns if name != "category" or self.event.categories)

    def person(self) -> Callable[[str], str]:
        """Return how references become the addresses of their pages: building one address takes long, 50 longer."""
        before, _code, after = url_for("organizer.person", slug=self.event.slug, code=SOME_CODE).partition(SOME_CODE)
        return lambda code: f"{before}{code}{after}"

    def saved(self, query: str) -> str:
        """Return the address of a view that was kept."""
        return url_for("organizer.people", slug=self.event.slug, **dict(parse_qsl(query)))  # type: ignore[arg-type]

    def sort_by(self, sort: str) -> str:
        """Return the address of the table sorted by this; sorted by it already, the other way round."""
        again = self.view.sort == sort
        descending = not self.view.descending if again else sort == Sort.REGISTERED
        return self.address(sort=Sort(sort), descending=descending)

    def sorted(self, sort: str) -> str:
        """Return how the table is sorted by this, as browsers know it; empty if it is not."""
        if self.view.sort != sort:
            return ""
        return "descending" if self.view.descending else "ascending"

    @property
    def sort(self) -> str:
        """Return the order as the address names it."""
        return f"{'-' if self.view.descending else ''}{self.view.sort}"

    @property
    def in_words(self) -> str:
        """Return the order in words."""
        return str(people_columns.SORTS[self.sort])

    @property
    def narrowed(self) -> list[tuple[str, str]]:
        """Return (sentence, address without it) of each filter that is on, save the state."""
        return [(sentence, self.address(**off)) for off, sentence in view_words.narrowings(self.view, self.event)]

    def states(self, listing: Listing) -> list[tuple[State | None, int | None]]:
        """Return the states to choose from, None for all, and how many people each has, None if that is not known."""
        counts = listing.counts
        if counts is None:
            return [(state, None) for state in (None, *ASKED_FOR, *((self.view.state,) if self._is_rare else ()))]
        order = (*ASKED_FOR, *(state for state in State if state not in ASKED_FOR))
        shown = [state for state in order if counts[state] or state in ASKED_FOR or state == self.view.state]
        return [(None, counts.total()), *((state, counts[state]) for state in shown)]

    @property
    def _is_rare(self) -> bool:
        return self.view.state is not None and self.view.state not in ASKED_FOR


def read(event: EventFacts) -> Frame:
    """Return the frame that this request's address asks for."""
    return Frame(event, views.from_args(request.args), people_columns.from_args(request.args))


def when(tz: str, *, now: datetime) -> Callable[[datetime], Markup]:
    """Return how it is written when somebody registered: to the minute, as short as a column needs it."""
    today = now.astimezone(ZoneInfo(tz)).replace(hour=0, minute=0, second=0, microsecond=0)
    lang = languages.current()
    return lambda at: _when(at.replace(second=0, microsecond=0), tz, today, lang)


@lru_cache(REMEMBERED)
def _when(at: datetime, tz: str, today: datetime, _lang: str) -> Markup:
    return history_words.when(at, tz=tz, now=today)


def saved_query(frame: Frame) -> str:
    """Return what is kept of a view: the part of its address after the question mark, without words of a search."""
    return urlencode(frame.args(q=""))


def pages(listing: Listing) -> list[int | None]:
    """Return the pages to offer: the first, the last, those around this one; None where some are left out."""
    near = {1, listing.page - 1, listing.page, listing.page + 1, listing.pages}
    shown = [page for page in range(1, listing.pages + 1) if page in near]
    found: list[int | None] = []
    for page in shown:
        if found and page - 1 not in near:
            found.append(None)
        found.append(page)
    return found
