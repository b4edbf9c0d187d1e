"""What is asked of who makes an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import HiddenField
from wtforms.validators import StopValidation

from regapp.rules.profiles import Profile
from regapp.services.planning import Copy, NewEvent
from regapp.speech import LANGUAGES
from regapp.web import zones
from regapp.web.fields import Line, Required, Tick, at_most, readable
from regapp.web.forms import NAME_LENGTH, Form
from regapp.web.moments import Day, Moment

MOST = 1_000_000
"""People in one number that somebody types; more is a slip of the finger."""
SPACES = str.maketrans("", "", " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}")
WHOLE = {"autocomplete": "off", "inputmode": "numeric"}


def whole_number(form: Any, field: Any) -> None:
    """Refuse what is no number of people; an empty field is none."""
    if not field.data:
        return
    figures = field.data.translate(SPACES)
    if not (figures.isascii() and figures.isdecimal()):
        raise StopValidation(_("Write a whole number of at least 0"))
    if len(figures) > 9 or int(figures) > MOST:
        raise StopValidation(_("Write a number up to 1,000,000, or leave this empty for no limit"))


def number_in(field: Any) -> int | None:
    """Return the number in a valid field, None if it is empty."""
    return int(field.data.translate(SPACES)) if field.data else None


def known_zone(form: Any, field: Any) -> None:
    """Refuse what is not in the list of zones."""
    if field.data not in zones.names():
        raise StopValidation(_("Choose a time zone from the list"))


def zone_field() -> Line:
    """Return the field for the zone."""
    return Line(lazy_gettext("Time zone"), [known_zone], render_kw={"autocomplete": "off"})


def name_field(label: Any, **options: Any) -> Line:
    """Return a field for the name of an event."""
    wanted = Required(lazy_gettext("Write what the event is called"))
    return Line(label, [wanted, readable, at_most(NAME_LENGTH)], render_kw={"autocomplete": "off"}, **options)


class ZonedForm(Form):
    """A form with local times: they are in the zone that it names."""

    tz: Line

    @property
    def zone(self) -> str | None:
        """Return the zone, None if there is no such zone."""
        return self.tz.data if self.tz.data in zones.names() else None


class NewEventForm(ZonedForm):
    """A new event: what only its organizers can know."""

    profile = HiddenField()
    name = name_field(lazy_gettext("Name"), description=lazy_gettext("As visitors read it. You can change it later."))
    starts_at = Moment(lazy_gettext("Begins"), [Required(lazy_gettext("Write when the event begins"))])
    ends_at = Moment(lazy_gettext("Ends"))
    tz = zone_field()
    size = Line(
        lazy_gettext("Places"),
        [whole_number],
        description=lazy_gettext("Empty means no limit; 0 means a list of those who are interested."),
        render_kw=WHOLE,
    )

    def validate_ends_at(self, field: Any) -> None:
        """Refuse an end before the start."""
        if field.instant and self.starts_at.instant and field.instant <= self.starts_at.instant:
            raise StopValidation(_("Choose an end after the beginning"))

    @property
    def chosen(self) -> Profile | None:
        """Return the kind of event, None for who begins from nothing."""
        return Profile(self.profile.data) if self.profile.data in set(Profile) else None

    def new_event(self, lang: str) -> NewEvent:
        """Return what to make, from a valid form. Its name is in this language."""
        return NewEvent(
            name=self.name.data,
            lang=lang,
            tz=self.tz.data,
            starts_at=self.starts_at.instant,
            ends_at=self.ends_at.instant,
            size=number_in(self.size),
            profile=self.chosen,
        )


class CopyForm(Form):
    """A further edition. Names: one field for each language in which there is one."""

    starts_on = Day(
        lazy_gettext("First day"),
        [Required(lazy_gettext("Write on which day the new edition begins"))],
        description=lazy_gettext("All other dates keep their distance to it; times on the clock stay."),
    )
    new_series = Tick(lazy_gettext("Make a series of the two"))

    def copy(self, names: Mapping[str, str]) -> Copy:
        """Return what to make, from a valid form; `names`: language → field."""
        made = {lang: self[field].data for lang, field in names.items()}
        return Copy(starts_on=self.starts_on.day, names=made, new_series=bool(self.new_series.data))


def copy_form(langs: list[str]) -> tuple[CopyForm, dict[str, str]]:
    """Return the form for a copy with a name in each of these languages, and language → field."""
    fields = {lang: f"name_{lang}" for lang in langs}
    labels = {lang: _("Name") if len(langs) == 1 else f"{_('Name')}, {LANGUAGES[lang].name}" for lang in langs}
    members = {field: name_field(labels[lang]) for lang, field in fields.items()}
    order = {"page_order": (*fields.values(), "starts_on", "new_series")}
    return cast(CopyForm, type("CopyFormWithNames", (CopyForm,), members | order)()), fields
