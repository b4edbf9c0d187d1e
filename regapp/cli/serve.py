"""The embedded server: `python wsgi.py`. One process that answers requests and sends mails."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, NoReturn

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from regapp.cli.worker import work
from regapp.services import accounts, events

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a request that are read at all. Far above MAX_CONTENT_LENGTH, so that our own page says what is too long."""
IDLE = 30
"""Seconds after which a connection on which nothing happens is closed."""
CONNECTIONS = 900
"""Connections held at once. Slow visitors cost memory, not threads: a request is read whole before it gets one."""
ENDING = 8.0
"""Seconds that the worker has to end its mail. Whoever stops a service commonly kills it after ten."""


class Channel(HTTPChannel):
    """A connection whose answer is sent by the thread that makes it, not by the loop that watches all connections.

    That loop would look at such a connection again and again until all is sent, and take its turns from the very
    thread that sends: it made one's own page five times as slow.
    """

    def writable(self) -> bool:
        """Say whether the loop has anything to send: of a request in hand only what fills the thread's buffer."""
        if self.requests and not self.will_close and self.total_outbufs_len < self.adj.outbuf_high_watermark:
            return False
        return bool(super().writable())


BaseWSGIServer.channel_class = Channel


def serve(app: Flask) -> None:
    """Answer requests until told to end (SIGTERM, Ctrl+C); run one worker beside it if the database is embedded."""
    # Headers of a proxy stay visible, though nobody trusts them: /metrics must see that a request came through one.
    try:
        server: Any = create_server(
            app, host=app.config["HOST"], port=app.config["PORT"], threads=app.config["THREADS"],
            max_request_body_size=MOST_BYTES, channel_timeout=IDLE, connection_limit=CONNECTIONS,
            clear_untrusted_proxy_headers=False, asyncore_use_poll=True, ident="regapp",
        )  # fmt: skip
    except OSError as error:
        where = f"{app.config['HOST']}:{app.config['PORT']}"
        sys.exit(f"Cannot listen on {where}: {error.strerror}. Set HOST or PORT to something else.")
    signal.signal(signal.SIGTERM, _end)
    with _worker(app):
        print(_greeting(app), flush=True)
        server.run()  # ends by itself on SystemExit and KeyboardInterrupt, after the requests in hand
        server.close()


@contextmanager
def _worker(app: Flask) -> Iterator[None]:
    """Run a worker meanwhile, unless workers run as processes of their own."""
    if not app.config["WORKER"]:
        yield
        return
    stop = Event()
    thread = Thread(target=work, args=(app, stop), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=ENDING)


def _greeting(app: Flask) -> str:
    """Return the addresses to open."""
    url = app.config["PUBLIC_URL"]
    lines = ["regapp is ready. Open", f"  {url}/", *(f"  {url}/events/{slug}" for slug in _slugs(app))]
    lines += ["Organizers sign in at", f"  {url}/organizer/sign-in"]
    if not _has_accounts(app):
        lines.append("Nobody can sign in yet: `flask --app wsgi organizer create` makes an account.")
    if not app.config["MAIL_SERVER"]:
        lines.append(f"Mails are files in {app.config['INSTANCE_DIR']}/mail (MAIL_SERVER is not set).")
    if not app.config["WORKER"]:
        lines.append("Mails are sent by `flask --app wsgi worker`.")
    return "\n".join([*lines, "Ctrl+C ends it."])


def _slugs(app: Flask) -> list[str]:
    try:
        with app.app_context():
            return [event.slug for event in events.list_public()]
    except SQLAlchemyError:  # the pages will say so themselves
        return []


def _has_accounts(app: Flask) -> bool:
    try:
        with app.app_context():
            return accounts.count() > 0
    except SQLAlchemyError:  # nothing is known, so nothing is said
        return True


def _end(*_: object) -> NoReturn:
    raise SystemExit(0)
