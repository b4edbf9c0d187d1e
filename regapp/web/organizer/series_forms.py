"""What a series is called, in each language."""

from __future__ import annotations

from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms.validators import StopValidation

from regapp.rules.slugs import LENGTH, is_slug
from regapp.services.series import SeriesFacts
from regapp.speech import LANGUAGES
from regapp.web.fields import Line, Lines, Required, at_most, readable
from regapp.web.forms import NAME_LENGTH
from regapp.web.organizer.meanwhile import SharedForm

SUMMARY_LENGTH = 1000


class SeriesForm(SharedForm):
    """Address of a series; `series_form` adds name and summary in each language."""

    slug = Line(
        lazy_gettext("Address of the page"),
        [Required(lazy_gettext("Write the last part of the address"))],
        render_kw={"autocomplete": "off"},
    )

    def validate_slug(self, field: Any) -> None:
        """Refuse what cannot be part of an address."""
        if not is_slug(field.data):
            raise StopValidation(
                _("Use small letters from a to z, digits and hyphens, at most %(limit)s of them", limit=LENGTH)
            )

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask for a name in one language at least."""
        valid = super().validate(extra_validators)
        names = [self[f"name_{lang}"] for lang in LANGUAGES]
        if any(name.data for name in names):
            return bool(valid)
        names[0].errors = [_("Write what the series is called")]
        return False

    def texts(self) -> dict[str, dict[str, str]]:
        """Return the texts of a valid form, language → key → text."""
        return {lang: {key: self[f"{key}_{lang}"].data for key in ("name", "summary")} for lang in LANGUAGES}


def series_form() -> SeriesForm:
    """Return the form with a name and a summary in each language that we speak."""
    members: dict[str, Any] = {}
    plain = {"autocomplete": "off", "rows": 3}
    for lang, language in LANGUAGES.items():
        name, summary = f"{_('Name')}, {language.name}", f"{_('Summary')}, {language.name}"
        members[f"name_{lang}"] = Line(name, [readable, at_most(NAME_LENGTH)], render_kw=plain)
        members[f"summary_{lang}"] = Lines(summary, [readable, at_most(SUMMARY_LENGTH)], render_kw=plain)
    order = {"page_order": (*members, "slug")}
    return cast(SeriesForm, type("SeriesFormWithLanguages", (SeriesForm,), members | order)())


def stored(series: SeriesFacts) -> dict[str, str]:
    """Return what is stored, as the fields of the form hold it."""
    found = {
        f"{key}_{lang}": str(series.texts.get(lang, {}).get(key) or "")
        for lang in LANGUAGES
        for key in ("name", "summary")
    }
    return found | {"slug": series.slug}
