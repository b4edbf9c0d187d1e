"""Organizers sign in and out."""

from regapp.web.auth import routes
from regapp.web.auth.blueprint import bp

__all__ = ["bp", "routes"]
