"""The time zones that organizers choose from: those of places, as the IANA database names them."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from zoneinfo import available_timezones

from markupsafe import Markup

CONTINENTS = (
    "Europe", "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Indian", "Pacific",
)  # fmt: skip
"""The first parts of the names of places, in the order of the list."""
USUAL = "Europe/Brussels"
"""For who has not chosen one yet."""


@lru_cache
def names() -> tuple[str, ...]:
    """Return the zones, Europe first, then by name; UTC last."""
    places = [name for name in available_timezones() if name.split("/")[0] in CONTINENTS and "/" in name]
    return (*sorted(places, key=lambda name: (CONTINENTS.index(name.split("/")[0]), name)), "UTC")


def options(selected: str) -> Markup:
    """Return the zones as <option> elements, by continent."""
    drawn = _options()
    option = f'<option value="{selected}"'
    if selected in names():
        drawn = drawn.replace(option, f"{option} selected", 1)
    return Markup(drawn)  # noqa: S704  made of known names only


@lru_cache
def _options() -> str:
    groups = []
    for continent, found in groupby(names(), key=lambda name: name.split("/")[0]):
        drawn = "".join(f'<option value="{name}">{name.replace("_", " ")}</option>' for name in found)
        groups.append(f'<optgroup label="{continent}">{drawn}</optgroup>')
    return "".join(groups)
