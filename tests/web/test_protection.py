"""What keeps robots, other sites and networks out, and never a ministry."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from time import perf_counter

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import func, select

from regapp import links
from regapp.db import db
from regapp.models import OutboxMail, Registration
from regapp.web import access
from tests.browser.serving import free_port
from tests.factories import make_event, make_registration
from tests.web.visitor import FIELDS, Page, fill, read

OFFICE = "office@example.org"
LETTER = {"name": "Pál", "email": "pal@example.org", "message": "Hello"}


def _count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def _send(client: FlaskClient, path: str, **typed: str) -> tuple[Page, int]:
    answer = client.post(path, data=read(client.get(path)).inputs | typed)
    return read(answer), int(answer.headers.get("Retry-After", 0))


@pytest.mark.parametrize("form", ["register", "link", "contact"])
def test_who_fills_in_the_field_for_robots_is_asked_to_empty_it(client: FlaskClient, form: str) -> None:
    event = make_event(contact_address=OFFICE)
    path = f"/events/{event.slug}/{form}"
    typed = FIELDS | LETTER
    shown = client.get(path).text

    page, _ = _send(client, path, **typed, website="https://spam.example")

    assert 'class="bait" aria-hidden="true"' in shown
    assert page.status == 422
    assert "Empty this field" in page.described("website")
    assert page.inputs["email"] == typed["email"]
    assert (_count(Registration), _count(OutboxMail)) == (0, 0)
    sent, _ = _send(client, path, **typed, website="")
    assert sent.status in (200, 303)


def test_a_link_is_sent_to_one_address_a_few_times_an_hour_known_or_not(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event, email="ana@example.org")
    path = f"/events/{event.slug}/link"

    answers = {
        email: [_send(client, path, email=email) for _ in range(6)] for email in ("ana@example.org", "eva@example.org")
    }

    for found in answers.values():
        assert [page.status for page, _ in found] == [200] * 5 + [429]
        assert 0 < found[-1][1] <= 3600
        assert "Too many requests" in found[-1][0].words
        assert "possible again in 60 minutes" in found[-1][0].words
        assert found[-1][0].inputs["email"] in answers  # to be sent again with one button
        assert found[-1][0].buttons == ["Send it again"]


def test_messages_are_limited_by_sender_and_by_event(client: FlaskClient) -> None:
    event, other = make_event(contact_address=OFFICE), make_event(contact_address=OFFICE)
    path = f"/events/{event.slug}/contact"

    one_sender = [_send(client, path, **LETTER)[0].status for _ in range(6)]
    many = [_send(client, path, **LETTER | {"email": f"p{number}@example.org"})[0].status for number in range(56)]
    elsewhere, _ = _send(client, f"/events/{other.slug}/contact", **LETTER | {"email": "new@example.org"})

    assert one_sender == [200] * 5 + [429]
    assert many == [200] * 55 + [429]
    assert elsewhere.status == 200


def test_nobodys_mailbox_is_filled_by_changing_a_registration_again_and_again(client: FlaskClient) -> None:
    event, other = make_event(), make_event()
    own, elsewhere = (make_registration(each, email="ana@example.org") for each in (event, other))
    change = f"{links.own_path(own.code, own.link_version)}/change"

    changed = [_send(client, change, job_title=str(number))[0].status for number in range(21)]
    cancelled = _send(client, f"{links.own_path(own.code, own.link_version)}/cancel")[0].status
    another = _send(client, f"{links.own_path(elsewhere.code, elsewhere.link_version)}/cancel")[0].status

    assert changed == [303] * 20 + [429]
    assert cancelled == 429
    assert another == 303


def test_one_address_is_told_a_few_times_an_hour_that_a_registration_moved_there(client: FlaskClient) -> None:
    event = make_event()
    people = [make_registration(event) for _ in range(6)]

    moved = []
    for own in people:
        path = links.own_path(own.code, own.link_version)
        moved.append(_send(client, f"{path}/email", email="victim@example.org")[0].status)

    assert moved == [303] + [422] * 4 + [429]


def test_a_whole_ministry_may_register_from_one_network_address(client: FlaskClient) -> None:
    path = f"/events/{make_event(size=300).slug}/register"

    answers = [fill(client, path, email=f"p{number}@example.org").status_code for number in range(120)]

    assert answers == [303] * 120


def test_while_redis_is_away_each_process_counts_by_itself(build_app: Callable[..., Flask]) -> None:
    app = build_app(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    with app.app_context():
        path = f"/events/{make_event().slug}/link"
        found = [_send(app.test_client(), path, email="ana@example.org")[0].status for _ in range(6)]

    assert found == [200] * 5 + [429]


def test_a_redis_that_never_answers_holds_nobody_up_twice(build_app: Callable[..., Flask]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = build_app(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with app.app_context():
            path = f"/events/{make_event().slug}/link"
            began = perf_counter()
            found = [_send(app.test_client(), path, email="ana@example.org")[0].status for _ in range(3)]
            spent = perf_counter() - began

    assert found == [200] * 3
    assert spent < 10  # far above what it takes; a hanging socket would never end


def test_tls_is_asked_for_only_where_pages_are_reached_over_it(build_app: Callable[..., Flask]) -> None:
    plain, secure = build_app(), build_app(PUBLIC_URL="https://events.example")

    with plain.app_context():
        assert "Strict-Transport-Security" not in plain.test_client().get("/").headers
    with secure.app_context():
        assert "max-age=31536000" in secure.test_client().get("/").headers["Strict-Transport-Security"]
        cookie = secure.test_client().get(f"/events/{make_event().slug}/register").headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        pytest.param("0", "127.0.0.1 http", id="nobody is believed"),
        pytest.param("1", "198.51.100.7 https", id="one proxy"),
        pytest.param("2", "203.0.113.9 https", id="two proxies"),
    ],
)
def test_forwarded_headers_are_believed_from_as_many_proxies_as_there_are(
    build_app: Callable[..., Flask], trusted: str, seen: str
) -> None:
    app = build_app(TRUSTED_PROXIES=trusted)

    @app.get("/who")
    @access.public
    def who() -> str:
        return f"{request.remote_addr} {request.scheme}"

    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https, https"}
    with app.app_context():
        assert app.test_client().get("/who", headers=forwarded).text == seen


def test_no_page_loads_anything_from_elsewhere_and_nothing_is_inline(client: FlaskClient) -> None:
    event = make_event(contact_address=OFFICE, online_url="https://meet.example/x")
    own = make_registration(event)
    address = links.own_path(own.code, own.link_version)
    public = ["/", "/privacy", *(f"/events/{event.slug}{page}" for page in ("", "/register", "/link", "/contact"))]

    for path in [*public, *(f"{address}{page}" for page in ("", "/change", "/email", "/cancel", "/erase"))]:
        answer = client.get(path)
        loaded = re.findall(r'<(?:script|img|iframe|source|object|embed)[^>]*(?:src|data)="([^"]*)"', answer.text)
        loaded += re.findall(r'<link[^>]*rel="(?:stylesheet|preload|icon)"[^>]*href="([^"]*)"', answer.text)
        assert loaded, path
        assert [name for name in loaded if not name.startswith("/static/")] == [], path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text), path
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
