"""`organizer …`: accounts on the command line; running twice does no harm."""

from __future__ import annotations

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from regapp import links
from regapp.db import db, transaction
from regapp.models import History
from regapp.services import accounts, one_time_codes, passwords, teams
from tests.everything import everything
from tests.factories import make_event

EVA = ("organizer", "create", "Eva@example.org", "--name", "Éva Nagy")
PASSWORD = "seven quiet boats"


def _run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=words, input=typed)


def _keys() -> accounts.Keys:
    db.session.rollback()
    found = accounts.find_keys("eva@example.org")
    assert found is not None
    return found


def _token(result: Result) -> str:
    return result.output.strip().splitlines()[-1].rpartition("/organizer/password/")[2]


def test_without_a_password_a_link_is_printed_that_sets_one(app: Flask) -> None:
    result = _run(app, *EVA)

    assert result.exit_code == 0
    assert result.output.startswith("eva@example.org: made\nSet the password here, once, within seven days:\n")
    found = links.read_password_token(_token(result))
    assert found == links.PasswordPass(_keys().me.id, 0)
    assert app.test_client().get(f"/organizer/password/{_token(result)}").status_code == 200


def test_a_password_may_be_given_and_is_not_printed(app: Flask) -> None:
    result = _run(app, *EVA, "--password-stdin", typed=f"{PASSWORD}\n")

    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert passwords.fits(PASSWORD, _keys().password_hash)


def test_a_role_at_an_event_is_given_and_changed(app: Flask) -> None:
    event = make_event(slug="conference")

    first = _run(app, *EVA, "--event", "conference", "--role", "desk")
    again = _run(app, *EVA, "--event", "conference", "--role", "manager")

    assert first.output.startswith("eva@example.org: made, desk of conference\n")
    assert again.output.startswith("eva@example.org: there already, manager of conference\n")
    assert [member.role for member in teams.list_members(event.id)] == ["manager"]
    assert list(db.session.scalars(select(History.action))) == ["team_joined", "team_role_changed"]


def test_a_second_run_changes_nothing(app: Flask) -> None:
    make_event(slug="conference")
    command = (*EVA, "--event", "conference", "--password-stdin")
    _run(app, *command, typed=f"{PASSWORD}\n")
    before = everything()

    second = _run(app, *command, typed="another long password\n")
    other_name = _run(app, "organizer", "create", "eva@example.org", "--name", "Somebody Else")

    assert (second.exit_code, other_name.exit_code) == (0, 0)
    assert "The password stays as it is" in second.output
    assert everything() == before


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        pytest.param(("create", "nobody", "--name", "A"), "", "is no mail address", id="no address"),
        pytest.param(("create", "a@example.org", "--name", " "), "", "1 to 200 characters", id="no name"),
        pytest.param(("create", "a@example.org", "--name", "x" * 201), "", "1 to 200 characters", id="a long name"),
        pytest.param(
            ("create", "a@example.org", "--name", "A", "--event", "none"), "", "there is no event “none”", id="no event"
        ),
        pytest.param(("create", "a@example.org", "--name", "A", "--password-stdin"), "", "10 characters", id="empty"),
        pytest.param(
            ("create", "a@example.org", "--name", "A", "--password-stdin"), "password123\n", "others try", id="common"
        ),
        pytest.param(("password", "a@example.org"), "", "there is no account “a@example.org”", id="unknown"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(
    app: Flask, words: tuple[str, ...], typed: str, said: str
) -> None:
    before = everything()

    result = _run(app, "organizer", *words, typed=typed)

    assert result.exit_code == 1
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert everything() == before


def test_the_last_owner_stays_one(app: Flask) -> None:
    make_event(slug="conference")
    _run(app, *EVA, "--event", "conference")

    result = _run(app, *EVA, "--event", "conference", "--role", "viewer")

    assert result.exit_code == 1
    assert "is the only owner" in result.output


def test_the_list_says_who_can_sign_in_and_to_what(app: Flask) -> None:
    make_event(slug="conference")
    _run(app, *EVA, "--event", "conference", "--password-stdin", typed=f"{PASSWORD}\n")
    _run(app, "organizer", "create", "ana@example.org", "--name", "Ana")
    with transaction():
        one_time_codes.switch_on(_keys().me.id, "A" * 32, 0)

    assert _run(app, "organizer", "list").output.splitlines() == [
        "ana@example.org  Ana  [no password yet]  no event",
        "eva@example.org  Éva Nagy  [password, codes]  conference (owner)",
    ]


def test_a_lost_telephone_and_a_lost_password_are_helped_with(app: Flask) -> None:
    _run(app, *EVA, "--password-stdin", typed=f"{PASSWORD}\n")
    with transaction():
        one_time_codes.switch_on(_keys().me.id, "A" * 32, 0)

    link = _run(app, "organizer", "password", "EVA@example.org")
    still = _keys().uses_codes
    off = _run(app, "organizer", "password", "eva@example.org", "--codes-off")

    assert links.read_password_token(_token(link)) == links.PasswordPass(_keys().me.id, 1)
    assert still
    assert "signs in with the password alone" in off.output
    assert not _keys().uses_codes
    assert passwords.fits(PASSWORD, _keys().password_hash)
