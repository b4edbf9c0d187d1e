"""The embedded server: `python wsgi.py`. One process that answers requests and sends mails."""

from __future__ import annotations

import select
import signal
import sys
from operator import attrgetter
from threading import Event, Thread
from time import monotonic
from typing import Any, cast

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from regapp.cli.worker import work
from regapp.services import accounts, events

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a request that are read at all. Far above MAX_CONTENT_LENGTH, so that our own page says what is too long."""
READ_BYTES = 64 * 1024
"""Bytes taken from a connection before the others have their turn."""
RESERVED = 8
"""Of CONNECTIONS: what waitress counts as such besides visitors, and the place for the next to come."""
LOOKS = 0.1
"""Seconds between two looks at what is still in hand while the server ends."""


class Channel(HTTPChannel):
    """A connection, which costs memory but no thread until its request has been read whole.

    Its answer is sent by the thread that makes it, not by the loop that watches all connections. That loop would look
    at such a connection again and again until all is sent, and take its turns from the very thread that sends: it made
    one's own page five times as slow.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Join the others. If they are too many, who has asked for nothing longest makes room, slow senders too."""
        self.asked_at = monotonic()
        super().__init__(*args, **kwargs)
        others: list[Channel] = list(cast(Any, self.server).active_channels.values())
        if len(others) > self.adj.connection_limit - RESERVED:
            waiting = sorted((channel for channel in others if not channel.requests), key=attrgetter("asked_at"))
            for longest in waiting[:1]:  # nobody, if all of them are being answered
                longest.handle_close()

    def service(self) -> None:
        """Answer one request. Who sends several at once, as no browser does, has to come again for the others."""
        self.asked_at = monotonic()
        if len(self.requests) > 1:
            cast(Any, self.requests[0]).headers["CONNECTION"] = "close"
        super().service()

    @property
    def is_busy(self) -> bool:
        """Say whether a request of it is not answered yet, or not all of the answer is sent."""
        return bool(self.requests or self.total_outbufs_len)

    def writable(self) -> bool:
        """Say whether the loop has anything to send: of a request in hand only what fills the thread's buffer."""
        if self.requests and not self.will_close and self.total_outbufs_len < self.adj.outbuf_high_watermark:
            return False
        return bool(super().writable())


BaseWSGIServer.channel_class = Channel


def serve(app: Flask) -> None:
    """Answer requests until told to end (SIGTERM, Ctrl+C); run one worker beside it if the database is embedded."""
    sockets: dict[int, Any] = {}
    # Headers of a proxy stay visible, though nobody trusts them: /metrics must see that a request came through one.
    try:
        server: Any = create_server(
            app, sockets, host=app.config["HOST"], port=app.config["PORT"], threads=app.config["THREADS"],
            recv_bytes=READ_BYTES, max_request_body_size=MOST_BYTES, channel_timeout=app.config["IDLE_TIMEOUT"],
            connection_limit=app.config["CONNECTIONS"], clear_untrusted_proxy_headers=False, ident="regapp",
        )  # fmt: skip
    except OSError as error:
        where = f"{app.config['HOST']}:{app.config['PORT']}"
        sys.exit(f"Cannot listen on {where}: {error.strerror}. Set HOST or PORT to something else.")
    stop = _told_to_end()
    worker = _start_worker(app, stop)
    print(_greeting(app), flush=True)
    while not stop.is_set():
        _watch(sockets, seconds=1)
    until = monotonic() + app.config["STOP_TIMEOUT"]
    _finish(sockets, until=until)
    server.task_dispatcher.shutdown(timeout=LOOKS)
    worker.join(timeout=max(LOOKS, until - monotonic()))


def _watch(sockets: dict[int, Any], *, seconds: float) -> None:
    """Do what there is to do on the sockets, once; wait so long for something."""
    wasyncore.loop(timeout=seconds, use_poll=True, map=sockets, count=1)


def _finish(sockets: dict[int, Any], *, until: float) -> None:
    """Listen no more; answer what has been asked so far and send the answers, as long as there is time."""
    for server in [entry for entry in sockets.values() if isinstance(entry, BaseWSGIServer)]:
        while select.select([cast(Any, server.socket)], [], [], 0)[0]:  # somebody has come and waits to be let in
            server.handle_accept()
        wasyncore.dispatcher.close(server)
    while channels := [entry for entry in sockets.values() if isinstance(entry, Channel)]:
        _watch(sockets, seconds=LOOKS)  # reads what has come already
        for channel in channels:
            if not channel.is_busy or monotonic() > until:
                channel.handle_close()


def _start_worker(app: Flask, stop: Event) -> Thread:
    """Return a thread that sends mails until `stop`; it does nothing if workers run as processes of their own."""
    duties = (lambda: work(app, stop)) if app.config["WORKER"] else None
    thread = Thread(target=duties, name="worker", daemon=True)
    thread.start()
    return thread


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


def _told_to_end() -> Event:
    """Return what is set by SIGTERM or Ctrl+C: nothing is broken off in the middle. A second one ends us at once."""
    stop = Event()

    def end(*_: object) -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop
