"""Signing in: who gets in, who does not, and what strangers can learn or spoil."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from sqlalchemy import select, update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import Account
from regapp.services import accounts, events, one_time_codes, passwords
from regapp.services.accounts import Me
from tests.everything import everything
from tests.factories import make_event
from tests.web.organizers import PASSWORD, give_password, make_account, resume, sign_in
from tests.web.visitor import Page, read

SIGN_IN = "/organizer/sign-in"
WRONG = "Address and password do not belong together"


def _try(client: FlaskClient, email: str, password: str = PASSWORD, *, path: str = SIGN_IN, **environ: str) -> Any:
    form = read(client.get(path)).inputs
    return client.post(path, data=form | {"email": email, "password": password}, environ_base=environ)


def _is_in(client: FlaskClient) -> bool:
    return client.get("/organizer/").status_code == 200


@pytest.fixture
def me(app: Flask) -> Me:
    """Return somebody who can sign in with PASSWORD."""
    return give_password(make_account("Eszter Varga"))


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect what Argon2 is asked to do; it is done, and never inside a transaction."""
    done: list[str] = []
    real = {name: getattr(PasswordHasher, name) for name in ("hash", "verify")}

    def counted(name: str, *args: Any) -> Any:
        assert not db.session().in_transaction(), "hashing holds a transaction open"
        done.append(name)
        return real[name](*args)

    for name in real:
        monkeypatch.setattr(PasswordHasher, name, lambda *args, name=name: counted(name, *args))
    return done


def test_the_right_password_opens_the_workspace(client: FlaskClient, me: Me) -> None:
    answer = _try(client, f"  {me.email.upper()} ")

    assert (answer.status_code, answer.location) == (303, "/organizer/")
    assert "Eszter Varga" in read(client.get("/organizer/")).words
    assert client.get(SIGN_IN).location == "/organizer/"


def test_a_password_is_the_same_however_the_keyboard_writes_it(client: FlaskClient) -> None:
    me = give_password(make_account(), "p\u00e9nteki m\u00e1ly\u00e1k")

    answer = _try(client, me.email, "pe\u0301nteki ma\u0301lya\u0301k")

    assert answer.status_code == 303


def test_wrong_unknown_and_unset_are_answered_alike_and_cost_the_same(
    client: FlaskClient, me: Me, hashing: list[str]
) -> None:
    unset = make_account()
    before = everything()

    answers: list[Page] = []
    for email, password in ((me.email, "something else"), ("nobody@example.org", PASSWORD), (unset.email, PASSWORD)):
        hashing.clear()
        answers.append(read(_try(client, email, password)))
        assert hashing == ["verify"]

    assert {page.status for page in answers} == {422}
    assert len({page.words for page in answers}) == 1
    assert WRONG in answers[0].described("password")
    assert [page.inputs["email"] for page in answers] == [me.email, "nobody@example.org", unset.email]
    assert {page.inputs["password"] for page in answers} == {""}
    assert everything() == before
    assert not _is_in(client)


def test_nothing_typed_says_what_is_missing_and_hashes_nothing(client: FlaskClient, hashing: list[str]) -> None:
    page = read(_try(client, "nobody", ""))

    assert page.status == 422
    assert "Add the @" in page.described("email")
    assert "Write your password" in page.described("password")
    assert hashing == []


def test_a_password_hashed_with_earlier_parameters_is_hashed_anew(client: FlaskClient, me: Me) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with transaction():
        db.session.execute(update(Account).values(password_hash=weak))

    assert _try(client, me.email).status_code == 303
    db.session.rollback()
    stored = db.session.scalars(select(Account.password_hash)).one()

    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(PASSWORD, stored)
    assert _is_in(client)


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        pytest.param("/organizer/account?lang=hu", "/organizer/account?lang=hu", id="a page of the workspace"),
        *(
            pytest.param(evil, "/organizer/", id=repr(evil))
            for evil in (
                "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/organizer/\\evil",
                "/organizer/\r\nLocation: https://evil.example", "javascript:alert(1)", "/organizer\\@evil.example",
                "organizer/", " /organizer/", "/organizer.evil.example", "",
            )
        ),
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(client: FlaskClient, me: Me, wanted: str, led_to: str) -> None:
    form = read(client.get(SIGN_IN)).inputs

    signed_in = client.post(
        SIGN_IN, query_string={"next": wanted}, data=form | {"email": me.email, "password": PASSWORD}
    )
    already = client.get(SIGN_IN, query_string={"next": wanted})

    assert (signed_in.status_code, signed_in.location) == (303, led_to)
    assert already.location == led_to


def test_who_asked_for_a_page_gets_it_after_signing_in(client: FlaskClient, me: Me) -> None:
    asked = client.get("/organizer/account")

    answer = _try(client, me.email, path=asked.location)

    assert answer.location == "/organizer/account"


