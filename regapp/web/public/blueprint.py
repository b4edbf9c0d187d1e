"""The pages for visitors; each module of this package adds its own."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("public", __name__)
