"""The team's page: everybody looks, owners change, nobody can leave an event without an owner."""

from __future__ import annotations

from typing import Any

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient

from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.models import Role
from regapp.services import teams
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.teams import Notices
from tests.everything import everything
from tests.factories import make_event
from tests.web.organizers import make_account, sign_in
from tests.web.visitor import Page, read


@pytest.fixture
def event(app: Flask) -> EventFacts:
    """Return an event."""
    return make_event(slug="conference")


TEAM = "/organizer/events/conference/team"


def _add(event: EventFacts, name: str, role: Role) -> Me:
    me = make_account(name)
    with transaction():
        teams.add(event.id, me.id, role)
    return me


def _send(client: FlaskClient, path: str = "", **typed: str) -> Any:
    token = read(client.get(TEAM)).inputs["csrf_token"]
    return client.post(f"{TEAM}{path}", data={"csrf_token": token, **typed})


def _role(event: EventFacts, me: Me) -> str | None:
    db.session.rollback()
    return {member.id: member.role for member in teams.list_members(event.id)}.get(me.id)


def _after(client: FlaskClient, answer: Any) -> Page:
    assert answer.status_code == 303
    return read(client.get(answer.location))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DESK, Role.MANAGER])
def test_others_see_the_team_and_no_way_to_change_it(client: FlaskClient, event: EventFacts, role: Role) -> None:
    _add(event, "Péter Kiss", Role.OWNER)
    sign_in(client, event, role)

    page = read(client.get(TEAM))

    assert "Péter Kiss" in page.words
    assert "Has not set a password yet" in page.words
    assert page.buttons == ["Save"]
    assert {"email", "name", "role"} & set(page.offered) == set()
    assert page.links["Leave the team"] == f"{TEAM}/leave"


def test_an_owner_takes_somebody_in(client: FlaskClient, event: EventFacts) -> None:
    me = sign_in(client, event)

    page = _after(client, _send(client, "/invite", email="Eva@example.org", name=" Éva  Nagy ", role="desk"))

    assert "Éva Nagy is in the team now, and gets a mail that says so." in page.words
    assert "eva@example.org" in page.words
    (letter,) = outbox.claim(now=outbox.utcnow())
    assert (letter.message, letter.to_address) == ("team_invited", "eva@example.org")
    assert {member.role for member in teams.list_members(event.id) if member.id != me.id} == {"desk"}


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"email": "eva"}, "email", "Add the @"),
        ({"email": ""}, "email", "Write the address of the person"),
        ({"name": ""}, "name", "Write the name of the person"),
        ({"name": "x" * 100_000}, "name", "Shorten this"),
        ({"name": "https://spam.example"}, "name", "without a web address"),
        ({"role": "king"}, "role", "Choose a role from the list"),
        ({"role": ""}, "role", "Choose a role from the list"),
    ],
)
def test_what_cannot_be_done_says_why_and_keeps_what_was_typed(
    client: FlaskClient, event: EventFacts, typed: dict[str, str], field: str, said: str
) -> None:
    sign_in(client, event)
    before = everything()

    answer = _send(client, "/invite", **{"email": "eva@example.org", "name": "Éva Nagy", "role": "desk"} | typed)
    page = read(answer)

    html5lib.HTMLParser(strict=True).parse(answer.text.lstrip())
    assert page.status == 422
    assert said in page.words
    assert page.title.startswith("Team: ")
    if field != "name":
        assert page.inputs["name"] == "Éva Nagy"
    assert (page.inputs["full"], page.inputs["mail"]) == ("yes", "yes")
    assert everything() == before


def test_who_is_there_already_is_said_to_be(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)
    member = _add(event, "Péter Kiss", Role.VIEWER)

    page = read(_send(client, "/invite", email=member.email.upper(), name="P", role="owner"))

    assert page.status == 422
    assert "in the team already" in page.described("email")
    assert _role(event, member) == "viewer"


