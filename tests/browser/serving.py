"""Runs the product as operators do: a server process on a free port, a worker where it needs one, both ended by id."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds after which what has not come will not come; machines that run tests are busy."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Certificate:
    """What a server shows to be who it says, and what its visitors trust."""

    chain: Path
    key: Path
    trusted: ssl.SSLContext


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    pid: int
    instance: Path
    log: Path

    def mail(self, message: str, address: str) -> EmailMessage:
        """Return the mail of this kind to this address, as soon as it lies in the folder."""
        return wait_for(lambda: self._find(message, address), f"mail {message} to {address}")

    def _find(self, message: str, address: str) -> EmailMessage | None:
        for path in sorted((self.instance / "mail").glob(f"*-{message}.eml")):
            found = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
            if address in str(found["To"]):
                return found
        return None


@contextmanager
def serving(settings: dict[str, str], *, certificate: Certificate | None = None) -> Iterator[Server]:
    """Serve this installation: `python wsgi.py` if it is embedded, else granian and a worker. Stop them afterwards."""
    port = free_port()
    embedded = "DATABASE_URL" not in settings and certificate is None
    instance = Path(settings["INSTANCE_DIR"])
    url = f"{'https' if certificate else 'http'}://{HOST}:{port}"
    environment = {"PATH": os.environ["PATH"], **settings, "PORT": str(port), "PUBLIC_URL": url}
    log = instance.parent / "server.log"
    with ExitStack() as stack:
        command = ["wsgi.py"] if embedded else _granian(port, certificate)
        pid = stack.enter_context(_running(command, environment, log))
        if not embedded:
            stack.enter_context(_running(["-m", "flask", "--app", "wsgi", "worker"], environment, log))
        trusted = certificate.trusted if certificate else None
        wait_for(lambda: _is_ready(url, trusted), f"{url}/readyz, see {log}")
        yield Server(url, pid, instance, log)
    assert "Traceback" not in log.read_text(encoding="utf-8")


def own_link(server: Server, message: str, address: str) -> str:
    """Return the address of one's own page from a mail, as soon as that has come; both its versions have the same."""
    mail = server.mail(message, address)
    parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
    found = {
        link for part in parts if part for link in re.findall(r"https?://[^\s/]+/r/[0-9A-Za-z-]+", part.get_content())
    }
    assert len(found) == 1, found
    return str(found.pop())


def run(settings: dict[str, str], *command: str) -> bytes:
    """Run a command of ours, such as `seats verify`; return what it says. Raises: CalledProcessError if it fails."""
    asked = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
    environment = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(asked, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True).stdout


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], Found | None], what: str) -> Found:
    """Look until there is something; fail with its name if it does not come."""
    give_up = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def _granian(port: int, certificate: Certificate | None) -> list[str]:
    command = ["-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws"]
    command += ["--workers", "1", "--blocking-threads", "4", "--respawn-failed-workers"]
    if certificate:
        command += ["--ssl-certificate", str(certificate.chain), "--ssl-keyfile", str(certificate.key)]
    return [*command, "wsgi:app"]


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[int]:
    """Run a Python program meanwhile; give its process id."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(url: str, trusted: ssl.SSLContext | None) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE, context=trusted) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
