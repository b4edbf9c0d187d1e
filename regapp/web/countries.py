"""The countries of the world, named by Babel in the visitor's language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from babel import Locale
from markupsafe import Markup

# Two letters in Unicode's list, but unions, pseudo languages and parts that ISO 3166 counts with their country.
NOT_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}


@lru_cache
def names(lang: str) -> dict[str, str]:
    """Return code → name, in the alphabetical order of the names."""
    territories = Locale.parse(lang).territories
    found = {code: name for code, name in territories.items() if len(code) == 2 and code.isalpha()}
    for code in NOT_COUNTRIES:
        found.pop(code, None)
    return dict(sorted(found.items(), key=lambda item: _sort_key(item[1])))


def name(code: str | None, lang: str) -> str:
    """Return the name of a country; empty if there is no such code."""
    return names(lang).get(code or "", "")


def options(lang: str, *, selected: str) -> Markup:
    """Return the <option> elements, prepared once per language: drawing 250 of them costs more than the whole page."""
    markup = _options(lang)
    if selected in names(lang):
        option = f'<option value="{selected}"'
        markup = markup.replace(option, f"{option} selected", 1)
    return Markup(markup)  # noqa: S704  made of escaped names and known codes only


@lru_cache
def _options(lang: str) -> str:
    option = Markup('<option value="{}">{}</option>')
    return "".join(option.format(code, label) for code, label in names(lang).items())


def _sort_key(text: str) -> str:
    """Sort Åland under A and Côte d’Ivoire under C, as readers look for them."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()
