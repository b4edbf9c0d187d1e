"""Pages for visitors."""

from regapp.web.public import contact_routes, own_routes, routes, series_routes
from regapp.web.public.blueprint import bp

__all__ = ["bp", "contact_routes", "own_routes", "routes", "series_routes"]
