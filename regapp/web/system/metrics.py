"""Figures for Prometheus. Requests are counted by endpoint, never by path: a path may hold somebody's link."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from flask import Response, current_app, request
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from regapp import logs
from regapp.clock import utcnow
from regapp.services import health

LABELS = ("endpoint", "method", "status")
REQUESTS = Counter("regapp_requests", "Requests answered.", LABELS)
SECONDS = Histogram(
    "regapp_request_seconds",
    "Time to answer a request.",
    LABELS,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""Headers by which a proxy gives itself away: behind one, everybody seems to come from this machine."""


def count(response: Response) -> Response:
    """Count a request that has just been answered."""
    counter, histogram = _counters(request.endpoint or "none", logs.known_method(), response.status_code // 100)
    counter.inc()
    histogram.observe(logs.seconds_since_start())
    return response


@lru_cache
def _counters(endpoint: str, method: str, hundreds: int) -> tuple[Counter, Histogram]:
    """Return what counts such requests; remembered, since finding it takes longer than counting."""
    labels = (endpoint, method, f"{hundreds}xx")
    return REQUESTS.labels(*labels), SECONDS.labels(*labels)


def may_read() -> bool:
    """Say whether this request may see the figures: from this machine itself, or with the token."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    if token and hmac.compare_digest(given, f"Bearer {token}".encode()):
        return True
    return _is_loopback(request.remote_addr or "") and not any(name in request.headers for name in FORWARDED)


def expose() -> bytes:
    """Return all figures in Prometheus' text format; those of the database as they are now."""
    stored = CollectorRegistry()
    stored.register(_Stored())
    return _counted() + generate_latest(stored)


class _Stored(Collector):
    """What the database knows, read when asked."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the gauges."""
        now = utcnow()
        backlog = health.count_backlog(now=now)
        yield GaugeMetricFamily("regapp_outbox_waiting", "Mails not yet handed over.", backlog.waiting)
        yield GaugeMetricFamily("regapp_outbox_due", "Mails that should be handed over now.", backlog.due)
        yield GaugeMetricFamily("regapp_outbox_failed", "Mails given up.", backlog.failed)
        yield GaugeMetricFamily(
            "regapp_outbox_oldest_seconds", "How long the oldest due mail has been due.", backlog.oldest_seconds
        )
        if (age := health.find_worker_age(now=now)) is not None:
            yield GaugeMetricFamily("regapp_worker_seconds", "Time since a worker's last sign of life.", age)


def _counted() -> bytes:
    """Return what this process counted, or all processes together where they share a folder."""
    folder = current_app.config["METRICS_DIR"]
    if not folder:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a Unix socket: its other end is a proxy
        return False
