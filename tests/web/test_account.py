"""One's own account, and links that set a password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import html5lib
import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from regapp import links
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.services import accounts, one_time_codes, passwords
from regapp.services.accounts import Me
from tests.everything import everything
from tests.web.organizers import PASSWORD, give_password, make_account, resume
from tests.web.visitor import read

ACCOUNT = "/organizer/account"
NEW = "nine slow kettles"


@pytest.fixture
def me(app: Flask, client: FlaskClient) -> Me:
    """Return who is signed in, and can sign in again with PASSWORD."""
    me = give_password(make_account("Eszter Varga"))
    resume(client, me)
    return me


def _send(client: FlaskClient, path: str, **typed: str) -> Any:
    return client.post(path, data=read(client.get(path)).inputs | typed)


def _fits(me: Me, password: str) -> bool:
    db.session.rollback()
    return passwords.fits(password, accounts.get_keys(me.id).password_hash)


def _is_in(client: FlaskClient) -> bool:
    return client.get("/organizer/").status_code == 200


def _link(me: Me, lifetime: timedelta = timedelta(hours=1)) -> str:
    return "/organizer/" + links.password_url(me.id, me.session_version, lifetime).partition("/organizer/")[2]


def test_name_and_language_are_changed_at_once(client: FlaskClient, me: Me) -> None:
    answer = _send(client, ACCOUNT, name="  Varga   Eszter ", lang="hu")
    page = read(client.get(answer.location))

    assert answer.status_code == 303
    assert page.lang == "hu"
    assert "Varga Eszter" in page.words
    found = accounts.find(me.email)
    assert found is not None
    assert (found.name, found.lang) == ("Varga Eszter", "hu")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Buy at www.example.org"}, "name"),
        ({"name": "\x00"}, "name"),
        ({"lang": "xx"}, "lang"),
    ],
)
def test_what_cannot_be_kept_says_why_and_changes_nothing(
    client: FlaskClient, me: Me, typed: dict[str, str], field: str
) -> None:
    before = everything()

    page = read(_send(client, ACCOUNT, **typed))

    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert page.offered[field]["aria-invalid"] == "true"
    assert everything() == before


class TestPassword:
    PATH = f"{ACCOUNT}/password"

    def test_it_takes_the_present_one_and_ends_all_other_sessions(
        self, app: Flask, client: FlaskClient, me: Me
    ) -> None:
        elsewhere = app.test_client()
        resume(elsewhere, me)

        answer = _send(client, self.PATH, password=PASSWORD, new_password=NEW)

        assert (answer.status_code, answer.location) == (303, ACCOUNT)
        assert _fits(me, NEW)
        assert _is_in(client)
        assert not _is_in(elsewhere)

    def test_a_wrong_present_password_changes_nothing(self, client: FlaskClient, me: Me) -> None:
        before = everything()

        page = read(_send(client, self.PATH, password="something else", new_password=NEW))

        assert page.status == 422
        assert "This is not your present password" in page.described("password")
        assert {page.inputs[name] for name in ("password", "new_password")} == {""}
        assert everything() == before

    @pytest.mark.parametrize(
        ("new", "said"),
        [
            ("", "Write a new password"),
            ("short", "Make it at least 10 characters long: it has 5 now"),
            ("x" * 201, "Shorten it to 200 characters: it has 201 now"),
            ("Eszter Varga", "your name or address"),
            ("password123", "among the first that others try"),
        ],
    )
    def test_a_password_that_would_be_guessed_is_refused_with_the_reason(
        self, client: FlaskClient, me: Me, new: str, said: str
    ) -> None:
        page = read(_send(client, self.PATH, password=PASSWORD, new_password=new))

        assert page.status == 422
        assert said in page.described("new_password")
        assert _fits(me, PASSWORD)

    def test_who_sits_at_somebody_elses_screen_cannot_try_for_ever(self, client: FlaskClient, me: Me) -> None:
        found = [_send(client, self.PATH, password="guess", new_password=NEW).status_code for _ in range(11)]

        assert found == [422] * 10 + [429]


def test_signing_out_here_ends_this_session_only(app: Flask, client: FlaskClient, me: Me) -> None:
    elsewhere = app.test_client()
    resume(elsewhere, me)

    answer = client.post("/organizer/sign-out", data=read(client.get(ACCOUNT)).inputs)

    assert "You are signed out." in read(client.get(answer.location)).words
    assert not _is_in(client)
    assert _is_in(elsewhere)


def test_signing_out_everywhere_ends_all(app: Flask, client: FlaskClient, me: Me) -> None:
    elsewhere = app.test_client()
    resume(elsewhere, me)

    answer = client.post("/organizer/sign-out-everywhere", data=read(client.get(ACCOUNT)).inputs)

    assert "You are signed out everywhere." in read(client.get(answer.location)).words
    assert not _is_in(client)
    assert not _is_in(elsewhere)


class TestCodes:
    PATH = f"{ACCOUNT}/codes"

    def _switch_on(self, client: FlaskClient, **typed: str) -> Any:
        form = read(client.get(self.PATH)).inputs
        shown = {"code": pyotp.TOTP(form["secret"]).at(utcnow()), "password": PASSWORD}
        return client.post(self.PATH, data=form | shown | typed)

    def test_the_page_shows_the_secret_as_picture_and_as_text_and_keeps_nothing(
        self, client: FlaskClient, me: Me
    ) -> None:
        before = everything()

        answer = client.get(self.PATH)
        page = read(answer)

        assert 'src="data:image/svg+xml' in answer.text
        assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
        secret = page.inputs["secret"]
        assert " ".join(secret[n : n + 4] for n in range(0, 32, 4)) in page.words
        assert everything() == before
        with client.session_transaction() as session:
            assert secret not in str(dict(session))

    def test_the_right_code_switches_them_on_and_shows_ten_recovery_codes_once(
        self, client: FlaskClient, me: Me
    ) -> None:
        answer = self._switch_on(client)

        codes = answer.text.split('<code class="code">')[1:]
        assert (answer.status_code, len(codes)) == (200, 10)
        assert answer.headers["Cache-Control"] == "no-store"
        page = read(client.get(ACCOUNT))
        assert "10 recovery codes are left" in page.words
        assert codes[0][:11] not in page.words
        assert client.get(self.PATH).location == ACCOUNT

    @pytest.mark.parametrize(
        ("typed", "field"), [({"code": "000000"}, "code"), ({"code": ""}, "code"), ({"password": "wrong"}, "password")]
    )
    def test_a_wrong_code_or_password_keeps_the_same_secret_on_the_page(
        self, client: FlaskClient, me: Me, typed: dict[str, str], field: str
    ) -> None:
        form = read(client.get(self.PATH)).inputs
        shown = {"code": pyotp.TOTP(form["secret"]).at(utcnow()), "password": PASSWORD}

        page = read(client.post(self.PATH, data=form | shown | typed))

        assert page.status == 422
        assert page.inputs["secret"] == form["secret"]
        assert page.offered[field]["aria-invalid"] == "true"
        assert not accounts.get_keys(me.id).uses_codes

    @pytest.mark.parametrize("secret", ["", "short", "A" * 31, "a" * 32, "1" * 32, "A" * 1000, "\x00"])
    def test_a_secret_that_is_none_is_replaced(self, client: FlaskClient, me: Me, secret: str) -> None:
        page = read(self._switch_on(client, secret=secret))

        assert page.status == 422
        assert len(page.inputs["secret"]) == 32
        assert not accounts.get_keys(me.id).uses_codes

    def test_new_recovery_codes_and_switching_off_take_the_password(self, client: FlaskClient, me: Me) -> None:
        self._switch_on(client)
        before = everything()

        for path in (f"{self.PATH}/recovery", f"{self.PATH}/off"):
            assert "not your present password" in read(_send(client, path, password="wrong")).described("password")
        assert everything() == before
        renewed = _send(client, f"{self.PATH}/recovery", password=PASSWORD)
        off = _send(client, f"{self.PATH}/off", password=PASSWORD)

        assert renewed.text.count('<code class="code">') == 10
        assert (off.status_code, off.location) == (303, ACCOUNT)
        assert not accounts.get_keys(me.id).uses_codes
        assert client.get(f"{self.PATH}/recovery").status_code == 200
        assert _send(client, f"{self.PATH}/recovery", password=PASSWORD).location == ACCOUNT


class TestForgotten:
    PATH = "/organizer/forgotten"

    def test_every_address_gets_the_same_answer(self, client: FlaskClient) -> None:
        known = give_password(make_account())
        unset = make_account()

        pages = {
            email: read(_send(client, self.PATH, email=email))
            for email in (known.email, unset.email, "nobody@example.org")
        }

        assert {page.status for page in pages.values()} == {200}
        assert len({page.words.replace(email, "") for email, page in pages.items()}) == 1
        db.session.rollback()
        assert [mail.to_address for mail in outbox.claim(now=utcnow())] == [known.email, unset.email]

    def test_asking_again_and_again_is_answered_alike_too(self, client: FlaskClient) -> None:
        known = make_account()

        found = {
            email: [_send(client, self.PATH, email=email).status_code for _ in range(6)]
            for email in (known.email, "nobody@example.org")
        }

        assert found[known.email] == found["nobody@example.org"] == [200] * 5 + [429]
        db.session.rollback()
        assert outbox.count_waiting() == 1

    def test_the_whole_way_from_the_mail_to_a_new_password(self, app: Flask) -> None:
        me, client = give_password(make_account()), app.test_client()
        elsewhere = app.test_client()
        resume(elsewhere, me)
        _send(client, self.PATH, email=me.email)
        (letter,) = outbox.claim(now=utcnow())
        text = outbox.render(letter).text
        path = next(word for word in text.split() if "/organizer/password/" in word).partition("127.0.0.1:8000")[2]

        answer = _send(client, path, new_password=NEW)

        assert (answer.status_code, answer.location) == (303, "/organizer/sign-in")
        assert "Your password is set" in read(client.get(answer.location)).words
        assert not _is_in(elsewhere)
        assert _send(client, "/organizer/sign-in", email=me.email, password=NEW).status_code == 303
        assert client.get(path).status_code == 404

    def test_who_was_locked_out_by_strangers_gets_in_with_a_new_password(self, app: Flask) -> None:
        me, client = give_password(make_account()), app.test_client()
        for number in range(101):
            form = read(client.get("/organizer/sign-in")).inputs | {"email": me.email, "password": "wrong"}
            address = {"REMOTE_ADDR": f"203.0.113.{number}"}
            app.test_client().post("/organizer/sign-in", data=form, environ_base=address)
            client.post("/organizer/sign-in", data=form, environ_base=address)
        blocked = _send(client, "/organizer/sign-in", email=me.email, password=PASSWORD).status_code

        _send(client, _link(me), new_password=NEW)

        assert blocked == 429
        assert _send(client, "/organizer/sign-in", email=me.email, password=NEW).status_code == 303


class TestLinks:
    def test_looking_changes_nothing(self, client: FlaskClient) -> None:
        me = make_account()
        before = everything()

        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(_link(me), method=method).status_code == 200
        client.get(f"{_link(me)}?new_password={NEW}")

        assert everything() == before

    def test_a_weak_password_keeps_the_link_alive(self, client: FlaskClient) -> None:
        me = make_account("Éva Nagy")
        path = _link(me)

        refused = read(_send(client, path, new_password="éva nagy!!"))

        assert refused.status == 422
        assert "your name or address" in refused.described("new_password")
        assert _send(client, path, new_password=NEW).status_code == 303

    @pytest.mark.parametrize("ended", ["time", "password", "sessions"])
    def test_a_link_ends(self, client: FlaskClient, ended: str) -> None:
        me = give_password(make_account())
        with time_machine.travel(datetime(2026, 10, 1, 8, 0, tzinfo=UTC), tick=False) as clock:
            path = _link(me)
            form = read(client.get(path)).inputs
            if ended == "time":
                clock.shift(timedelta(hours=1, seconds=1))
            with transaction():
                if ended == "password":
                    accounts.set_password(me, "changed")
                if ended == "sessions":
                    accounts.sign_out_everywhere(me)
            before = everything()

            pages = [read(client.get(path)), read(client.post(path, data=form | {"new_password": NEW}))]

        assert [page.status for page in pages] == [404, 404]
        assert all("This link has ended" in page.words for page in pages)
        assert everything() == before

    @pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "%FF", "..%2F..", "A" * 3000])
    def test_nonsense_is_no_link(self, client: FlaskClient, token: str) -> None:
        assert client.get(f"/organizer/password/{token}").status_code == 404

    def test_a_link_does_not_sign_in_and_codes_are_still_asked_for(self, client: FlaskClient) -> None:
        me = give_password(make_account())
        with transaction():
            one_time_codes.switch_on(me.id, "A" * 32, 0)

        _send(client, _link(me), new_password=NEW)
        answer = _send(client, "/organizer/sign-in", email=me.email, password=NEW)

        assert answer.location == "/organizer/sign-in/code"
        assert not _is_in(client)


def test_pages_of_the_account_are_sound_html_and_kept_by_nobody(client: FlaskClient, me: Me) -> None:
    inside = [ACCOUNT, *(f"{ACCOUNT}/{page}" for page in ("password", "codes", "codes/recovery", "codes/off"))]
    outside = ["/organizer/sign-in", "/organizer/forgotten", _link(make_account()), "/organizer/password/x"]

    for path in [*inside, *outside, "/organizer/nowhere"]:
        answers = [client.get(path)]
        if answers[0].status_code == 200:
            answers.append(_send(client, path, name="", email="", password="", new_password="", code=""))
        for answer in answers:
            if answer.status_code != 303:
                html5lib.HTMLParser(strict=True).parse(answer.text.lstrip())
            assert answer.headers["Cache-Control"] == "no-store"


def test_an_address_of_the_workspace_that_is_none_looks_like_the_workspace(client: FlaskClient, me: Me) -> None:
    page = read(client.get("/organizer/nowhere"))

    assert page.status == 404
    assert page.links["Eszter Varga"] == ACCOUNT
    assert "an event that you do not organize" in page.words
    assert read(client.get("/nowhere")).links["See the events"] == "/"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_page_that_every_visitor_sees_looks_at_nobodys_cookie(client: FlaskClient, me: Me) -> None:
    answer = client.get("/nowhere")

    assert "Eszter" not in answer.text
    assert "Cookie" not in answer.headers.get("Vary", "")
