"""What visitors fill in."""

from __future__ import annotations

import re
import secrets
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from wtforms import HiddenField
from wtforms.validators import StopValidation

from regapp.services.choices import NONE, Choice, Choices, Offer
from regapp.services.drafts import Applicant, Details
from regapp.services.events import EventFacts
from regapp.services.own import Own
from regapp.web import dates, languages
from regapp.web.fields import (
    Line,
    Lines,
    Required,
    Tick,
    at_most,
    known_country,
    known_organisation_type,
    no_web_address,
    readable,
)
from regapp.web.forms import NAME_LENGTH, Form, address_line

PRIVACY_VERSION = "2026-12"
"""Version of the privacy notice (templates/public/privacy.html). Consents keep it: raise it with every change."""
MESSAGE_LENGTH = 2000
_SUBMISSION = re.compile("[0-9a-f]{32}")
_VERSION = re.compile("[0-9]{4}-[0-9]{2}")


def new_submission() -> str:
    """Return a fresh hidden value for one rendering of the form: 128 random bits (R9)."""
    return secrets.token_hex(16)


def is_submission(field: Any) -> bool:
    """Say whether a field came back with a value that we may have made."""
    return bool(field.raw_data) and _SUBMISSION.fullmatch(field.data or "") is not None


def present_notice(form: Any, field: Any) -> None:
    """Refuse agreement to another version of the privacy notice than the one that we keep with it."""
    if not field.data and any(_VERSION.fullmatch(value) for value in field.raw_data or []):
        raise StopValidation(_("The privacy notice has changed meanwhile: read it and tick this again"))


class OpenForm(Form):
    """A form that anybody may send, robots too. They fill in every field; people do not see this one."""

    website = Line(lazy_gettext("Leave this empty"), render_kw={"autocomplete": "off"})

    def validate_website(self, field: Any) -> None:
        """Refuse who filled it in. A browser may have done so: then the field is seen, and can be emptied."""
        if field.data:
            raise StopValidation(_("Empty this field: it is there to keep robots out"))


class DetailsForm(Form):
    """What a person says about themselves."""

    first_name = Line(
        lazy_gettext("First name"),
        [readable, at_most(NAME_LENGTH), no_web_address],
        render_kw={"autocomplete": "given-name"},
    )
    last_name = Line(
        lazy_gettext("Last name"),
        [readable, at_most(NAME_LENGTH), no_web_address],
        render_kw={"autocomplete": "family-name"},
    )
    organisation = Line(
        lazy_gettext("Organisation"),
        [Required(lazy_gettext("Write the name of your organisation")), readable, at_most(NAME_LENGTH)],
        render_kw={"autocomplete": "organization"},
    )
    job_title = Line(
        lazy_gettext("Job title"), [readable, at_most(NAME_LENGTH)], render_kw={"autocomplete": "organization-title"}
    )
    country = Line(
        lazy_gettext("Country"),
        [Required(lazy_gettext("Choose your country")), known_country],
        render_kw={"autocomplete": "country"},
    )

    organisation_type = Line(
        lazy_gettext("Kind of organisation"),
        [Required(lazy_gettext("Choose what kind of organisation it is")), known_organisation_type],
        name="answer-organisation_type",
        render_kw={"autocomplete": "off"},
    )

    def validate_first_name(self, field: Any) -> None:
        """Ask for one of the two names: many people have only one."""
        if not field.data and not self.last_name.data:
            raise StopValidation(_("Write at least one of your names"))

    def details(self, before: Details | None = None) -> Details:
        """Return the details of a valid form; an empty line is none. What it does not ask stays as `before`."""
        kept = before.organisation_type if before else None
        return Details(
            first_name=self.first_name.data or None,
            last_name=self.last_name.data or None,
            organisation=self.organisation.data,
            job_title=self.job_title.data or None,
            country=self.country.data or None,
            organisation_type=(self.organisation_type.data or None) if "organisation_type" in self else kept,
        )


Asking = TypeVar("Asking", bound=DetailsForm)


