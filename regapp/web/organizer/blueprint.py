"""The organizers' workspace; each module of this package adds its own pages."""

from __future__ import annotations

from flask import Blueprint, g

from regapp.models import Role
from regapp.web.organizer.tabs import tabs

bp = Blueprint("organizer", __name__, url_prefix="/organizer")


@bp.context_processor
def _for_templates() -> dict[str, object]:
    """Let templates show the tabs, and leave out what this person may not do here: `{% if may("manager") %}`."""
    return {"organizer_tabs": tabs, "may": lambda role: "role" in g and g.role.includes(Role(role))}
