"""Organizers sign in and out, and look after their account."""

from regapp.web.auth import account_routes, code_routes, password_routes, routes
from regapp.web.auth.blueprint import bp

__all__ = ["account_routes", "bp", "code_routes", "password_routes", "routes"]
