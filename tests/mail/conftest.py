"""Mail servers to talk to, each with a temper of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

ACCEPTED = "250 taken"


class Mailbox:
    """What a server does with mails, and those it took. `answer` may be changed while the server runs."""

    def __init__(self) -> None:
        self.answer = ACCEPTED
        self.refused_recipients: dict[str, str] = {}
        self.hangs = False
        self.seconds = 0.0  # that it thinks about each mail
        self.drops_after_data = False
        self.connections = 0
        self.taken: list[Envelope] = []

    @property
    def mails(self) -> list[EmailMessage]:
        """Return the mails that arrived, in order, whatever was answered."""
        return [read(envelope.content) for envelope in self.taken]

    @property
    def recipients(self) -> list[str]:
        """Return to whom they went, in order."""
        return [envelope.rcpt_tos[0] for envelope in self.taken]

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        self.connections += 1
        if self.hangs:
            await asyncio.sleep(60)
        session.host_name = hostname
        return answers

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.seconds)
        self.taken.append(envelope)
        if self.drops_after_data:
            server.transport.abort()
        return self.answer


class _Server(Controller):
    def _trigger_server(self) -> None:
        """Learn the port, which the system has chosen, before the controller greets itself there."""
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def read(content: Any) -> EmailMessage:
    """Parse a mail as a mail program would."""
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def recipient(content: Any) -> tuple[str, str]:
    """Return name and address in the To header, with nothing else in it.

    By the older functions of the standard library: the newer parser of Python 3.11 puts a space between the encoded
    words of a name, which RFC 2047 forbids.
    """
    raw = str(message_from_bytes(content)["To"])
    ((name, address),) = getaddresses([raw.replace("\r\n", "")])
    return str(make_header(decode_header(name))), address


@pytest.fixture
def mailbox() -> Mailbox:
    """Return the temper of this test's mail server, and what arrived there."""
    return Mailbox()


@pytest.fixture
def serve_mail(mailbox: Mailbox) -> Iterator[Callable[..., str]]:
    """Return a function that starts the mail server and returns its port; it takes settings of aiosmtpd."""
    started: list[Controller] = []

    def start(**options: Any) -> str:
        controller = _Server(mailbox, hostname="127.0.0.1", port=0, **options)
        controller.start()
        started.append(controller)
        return str(controller.port)

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def smtp_app(build_app: Callable[..., Flask], serve_mail: Callable[..., str]) -> Iterator[Flask]:
    """Return an application whose mails go to the mail server of this test, with its context pushed."""
    app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=serve_mail(), MAIL_TIMEOUT="0.5")
    with app.app_context():
        yield app
