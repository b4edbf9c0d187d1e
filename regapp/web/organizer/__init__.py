"""Pages for organizers: their events, people, limits, lists, team."""

from regapp.web.organizer import capacity_routes, dashboard_routes, history_routes, mail_routes, routes, ways
from regapp.web.organizer.blueprint import bp

__all__ = ["bp", "capacity_routes", "dashboard_routes", "history_routes", "mail_routes", "routes", "ways"]
