"""The tabs above every page of an event: what there is to do, by endpoint."""

from __future__ import annotations

from flask import g
from flask_babel import gettext as _

from regapp.models import Role


def tabs() -> list[tuple[str, str]]:
    """Return (endpoint, label) of the pages that this person may open, in their order."""
    labels = [
        ("organizer.overview", Role.VIEWER, _("Overview")),
        ("organizer.people", Role.VIEWER, _("People")),
        ("organizer.capacity", Role.VIEWER, _("Capacity")),
        ("organizer.categories", Role.VIEWER, _("Categories")),
        ("organizer.lists", Role.VIEWER, _("Lists")),
        ("organizer.mail", Role.VIEWER, _("Mail")),
        ("organizer.team", Role.VIEWER, _("Team")),
        ("organizer.history", Role.VIEWER, _("History")),
        ("organizer.settings", Role.MANAGER, _("Settings")),
    ]
    return [(endpoint, label) for endpoint, least, label in labels if g.role.includes(least)]
