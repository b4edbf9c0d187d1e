"""Pages for organizers: their events, people, limits, lists, team."""

from regapp.web.organizer import adding_routes, dashboard_routes, import_routes, lists_routes, routes
from regapp.web.organizer.blueprint import bp

__all__ = ["adding_routes", "bp", "dashboard_routes", "import_routes", "lists_routes", "routes"]
