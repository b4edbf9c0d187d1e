"""Forms about one person: what they said about themselves, what organizers write beside it, ending a registration."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.services.events import EventFacts
from regapp.services.notes import Beside
from regapp.services.person import Person
from regapp.web.fields import Line, Lines, Tick, at_most, readable
from regapp.web.filters import number
from regapp.web.forms import Form, address_line
from regapp.web.organizer.adding_forms import PersonForm
from regapp.web.organizer.meanwhile import SharedForm
from regapp.web.public.forms import asked_by

NOTE_LENGTH = 5000
TAG_LENGTH = 40
MOST_TAGS = 20
DETAILS = ("first_name", "last_name", "organisation", "job_title", "country", "organisation_type")


class CorrectionForm(SharedForm, PersonForm):
    """What a person said about themselves, or an organizer for them: no more is needed than to add them."""

    page_order = ("first_name", "last_name", "email", *DETAILS[2:])

    email = address_line(
        lazy_gettext("All further mails go here. A new address gets a new link; the one sent before no longer works."),
        lazy_gettext("Write the address that mails go to"),
    )

    def refuse_address(self) -> None:
        """Say that this address cannot be used."""
        self.email.errors = [_("Use another address: this one belongs to another registration for this event")]

    def stored(self, person: Person) -> dict[str, str]:
        """Return what is stored of what this form asks for."""
        details = person.own.details
        found = {name: getattr(details, name) or "" for name in DETAILS if name in self}
        return found | {"email": person.own.email}


def correction_form(event: EventFacts) -> CorrectionForm:
    """Return the form for what this event asks; the language of mails stays what the person chose."""
    form = asked_by(event, CorrectionForm())
    del form.lang
    return form


class NoteForm(SharedForm):
    """What organizers write beside a person, for themselves."""

    page_order = ("tags", "note")

    tags = Line(
        lazy_gettext("Tags"),
        [readable],
        description=lazy_gettext("Words to find people by, with commas between them."),
        render_kw={"autocomplete": "off"},
    )
    note = Lines(
        lazy_gettext("Note"),
        [readable, at_most(NOTE_LENGTH)],
        description=lazy_gettext("Only organizers of this event see it."),
        render_kw={"autocomplete": "off", "rows": 4},
    )

    def validate_tags(self, field: Any) -> None:
        """Refuse words that are too long, or too many."""
        found = split_tags(field.data)
        if len(found) > MOST_TAGS:
            raise StopValidation(
                _("Leave out some: a person has at most %(most)s tags, these are %(count)s",
                  most=MOST_TAGS, count=number(len(found)))
            )  # fmt: skip
        if long := next((tag for tag in found if len(tag) > TAG_LENGTH), None):
            raise StopValidation(
                _("Shorten “%(tag)s…” to %(limit)s characters, or put a comma between two tags",
                  tag=long[:TAG_LENGTH], limit=TAG_LENGTH)
            )  # fmt: skip

    def beside(self) -> Beside:
        """Return note and tags of a valid form."""
        return Beside(self.note.data, tuple(split_tags(self.tags.data)))


def stored_beside(person: Person) -> dict[str, str]:
    """Return what is stored of what `NoteForm` asks for."""
    return {"note": person.note, "tags": ", ".join(person.tags)}


def split_tags(text: str) -> list[str]:
    """Return the words between the commas, each once."""
    return list(dict.fromkeys(word for word in (part.strip() for part in text.split(",")) if word))


class CancelForm(Form):
    """Asks once more, and whether the person is told."""

    tell = Tick(lazy_gettext("Tell them by mail"))
