"""What machines ask: alive, ready, figures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text, update

from config import ROOT
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.links import own_path
from regapp.models import Heartbeat, OutboxMail
from regapp.services import health
from tests.factories import make_event, make_registration


def figures(client: FlaskClient, **headers: str) -> dict[str, float]:
    """Return the figures without labels, by name."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def requests_of(endpoint: str, method: str, status: str) -> float:
    """Return how many requests were counted under these labels."""
    labels = {"endpoint": endpoint, "method": method, "status": status}
    return REGISTRY.get_sample_value("regapp_requests_total", labels) or 0.0


@pytest.fixture
def broken(build_app: Callable[..., Flask], tmp_path: Path) -> Iterator[FlaskClient]:
    """Return a client of an application whose database is away."""
    app = build_app(DATABASE_URL=f"postgresql://nobody@/none?host={tmp_path}")
    with app.app_context():
        yield app.test_client()


def test_alive_needs_no_database(broken: FlaskClient) -> None:
    answer = broken.get("/healthz")

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok", "text/plain")


def test_ready_says_what_is_there(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"database": "ok", "migrations": "ok", "worker_seconds": None}


def test_a_silent_worker_is_reported_and_no_reason_to_be_taken_off_line(client: FlaskClient) -> None:
    with transaction():
        db.session.add(Heartbeat(worker="one", seen_at=utcnow() - timedelta(hours=1)))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json
    assert 3600 <= answer.json["worker_seconds"] < 3700


def test_without_its_database_it_is_not_ready(broken: FlaskClient) -> None:
    answer = broken.get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {"database": "away", "migrations": "unknown", "worker_seconds": None}


def test_with_another_schema_it_is_not_ready(client: FlaskClient) -> None:
    wanted = health.wanted_revision()
    with transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        answer = client.get("/readyz")
    finally:
        with transaction():
            db.session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": wanted})

    assert answer.status_code == 503
    assert answer.json == {"database": "ok", "migrations": "at 0000", "worker_seconds": None}


@pytest.mark.parametrize(("revision", "suits"), [("0000", False), ("9999", True)], ids=["earlier", "later"])
def test_the_schema_of_a_later_release_will_do_until_the_program_is_replaced(
    app: Flask, revision: str, *, suits: bool
) -> None:
    assert health.suits(revision) is suits


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.9.9.9", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 403),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, 403),
        ("192.0.2.7", {"Authorization": "Bearer right token"}, 200),
        ("127.0.0.1", {"Authorization": "Bearer right token", "X-Forwarded-For": "192.0.2.7"}, 200),
        ("192.0.2.7", {"Authorization": "Bearer wrong"}, 403),
        ("192.0.2.7", {"Authorization": "Bearer ő"}, 403),
        ("192.0.2.7", {"Authorization": "right token"}, 403),
    ],
)
def test_figures_are_for_this_machine_or_for_who_has_the_token(
    app: Flask, client: FlaskClient, address: str, headers: dict[str, str], status: int
) -> None:
    app.config["METRICS_TOKEN"] = "right token"

    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == status
    assert (b"regapp_" in answer.data) == (status == 200)


def test_without_a_token_set_no_token_opens_the_figures(client: FlaskClient) -> None:
    for given in ("Bearer ", "Bearer", ""):
        answer = client.get("/metrics", headers={"Authorization": given}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert answer.status_code == 403


def test_the_figures_tell_of_mail_and_worker(client: FlaskClient) -> None:
    event = make_event()
    for _ in range(3):
        make_registration(event)
    with transaction():
        db.session.execute(update(OutboxMail).where(OutboxMail.id == 1).values(failed_at=utcnow()))
        db.session.execute(update(OutboxMail).where(OutboxMail.id == 2).values(due_at=utcnow() - timedelta(minutes=10)))
        db.session.execute(update(OutboxMail).where(OutboxMail.id == 3).values(due_at=utcnow() + timedelta(minutes=10)))
        db.session.add(Heartbeat(worker="one", seen_at=utcnow() - timedelta(seconds=30)))

    found = figures(client)

    assert (found["regapp_outbox_waiting"], found["regapp_outbox_due"], found["regapp_outbox_failed"]) == (2, 1, 1)
    assert 600 <= found["regapp_outbox_oldest_seconds"] < 660
    assert 30 <= found["regapp_worker_seconds"] < 90


def test_requests_are_counted_by_endpoint_and_never_by_path(client: FlaskClient) -> None:
    own = make_registration(make_event(slug="conference"))
    path = own_path(own.code, own.link_version)
    before = requests_of("public.event", "GET", "2xx"), requests_of("none", "GET", "4xx")

    client.get("/events/conference")
    client.get(path)
    client.get("/no/such/page")

    after = requests_of("public.event", "GET", "2xx"), requests_of("none", "GET", "4xx")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
    shown = client.get("/metrics").text
    assert 'regapp_request_seconds_bucket{endpoint="public.event"' in shown
    for secret in (own.code, path.rpartition("-")[2], "/events/", "/no/such", "conference"):
        assert secret not in shown


def test_methods_that_somebody_invents_make_no_new_figures(client: FlaskClient) -> None:
    before = requests_of("none", "other", "4xx")

    client.open("/healthz", method="INVENTED")

    assert requests_of("none", "other", "4xx") == before + 1
    assert "INVENTED" not in client.get("/metrics").text


ASK = """
from regapp import create_app
client = create_app().test_client()
client.get("/healthz")
print(client.get("/metrics").text)
"""


class TestSeveralProcesses:
    """Processes that share a folder answer for one another."""

    @pytest.fixture
    def database(self) -> str:
        return "sqlite"

    def test_any_process_gives_the_figures_of_all(self, settings: dict[str, str], tmp_path: Path) -> None:
        shared = tmp_path / "figures"
        shared.mkdir()
        environment = settings | {"PROMETHEUS_MULTIPROC_DIR": str(shared), "PYTHONPATH": str(ROOT)}

        said = [
            subprocess.run([sys.executable, "-c", ASK], env=environment, check=True, capture_output=True, text=True)
            for _ in range(2)
        ]

        wanted = 'regapp_requests_total{endpoint="system.healthz",method="GET",status="2xx"}'
        assert f"{wanted} 1.0" in said[0].stdout
        assert f"{wanted} 2.0" in said[1].stdout
