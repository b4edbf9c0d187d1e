"""Pages for visitors."""

from regapp.web.public import announcement_routes, contact_routes, own_routes, routes, series_routes
from regapp.web.public.blueprint import bp

__all__ = ["announcement_routes", "bp", "contact_routes", "own_routes", "routes", "series_routes"]
