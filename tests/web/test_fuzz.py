"""Whatever is sent to a form: never a fault of ours, and never a change unless it was accepted."""

from __future__ import annotations

import base64

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regapp import links
from regapp.services.own import Own
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.visitor import read

FIELDS = (
    "first_name", "last_name", "name", "email", "organisation", "job_title", "country", "privacy", "accept_waitlist",
    "message", "website", "submission", "csrf_token", "altcha", "without_work", "lang", "unknown",
)  # fmt: skip
PAYLOADS = [
    base64.b64encode(text).decode() for text in (b"[]", b'{"challenge": {"parameters": 7}}', b"\xff", b"[" * 99)
]
LIKELY = st.sampled_from(
    ["Ana", "ana@example.org", "HU", "yes", "", "a@b", "x" * 300, "\x00", "\ud7ff", "<b>", "2026-12", *PAYLOADS]
)
TEXT = st.one_of(LIKELY, st.text(max_size=60))
BODIES = st.lists(st.tuples(st.sampled_from(FIELDS), TEXT), max_size=16)
RAW = st.binary(max_size=200)
TYPES = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/json",
        "",
    ]
)
ACCEPTED = (200, 303)


@pytest.fixture
def forms(client: FlaskClient) -> list[str]:
    """Return the address of every form that a visitor can send."""
    event, guarded = make_event(contact_address="office@example.org"), make_event(robot_check="work")
    own: Own = make_registration(event)
    address = links.own_path(own.code, own.link_version)
    public = [f"/events/{event.slug}/{form}" for form in ("register", "link", "contact")]
    public.append(f"/events/{guarded.slug}/register")
    return [*public, *(f"{address}/{form}" for form in ("change", "email", "cancel", "erase"))]


def _encoded(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=BODIES, guarded=st.booleans())
def test_any_words_in_any_field(
    client: FlaskClient, forms: list[str], pairs: list[tuple[str, str]], guarded: bool
) -> None:
    for path in forms[:6]:  # the last two need no words: a guarded post is their yes
        hidden = read(client.get(path)).inputs if guarded else {}
        before = everything()
        data = _encoded([*pairs, *((name, hidden[name]) for name in ("csrf_token", "submission") if name in hidden)])

        answer = client.post(path, data=data)

        assert answer.status_code < 500, path
        if answer.status_code not in ACCEPTED:
            assert everything() == before, path


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=RAW, kind=TYPES)
def test_any_bytes_of_any_kind(client: FlaskClient, forms: list[str], body: bytes, kind: str) -> None:
    before = everything()

    for path in forms:
        answer = client.post(path, data=body, content_type=kind)
        assert 400 <= answer.status_code < 500, path

    assert everything() == before


@pytest.mark.rule("R10")
def test_looking_at_any_page_in_any_way_changes_nothing(client: FlaskClient, forms: list[str]) -> None:
    before = everything()

    for path in [*forms, *(path.rpartition("/")[0] for path in forms)]:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(path, method=method).status_code < 500
        assert client.get(f"{path}?csrf_token=x&email=a@example.org&submit=1").status_code < 500

    assert everything() == before
