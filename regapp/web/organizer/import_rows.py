"""Rows of a list, read as people: which column is what, and what cannot be right."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app
from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _
from wtforms.validators import StopValidation

from regapp.errors import NotFound
from regapp.models import Import, OrganisationType
from regapp.rules.searching import search_key
from regapp.services.drafts import Applicant
from regapp.services.events import EventFacts
from regapp.services.formats import safe
from regapp.services.importing import Candidate
from regapp.speech import LANGUAGES
from regapp.web import countries, languages, organisation_types
from regapp.web.fields import Line, clean
from regapp.web.organizer.adding_forms import NONE, OFF, NewcomerForm, asked_of
from regapp.web.public.forms import PRIVACY_VERSION

FIELDS = {
    "first_name": lazy_gettext("First name"),
    "last_name": lazy_gettext("Last name"),
    "name": lazy_gettext("Whole name, if it stands in one column"),
    "email": lazy_gettext("E-mail"),
    "organisation": lazy_gettext("Organisation"),
    "job_title": lazy_gettext("Job title"),
    "country": lazy_gettext("Country"),
    "organisation_type": lazy_gettext("Kind of organisation"),
    "language": lazy_gettext("Language of mails"),
    "category": lazy_gettext("Category"),
}
"""What a column may be, in the order of the page; as the address says it, where `lang` is the language of the page."""
GUESSES = {
    "first_name": "first name|firstname|given name|forename|keresztnev|utonev",
    "last_name": "last name|lastname|surname|family name|vezeteknev|csaladnev",
    "name": "name|full name|whole name|participant|nev|teljes nev|resztvevo|resztvevo neve",
    "email": "email|e mail|mail|email address|e mail address|email cim|e mail cim|emailcim",
    "organisation": "organisation|organization|company|institution|employer|affiliation|szervezet|szervezet neve|ceg|"
    "cegnev|intezmeny|intezmeny neve|munkahely",
    "job_title": "job title|job|position|role|function|beosztas|munkakor|pozicio|tisztseg",
    "country": "country|country name|country code|orszag|orszagkod",
    "organisation_type": "kind of organisation|type of organisation|organisation type|szervezet tipusa|szervezettipus",
    "language": "language|lang|nyelv|levelezes nyelve",
    "category": "category|categories|kind of attendee|ticket|ticket type|kategoria|resztvevo tipusa|jegytipus",
}
"""Names of columns, English and Hungarian, without accents and punctuation."""
FAMILY_FIRST = "family"
"""How the address says that whole names begin with the family name, as in Hungarian."""


def known_here(_form: Any, field: Any) -> None:
    """Refuse a country that is neither a code nor a name that we know."""
    if field.data and field.data not in countries.names("en"):
        raise StopValidation(
            _("This country is not known: write its name in English or Hungarian, or its code of two letters")
        )


def kind_known_here(_form: Any, field: Any) -> None:
    """Refuse a kind of organisation that is neither a code nor a name that we know."""
    if field.data and field.data not in set(OrganisationType):
        kinds = ", ".join(map(str, organisation_types.NAMES.values()))
        raise StopValidation(_("This kind of organisation is not known: write one of %(kinds)s", kinds=kinds))


def category_known_here(form: Any, field: Any) -> None:
    """Refuse a category that none of the event's is called, in any language."""
    if field.data != NONE and field.data not in form.known_categories:
        known = ", ".join(one.text("name", languages.current()) for one in form.known_categories.values())
        raise StopValidation(_("This category is not known: write one of %(categories)s", categories=known))


class RowForm(NewcomerForm):
    """A row, judged like a form."""

    class Meta(NewcomerForm.Meta):
        """A row comes from a file that has passed the guard of its own form."""

        csrf = False

        def wrap_formdata(self, form: Any, formdata: Any) -> None:
            """Read nothing of the request."""

    country = Line(FIELDS["country"], [known_here], render_kw=OFF)
    organisation_type = Line(FIELDS["organisation_type"], [kind_known_here], render_kw=OFF)
    category = Line(FIELDS["category"], [category_known_here], render_kw=OFF)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what: field → number of the column. `family_first`: how whole names are parted.

    `lang`, `category`: of people whose row says none; a category by its id, as text.
    """

    of: Mapping[str, int]
    family_first: bool
    lang: str
    category: str = NONE

    @property
    def args(self) -> dict[str, str]:
        """Return these as parts of an address."""
        order = FAMILY_FIRST if self.family_first else "given"
        return {**{name: str(number) for name, number in self.of.items()}, "order": order, "default_lang": self.lang,
                "default_category": self.category}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read: who it seems to be, in which field, and why."""

    number: int
    who: str
    field: str
    sentence: str


def fields(event: EventFacts) -> dict[str, Any]:
    """Return what a column may be at this event: name → label."""
    left_out = {"organisation_type": not event.asks_organisation_type, "category": not event.categories}
    return {name: label for name, label in FIELDS.items() if not left_out.get(name)}


def guess(header: Sequence[str], event: EventFacts, *, lang: str) -> Columns:
    """Return which column is what, as their names suggest; each column and each field once."""
    known = {word: name for name in fields(event) for word in GUESSES[name].split("|")}
    found: dict[str, int] = {}
    family_first = False
    for number, title in enumerate(header):
        word = search_key(re.sub(r"[\W_]+", " ", title)).strip()
        name = known.get(word)
        if name is not None and name not in found:
            found[name] = number
            family_first = family_first or (name == "name" and "nev" in word)
    if {"first_name", "last_name"} & set(found):
        found.pop("name", None)
    return Columns(found, family_first, lang)


