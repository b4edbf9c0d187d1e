"""The settings of an event, as one form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.models import RobotCheck
from regapp.rules.seating import Fit
from regapp.rules.slugs import LENGTH, is_slug
from regapp.services.events import EventFacts
from regapp.services.series import SeriesFacts
from regapp.services.settings import Settings
from regapp.web.fields import Line, Required, Tick, at_most, mail_address, readable
from regapp.web.forms import EMAIL_LENGTH
from regapp.web.moments import Moment, written
from regapp.web.organizer.events_forms import WHOLE, ZonedForm, number_in, whole_number, zone_field
from regapp.web.organizer.meanwhile import YES, SharedForm

URL_LENGTH = 500
PLAIN = {"autocomplete": "off"}
MOMENTS = ("starts_at", "ends_at", "opens_at", "closes_at", "serve_until", "change_until", "retain_until")
AFTERWARDS = ("contact_address", "retain_until", "in_series")
"""Fields of an event that is over."""


def _choice(label: Any, known: type[Fit] | type[RobotCheck], **options: Any) -> Line:
    """Return a field whose words are in the template: it takes one of these values."""

    def one_of_them(form: Any, field: Any) -> None:
        if field.data not in set(known):
            raise StopValidation(_("Choose one from the list"))

    return Line(label, [one_of_them], render_kw=PLAIN, **options)


class SettingsForm(SharedForm, ZonedForm):
    """Everything that is set about an event, save its number of places and its texts."""

    page_order = (
        "starts_at", "ends_at", "tz", "online_url", "opens_at", "closes_at", "change_until", "waitlist_limit", "fit",
        "serve_until", "asks_organisation_type", "robot_check", "contact_address", "retain_until", "in_series", "slug",
    )  # fmt: skip

    starts_at = Moment(lazy_gettext("Begins"), [Required(lazy_gettext("Write when the event begins"))])
    ends_at = Moment(lazy_gettext("Ends"), [Required(lazy_gettext("Write when the event ends"))])
    tz = zone_field()
    opens_at = Moment(
        lazy_gettext("Registration opens"), [Required(lazy_gettext("Write when registration opens"))]
    )  # fmt: skip
    closes_at = Moment(
        lazy_gettext("Registration closes"), [Required(lazy_gettext("Write when registration closes"))]
    )  # fmt: skip
    change_until = Moment(
        lazy_gettext("Details may be changed until"),
        description=lazy_gettext("Empty: until the event begins. Cancelling is always possible until then."),
    )
    waitlist_limit = Line(
        lazy_gettext("People who may wait"),
        [whole_number],
        description=lazy_gettext("Empty means as many as want to; 0 means no waiting list."),
        render_kw=WHOLE,
    )
    fit = _choice(lazy_gettext("Order of the waiting list"), Fit)
    serve_until = Moment(
        lazy_gettext("Free places are given until"),
        description=lazy_gettext(
            "Empty: until registration closes. Then those who still wait are told that none came."
        ),
    )
    online_url = Line(
        lazy_gettext("Online address"),
        [readable, at_most(URL_LENGTH)],
        description=lazy_gettext("Where to join. Only those who have a place see it."),
        render_kw={"autocomplete": "off", "inputmode": "url"},
    )
    contact_address = Line(
        lazy_gettext("Your address for messages"),
        [readable, at_most(EMAIL_LENGTH)],
        description=lazy_gettext("Messages of visitors go there. It is shown to nobody."),
        render_kw={"autocomplete": "off", "type": "email"},
    )
    retain_until = Moment(
        lazy_gettext("People are erased on"),
        description=lazy_gettext("Empty: a year after the event. Numbers without names stay."),
    )
    robot_check = _choice(lazy_gettext("Against robots"), RobotCheck)
    asks_organisation_type = Tick(lazy_gettext("Ask what kind of organisation somebody comes from"))
    in_series = Line(
        lazy_gettext("Part of the series"),
        description=lazy_gettext("Yours are here: those with an edition that you own or manage."),
        render_kw=PLAIN,
    )
    slug = Line(
        lazy_gettext("Address of the page"),
        [Required(lazy_gettext("Write the last part of the address"))],
        description=lazy_gettext("Can be changed as long as the event is a draft."),
        render_kw=PLAIN,
    )

    @classmethod
    def of(cls, event: EventFacts, *, over: bool, series: list[SeriesFacts]) -> SettingsForm:
        """Return the form with the fields that this event has; of one that is over, few may still change.

        `series`: those that it may be part of, its own among them.
        """
        form = cls()
        form.series = series
        for name in cls.page_order:
            there = not over or name in AFTERWARDS
            if name == "slug":
                there = there and event.draft
            if name == "in_series":
                there = there and bool(series)
            if not there:
                del form[name]
        form.event = event
        return form

    @property
    def zone(self) -> str | None:
        """Return the zone that the form names; of an event that is over, its own."""
        return super().zone if "tz" in self else str(self.event.tz)

    def validate_ends_at(self, field: Any) -> None:
        """Refuse an end before the start."""
        if field.instant and self.starts_at.instant and field.instant <= self.starts_at.instant:
            raise StopValidation(_("Choose an end after the beginning"))

    def validate_retain_until(self, field: Any) -> None:
        """Refuse to erase people before they have come."""
        ends_at = self.ends_at.instant if "ends_at" in self else self.event.ends_at
        if field.instant and ends_at and field.instant < ends_at:
            raise StopValidation(_("Choose a time after the end of the event: people are needed until then"))

    def validate_online_url(self, field: Any) -> None:
        """Refuse what no browser opens."""
        if not field.data:
            return
        try:
            parts = urlsplit(field.data)
            there = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in field.data
        except ValueError:
            there = False
        if not there:
            raise StopValidation(_("Write the whole address, such as https://meet.example.org/room"))

    def validate_contact_address(self, field: Any) -> None:
        """Refuse what no mail can be sent to."""
        if field.data:
            mail_address(self, field)

    def validate_in_series(self, field: Any) -> None:
        """Refuse a series that is not offered."""
        if field.data and field.data not in {one.slug for one in self.series}:
            raise StopValidation(_("Choose one from the list"))

    def validate_slug(self, field: Any) -> None:
        """Refuse what cannot be part of an address."""
        if not is_slug(field.data):
            raise StopValidation(
                _("Use small letters from a to z, digits and hyphens, at most %(limit)s of them", limit=LENGTH)
            )

    def refuse_past(self) -> None:
        """Say that nothing can be moved to where it has begun already."""
        self.starts_at.errors = [_("Choose a time that is still to come: people are registered for this event")]

    def refuse_slug(self) -> None:
        """Say that the address is taken."""
        self.slug.errors = [_("Another event has this address: choose a different one")]

    def wanted(self) -> Settings:
        """Return what to save, from a valid form; what it does not have stays."""
        event: EventFacts = self.event
        given = {name: self[name].data for name in ("tz", "fit", "robot_check", "slug") if name in self}
        given |= {name: self[name].data or None for name in ("online_url", "contact_address") if name in self}
        given |= {name: _kept(event, name, self[name].instant) for name in MOMENTS if name in self}
        if "waitlist_limit" in self:
            given["waitlist_limit"] = number_in(self.waitlist_limit)
        if "asks_organisation_type" in self:
            given["asks_organisation_type"] = bool(self.asks_organisation_type.data)
        if "in_series" in self:
            given["series_id"] = next((one.id for one in self.series if one.slug == self.in_series.data), None)
        return Settings.of(event, **given)


def stored(form: SettingsForm, event: EventFacts) -> dict[str, str]:
    """Return what is stored, as the fields of this form hold it."""
    found = {name: " ".join(written(getattr(event, name), event.tz)).strip() for name in MOMENTS}
    found |= {name: getattr(event, name) or "" for name in ("tz", "fit", "robot_check", "slug", "online_url")}
    found["contact_address"] = event.contact_address or ""
    found["waitlist_limit"] = "" if event.waitlist_limit is None else str(event.waitlist_limit)
    found["asks_organisation_type"] = YES if event.asks_organisation_type else ""
    found["in_series"] = next((one.slug for one in form.series if one.id == event.series_id), "")
    return {name: text for name, text in found.items() if name in form}


def _kept(event: EventFacts, name: str, typed: Any) -> Any:
    """Return the stored instant if what was typed is the same minute: fields show no seconds."""
    before = getattr(event, name)
    return before if before and typed and before.replace(second=0, microsecond=0) == typed else typed