def test_signing_in_begins_a_session_of_its_own(client: FlaskClient, me: Me) -> None:
    client.get(SIGN_IN)
    with client.session_transaction() as session:
        prepared = session["csrf_token"]
        session["planted"] = "by somebody else"

    _try(client, me.email)

    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != prepared
        assert set(session) - {"csrf_token"} == {"_permanent", "account", "version", "at"}


def test_the_cookie_holds_no_secret(client: FlaskClient, me: Me) -> None:
    with transaction():
        one_time_codes.switch_on(me.id, "A" * 32, 1)

    _try(client, me.email)

    with client.session_transaction() as session:
        assert set(session) == {"half"}
        said = str(dict(session))
    for secret in (PASSWORD, me.email, "argon2", "A" * 32):
        assert secret not in said


@pytest.mark.parametrize("forged", ["another key", "another version", "another account"])
def test_a_forged_or_old_cookie_opens_nothing(app: Flask, client: FlaskClient, me: Me, forged: str) -> None:
    values = {"account": me.id, "version": me.session_version, "at": int(utcnow().timestamp()), "_permanent": True}
    if forged == "another version":
        values["version"] += 1
    if forged == "another account":
        values["account"] += 1
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    signer.secret_keys = [b"guessed"] if forged == "another key" else signer.secret_keys
    client.set_cookie("session", signer.dumps(values))

    assert client.get("/organizer/").status_code == 303


def test_what_was_typed_outlives_the_session(client: FlaskClient) -> None:
    event = make_event(texts={"en": {"name": "Forum", "venue": "Hall"}})
    mine = sign_in(client, event)
    path = f"/organizer/events/{event.slug}/texts/en"
    inputs = read(client.get(path)).inputs | {"description": "Two long days."}
    with client.session_transaction() as session:
        session.clear()

    kept = client.post(path, data=inputs)
    before = events.get(event.id).texts
    page = read(kept)
    resume(client, mine)
    asked = read(client.post(path, data=page.inputs))  # guards of the ended session are asked for once more
    saved = client.post(path, data=asked.inputs)

    assert kept.status_code == 403
    assert "Nothing is lost: all that you typed is still in this page." in page.words
    assert page.links["Sign in in another tab"] == "/organizer/sign-in"
    assert before["en"].get("description") is None
    assert (asked.status, asked.inputs["description"]) == (422, "Two long days.")
    assert saved.status_code == 303
    db.session.rollback()
    assert events.get(event.id).texts["en"]["description"] == "Two long days."


def test_a_session_ends_twelve_hours_after_the_last_use(client: FlaskClient, me: Me) -> None:
    begin = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
    with time_machine.travel(begin, tick=False) as clock:
        _try(client, me.email)
        for hours in (11, 22, 33):
            clock.move_to(begin + timedelta(hours=hours), tick=False)
            assert _is_in(client)
        clock.move_to(begin + timedelta(hours=33 + 12, seconds=5), tick=False)

        assert not _is_in(client)


class TestLimits:
    def test_after_ten_attempts_the_right_password_waits_too(self, client: FlaskClient, me: Me) -> None:
        with time_machine.travel(datetime(2026, 10, 1, 8, 0, tzinfo=UTC), tick=False) as clock:
            found = [_try(client, me.email, "wrong password").status_code for _ in range(10)]
            right = _try(client, me.email)
            clock.shift(timedelta(minutes=16))
            later = _try(client, me.email)

        assert found == [422] * 10
        assert right.status_code == 429
        assert 0 < int(right.headers["Retry-After"]) <= 900
        assert "15 minutes" in read(right).words
        assert later.status_code == 303

    def test_addresses_without_an_account_are_counted_alike(self, client: FlaskClient) -> None:
        found = [_try(client, "nobody@example.org").status_code for _ in range(11)]

        assert found == [422] * 10 + [429]

    def test_one_network_cannot_try_many_addresses(self, client: FlaskClient) -> None:
        found = [_try(client, f"p{number}@example.org").status_code for number in range(61)]

        assert found == [422] * 60 + [429]

    def test_a_stranger_locks_nobody_out(self, app: Flask, client: FlaskClient, me: Me) -> None:
        stranger = app.test_client()
        for _ in range(11):
            last = _try(stranger, me.email, "wrong password", REMOTE_ADDR="203.0.113.9")

        mine = _try(client, me.email)

        assert last.status_code == 429
        assert mine.status_code == 303

    def test_not_even_from_everywhere_at_once(self, app: Flask, client: FlaskClient, me: Me) -> None:
        _try(client, me.email)
        form = read(client.get("/organizer/account")).inputs
        client.post("/organizer/sign-out", data=form)
        found = [
            _try(app.test_client(), me.email, "wrong password", REMOTE_ADDR=f"203.0.113.{number}").status_code
            for number in range(101)
        ]

        known, unknown = _try(client, me.email), _try(app.test_client(), me.email, REMOTE_ADDR="198.51.100.7")

        assert 429 in found
        assert unknown.status_code == 429
        assert known.status_code == 303

    def test_a_known_browser_may_not_try_for_ever_either(self, client: FlaskClient, me: Me) -> None:
        _try(client, me.email)
        client.delete_cookie("session")

        found = [_try(client, me.email, "wrong password").status_code for _ in range(11)]

        assert found == [422] * 10 + [429]

    def test_in_ipv6_a_household_is_one(self, client: FlaskClient, me: Me) -> None:
        found = [
            _try(client, me.email, "wrong password", REMOTE_ADDR=f"2001:db8::{number:x}").status_code
            for number in range(1, 12)
        ]

        assert found == [422] * 10 + [429]


