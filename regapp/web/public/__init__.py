"""Pages for visitors."""

from regapp.web.public import contact_routes, own_routes, routes
from regapp.web.public.blueprint import bp

__all__ = ["bp", "contact_routes", "own_routes", "routes"]