class RegistrationForm(DetailsForm, OpenForm):
    """A registration. `submission` is one value per rendering, so that a form sent twice is answered once (R9)."""

    page_order = (
        "category", "first_name", "last_name", "email", "organisation", "job_title", "country", "organisation_type",
        "accept_waitlist", "altcha", "privacy", "website",
    )  # fmt: skip

    event: EventFacts
    choices = NONE

    category = Line(lazy_gettext("Category"), [Required(lazy_gettext("Choose a category"))])
    email = address_line(
        lazy_gettext("Your confirmation and the link to your registration go here."),
        lazy_gettext("Write the address that your confirmation goes to"),
    )
    accept_waitlist = Tick()
    privacy = Tick(
        lazy_gettext("Your data"),
        [present_notice, Required(lazy_gettext("Tick this: without it we may not keep your registration"))],
        value=PRIVACY_VERSION,
    )
    submission = HiddenField(default=new_submission)
    altcha = HiddenField(lazy_gettext("Keeping robots out"))
    without_work = Tick()

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return the names of fields that visitors do not see."""
        return ("csrf_token", "submission")

    @property
    def chosen(self) -> Choice | None:
        """Return the category that was chosen, None if it is nothing that visitors are shown."""
        return self.choices.find(self.category.data) if "category" in self else None

    def preselect(self) -> None:
        """Choose the only category that is open."""
        if len(self.choices.open) == 1:
            self.category.data = str(self.choices.open[0].id)

    def validate_category(self, field: Any) -> None:
        """Refuse what is no category of the event. What is not offered the rule refuses: the form may be an old one."""
        if self._category_id is None:
            raise StopValidation(_("Choose one of these categories"))

    def refuse_category(self) -> None:
        """Say why the category that was chosen is not offered."""
        if "category" not in self:  # there are none any more: the same form, sent again, will do
            self.submission.errors = [_("The form did not arrive whole")]
        elif not self.category.errors:
            why = self.chosen and not_offered(self.chosen, self.event)
            self.category.errors = [why or _("Choose one of these categories")]

    @property
    def _category_id(self) -> int | None:
        if "category" not in self:
            return None
        return next((found.id for found in self.event.categories if str(found.id) == self.category.data), None)

    def validate_submission(self, field: Any) -> None:
        """Refuse a value that we did not make, and put a fresh one in its place."""
        if not is_submission(field):
            field.data = new_submission()
            raise StopValidation(_("The form did not arrive whole"))

    def ask_for_work(self) -> None:
        """Say that the calculation is missing."""
        self.altcha.errors = [
            _("Your browser has not made the small calculation that keeps robots out. It makes it now: send this again")
        ]

    def ask_to_come_back(self, seconds: int) -> None:
        """Say that no more forms come in without the calculation for this long."""
        minutes = -(-seconds // 60)
        self.altcha.errors = [
            ngettext(
                "Without the calculation only a few registrations an hour are taken, and this hour has had them. "
                "Use a browser that runs JavaScript, or send this again in %(num)s minute",
                "Without the calculation only a few registrations an hour are taken, and this hour has had them. "
                "Use a browser that runs JavaScript, or send this again in %(num)s minutes",
                minutes,
            )
        ]

    def applicant(self) -> Applicant:
        """Return who applies, from a valid form."""
        return Applicant(
            details=self.details(),
            email=self.email.data,
            lang=languages.current(),
            submission=self.submission.data,
            accept_waitlist=self.accept_waitlist.data,
            privacy_version=PRIVACY_VERSION,
            category_id=self._category_id,
        )


def asked_by(event: EventFacts, form: Asking) -> Asking:
    """Return the form without what this event does not ask."""
    if not event.asks_organisation_type:
        del form.organisation_type
    return form


def offering(event: EventFacts, choices: Choices, form: RegistrationForm) -> RegistrationForm:
    """Return the form as this event asks it, with the categories that there are to choose from."""
    form.event, form.choices = event, choices
    if not event.categorised:
        del form.category
    return asked_by(event, form)


def not_offered(choice: Choice, event: EventFacts) -> str:
    """Return why visitors cannot choose this category now; empty if they can."""
    name, category = choice.text("name", languages.current()), choice.category
    if choice.offer is Offer.UPCOMING and category.opens_at:
        moment = dates.moment(category.opens_at, event.tz).striptags()
        return _("“%(category)s” is open from %(moment)s: choose another one", category=name, moment=moment)
    if choice.offer is Offer.CLOSED and category.closes_at:
        moment = dates.moment(category.closes_at, event.tz).striptags()
        return _("“%(category)s” is closed since %(moment)s: choose another one", category=name, moment=moment)
    return ""


class EmailForm(Form):
    """The mail address to write to from now on."""

    email = address_line(None, lazy_gettext("Write your e-mail address"))

    def refuse_address(self) -> None:
        """Say that this address cannot be used."""
        self.email.errors = [_("Use another address: this one belongs to another registration for this event")]


class CategoryForm(Form):
    """The category that a person wants to change to."""

    category = Line(lazy_gettext("Category"))

    def refuse(self, choice: Choice | None, own: Own) -> None:
        """Say why it cannot be this one."""
        if choice is not None and choice.id == own.category_id:
            self.category.errors = [_("Choose another category: this one is yours already")]
        elif not self.category.data:
            self.category.errors = [_("Choose a category")]
        else:
            why = choice and not_offered(choice, own.event)
            self.category.errors = [why or _("Choose one of these categories")]


class LinkForm(OpenForm):
    """The mail address that a lost link is sent to."""

    page_order = ("email", "website")

    email = address_line(None, lazy_gettext("Write your e-mail address"))


class ContactForm(OpenForm):
    """A message to the organizers."""

    page_order = ("name", "email", "message", "website")

    name = Line(
        lazy_gettext("Your name"),
        [Required(lazy_gettext("Write your name")), readable, at_most(NAME_LENGTH), no_web_address],
        render_kw={"autocomplete": "name"},
    )
    email = address_line(
        lazy_gettext("The answer goes here. Only the organizers see it."),
        lazy_gettext("Write the address that the answer goes to"),
    )
    message = Lines(
        lazy_gettext("Your message"),
        [Required(lazy_gettext("Write your message")), readable, at_most(MESSAGE_LENGTH)],
        render_kw={"autocomplete": "off"},
    )
