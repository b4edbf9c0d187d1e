"""Teams: who joins, changes, leaves; and that an owner stays, even when two leave at once."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from regapp.db import db, transaction
from regapp.errors import AlreadyMember, LastOwner, NotFound
from regapp.mail import outbox
from regapp.models import History, OutboxMail, Role
from regapp.services import accounts, teams
from regapp.services.accounts import Me
from regapp.services.events import EventFacts
from regapp.services.teams import Invited, Notices
from tests.everything import everything
from tests.factories import make_event
from tests.web.organizers import give_password, make_account

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


def _join(event: EventFacts, *roles: Role) -> list[Me]:
    people = [make_account(f"Person {number}") for number in range(len(roles))]
    with transaction():
        for me, role in zip(people, roles, strict=True):
            teams.add(event.id, me.id, role)
    return people


def _roles(event: EventFacts) -> dict[int, str]:
    db.session.rollback()
    return {member.id: member.role for member in teams.list_members(event.id)}


def _invite(event: EventFacts, email: str, role: Role = Role.DESK) -> teams.Member:
    with transaction():
        return teams.invite(event.id, Invited(email, "Éva Nagy", role, "hu"), actor="account:1", now=NOW)


def _mails() -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def _lines() -> list[tuple[str, str, object]]:
    db.session.rollback()
    return [
        (line.action, line.actor, line.numbers) for line in db.session.scalars(select(History).order_by(History.id))
    ]


def test_somebody_new_gets_an_account_a_role_and_a_link(app: Flask) -> None:
    event = make_event()

    member = _invite(event, " Eva@Example.org")
    (mail,) = _mails()

    assert (member.name, member.email, member.role, member.has_password) == (
        "Éva Nagy", "eva@example.org", "desk", False,
    )  # fmt: skip
    assert (mail.message, mail.event_id, mail.account_id) == ("team_invited", event.id, member.id)
    assert (mail.to_address, mail.lang) == ("eva@example.org", "hu")
    assert mail.facts == {"account": member.id, "session_version": 0, "role": "desk", "lifetime": 7 * 86400}
    assert _lines() == [("team_joined", "account:1", {"account": member.id, "after": "desk"})]


def test_somebody_with_a_password_is_only_told_in_their_own_language_and_keeps_their_name(app: Flask) -> None:
    event, known = make_event(), give_password(make_account("Éva, as she writes it"))

    member = _invite(event, known.email)
    (letter,) = outbox.claim(now=NOW)
    rendered = outbox.render(letter)

    assert (member.id, member.name) == (known.id, "Éva, as she writes it")
    assert letter.lang == "en"
    assert "lifetime" not in letter.facts
    assert "/password/" not in rendered.text
    assert rendered.subject == "You help to organize: European Cluster Conference"


def test_who_is_in_the_team_is_not_invited_again(app: Flask) -> None:
    event = make_event()
    _invite(event, "eva@example.org")
    before = everything()

    with pytest.raises(AlreadyMember):
        _invite(event, "EVA@example.org", Role.OWNER)

    assert everything() == before


def test_members_are_listed_by_role_then_by_name(app: Flask) -> None:
    event, other = make_event(), make_event()
    people = _join(event, Role.VIEWER, Role.OWNER, Role.DESK, Role.OWNER)
    _join(other, Role.OWNER)

    assert [member.id for member in teams.list_members(event.id)] == [people[n].id for n in (1, 3, 2, 0)]


def test_a_changed_role_is_in_the_history_and_the_same_role_is_not(app: Flask) -> None:
    event = make_event()
    _owner, viewer = _join(event, Role.OWNER, Role.VIEWER)

    for _ in range(2):
        with transaction():
            teams.change_role(event.id, viewer.id, Role.MANAGER, actor="account:1", now=NOW)

    assert _roles(event)[viewer.id] == "manager"
    assert _lines() == [
        ("team_role_changed", "account:1", {"account": viewer.id, "before": "viewer", "after": "manager"})
    ]


def test_who_leaves_finds_the_event_no_more_and_keeps_the_account(app: Flask) -> None:
    event = make_event()
    _owner, viewer = _join(event, Role.OWNER, Role.VIEWER)

    with transaction():
        teams.remove(event.id, viewer.id, actor=viewer.actor, now=NOW)

    with pytest.raises(NotFound):
        teams.get_event(viewer.id, event.slug)
    assert accounts.find(viewer.email) is not None
    assert _lines() == [("team_left", viewer.actor, {"account": viewer.id, "before": "viewer"})]


@pytest.mark.parametrize("role", [None, Role.MANAGER])
def test_the_last_owner_stays_and_nothing_changes(app: Flask, role: Role | None) -> None:
    event = make_event()
    owner, _manager = _join(event, Role.OWNER, Role.MANAGER)
    before = everything()

    with pytest.raises(LastOwner), transaction():
        if role is None:
            teams.remove(event.id, owner.id, actor=owner.actor, now=NOW)
        else:
            teams.change_role(event.id, owner.id, role, actor=owner.actor, now=NOW)

    assert everything() == before


def test_whoever_is_not_in_the_team_cannot_be_changed_in_it(app: Flask) -> None:
    event, other = make_event(), make_event()
    _join(event, Role.OWNER)
    (stranger,) = _join(other, Role.VIEWER)

    for account in (stranger.id, 10**30):
        with pytest.raises(NotFound):
            teams.get_member(event.id, account)
    with pytest.raises(NotFound), transaction():
        teams.remove(event.id, stranger.id, actor="account:1", now=NOW)
    assert list(_roles(other)) == [stranger.id]


def test_everybody_chooses_their_own_mails(app: Flask) -> None:
    event = make_event()
    mine, others = _join(event, Role.OWNER, Role.OWNER)
    default = teams.get_member(event.id, others.id).notices

    with transaction():
        teams.choose_notices(event.id, mine.id, Notices(full=False, mail=True, digest=True))

    assert teams.get_member(event.id, mine.id).notices == Notices(full=False, mail=True, digest=True)
    assert teams.get_member(event.id, others.id).notices == default == Notices(full=True, mail=True, digest=False)


@pytest.mark.race
@pytest.mark.parametrize("stepping_down", [False, True])
def test_of_owners_who_all_leave_at_once_one_stays(app: Flask, stepping_down: bool) -> None:
    event = make_event()
    owners = _join(event, *[Role.OWNER] * 4)
    start, outcomes = Barrier(len(owners)), []

    def go(me: Me) -> None:
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    if stepping_down:
                        teams.change_role(event.id, me.id, Role.VIEWER, actor=me.actor, now=NOW)
                    else:
                        teams.remove(event.id, me.id, actor=me.actor, now=NOW)
                outcomes.append("gone")
            except LastOwner:
                outcomes.append("stays")

    threads = [Thread(target=go, args=[me]) for me in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["gone"] * 3 + ["stays"]
    assert list(_roles(event).values()).count("owner") == 1


@pytest.mark.race
def test_somebody_invited_twice_at_once_joins_once(app: Flask) -> None:
    event = make_event()
    start, outcomes = Barrier(4), []

    def go() -> None:
        with app.app_context():
            start.wait()
            try:
                outcomes.append(_invite(event, "eva@example.org").role)
            except AlreadyMember:
                outcomes.append("there")

    threads = [Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["desk", "there", "there", "there"]
    assert [mail.message for mail in _mails()] == ["team_invited"]