def test_an_owner_changes_a_role_and_it_counts_at_once(app: Flask, client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)
    theirs = app.test_client()
    member = sign_in(theirs, event, Role.OWNER)
    assert theirs.get(f"{TEAM}/{member.id}/remove").status_code == 200

    page = _after(client, _send(client, f"/{member.id}/role", role="viewer"))

    assert "has another role now: Viewer." in page.words
    assert theirs.get(f"{TEAM}/{member.id}/remove").status_code == 403
    assert "It takes another role at this event." in read(theirs.get(f"{TEAM}/{member.id}/remove")).words


def test_somebody_removed_finds_the_event_no_more(app: Flask, client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)
    theirs = app.test_client()
    member = sign_in(theirs, event, Role.MANAGER)
    asked = read(client.get(f"{TEAM}/{member.id}/remove"))

    page = _after(client, client.post(f"{TEAM}/{member.id}/remove", data=asked.inputs))

    assert "is no longer in the team." in page.words
    assert theirs.get(TEAM).status_code == 404
    assert theirs.get("/organizer/").status_code == 200


@pytest.mark.parametrize("role", Role)
def test_everybody_may_leave(client: FlaskClient, event: EventFacts, role: Role) -> None:
    _add(event, "Péter Kiss", Role.OWNER)
    me = sign_in(client, event, role)

    page = _after(client, _send(client, "/leave"))

    assert "You have left the team of European Cluster Conference." in page.words
    assert _role(event, me) is None


def test_the_last_owner_reads_what_to_do_first(client: FlaskClient, event: EventFacts) -> None:
    me = sign_in(client, event)
    _add(event, "Péter Kiss", Role.MANAGER)
    before = everything()

    pages = [read(_send(client, path, role="viewer")) for path in ("/leave", f"/{me.id}/remove", f"/{me.id}/role")]

    assert [page.status for page in pages] == [409] * 3
    assert "You are the only owner. Make somebody else an owner first" in pages[0].words
    assert "An event needs an owner" in pages[2].words
    assert everything() == before


@pytest.mark.parametrize("account", ["0", "999999", "9" * 40])
def test_a_member_who_is_none_is_not_found(client: FlaskClient, event: EventFacts, account: str) -> None:
    sign_in(client, event)

    assert client.get(f"{TEAM}/{account}/remove").status_code == 404
    assert _send(client, f"/{account}/role", role="viewer").status_code == 404


def test_a_member_of_another_event_cannot_be_reached_through_mine(client: FlaskClient, event: EventFacts) -> None:
    other = make_event()
    theirs = _add(other, "Péter Kiss", Role.OWNER)
    _add(other, "Éva Nagy", Role.OWNER)
    sign_in(client, event)

    for path, typed in ((f"/{theirs.id}/remove", {}), (f"/{theirs.id}/role", {"role": "viewer"})):
        assert _send(client, path, **typed).status_code == 404
    assert _role(other, theirs) == "owner"


def test_a_viewer_may_choose_their_own_mails(client: FlaskClient, event: EventFacts) -> None:
    me = sign_in(client, event, Role.VIEWER)
    shown = read(client.get(TEAM)).inputs

    page = _after(client, _send(client, "/notices", digest="yes"))

    assert {name for name in ("full", "mail", "digest") if name in shown} == {"full", "mail"}
    assert {name for name in ("full", "mail", "digest") if name in page.inputs} == {"digest"}
    assert teams.get_member(event.id, me.id).notices == Notices(full=False, mail=False, digest=True)


def test_names_are_only_words(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)
    _add(event, '<b>"Péter"</b> %(name)s', Role.VIEWER)

    answer = client.get(TEAM)

    assert "<b>" not in answer.text
    html5lib.HTMLParser(strict=True).parse(answer.text.lstrip())
    assert '<b>"Péter"</b> %(name)s' in read(answer).words


def test_invitations_are_limited(client: FlaskClient, event: EventFacts) -> None:
    sign_in(client, event)

    found = [
        _send(client, "/invite", email=f"p{number}@example.org", name="P", role="viewer").status_code
        for number in range(61)
    ]

    assert found == [303] * 60 + [429]