class TestCodes:
    SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

    @pytest.fixture
    def recovery(self, me: Me) -> list[str]:
        """Return the recovery codes of somebody who signs in with one-time codes."""
        with transaction():
            return one_time_codes.switch_on(me.id, self.SECRET, 0)

    def _code(self) -> str:
        return pyotp.TOTP(self.SECRET).at(utcnow())

    def _enter(self, client: FlaskClient, code: str) -> Any:
        path = f"{SIGN_IN}/code?next=/organizer/account"
        return client.post(path, data=read(client.get(path)).inputs | {"code": code})

    def test_the_password_alone_does_not_open(self, client: FlaskClient, me: Me, recovery: list[str]) -> None:
        answer = _try(client, me.email, path=f"{SIGN_IN}?next=/organizer/account")

        assert answer.location == f"{SIGN_IN}/code?next=/organizer/account"
        assert not _is_in(client)

    def test_the_code_of_the_app_opens(self, client: FlaskClient, me: Me, recovery: list[str]) -> None:
        _try(client, me.email)
        code = self._code()

        answer = self._enter(client, f" {code[:3]} {code[3:]} ")

        assert (answer.status_code, answer.location) == (303, "/organizer/account")
        assert _is_in(client)

    def test_a_code_opens_once(self, app: Flask, me: Me, recovery: list[str]) -> None:
        with time_machine.travel(datetime(2026, 10, 1, 8, 0, tzinfo=UTC), tick=False):
            statuses = []
            for _ in range(2):
                client = app.test_client()
                _try(client, me.email)
                statuses.append(self._enter(client, self._code()).status_code)

        assert statuses == [303, 422]

    def test_a_wrong_code_says_so_and_a_few_may_be_tried(
        self, client: FlaskClient, me: Me, recovery: list[str]
    ) -> None:
        _try(client, me.email)

        answers = [self._enter(client, "000000") for _ in range(11)]

        assert [answer.status_code for answer in answers] == [422] * 10 + [429]
        assert "This code does not fit" in read(answers[0]).described("code")
        assert not _is_in(client)

    def test_a_recovery_code_opens_once(self, app: Flask, me: Me, recovery: list[str]) -> None:
        statuses = []
        for code in (recovery[3].lower(), recovery[3], recovery[4].replace("-", " ")):
            client = app.test_client()
            _try(client, me.email)
            statuses.append(self._enter(client, code).status_code)

        assert statuses == [303, 422, 303]
        assert one_time_codes.count_recovery_codes(me.id) == 8

    def test_the_second_page_needs_the_first_and_does_not_wait_for_ever(
        self, client: FlaskClient, me: Me, recovery: list[str]
    ) -> None:
        assert client.get(f"{SIGN_IN}/code").location == SIGN_IN
        with time_machine.travel(datetime(2026, 10, 1, 8, 0, tzinfo=UTC), tick=False) as clock:
            _try(client, me.email)
            clock.shift(timedelta(minutes=11))
            assert client.get(f"{SIGN_IN}/code").location == SIGN_IN

    def test_signing_out_everywhere_ends_what_was_half_way(
        self, client: FlaskClient, me: Me, recovery: list[str]
    ) -> None:
        _try(client, me.email)
        with transaction():
            accounts.sign_out_everywhere(me)

        assert client.get(f"{SIGN_IN}/code").location == SIGN_IN


def test_the_public_pages_lead_organizers_to_the_sign_in(client: FlaskClient) -> None:
    event = make_event()

    for path in ("/", f"/events/{event.slug}", "/nowhere"):
        assert read(client.get(path)).links["For organizers"] == SIGN_IN


def test_no_secret_is_logged(client: FlaskClient, me: Me, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    _try(client, me.email, "My wrong secret 7")
    _try(client, me.email, REMOTE_ADDR="192.0.2.7")
    client.get("/organizer/password/some-token-here")

    said = capsys.readouterr().err
    assert '"endpoint": "auth.sign_in"' in said
    for secret in ("wrong secret", PASSWORD, me.email, "argon2", "192.0.2.7", "some-token"):
        assert secret not in said
