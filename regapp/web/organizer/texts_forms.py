"""What organizers write about an event, in one language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation
from wtforms.widgets import TextArea

from regapp.rules.fitting import TEXTS
from regapp.web.fields import Line, Prose, at_most, readable
from regapp.web.forms import NAME_LENGTH
from regapp.web.organizer.meanwhile import SharedForm

SHORT, SENTENCES, LONG = 200, 500, 20_000
"""Characters of a line, of a few sentences, and of a whole text."""


def _line(label: Any, hint: Any = None, *, limit: int = SHORT) -> Line:
    return Line(label, [readable, at_most(limit)], description=hint, render_kw={"autocomplete": "off"})


def _prose(label: Any, hint: Any = None, *, rows: int) -> Prose:
    options = {"autocomplete": "off", "rows": rows}
    return Prose(label, [readable, at_most(LONG)], description=hint, render_kw=options)


class TextsForm(SharedForm):
    """The texts of an event in one language. `needs_name`: no other language has one."""

    page_order = TEXTS
    needs_name = False

    name = _line(lazy_gettext("Name"), limit=NAME_LENGTH)
    kicker = _line(lazy_gettext("Line above the name"), lazy_gettext("What kind of event it is, or which edition."))
    summary = Line(
        lazy_gettext("In one or two sentences"),
        [readable, at_most(SENTENCES)],
        description=lazy_gettext("Below the name, in the list of events, and where somebody shares the page."),
        render_kw={"autocomplete": "off", "rows": 3},
        widget=TextArea(),
    )
    description = _prose(lazy_gettext("About the event"), rows=12)
    audience = _prose(lazy_gettext("Who it is for"), rows=5)
    venue = _line(lazy_gettext("Place"), lazy_gettext("The name of the house, room or meeting point."))
    address = _line(lazy_gettext("Address of the place"), limit=SENTENCES)
    languages = _line(lazy_gettext("Languages spoken there"))
    organiser = _line(
        lazy_gettext("Organised by"), lazy_gettext("As in “Organised by the Cluster Office”. Mails are signed with it.")
    )
    fact_title = _line(lazy_gettext("One more fact"), lazy_gettext("Such as “Matchmaking the day before”."))
    fact_text = _line(lazy_gettext("A line about it"), limit=SENTENCES)
    after = _prose(lazy_gettext("What came of it"), lazy_gettext("Shown when the event is over."), rows=5)
    privacy = _prose(
        lazy_gettext("Your part of the privacy notice"),
        lazy_gettext("Who you are, and what you do with the data beyond what the notice says."),
        rows=5,
    )  # fmt: skip
    imprint = _prose(lazy_gettext("Imprint"), lazy_gettext("Who is responsible, where the law asks for it."), rows=4)

    def validate_name(self, field: Any) -> None:
        """Ask for a name where there is none in another language."""
        if self.needs_name and not field.data:
            raise StopValidation(_("Write what the event is called"))

    @classmethod
    def labels(cls) -> dict[str, str]:
        """Return what each text is called, by its key."""
        return {key: str(getattr(cls, key).args[0]) for key in TEXTS}

    def texts(self) -> dict[str, str]:
        """Return the texts of a valid form, key → text."""
        return {key: self[key].data for key in TEXTS}
