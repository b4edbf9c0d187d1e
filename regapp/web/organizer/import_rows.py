"""Rows of a list, read as people: which column is what, and what cannot be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.models import Import
from regapp.rules.searching import search_key
from regapp.services.drafts import Applicant
from regapp.services.formats import safe
from regapp.services.importing import Candidate
from regapp.speech import LANGUAGES
from regapp.web import countries
from regapp.web.fields import Line, clean
from regapp.web.organizer.adding_forms import OFF, PersonForm
from regapp.web.public.forms import PRIVACY_VERSION

FIELDS = {
    "first_name": lazy_gettext("First name"),
    "last_name": lazy_gettext("Last name"),
    "name": lazy_gettext("Whole name, if it stands in one column"),
    "email": lazy_gettext("E-mail"),
    "organisation": lazy_gettext("Organisation"),
    "job_title": lazy_gettext("Job title"),
    "country": lazy_gettext("Country"),
    "lang": lazy_gettext("Language of mails"),
}
"""What a column may be, in the order of the page."""
GUESSES = {
    "first_name": "first name|firstname|given name|forename|keresztnev|utonev",
    "last_name": "last name|lastname|surname|family name|vezeteknev|csaladnev",
    "name": "name|full name|whole name|participant|nev|teljes nev|resztvevo|resztvevo neve",
    "email": "email|e mail|mail|email address|e mail address|email cim|e mail cim|emailcim",
    "organisation": "organisation|organization|company|institution|employer|affiliation|szervezet|szervezet neve|ceg|"
    "cegnev|intezmeny|intezmeny neve|munkahely",
    "job_title": "job title|job|position|role|function|beosztas|munkakor|pozicio|tisztseg",
    "country": "country|country name|country code|orszag|orszagkod",
    "lang": "language|lang|nyelv|levelezes nyelve",
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


class RowForm(PersonForm):
    """A row, judged like a form."""

    class Meta(PersonForm.Meta):
        """A row comes from a file that has passed the guard of its own form."""

        csrf = False

        def wrap_formdata(self, form: Any, formdata: Any) -> None:
            """Read nothing of the request."""

    country = Line(FIELDS["country"], [known_here], render_kw=OFF)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what: field → number of the column. `family_first`: how whole names are parted."""

    of: Mapping[str, int]
    family_first: bool
    lang: str

    @property
    def args(self) -> dict[str, str]:
        """Return these as parts of an address."""
        order = FAMILY_FIRST if self.family_first else "given"
        return {**{name: str(number) for name, number in self.of.items()}, "order": order, "default_lang": self.lang}


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read: who it seems to be, in which field, and why."""

    number: int
    who: str
    field: str
    sentence: str


def guess(header: Sequence[str], *, lang: str) -> Columns:
    """Return which column is what, as their names suggest; each column and each field once."""
    known = {word: name for name, words in GUESSES.items() for word in words.split("|")}
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


def from_args(args: Mapping[str, str], width: int, *, lang: str) -> Columns:
    """Return which column is what, as an address says; what it does not know in it is left out."""
    found = {name: int(args[name]) for name in FIELDS if re.fullmatch("[0-9]{1,3}", args.get(name, ""))}
    chosen = args.get("default_lang", lang)
    return Columns(
        {name: number for name, number in found.items() if number < width},
        args.get("order") == FAMILY_FIRST,
        chosen if chosen in LANGUAGES else lang,
    )


def problem(columns: Columns) -> str:
    """Return what is wrong with the choice of columns, empty if nothing is."""
    of = columns.of
    if "email" not in of:
        return str(_("Say which column holds the e-mail addresses: nobody can be registered without one"))
    if not {"first_name", "last_name", "name"} & set(of):
        return str(_("Say which columns hold the names"))
    if "name" in of and {"first_name", "last_name"} & set(of):
        return str(_("Choose either the whole name or first and last name, not both"))
    if len(set(of.values())) < len(of):
        return str(_("Each column can be used once"))
    return ""


def read(kept: Import, columns: Columns) -> tuple[list[Candidate], list[Broken]]:
    """Return the people of a list in the order of its rows, and the rows in which nobody can be read."""
    form = RowForm()
    people: list[Candidate] = []
    broken: list[Broken] = []
    for number, *cells in kept.rows:
        fill(form, {name: _plain(cells[column]) for name, column in columns.of.items()}, columns)
        if form.validate():
            people.append(Candidate(number, _applicant(form)))
        else:
            field, sentence = form.problems[0]
            who = form.details().name or form.email.data
            broken.append(Broken(number, who[:200], str(form[field].label.text), sentence))
    return people, broken


def fill(form: RowForm, cells: Mapping[str, str], columns: Columns) -> None:
    """Put the cells of a row into the form."""
    values = {"lang": "", **cells}
    if "name" in values:
        values["first_name"], values["last_name"] = _parted(values["name"], family_first=columns.family_first)
    values["country"] = _country(values.get("country", ""))
    values["lang"] = _language(values["lang"]) or columns.lang
    for field in _lines(form):
        field.data = clean(values.get(field.name, ""))


def _lines(form: RowForm) -> Iterator[Any]:
    return (field for field in form if isinstance(field, Line))


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


def _language(written: str) -> str:
    """Return the code of a language that is written as a code or by its name, else what is written."""
    names = {search_key(language.name): code for code, language in LANGUAGES.items()}
    word = search_key(written.strip())
    return names.get(word, word)


@lru_cache
def _countries() -> dict[str, str]:
    names = {search_key(name): code for lang in LANGUAGES for code, name in countries.names(lang).items()}
    return names | {code.lower(): code for code in countries.names("en")} | {"uk": "GB", "usa": "US"}


def _applicant(form: RowForm) -> Applicant:
    details, email = form.details(), form.email.data
    return Applicant(
        details=details,
        email=email,
        lang=form.lang.data,
        submission=f"import {details!r} {email}",
        accept_waitlist=True,
        privacy_version=PRIVACY_VERSION,
    )
