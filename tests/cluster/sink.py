"""A mail server in a process of its own that takes mails and keeps none: `python -m tests.cluster.sink FOLDER`.

It prints its port, behaves as FOLDER/temper says, writes a line about each mail that it took into FOLDER/mails, and
ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from email import message_from_bytes
from enum import StrEnum
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
GLANCE = 0.02
"""Seconds between two looks at its temper while it hangs."""
THINKS = 0.15
"""Seconds that it takes for a mail while it is slow."""


class Temper(StrEnum):
    """What it does with mails. `HANGS`: answers nothing; `DROPS`: takes the mail and ends the connection unanswered."""

    KIND = "kind"
    SLOW = "slow"
    HANGS = "hangs"
    DROPS = "drops"
    PUTS_OFF = "451 later, please"
    REFUSES = "550 no such mailbox"


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that reached the sink. `answered`: whether it said so; `at`: seconds since 1970."""

    message_id: str
    recipient: str
    answered: bool
    at: float


class Mailbox:
    """What the sink and those who watch it share: its temper, and what it took."""

    def __init__(self, folder: Path) -> None:
        self._temper, self._mails, self._spoilt = folder / "temper", folder / "mails", folder / "spoilt"

    @property
    def temper(self) -> Temper:
        """Return how it behaves now."""
        return Temper(self._temper.read_text())

    @temper.setter
    def temper(self, temper: Temper) -> None:
        unfinished = self._temper.with_suffix(".new")
        unfinished.write_text(temper)
        unfinished.replace(self._temper)

    def note(self, taken: Taken) -> None:
        """Write down, for good, that a mail was taken."""
        with self._mails.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(taken)) + "\n")

    def note_spoilt(self, temper: Temper) -> None:
        """Write down that a conversation did not end well."""
        with self._spoilt.open("a", encoding="utf-8") as file:
            file.write(f"{temper.name}\n")

    def spoilt(self) -> Counter[Temper]:
        """Return how many conversations did not end well, by the temper at that time."""
        if not self._spoilt.exists():
            return Counter()
        return Counter(Temper[name] for name in self._spoilt.read_text(encoding="utf-8").splitlines())

    def taken(self) -> list[Taken]:
        """Return all that it took, in order."""
        if not self._mails.exists():
            return []
        return [Taken(**json.loads(line)) for line in self._mails.read_text(encoding="utf-8").splitlines()]


class Handler:
    """Does with each conversation what the temper of this moment asks for."""

    def __init__(self, folder: Path) -> None:
        self._mailbox = Mailbox(folder)

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        await self._hang()
        session.host_name = hostname
        return answers

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        temper = self._mailbox.temper
        if temper in (Temper.PUTS_OFF, Temper.REFUSES):
            self._mailbox.note_spoilt(temper)
            return temper.value
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        await self._hang()  # who hangs up meanwhile ends this here: the mail is not taken
        temper = self._mailbox.temper
        if temper is Temper.SLOW:
            await asyncio.sleep(THINKS)
        message_id = str(message_from_bytes(bytes(envelope.content or b""))["Message-ID"])
        drops = temper is Temper.DROPS
        for recipient in envelope.rcpt_tos:
            self._mailbox.note(Taken(message_id, recipient, not drops, time.time()))
        if drops:
            self._mailbox.note_spoilt(temper)
            server.transport.abort()
        return "250 taken"

    async def _hang(self) -> None:
        try:
            while self._mailbox.temper is Temper.HANGS:
                await asyncio.sleep(GLANCE)
        except asyncio.CancelledError:  # who waited for an answer has hung up
            self._mailbox.note_spoilt(Temper.HANGS)
            raise


async def serve(folder: Path) -> None:
    """Take mails until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(folder), hostname="sink"), HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)  # conversations that hang need no goodbye


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
