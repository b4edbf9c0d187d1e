"""Ways from one page of the workspace to another, as far as there is one."""

from __future__ import annotations

from flask import url_for
from werkzeug.routing import BuildError

from regapp.web.organizer.blueprint import bp


def way_to(endpoint: str, **values: str) -> str | None:
    """Return the address of a page, None if there is no such page."""
    try:
        return url_for(endpoint, **values)  # type: ignore[arg-type]  # parts of the address, none of its options
    except BuildError:
        return None


def person_page(slug: str, code: str) -> str | None:
    """Return the address of a person's page."""
    return way_to("organizer.person", slug=slug, code=code)


def people_page(slug: str, state: str) -> str | None:
    """Return the address of the list of people in this state."""
    return way_to("organizer.people", slug=slug, state=state)


@bp.context_processor
def _for_templates() -> dict[str, object]:
    return {"way_to": way_to}
