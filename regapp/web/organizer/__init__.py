"""Pages for organizers: their events, people, limits, lists, team."""

from regapp.web.organizer import (
    adding_routes,
    announcement_routes,
    bulk_routes,
    capacity_routes,
    dashboard_routes,
    events_routes,
    history_routes,
    import_routes,
    lists_routes,
    mail_routes,
    people_routes,
    person_routes,
    publishing_routes,
    routes,
    series_routes,
    settings_routes,
    team_routes,
)
from regapp.web.organizer.blueprint import bp

__all__ = [
    "adding_routes",
    "announcement_routes",
    "bp",
    "bulk_routes",
    "capacity_routes",
    "dashboard_routes",
    "events_routes",
    "history_routes",
    "import_routes",
    "lists_routes",
    "mail_routes",
    "people_routes",
    "person_routes",
    "publishing_routes",
    "routes",
    "series_routes",
    "settings_routes",
    "team_routes",
]
