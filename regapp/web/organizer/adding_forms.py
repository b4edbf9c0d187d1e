"""What organizers fill in about somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import HiddenField
from wtforms.validators import StopValidation

from regapp.services.adding import WhenFull
from regapp.services.drafts import Applicant
from regapp.services.events import CategoryFacts, EventFacts
from regapp.speech import LANGUAGES
from regapp.web.fields import (
    Line,
    Required,
    Tick,
    at_most,
    known_country,
    known_organisation_type,
    mail_address,
    no_web_address,
    readable,
)
from regapp.web.forms import EMAIL_LENGTH, NAME_LENGTH
from regapp.web.public.forms import PRIVACY_VERSION, DetailsForm, asked_by, is_submission, new_submission

OFF = {"autocomplete": "off"}
NAME = [readable, at_most(NAME_LENGTH)]
NONE = "none"
"""What the field of a category holds for people who are to have none."""


def known_language(form: Any, field: Any) -> None:
    """Refuse a language that we do not speak."""
    if field.data not in LANGUAGES:
        raise StopValidation(_("Choose a language from the list"))


def country_if_any(form: Any, field: Any) -> None:
    """Refuse what is not in the list of countries; none is no mistake."""
    if field.data:
        known_country(form, field)


def kind_if_any(form: Any, field: Any) -> None:
    """Refuse what is no kind of organisation that we count; none is no mistake."""
    if field.data:
        known_organisation_type(form, field)


def known_choice(form: Any, field: Any) -> None:
    """Refuse what is none of the choices."""
    if field.data not in set(WhenFull):
        raise StopValidation(_("Choose what to do when there is no place"))


def known_category(form: Any, field: Any) -> None:
    """Refuse what is neither a category of the event nor said to be none."""
    if field.data != NONE and field.data not in form.known_categories:
        raise StopValidation(_("Choose a category, or that the person has none"))


class PersonForm(DetailsForm):
    """What must be known about somebody whom organizers register: an address and one name."""

    first_name = Line(lazy_gettext("First name"), [*NAME, no_web_address], render_kw=OFF)
    last_name = Line(lazy_gettext("Last name"), [*NAME, no_web_address], render_kw=OFF)
    email = Line(
        lazy_gettext("E-mail"),
        [
            Required(lazy_gettext("Write the person’s e-mail address")),
            readable,
            at_most(EMAIL_LENGTH),
            mail_address,
        ],
        render_kw={**OFF, "type": "email"},
    )
    organisation = Line(lazy_gettext("Organisation"), NAME, render_kw=OFF)
    job_title = Line(lazy_gettext("Job title"), NAME, render_kw=OFF)
    country = Line(lazy_gettext("Country"), [country_if_any], render_kw=OFF)
    organisation_type = Line(lazy_gettext("Kind of organisation"), [kind_if_any], render_kw=OFF)
    lang = Line(lazy_gettext("Language of mails"), [known_language], render_kw=OFF)

    def validate_first_name(self, field: Any) -> None:
        """Ask for one of the two names: many people have only one."""
        if not field.data and not self.last_name.data:
            raise StopValidation(_("Write at least one of the names"))


class NewcomerForm(PersonForm):
    """Somebody who is to be registered, in a category where there are any."""

    known_categories: Mapping[str, CategoryFacts]

    category = Line(lazy_gettext("Category"), [known_category], render_kw=OFF)

    @property
    def category_id(self) -> int | None:
        """Return the id of the category that a valid form names, None for none."""
        found = self.known_categories.get(self.category.data) if "category" in self else None
        return found.id if found else None


Asking = TypeVar("Asking", bound=NewcomerForm)


def asked_of(event: EventFacts, form: Asking) -> Asking:
    """Return a form with the fields that organizers fill in at this event; hidden categories are offered too."""
    form.known_categories = {str(one.id): one for one in event.categories}
    if not event.categories:
        del form["category"]
    return asked_by(event, form)


class AddForm(NewcomerForm):
    """Somebody to be registered by hand. `submission`: one value per rendering; the same form twice counts once."""

    page_order = (
        "category", "first_name", "last_name", "email", "organisation", "job_title", "country", "organisation_type",
        "lang", "when_full", "tell",
    )  # fmt: skip

    when_full = Line(lazy_gettext("If there is no place"), [known_choice], default=WhenFull.REFUSE.value, render_kw=OFF)
    tell = Tick(lazy_gettext("Mail"), default=True)
    submission = HiddenField(default=new_submission)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Return the names of fields that nobody sees."""
        return ("csrf_token", "submission")

    def validate_submission(self, field: Any) -> None:
        """Refuse a value that we did not make, and put a fresh one in its place."""
        if not is_submission(field):
            field.data = new_submission()
            raise StopValidation(_("The form did not arrive whole"))

    def applicant(self) -> Applicant:
        """Return whom a valid form is about."""
        return Applicant(
            details=self.details(),
            email=self.email.data,
            lang=self.lang.data,
            submission=self.submission.data,
            accept_waitlist=self.when_full.data == WhenFull.WAIT,
            privacy_version=PRIVACY_VERSION,
            category_id=self.category_id,
        )
