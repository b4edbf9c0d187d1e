"""How a mail leaves: over SMTP, or as a file where no server is set."""

from __future__ import annotations

import os
import smtplib
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, parseaddr
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import flask_mail
from flask import current_app

from regapp import links
from regapp.clock import utcnow
from regapp.mail.calendar import Person
from regapp.mail.invitations import invite
from regapp.mail.letters import Letter
from regapp.mail.messages import Message, one_line
from regapp.mail.render import Rendered
from regapp.rules.addresses import ascii_address

ONE_CLICK = "List-Unsubscribe=One-Click"
"""What a mail program posts to end announcements (RFC 8058, 3.1)."""
CLOSING = 421
"""SMTP's answer of a server that ends the conversation (RFC 5321, 4.2.2)."""


class Unreachable(Exception):
    """No mail can be handed over now, whatever it is; the text says what went wrong."""


class MailMessage(flask_mail.Message):
    """One mail, with the headers that a mail sent by a program should have."""

    def __init__(self, letter: Letter, rendered: Rendered) -> None:
        """Address the rendered letter. Raises: ValueError if there is no address, or none that mail servers take."""
        address = _checked(letter.to_address or "")
        super().__init__(subject=rendered.subject, recipients=[address], body=rendered.text)
        self.to = _mailbox("To", letter.to_name or "", address)
        self.page = rendered.html
        self.language = rendered.lang
        self.msgId = _message_id(letter)
        self.file_name = file_name(letter.id, letter.message)
        self.answers_to = answers_to(letter)
        self.forgets = letter.message == Message.ERASED
        self.end_url = _end_url(letter)
        organiser = one_line(letter.text("organiser", rendered.lang)) or sender()[0]
        organizer = Person(organiser, (self.answers_to or sender())[1])
        attendee = Person(one_line(letter.to_name or ""), address)
        self.invitation = invite(letter, lang=rendered.lang, organizer=organizer, attendee=attendee, now=utcnow())

    def _message(self) -> EmailMessage:  # type: ignore[override]  # the modern class, which refuses line breaks
        message = EmailMessage(policy=SMTP.clone(refold_source="none"))  # what we folded stays as it is
        message.set_raw("Subject", _encoded("Subject", self.subject))
        message.set_raw("From", _mailbox("From", *sender()))
        message.set_raw("To", self.to)
        message["Date"] = utcnow()
        message["Message-ID"] = self.msgId
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
        if self.answers_to:
            message.set_raw("Reply-To", _mailbox("Reply-To", *self.answers_to))
        if self.end_url:  # RFC 8058: one click in the mail program ends announcements
            message.set_raw("List-Unsubscribe", f"<{self.end_url}>")
            message["List-Unsubscribe-Post"] = ONE_CLICK
        message.set_content(self.body, cte="quoted-printable")
        message.add_alternative(self.page, subtype="html", cte="quoted-printable")
        if self.invitation is not None:  # last of the alternatives: what calendars look for
            message.add_alternative(
                self.invitation.file.decode(), subtype="calendar", cte="base64",
                params={"method": self.invitation.method.value},
            )  # fmt: skip
        message["Content-Language"] = self.language  # last: the step before moves such headers into the first part
        return message

    def as_file(self) -> bytes:
        """Return the mail as it is kept where no server is set. Who was erased is not named in what nobody receives."""
        if not self.forgets:
            return self._message().as_bytes()
        self.invitation = None
        message = self._message()
        message.replace_header("To", "undisclosed-recipients:;")
        return message.as_bytes()


class Connection(flask_mail.Connection):
    """A conversation with the mail server, in which no step may take longer than MAIL_TIMEOUT."""

    def __enter__(self) -> Self:
        """Connect, greet, encrypt and sign in. Raises: Unreachable."""
        try:
            return super().__enter__()
        except OSError as error:  # smtplib's own errors are OSErrors as well
            raise Unreachable(server_words(error)) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Say goodbye; a server that is gone has nothing to answer."""
        if self.host is not None:
            with suppress(OSError):
                self.host.quit()
            self.host.close()

    def configure_host(self) -> smtplib.SMTP:
        """Return a conversation in which only mails are left to be handed over."""
        host = smtplib.SMTP(self.mail.server, self.mail.port or 0, timeout=current_app.config["MAIL_TIMEOUT"])
        try:
            self._introduce(host)
        except BaseException:
            host.close()
            raise
        return host

    def _introduce(self, host: smtplib.SMTP) -> None:
        if self.mail.use_tls:
            host.starttls(context=ssl.create_default_context())
        host.ehlo_or_helo_if_needed()
        if self.mail.username and self.mail.password:
            host.login(self.mail.username, self.mail.password)


class Folder:
    """INSTANCE_DIR/mail, where each mail becomes a file; a repeated one takes the place of the first."""

    def __enter__(self) -> Self:
        """Make the folder. Raises: Unreachable."""
        self.path = Path(current_app.config["INSTANCE_DIR"]) / "mail"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unreachable(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing open."""

    def send(self, message: MailMessage) -> None:
        """Write the file whole or not at all, also when the power fails. Ours only: it holds somebody's link."""
        unfinished = self.path / f".{message.file_name}.{os.getpid()}"
        with open(unfinished, "wb", opener=_open_private) as file:
            file.write(message.as_file())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path / message.file_name)

    def forget(self, letter: Letter) -> None:
        """Take the file away again: its person was erased while it was written."""
        (self.path / file_name(letter.id, letter.message)).unlink(missing_ok=True)


