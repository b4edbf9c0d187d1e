"""Every page of the workspace, asked for by everybody who must not have it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from regapp.models import Role
from regapp.web import access
from regapp.web.access import Access
from tests.everything import everything
from tests.factories import make_event
from tests.web.organizers import resume, sign_in
from tests.web.workspace import furnish

ROLES = {access: Role(access.value) for access in (Access.VIEWER, Access.DESK, Access.MANAGER, Access.OWNER)}


def test_a_role_includes_those_below_it() -> None:
    included = {role: [other.value for other in Role if role.includes(other)] for role in Role}

    assert included == {
        Role.OWNER: ["owner", "manager", "desk", "viewer"],
        Role.MANAGER: ["manager", "desk", "viewer"],
        Role.DESK: ["desk", "viewer"],
        Role.VIEWER: ["viewer"],
    }


def test_whoever_has_not_signed_in_is_asked_to(client: FlaskClient) -> None:
    event = make_event()

    for method, path, _rule in _pages(client.application, event.slug, {*ROLES, Access.ACCOUNT}):
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/organizer/sign-in"), path


def test_another_event_is_not_found(client: FlaskClient) -> None:
    mine, other = make_event(), make_event()
    sign_in(client, mine, Role.OWNER)

    for method, path, _rule in _pages(client.application, other.slug, set(ROLES)):
        assert client.open(path, method=method).status_code == 404, (method, path)


@pytest.mark.parametrize("role", Role)
def test_a_role_gets_no_page_that_needs_a_higher_one(client: FlaskClient, role: Role) -> None:
    event = make_event()
    sign_in(client, event, role)

    for method, path, rule in _pages(client.application, event.slug, set(ROLES)):
        needed = ROLES[access.of(client.application.view_functions[rule.endpoint])]  # type: ignore[index]
        answer = client.open(path, method=method)
        assert (answer.status_code == 403) == (not role.includes(needed)), (method, path, answer.status_code)


def _pages(app: Flask, slug: str, wanted: set[Access]) -> Iterator[tuple[str, str, Rule]]:
    """Yield method, address and rule of each page of this access; what varies besides the event is made up."""
    for rule in app.url_map.iter_rules():
        if access.of(app.view_functions[rule.endpoint]) in wanted if rule.endpoint != "static" else False:
            path = re.sub(r"<int:\w+>", "1", rule.rule.replace("<slug:slug>", slug))
            path = re.sub(r"<[^>]+>", "7K4M2-QXTB9", path)
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield method, path, rule


def test_no_form_of_the_workspace_is_taken_from_another_site(client: FlaskClient) -> None:
    workspace = furnish(make_event())
    resume(client, workspace.me)
    before, tried = everything(), 0

    for endpoint, path in workspace.pages(client.application, "POST").items():
        for guard in ({}, {"csrf_token": "forged"}):
            answer = client.post(path, data={"yes": "yes"} | guard)
            assert answer.status_code == 422, (endpoint, path)
            tried += 1
    assert tried > 50

    assert everything() == before
    assert client.get("/organizer/").status_code == 200
