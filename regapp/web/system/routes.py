"""For machines that watch over us: alive, ready, figures."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify
from flask.blueprints import BlueprintSetupState
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from regapp.clock import utcnow
from regapp.services import health
from regapp.web import access
from regapp.web.system import metrics

bp = Blueprint("system", __name__)
bp.after_app_request(metrics.count)


@bp.record_once
def _prepare(state: BlueprintSetupState) -> None:
    health.init_app(cast(Flask, state.app))


@bp.get("/healthz")
@access.machine
def healthz() -> Response:
    """Say that the process answers; touches nothing else."""
    return Response("ok", mimetype="text/plain")


@bp.get("/readyz")
@access.machine
def readyz() -> Response:
    """Say whether this process can serve: database there, schema as the code wants it. Workers are only reported."""
    found = _look()
    response = jsonify(found)
    response.status_code = 200 if found["database"] == "ok" and found["migrations"] == "ok" else 503
    return response


@bp.get("/metrics")
@access.machine
def figures() -> Response:
    """Give Prometheus its figures."""
    if not metrics.may_read():
        abort(403)
    return Response(metrics.expose(), content_type=CONTENT_TYPE_LATEST)


def _look() -> dict[str, Any]:
    try:
        revision = health.find_revision()
        current = health.suits(revision)
        age = health.find_worker_age(now=utcnow()) if current else None
    except SQLAlchemyError as error:
        current_app.logger.error("database away", exc_info=error)
        return {"database": "away", "migrations": "unknown", "worker_seconds": None}
    return {"database": "ok", "migrations": "ok" if current else f"at {revision}", "worker_seconds": age}