def file_name(outbox_id: int, message: str) -> str:
    """Return what the file of this mail is called."""
    return f"{outbox_id:06}-{message}.eml"


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


class Mail(flask_mail.Mail):
    """Flask-Mail, with our connection, or a folder where no server is set."""

    def connect(self) -> Connection | Folder:  # type: ignore[override]  # a folder is no conversation
        """Return what takes mails, to be used as a context."""
        state = current_app.extensions["mail"]
        return Connection(state) if state.server else Folder()


mail = Mail()


def ends_conversation(error: Exception) -> bool:
    """Say whether the server is gone, as opposed to having refused this one mail."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return any(code == CLOSING for code, _ in error.recipients.values())
        case smtplib.SMTPResponseException():
            return error.smtp_code == CLOSING
        case smtplib.SMTPNotSupportedError():
            return False
    return isinstance(error, OSError)


def server_words(error: Exception) -> str:
    """Return what the server answered, or else what went wrong, on one line."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _answer(*next(iter(error.recipients.values())))
        case smtplib.SMTPResponseException():
            return _answer(error.smtp_code, error.smtp_error)
    return one_line(f"{type(error).__name__}: {error}")


def _answer(code: int, words: bytes | str) -> str:
    return one_line(f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}")


def sender() -> tuple[str, str]:
    """Return who sends, name and address: MAIL_DEFAULT_SENDER."""
    return _configured("MAIL_DEFAULT_SENDER")


def answers_to(letter: Letter) -> tuple[str, str] | None:
    """Return who gets the answer to a mail: the visitor who wrote, the event's organizers, or MAIL_REPLY_TO."""
    if letter.message == Message.CONTACT:
        return letter.facts["from_name"], _checked(ascii_address(letter.facts["from_address"]))
    if letter.contact_address:
        return letter.text("organiser", letter.lang), _checked(ascii_address(letter.contact_address))
    return _configured("MAIL_REPLY_TO") if current_app.config["MAIL_REPLY_TO"] else None


def _end_url(letter: Letter) -> str:
    """Return where announcements are ended; empty for mails that nobody can do without."""
    code = letter.facts.get("code")
    if letter.message != Message.ANNOUNCEMENT or not code:
        return ""
    return links.announcements_url(code, letter.facts["link_version"])


def _configured(setting: str) -> tuple[str, str]:
    name, address = parseaddr(current_app.config[setting])
    return name, ascii_address(address)


def _message_id(letter: Letter) -> str:
    """Return the name of this mail, the same for each copy of it (RFC 5322, 3.6.4)."""
    digest = sha256(f"{letter.id} {letter.message} {letter.facts.get('code')}".encode()).hexdigest()
    domain = sender()[1].rpartition("@")[2]
    return f"<{letter.id}.{digest[:24]}@{domain}>"


def _checked(address: str) -> str:
    """Return the address if it is one. Raises: ValueError, which does not repeat it."""
    try:
        return Address(addr_spec=address).addr_spec
    except (ValueError, IndexError, MessageError):
        raise ValueError("the recipient's address is none that mail servers take") from None


def _mailbox(header: str, name: str, address: str) -> str:
    """Return a name and an address as they stand in a header."""
    encoded = _encoded(header, name)
    return f"{encoded} <{address}>" if encoded.startswith("=?") else formataddr((encoded, address))


def _encoded(header: str, text: str) -> str:
    """Return text as it stands in a header: one line in ASCII, or encoded words.

    The folding of email.message loses spaces between encoded words of long names; email.header does not.
    """
    text = one_line(text)
    if text.isascii() and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name=header).encode()
