"""Pages for organizers: their events, people, limits, lists, team."""

from regapp.web.organizer import bulk_routes, dashboard_routes, routes
from regapp.web.organizer.blueprint import bp

__all__ = ["bp", "bulk_routes", "dashboard_routes", "routes"]
