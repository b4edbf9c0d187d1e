"""Accounts: made once, opened by what is theirs, and by links that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pyotp
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from regapp import links
from regapp.db import db, transaction
from regapp.errors import NotFound
from regapp.links import PasswordPass
from regapp.mail import outbox
from regapp.models import Account, OutboxMail, RecoveryCode
from regapp.services import accounts, one_time_codes, passwords
from regapp.services.accounts import Me

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$c29tZXRoaW5n"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _make(email: str = "eszter@example.org") -> Me:
    with transaction():
        return accounts.create(email, "Eszter Varga", now=NOW)


def _row() -> Any:
    db.session.rollback()
    return db.session.execute(select(Account.__table__)).one()


def _mails() -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def _at_once(app: Flask, action: Any, times: int = 4) -> list[Any]:
    """Return what the action gave in each of several threads that begin together; errors by their class."""
    start, found = Barrier(times), []

    def run() -> None:
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    found.append(action())
            except NotFound as error:
                found.append(type(error))

    threads = [Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_spellings_of_an_address_are_one_account_which_stays_as_it_is(app: Flask) -> None:
    me = _make()

    with transaction():
        again = accounts.create(" ESZTER@Example.org ", "Somebody Else", now=NOW, lang="hu")

    assert again == me
    assert (again.name, again.lang, again.email) == ("Eszter Varga", "en", "eszter@example.org")
    assert accounts.find("Eszter@example.ORG") == me
    assert accounts.count() == 1


@pytest.mark.race
def test_an_address_that_is_used_at_once_becomes_one_account(app: Flask) -> None:
    found = _at_once(app, lambda: accounts.create("eszter@example.org", "Eszter", now=NOW).id)

    assert len(set(found)) == 1
    assert accounts.count() == 1


def test_a_new_password_ends_sessions_and_links(app: Flask) -> None:
    me = _make()
    link = links.password_url(me.id, me.session_version, timedelta(hours=1))

    with transaction():
        changed = accounts.set_password(me, HASH)

    assert accounts.find_signed_in(me.id, me.session_version) is None
    assert accounts.find_signed_in(me.id, changed.session_version) == changed
    assert links.read_password_token(link.rpartition("/")[2]) == PasswordPass(me.id, me.session_version)
    with pytest.raises(NotFound), transaction():
        accounts.set_password(me, "another")
    assert _row().password_hash == HASH


@pytest.mark.race
def test_of_several_that_use_the_same_link_at_once_one_sets_the_password(app: Flask) -> None:
    me = _make()

    found = _at_once(app, lambda: accounts.set_password(me, HASH).session_version)

    assert sorted(found, key=str) == sorted([1, NotFound, NotFound, NotFound], key=str)


def test_a_hash_that_was_changed_meanwhile_is_not_put_back(app: Flask) -> None:
    me = _make()
    with transaction():
        me = accounts.set_password(me, HASH)
    keys = accounts.get_keys(me.id)
    with transaction():
        accounts.set_password(me, "newer")

    with transaction():
        accounts.keep_new_hash(keys, "the old password, hashed anew")

    assert _row().password_hash == "newer"


class TestLinks:
    def _token(self, lifetime: timedelta = timedelta(hours=1)) -> str:
        return links.password_url(7, 3, lifetime).rpartition("/")[2]

    def test_a_link_lives_as_long_as_it_says(self, app: Flask) -> None:
        with time_machine.travel(NOW, tick=False) as clock:
            hour, week = self._token(), self._token(timedelta(days=7))
            clock.move_to(NOW + timedelta(hours=1), tick=False)
            assert links.read_password_token(hour) == PasswordPass(7, 3)
            clock.move_to(NOW + timedelta(hours=1, seconds=1), tick=False)
            assert links.read_password_token(hour) is None
            clock.move_to(NOW + timedelta(days=7), tick=False)
            assert links.read_password_token(week) == PasswordPass(7, 3)
            clock.move_to(NOW + timedelta(days=7, seconds=1), tick=False)
            assert links.read_password_token(week) is None

    def test_an_earlier_key_keeps_links_alive_and_a_strange_one_makes_none(self, app: Flask) -> None:
        token, key = self._token(), app.config["SECRET_KEY"]
        app.config.update(SECRET_KEY="new-" * 8, SECRET_KEY_FALLBACKS=["other-" * 8, key])
        assert links.read_password_token(token) == PasswordPass(7, 3)

        app.config["SECRET_KEY_FALLBACKS"] = []

        assert links.read_password_token(token) is None

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "A" * 5000, "WzEsMCwzNjAwXQ.awaLiA.diSR", "\x00"])
    def test_nonsense_is_no_link(self, app: Flask, token: str) -> None:
        assert links.read_password_token(token) is None


class TestReset:
    def _send(self, email: str, now: datetime = NOW) -> None:
        with transaction():
            accounts.send_reset(email, now=now)

    def test_a_link_goes_to_the_account_once_an_hour(self, app: Flask) -> None:
        me = _make()

        for minutes in (0, 30, 59, 61):
            self._send(" ESZTER@example.org", NOW + timedelta(minutes=minutes))

        assert [(mail.message, mail.to_address, mail.event_id, mail.account_id) for mail in _mails()] == [
            ("reset", me.email, None, me.id)
        ] * 2

    def test_nothing_that_is_stored_opens_the_page(self, app: Flask) -> None:
        me = _make()

        self._send(me.email)

        assert _mails()[0].facts == {"account": me.id, "session_version": 0, "lifetime": 3600}

    def test_an_unknown_address_gets_nothing(self, app: Flask) -> None:
        self._send("nobody@example.org")

        assert _mails() == []

    def test_the_mail_leaves_with_a_link_that_works_from_then_on(self, app: Flask) -> None:
        me = _make()
        self._send(me.email)

        with time_machine.travel(NOW + timedelta(hours=5), tick=False):  # the mail server was away
            (letter,) = outbox.claim(now=NOW + timedelta(hours=5))
            text = outbox.render(letter).text
            token = next(word for word in text.split() if "/password/" in word).rpartition("/")[2]

            assert links.read_password_token(token) == PasswordPass(me.id, 0)

    def test_a_mail_that_fails_for_good_is_seen(self, app: Flask) -> None:
        me = _make()
        self._send(me.email)
        (letter,) = outbox.claim(now=NOW)

        outbox.record_failure(letter, now=NOW + timedelta(days=4), words="550 no such mailbox")

        said = app.test_cli_runner().invoke(args=["outbox", "status"]).output
        assert "1 reset: failed after 1 attempts: 550 no such mailbox" in said
        outbox.send_again(1, now=NOW)
        assert outbox.count_waiting() == 1


class TestPasswords:
    def test_what_is_stored_is_not_the_password(self) -> None:
        stored = passwords.make_hash("seven quiet boats")

        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert passwords.fits("seven quiet boats", stored)
        assert not passwords.fits("seven quiet boat", stored)
        assert not passwords.is_outdated(stored)

    @pytest.mark.parametrize("stored", [None, "", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$x"])
    def test_without_a_hash_no_password_fits(self, stored: str | None) -> None:
        assert not passwords.fits("", stored)
        assert not passwords.fits("anything", stored)

    def test_an_invented_password_is_long_and_never_the_same(self) -> None:
        invented = {passwords.invent() for _ in range(20)}

        assert len(invented) == 20
        assert {len(password) for password in invented} == {23}


class TestOneTimeCodes:
    def _at(self, moment: datetime) -> str:
        return pyotp.TOTP(SECRET).at(moment)

    def _step(self, moment: datetime) -> int:
        return int(moment.timestamp()) // 30

    @pytest.mark.parametrize(
        ("seconds", "found"),
        [(-61, False), (-31, True), (-30, True), (0, True), (30, True), (59, True), (60, False)],
    )
    def test_the_step_before_and_the_one_after_are_taken_too(self, seconds: int, found: bool) -> None:
        moment = NOW + timedelta(seconds=29 if seconds < 0 else 0)  # the end of a step, or its beginning
        shown = self._at(moment + timedelta(seconds=seconds))

        step = one_time_codes.find_step(SECRET, shown, now=moment, after=None)

        assert (step is not None) == found

    @pytest.mark.parametrize("typed", ["", "000000", "12345", "abcdef", "１２３４５６", "\x00", "9" * 100])
    def test_other_words_are_no_code(self, typed: str) -> None:
        assert one_time_codes.find_step(SECRET, typed, now=NOW, after=None) is None

    def test_a_step_is_used_once_and_none_before_it(self, app: Flask) -> None:
        me = _make()
        with transaction():
            one_time_codes.switch_on(me.id, SECRET, self._step(NOW) - 5)
        codes = {moment: self._at(NOW + timedelta(seconds=moment)) for moment in (-30, 0, 30)}

        used = []
        for moment in (0, 0, -30, 30):
            with transaction():
                used.append(one_time_codes.use(accounts.get_keys(me.id), codes[moment], now=NOW))

        assert used == [True, False, False, True]

    @pytest.mark.race
    def test_of_several_that_use_a_code_at_once_one_gets_in(self, app: Flask) -> None:
        me = _make()
        with transaction():
            recovery = one_time_codes.switch_on(me.id, SECRET, 0)
        keys = accounts.get_keys(me.id)
        db.session.rollback()

        steps = _at_once(app, lambda: one_time_codes.use(keys, self._at(NOW), now=NOW))
        codes = _at_once(app, lambda: one_time_codes.use(keys, recovery[0], now=NOW))

        assert sorted(steps) == sorted(codes) == [False, False, False, True]

    def test_recovery_codes_are_kept_as_keyed_hashes_and_belong_to_one_account(self, app: Flask) -> None:
        me, other = _make(), _make("other@example.org")
        with transaction():
            recovery = one_time_codes.switch_on(me.id, SECRET, 0)
            one_time_codes.switch_on(other.id, SECRET, 0)
        stored = list(db.session.scalars(select(RecoveryCode.hash).where(RecoveryCode.account_id == me.id)))

        assert len(set(recovery)) == len(set(stored)) == 10
        assert not set(recovery) & set(stored)
        with transaction():
            assert not one_time_codes.use(accounts.get_keys(other.id), recovery[0], now=NOW)
        app.config.update(SECRET_KEY="new-" * 8, SECRET_KEY_FALLBACKS=[app.config["SECRET_KEY"]])
        with transaction():
            assert one_time_codes.use(accounts.get_keys(me.id), recovery[0], now=NOW)

    def test_new_codes_end_the_old_ones_and_switching_off_ends_all(self, app: Flask) -> None:
        me = _make()
        with transaction():
            first = one_time_codes.switch_on(me.id, SECRET, 0)
        with transaction():
            second = one_time_codes.renew_recovery_codes(me.id)
        with transaction():
            used = [one_time_codes.use(accounts.get_keys(me.id), code, now=NOW) for code in (first[0], second[0])]
        with transaction():
            one_time_codes.switch_off(me.id)

        assert used == [False, True]
        assert not accounts.get_keys(me.id).uses_codes
        assert one_time_codes.count_recovery_codes(me.id) == 0
        with transaction():
            assert not one_time_codes.use(accounts.get_keys(me.id), second[1], now=NOW)
