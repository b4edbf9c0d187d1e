"""The kinds of organisations that events ask for, in words."""

from __future__ import annotations

from functools import lru_cache

from flask_babel import lazy_gettext
from markupsafe import Markup

from regapp.models import OrganisationType
from regapp.web import languages

NAMES = {
    OrganisationType.CLUSTER: lazy_gettext("Cluster organisation"),
    OrganisationType.COMPANY: lazy_gettext("Company"),
    OrganisationType.REGION: lazy_gettext("Regional or local authority"),
    OrganisationType.MINISTRY: lazy_gettext("Ministry or national authority"),
    OrganisationType.EU_INSTITUTION: lazy_gettext("European institution"),
    OrganisationType.RESEARCH: lazy_gettext("Research or education"),
    OrganisationType.ASSOCIATION: lazy_gettext("Association or chamber"),
    OrganisationType.PRESS: lazy_gettext("Press"),
    OrganisationType.OTHER: lazy_gettext("Something else"),
}
"""Kind → its name, in the order in which they are offered."""


def name(code: str | None) -> str:
    """Return the name of a kind of organisation; empty if there is no such code."""
    return str(NAMES[OrganisationType(code)]) if code in set(OrganisationType) else ""


def options(selected: str | None) -> Markup:
    """Return all kinds as <option> elements."""
    return _options(selected, languages.current())


@lru_cache
def _options(selected: str | None, _lang: str) -> Markup:
    chosen, plain = Markup('<option value="{}" selected>{}</option>'), Markup('<option value="{}">{}</option>')
    drawn = ((chosen if code == selected else plain).format(code.value, label) for code, label in NAMES.items())
    return Markup("").join(drawn)
