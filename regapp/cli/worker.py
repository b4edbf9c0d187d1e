"""The worker: sends mails and does what the clock makes due. Also the commands that look after the outbox."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from time import monotonic

import click
import structlog
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import delete

from regapp.cli.erase import erase_event
from regapp.cli.settling import settle_all
from regapp.clock import utcnow
from regapp.db import compact, db, transaction
from regapp.errors import NotFound
from regapp.mail import outbox
from regapp.models import Heartbeat
from regapp.services import erasure, importing, notices, waitlist

LONGEST_PAUSE = 60.0
"""Seconds at most between two tries while mail server or database are away."""
FORGOTTEN = timedelta(days=1)
"""When a worker that does not beat any more is dropped from the list."""

log = structlog.get_logger()
outbox_cli = AppGroup("outbox", help="Mails that wait, that failed, and sending them.")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Send mails and settle queues until told to end (SIGTERM, Ctrl+C)."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(current_app._get_current_object(), stop)  # type: ignore[attr-defined]


@outbox_cli.command("send")
def send() -> None:
    """Send everything that is due, once."""
    sent = failed = 0
    outbox.hurry(now=utcnow())
    while True:
        report = outbox.send_due()
        sent, failed = sent + report.sent, failed + report.failed
        if not report.reachable or not (report.sent or report.failed):
            break
    click.echo(f"{sent} sent, {failed} failed, {outbox.count_waiting()} waiting")


@outbox_cli.command("status")
def status() -> None:
    """Show how many mails wait, since when, and what went wrong."""
    oldest = outbox.find_oldest()
    click.echo(f"{outbox.count_waiting()} waiting" + (f", the oldest since {_written(oldest)}" if oldest else ""))
    for row in outbox.list_troubled():
        fate = "failed" if row.failed_at else f"next try {_written(row.due_at)}"
        click.echo(f"{row.id} {row.message}: {fate} after {row.attempts} attempts: {row.error}")


@outbox_cli.command("retry")
@click.argument("outbox_id", type=int, metavar="ID")
def retry(outbox_id: int) -> None:
    """Send a failed mail again: it is tried for another three days."""
    try:
        outbox.send_again(outbox_id, now=utcnow())
    except NotFound:
        raise click.ClickException(f"there is no failed mail {outbox_id}") from None
    click.echo(f"mail {outbox_id} waits to be sent")


def work(app: Flask, stop: Event) -> None:
    """Do each duty when its time comes, until `stop` is set. What fails is tried again after a growing pause."""
    name = f"{socket.gethostname()}:{os.getpid()}"[-80:]
    duties = list_duties(name, stop)
    log.info("worker_started", worker=name)
    while not stop.is_set():
        for duty in duties:
            duty.run_if_due(app, now=monotonic())
        stop.wait(max(0.0, min(duty.due_at for duty in duties) - monotonic()))
    log.info("worker_ended", worker=name)


def list_duties(name: str, stop: Event) -> list[Duty]:
    """Return what the worker of this name does: whatever the clock makes due."""
    return [
        Duty("heartbeat", lambda: _beat(name), seconds=10),
        Duty("settle", _settle, seconds=60),
        Duty("serving ends", _end_serving, seconds=60),
        Duty("notices", tell_organizers, seconds=60),
        Duty("retention", _erase_due, seconds=3600),
        Duty("imports", _forget_imports, seconds=600),
        Duty("clock put back", _hurry, seconds=60),
        Duty("outbox", lambda: _send_batch(stop), seconds=1),
    ]


@dataclass
class Duty:
    """Something done every so many seconds. Its action says whether there is more to do at once."""

    name: str
    action: Callable[[], bool]
    seconds: float
    due_at: float = 0.0
    failures: int = 0

    def run_if_due(self, app: Flask, *, now: float) -> None:
        """Do it if its time has come (`now`: monotonic seconds), in a context and a database session of its own."""
        if now < self.due_at:
            return
        try:
            with app.app_context():
                more = self.action()
        except Exception as error:  # whatever is wrong with one duty, the worker goes on
            self.failures += 1
            pause = min(LONGEST_PAUSE, 2.0**self.failures)
            log.warning("duty_failed", duty=self.name, failures=self.failures, pause=pause, exc_info=error)
        else:
            self.failures = 0
            pause = 0.0 if more else self.seconds
        self.due_at = now + pause


class MailServerAway(Exception):
    """The mail server does not talk to us; what waits is in the outbox."""


def _send_batch(stop: Event) -> bool:
    report = outbox.send_due(stopping=stop.is_set)
    if not report.reachable:
        raise MailServerAway
    return bool(report.sent or report.failed)


def _hurry() -> bool:
    """Send what a clock that was put back would keep waiting; looked for seldom, as it takes more than what is due."""
    outbox.hurry(now=utcnow())
    return False


def _settle() -> bool:
    """Serve queues that nobody served (R2): a safety net, since every change does so itself."""
    for event_id in waitlist.list_unsettled(now=utcnow()):
        settle_all(event_id)
    return False


def _end_serving() -> bool:
    """Tell those who wait in vain (R12)."""
    now = utcnow()
    for event_id in waitlist.list_unserved(now=now):
        more = True
        while more:
            with transaction():
                more = waitlist.end_serving(event_id, now=now).more
    return False


def tell_organizers() -> bool:
    """Tell organizers what they want to know: a full event, mails that do not arrive, the news of the day."""
    now = utcnow()
    for event_id in notices.list_due(now=now):
        with transaction():
            notices.tell(event_id, now=now)
    return False


def _erase_due() -> bool:
    """Erase the people of events whose retention has ended (R18)."""
    now = utcnow()
    for event_id in erasure.list_due(now=now):
        erase_event(event_id, now=now)
    compact()  # for those too who were erased while somebody read
    return False


def _forget_imports() -> bool:
    """Drop lists of people that nobody went on with (R18)."""
    with transaction():
        importing.forget_old(now=utcnow())
    return False


def _beat(name: str) -> bool:
    """Leave a sign of life, and forget workers that ended long ago."""
    now = utcnow()
    with transaction():
        db.session.merge(Heartbeat(worker=name, seen_at=now))
        db.session.execute(delete(Heartbeat).where(Heartbeat.seen_at < now - FORGOTTEN))
    return False


def _written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
