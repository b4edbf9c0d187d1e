"""To whom a message goes, in words."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from flask_babel import ngettext

from regapp.rules.states import State
from regapp.services.announcements import Audience, state_meant
from regapp.services.events import EventFacts
from regapp.services.selections import Selection
from regapp.web.filters import number
from regapp.web.organizer import view_words, views

QUERY_LENGTH = 1000


def query_of(chosen: Selection) -> str:
    """Return what is kept of a selection: the view, and whether people were picked in it.

    Of a search only that there was one: its words may be somebody's name, and stay when that person is erased (R18).
    """
    args = views.to_args(replace(chosen.view, q=""))
    args |= {"searched": "yes"} if chosen.view.q else {}
    args |= {} if chosen.codes is None else {"picked": "yes"}
    return urlencode(args)[:QUERY_LENGTH]


def whom_by(query: str, event: EventFacts) -> str:
    """Return to whom a message went, from what was kept."""
    args = dict(parse_qsl(query))
    said = whom(Selection(views.from_args(args), () if "picked" in args else None), event)
    return f"{said}, {_('found by a search')}" if "searched" in args else said


def whom(chosen: Selection, event: EventFacts) -> str:
    """Return to whom a message goes: people with a place (Country: Hungary; Tag: speaker)."""
    people = _people(state_meant(chosen))
    if chosen.codes is not None:
        people = f"{people}, {_('picked one by one')}"
    narrowed = view_words.narrowed(chosen.view, event)
    return f"{people} ({narrowed})" if narrowed else people


def audience_words(audience: Audience) -> str:
    """Return the exact number of mails, and how it comes from the people."""
    said = [
        ngettext("one person", "%(people)s people", audience.people, people=number(audience.people)),
        ngettext(
            "one shares an address with somebody else", "%(people)s share an address with somebody else",
            audience.sharing, people=number(audience.sharing),
        ) if audience.sharing else "",
        ngettext(
            "one has ended such messages", "%(people)s have ended such messages", audience.ended,
            people=number(audience.ended),
        ) if audience.ended else "",
    ]  # fmt: skip
    goes = ngettext(
        "Goes to one address", "Goes to %(addresses)s addresses", audience.addresses,
        addresses=number(audience.addresses),
    )  # fmt: skip
    return f"{goes} ({', '.join(part for part in said if part)})"


def _people(state: State) -> str:
    words = {
        State.CONFIRMED: _("people with a place"),
        State.WAITLISTED: _("people on the waiting list"),
        State.CANCELLED: _("people who have cancelled"),
        State.EXPIRED: _("people whose wait has ended"),
        State.DECLINED: _("people who were not accepted"),
        State.OFFERED: _("people to whom a place is offered"),
        State.PENDING: _("people whose registration is being looked at"),
        State.UNVERIFIED: _("people who have not confirmed their address"),
    }
    return words[state]