def from_args(args: Mapping[str, str], width: int, event: EventFacts, *, lang: str) -> Columns:
    """Return which column is what, as an address says; what it does not know in it is left out.

    Raises: NotFound for a category of another event.
    """
    found = {name: int(args[name]) for name in fields(event) if re.fullmatch("[0-9]{1,3}", args.get(name, ""))}
    chosen = args.get("default_lang", lang)
    return Columns(
        {name: number for name, number in found.items() if number < width},
        args.get("order") == FAMILY_FIRST,
        chosen if chosen in LANGUAGES else lang,
        _default_category(args.get("default_category", ""), event),
    )


def _default_category(text: str, event: EventFacts) -> str:
    if text not in {"", NONE, *(str(one.id) for one in event.categories)}:
        raise NotFound
    return text or NONE


def problem(columns: Columns) -> tuple[str, str] | None:
    """Return the field and the sentence that says what is wrong with the choice of columns; None if nothing is."""
    of = columns.of
    twice = [name for name, number in of.items() if list(of.values()).index(number) < list(of).index(name)]
    if "email" not in of:
        return "email", _("Say which column holds the e-mail addresses: nobody can be registered without one")
    if not {"first_name", "last_name", "name"} & set(of):
        return "last_name", _("Say which columns hold the names")
    if "name" in of and {"first_name", "last_name"} & set(of):
        return "name", _("Choose either the whole name or first and last name, not both")
    if twice:
        return twice[0], _("Each column can be used once")
    return None


def read(kept: Import, columns: Columns, event: EventFacts) -> tuple[list[Candidate], list[Broken]]:
    """Return the people of a list in the order of its rows, and the rows in which nobody can be read."""
    form, named = asked_of(event, RowForm()), _named(event)
    people: list[Candidate] = []
    broken: list[Broken] = []
    for number, *cells in kept.rows:
        fill(form, {name: _plain(cells[column]) for name, column in columns.of.items()}, columns)
        if "category" in form:
            form.category.data = named.get(search_key(form.category.data), form.category.data) or columns.category
        if form.validate():
            people.append(Candidate(number, _applicant(form)))
        else:
            field, sentence = form.problems[0]
            who = form.details().name or form.email.data
            broken.append(Broken(number, who[:200], str(form[field].label.text), sentence))
    return people, broken


def fill(form: RowForm, cells: Mapping[str, str], columns: Columns) -> None:
    """Put the cells of a row into the form."""
    values = dict(cells)
    if "name" in values:
        values["first_name"], values["last_name"] = _parted(values["name"], family_first=columns.family_first)
    values["country"] = _country(values.get("country", ""))
    values["organisation_type"] = _kind(values.get("organisation_type", ""))
    for name in FIELDS:
        if name in form:
            form[name].data = clean(values.get(name, ""))
    form.lang.data = _language(clean(values.get("language", ""))) or columns.lang


def _plain(cell: str) -> str:
    """Return a cell without the apostrophe that our own lists put before what looks like a formula."""
    return cell[1:] if cell.startswith("'") and safe(cell[1:]) == cell else cell


def _parted(name: str, *, family_first: bool) -> tuple[str, str]:
    """Return first and last name of a whole name; a single word is the last name."""
    words = name.split()
    if family_first:
        return " ".join(words[1:]), " ".join(words[:1])
    return " ".join(words[:-1]), " ".join(words[-1:])


def _country(written: str) -> str:
    """Return the code of a country that is written as a code or by its name, else what is written."""
    return _countries().get(search_key(written.strip()), written)


def _kind(written: str) -> str:
    """Return the code of a kind of organisation that is written as a code or by its name, else what is written."""
    return _kinds().get(search_key(written.strip()), written)


def _named(event: EventFacts) -> dict[str, str]:
    """Return what the categories of an event are called in every language → id, as text."""
    words = [(text.get("name"), str(one.id)) for one in event.categories for text in one.texts.values()]
    return {search_key(name): id_ for name, id_ in reversed(words) if name}


def _language(written: str) -> str:
    """Return the code of a language that is written as a code or by its name, else what is written."""
    names = {search_key(language.name): code for code, language in LANGUAGES.items()}
    word = search_key(written.strip())
    return names.get(word, word)


@lru_cache
def _countries() -> dict[str, str]:
    names = {search_key(name): code for lang in LANGUAGES for code, name in countries.names(lang).items()}
    return names | {code.lower(): code for code in countries.names("en")} | {"uk": "GB", "usa": "US"}


@lru_cache
def _kinds() -> dict[str, str]:
    found = {kind.value: kind.value for kind in OrganisationType}
    for lang in LANGUAGES:
        with force_locale(lang):
            found |= {search_key(str(label)): kind.value for kind, label in organisation_types.NAMES.items()}
    return found


def _applicant(form: RowForm) -> Applicant:
    details, email = form.details(), form.email.data
    return Applicant(
        details=details,
        email=email,
        lang=form.lang.data,
        submission=_mark(f"{details!r} {email}"),
        accept_waitlist=True,
        privacy_version=PRIVACY_VERSION,
        category_id=form.category_id,
    )


def _mark(row: str) -> str:
    """Return what stands for a row: the same for the same words, and telling nobody else which they were (R18)."""
    secret = str(current_app.config["SECRET_KEY"])
    return hmac.digest(f"imports {secret}".encode(), row.encode(), hashlib.sha256).hex()[:32]
