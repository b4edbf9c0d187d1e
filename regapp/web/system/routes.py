"""For machines that watch over us: alive, ready, figures."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("system", __name__)


@bp.get("/healthz")
def healthz() -> tuple[str, int, dict[str, str]]:
    """Say that the process answers; touches nothing else."""
    return "ok", 200, {"Content-Type": "text/plain; charset=utf-8"}
