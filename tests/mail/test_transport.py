"""How mails leave: headers, envelope, encryption, files, and servers of every temper."""

from __future__ import annotations

import os
import smtplib
import ssl
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from regapp.clock import utcnow
from regapp.mail.messages import one_line
from regapp.mail.render import Letter, render
from regapp.mail.transport import MailMessage, Unreachable, ends_conversation, mail, sender, server_words
from tests.mail.conftest import Mailbox, read, recipient
from tests.mail.letters import make_letter

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NAMES = [
    "Ilona Kovács", "Doe, John", 'O"Neil \\ "Jr."', "王小明",
    "علي بن أبي طالب", "👩‍👩‍👧", "X", "=?utf-8?q?x?=", "a@b.example",
    'Kovács, "Ilona" ' * 12, "Doe, John " * 20, "ö" * 200, "x" * 401,
    "Eve\r\nBcc: victim@example.org", "Eve\nX-Evil: yes", "Eve\r\n\r\nbody", "Eve\x00\x0b\u2028Bcc: victim@example.org",
]  # fmt: skip


def _message(letter: Letter) -> MailMessage:
    return MailMessage(letter, render(letter))


def _send(letter: Letter) -> None:
    with mail.connect() as connection:
        connection.send(_message(letter))


@pytest.mark.parametrize("name", NAMES)
def test_any_name_arrives_as_it_is_and_adds_no_header(smtp_app: Flask, mailbox: Mailbox, name: str) -> None:
    _send(make_letter(to_name=name))

    (received,) = mailbox.mails
    assert recipient(mailbox.taken[0].content) == (one_line(name), "ilona@example.org")
    assert mailbox.recipients == ["ilona@example.org"]
    assert set(received.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version",
        "Content-Type",
    }  # fmt: skip


def test_any_name_and_title_survive_the_headers(app: Flask) -> None:
    letter = make_letter()
    rendered = render(letter)

    @given(name=st.text(max_size=120), title=st.text(min_size=1, max_size=120))
    def check(name: str, title: str) -> None:
        message = MailMessage(replace(letter, to_name=name), replace(rendered, subject=one_line(title)))
        content = message.as_bytes()
        assert recipient(content) == (one_line(name), "ilona@example.org")
        assert str(read(content)["Subject"]) == one_line(title)

    check()


def test_a_mail_says_by_whom_to_whom_and_that_a_program_wrote_it(build_app: Callable[..., Flask]) -> None:
    app = build_app(MAIL_DEFAULT_SENDER="Bürgeramt <info@bürger.example>", PUBLIC_URL="https://events.example.org")
    with app.app_context():
        received = read(_message(make_letter()).as_bytes())

    (by,) = received["From"].addresses
    assert (by.display_name, by.addr_spec) == ("Bürgeramt", "info@xn--brger-kva.example")
    assert received["Subject"] == "You have a place: European Cluster Conference"
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Content-Language"] == "en"
    assert "Reply-To" not in received
    assert abs((received["Date"].datetime - utcnow()).total_seconds()) < 60
    assert [part.get_content_type() for part in received.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("setting", "header"),
    [
        pytest.param("info@bürger.example", "info@xn--brger-kva.example", id="an address"),
        pytest.param("Team <team@example.org>", "Team <team@example.org>", id="with a name"),
        pytest.param("Büro <team@example.org>", "Büro <team@example.org>", id="with any name"),
    ],
)
def test_answers_go_where_the_settings_say(build_app: Callable[..., Flask], setting: str, header: str) -> None:
    with build_app(MAIL_REPLY_TO=setting).app_context():
        content = _message(make_letter()).as_bytes()

    assert str(read(content)["Reply-To"]) == header


def test_lines_are_short_enough_for_every_server(app: Flask) -> None:
    content = _message(make_letter(to_name="ö" * 401, texts={"en": {"name": "Ő" * 300}})).as_bytes()

    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert content.isascii()


def test_copies_have_one_name_and_different_mails_have_different_names(app: Flask) -> None:
    first, copy = make_letter(), make_letter(attempts=5, created_at=datetime(2026, 9, 20, tzinfo=UTC))

    names = [_message(letter).msgId for letter in (first, copy, make_letter(id=43), make_letter(code="OTHER"))]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert names[0].startswith("<42.")
    assert names[0].endswith("@localhost>")


@pytest.mark.parametrize("address", [None, "", "a@b@c", "a b@example.org", "x@example.org\r\nRCPT TO:<y@example.org>"])
def test_what_is_no_address_is_refused_before_any_server_hears_of_it(app: Flask, address: str | None) -> None:
    with pytest.raises(ValueError, match="recipient's address"):
        _message(make_letter(to_address=address))


def test_no_holiday_answer_goes_to_nobody_but_the_sender(smtp_app: Flask, mailbox: Mailbox) -> None:
    _send(make_letter())

    assert mailbox.taken[0].mail_from == sender()[1] == "no-reply@localhost"


def test_a_file_holds_the_mail_when_no_server_is_set(app: Flask) -> None:
    _send(make_letter())

    (path,) = (Path(app.config["INSTANCE_DIR"]) / "mail").iterdir()
    received = read(path.read_bytes())
    assert path.name == "000042-confirmed.eml"
    assert received["To"].addresses[0].display_name == "Ilona Kovács"
    text, page = (part.get_content() for part in received.iter_parts())
    assert "You have a place, Ilona Kovács." in text
    assert "You have a place, Ilona Kovács.</h1>" in page


