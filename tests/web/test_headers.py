"""What browsers and caches are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from regapp import links
from regapp.db import db, transaction
from tests.factories import make_event, make_registration
from tests.statements import counting
from tests.web.visitor import FIELDS, fill, read

EDGE = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def _paths() -> list[str]:
    own = make_registration(event := make_event())
    path = links.own_path(own.code, own.link_version)
    event_path = f"/events/{event.slug}"
    below = [f"{path}/change", f"{path}/cancel", f"{path}/calendar.ics"]
    return ["/", event_path, f"{event_path}/register", "/privacy", "/nowhere", path, *below, "/static/look.css"]


def test_every_response_carries_the_same_protection(client: FlaskClient) -> None:
    for path in _paths():
        headers = client.get(path, buffered=True).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_nothing_on_any_page_is_inline_or_from_elsewhere(client: FlaskClient) -> None:
    for path in _paths():
        html = client.get(path, buffered=True).text
        if path.startswith("/static/"):
            continue
        assert " style=" not in html, path
        assert "<style" not in html
        assert re.findall(r"<script(?! src=\"/static/| type=\"application/ld\+json\")", html) == []
        assert " on" + "click" not in html
        assert 'src="http' not in html


def test_ones_own_pages_are_kept_by_nobody_and_found_by_no_search(client: FlaskClient) -> None:
    for path in [path for path in _paths() if path.startswith("/r/")] + ["/r/7K4M2-QXTB9-wrong", "/r/"]:
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Robots-Tag"] == "noindex"


def test_the_form_is_private(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"

    shown, refused = client.get(path), client.post(path)

    assert shown.headers["Cache-Control"] == refused.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in shown.headers["Vary"]


def test_public_pages_are_shared_for_a_moment_and_set_no_cookie(client: FlaskClient) -> None:
    for path in ("/", f"/events/{make_event().slug}", "/privacy"):
        answer = client.get(path)

        assert answer.headers["Cache-Control"] == "public, max-age=5"
        assert answer.headers["Vary"] == "Accept-Language"
        assert "Set-Cookie" not in answer.headers
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_the_etag_changes_with_the_page(client: FlaskClient) -> None:
    event = make_event()
    before = client.get(f"/events/{event.slug}").headers["ETag"]

    make_registration(event)

    answer = client.get(f"/events/{event.slug}", headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != before


@pytest.mark.parametrize(
    ("before", "age"), [(60, 5), (5, 5), (3, 3), (0.5, 0)], ids=["far", "just far enough", "near", "at hand"]
)
def test_no_cache_keeps_a_page_over_the_edge_of_its_window(client: FlaskClient, before: float, age: int) -> None:
    event = make_event(closes_at=EDGE)

    with time_machine.travel(EDGE - timedelta(seconds=before), tick=False):
        for path in ("/", f"/events/{event.slug}"):
            assert client.get(path).headers["Cache-Control"] == f"public, max-age={age}"


def test_static_files_are_kept_for_ever_when_their_address_has_a_version(client: FlaskClient) -> None:
    html = client.get("/").text
    addresses = [part.split('"')[0].split("#")[0] for part in html.split('"') if part.startswith("/static/")]

    assert len(set(addresses)) >= 5
    for address in set(addresses):
        answer = client.get(address, buffered=True)
        assert answer.status_code == 200, address
        assert "max-age=31536000" in answer.headers["Cache-Control"], address


def test_a_static_file_without_version_is_asked_for_again(client: FlaskClient) -> None:
    assert client.get("/static/look.css", buffered=True).headers["Cache-Control"] == "no-cache"
    assert client.get("/static/none.css?v=1").headers["Cache-Control"] == "no-cache"


def test_all_that_the_stylesheet_names_is_there(app: Flask, client: FlaskClient) -> None:
    named = [part.split('"')[0] for part in Path(app.static_folder or "", "look.css").read_text().split('url("')[1:]]

    assert len([name for name in named if not name.startswith("data:")]) == 3
    for name in named:
        if not name.startswith("data:"):
            assert client.get(f"/static/{name}", buffered=True).status_code == 200, name


def test_statements_stay_few(app: Flask, client: FlaskClient) -> None:
    own = make_registration(event := make_event())
    own_path = links.own_path(own.code, own.link_version)
    bounds = {f"/events/{event.slug}": 2, f"/events/{event.slug}/register": 2, own_path: 2, "/": 2}

    for path, most in bounds.items():
        with transaction():  # a change, after which nothing read before counts
            pass
        with counting() as statements:
            client.get(path)
        assert 1 <= len(statements) <= most, (path, statements)


def test_registering_takes_seven_statements_at_most(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"
    form = read(client.get(path)).inputs | FIELDS

    with counting() as statements:
        answer = client.post(path, data=form)

    assert answer.status_code == 303
    assert len(statements) <= 7, statements


def test_reading_leaves_no_transaction_open(app: Flask) -> None:
    event = make_event()
    db.session.rollback()

    app.test_client().get(f"/events/{event.slug}")
    db.session.remove()

    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_the_session_cookie_is_for_forms_only(client: FlaskClient) -> None:
    answer = fill(client, f"/events/{make_event().slug}/register")

    own = client.get(answer.location)

    assert "Set-Cookie" not in own.headers
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