def test_a_repeated_mail_takes_the_place_of_its_file(app: Flask) -> None:
    _send(make_letter(to_name="Before"))
    _send(make_letter(to_name="After"))

    (path,) = (Path(app.config["INSTANCE_DIR"]) / "mail").iterdir()
    assert read(path.read_bytes())["To"].addresses[0].display_name == "After"


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_nobody_else_on_the_machine_reads_the_links_in_the_files(app: Flask, umask: int) -> None:
    before = os.umask(umask)
    try:
        _send(make_letter())
    finally:
        os.umask(before)

    folder = Path(app.config["INSTANCE_DIR"]) / "mail"
    (path,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_a_server_that_is_away(app: Flask) -> None:
    (Path(app.config["INSTANCE_DIR"]) / "mail").write_text("in the way")

    with pytest.raises(Unreachable, match="exists"), mail.connect():
        pass


def test_nobody_listens(build_app: Callable[..., Flask]) -> None:
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT="1")

    with app.app_context(), pytest.raises(Unreachable, match="ConnectionRefusedError"), mail.connect():
        pass


def test_a_server_that_hangs_costs_no_more_than_the_timeout(smtp_app: Flask, mailbox: Mailbox) -> None:
    mailbox.hangs = True
    began = utcnow()

    with pytest.raises(Unreachable, match="timed out"), mail.connect():
        pass

    assert (utcnow() - began).total_seconds() < 5


class TestEncryption:
    """STARTTLS, the server's certificate, and signing in."""

    @pytest.fixture
    def authority(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        return authority

    def _context(self, authority: trustme.CA, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        return context

    def _app(self, build_app: Callable[..., Flask], port: str) -> Flask:
        return build_app(
            MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USE_TLS="1", MAIL_USERNAME="regapp", MAIL_PASSWORD="word",
            MAIL_TIMEOUT="5",
        )  # fmt: skip

    def test_a_mail_is_encrypted_and_we_sign_in(
        self, authority: trustme.CA, build_app: Callable[..., Flask], serve_mail: Callable[..., str], mailbox: Mailbox
    ) -> None:
        seen: list[bytes] = []

        def sign_in(_server: object, _session: object, _envelope: object, _way: str, data: object) -> AuthResult:
            seen.append(getattr(data, "login", b"") + b":" + getattr(data, "password", b""))
            return AuthResult(success=True)

        port = serve_mail(
            tls_context=self._context(authority, "127.0.0.1"), require_starttls=True, auth_required=True,
            authenticator=sign_in,
        )  # fmt: skip

        with self._app(build_app, port).app_context():
            _send(make_letter())

        assert mailbox.recipients == ["ilona@example.org"]
        assert seen == [b"regapp:word"]

    def test_a_wrong_password_is_said(
        self, authority: trustme.CA, build_app: Callable[..., Flask], serve_mail: Callable[..., str]
    ) -> None:
        port = serve_mail(
            tls_context=self._context(authority, "127.0.0.1"),
            authenticator=lambda *_: AuthResult(success=False, handled=False),
        )

        with (
            self._app(build_app, port).app_context(),
            pytest.raises(Unreachable, match=r"535 5\.7\.8 Authentication"),
            mail.connect(),
        ):
            pass

    def test_a_server_that_is_somebody_else_gets_no_password(
        self, authority: trustme.CA, build_app: Callable[..., Flask], serve_mail: Callable[..., str]
    ) -> None:
        port = serve_mail(tls_context=self._context(authority, "other.example"))

        with (
            self._app(build_app, port).app_context(),
            pytest.raises(Unreachable, match="certificate verify failed"),
            mail.connect(),
        ):
            pass

    def test_a_server_that_cannot_encrypt_gets_nothing(
        self, build_app: Callable[..., Flask], serve_mail: Callable[..., str]
    ) -> None:
        app = self._app(build_app, serve_mail())

        with app.app_context(), pytest.raises(Unreachable, match="STARTTLS"), mail.connect():
            pass


@pytest.mark.parametrize(
    ("error", "gone", "words"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"no such\r\nuser")}), False, "550 no such user"),
        (smtplib.SMTPRecipientsRefused({"a@b.c": (421, b"bye")}), True, "421 bye"),
        (smtplib.SMTPSenderRefused(553, b"not you", "x@y.z"), False, "553 not you"),
        (smtplib.SMTPDataError(451, "later"), False, "451 later"),
        (smtplib.SMTPDataError(421, b"closing"), True, "421 closing"),
        (smtplib.SMTPNotSupportedError("no SMTPUTF8"), False, "SMTPNotSupportedError: no SMTPUTF8"),
        (smtplib.SMTPServerDisconnected("gone"), True, "SMTPServerDisconnected: gone"),
        (TimeoutError("timed out"), True, "TimeoutError: timed out"),
        (OSError(28, "No space left on device"), True, "OSError: [Errno 28] No space left on device"),
        (ValueError("not a mail"), False, "ValueError: not a mail"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_went_wrong(app: Flask, error: Exception, gone: bool, words: str) -> None:
    assert ends_conversation(error) is gone
    assert server_words(error) == words
