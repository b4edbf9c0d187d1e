"""Is this installation well? One line per check, each with what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from regapp.clock import utcnow
from regapp.db import db, snapshot
from regapp.mail.transport import Unreachable, mail
from regapp.services import books, health

SHORTEST_SECRET = 32
"""Characters."""
LATE = 15 * 60
"""Seconds that a due mail may wait before it worries."""


class Verdict(StrEnum):
    """How a check came out. Only problems make the command fail."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; for all but OK the text says what to do."""

    verdict: Verdict
    what: str


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look over this installation; exit with 1 if there is a problem."""
    findings = [check() for check in (_secret, _public_url, _instance, _mail)]
    findings += _stored()
    for finding in findings:
        click.echo(f"{finding.verdict:8} {finding.what}")
    if any(finding.verdict is Verdict.PROBLEM for finding in findings):
        sys.exit(1)


def _ok(what: str) -> Finding:
    return Finding(Verdict.OK, what)


def _problem(what: str) -> Finding:
    return Finding(Verdict.PROBLEM, what)


def _secret() -> Finding:
    length = len(current_app.config["SECRET_KEY"])
    if length < SHORTEST_SECRET:
        return _problem(f"secret: {length} characters; set SECRET_KEY to {SHORTEST_SECRET} random ones at least")
    kept = Path(current_app.config["INSTANCE_DIR"]) / "secret_key"
    if kept.exists() and kept.stat().st_mode & 0o077:
        return _problem(f"secret: others may read {kept}; run chmod 600 on it")
    return _ok(f"secret: {length} characters")


def _public_url() -> Finding:
    url = current_app.config["PUBLIC_URL"]
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        return _problem(f"address: PUBLIC_URL is “{url}”; set it to what visitors type, as https://events.example.org")
    if parts.scheme == "http" and not _is_loopback(host):
        return Finding(
            Verdict.WARNING,
            f"address: {url} is not encrypted; put a proxy with TLS before it and set PUBLIC_URL to https",
        )
    return _ok(f"address: {url}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _instance() -> Finding:
    folder = current_app.config["INSTANCE_DIR"]
    try:
        with TemporaryFile(dir=folder):
            return _ok(f"files: {folder} can be written")
    except OSError as error:
        return _problem(f"files: {folder} cannot be written ({error.strerror}); make it, owned by who runs the server")


def _mail() -> Finding:
    server = current_app.config["MAIL_SERVER"]
    try:
        with mail.connect():
            pass
    except Unreachable as error:
        return _problem(
            f"mail: {server or 'files'} cannot be reached ({error}); check MAIL_SERVER, MAIL_PORT and sign-in"
        )
    if not server:
        return _ok(f"mail: mails become files in {current_app.config['INSTANCE_DIR']}/mail (MAIL_SERVER is not set)")
    return _ok(f"mail: {server}:{current_app.config['MAIL_PORT']} answers")


def _stored() -> Iterator[Finding]:
    """Yield what the database tells; what depends on a failed check is not asked."""
    try:
        revision = health.find_revision()
    except SQLAlchemyError as error:
        yield _problem(f"database: cannot be reached ({_reason(error)}); check DATABASE_URL and the server")
        return
    yield _ok(f"database: {db.engine.dialect.name} answers")
    wanted = health.wanted_revision()
    if not health.suits(revision):
        yield _problem(f"schema: at {revision or 'nothing'}, needed {wanted}; run flask --app wsgi db upgrade")
        return
    later = "" if revision == wanted else f", later than this version needs ({wanted}); bring the program up to date"
    yield _ok(f"schema: at {revision}{later}")
    checks: tuple[Callable[[], Finding], ...] = (_worker, _outbox, _failed, _books)
    yield from (check() for check in checks)


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _worker() -> Finding:
    age = health.find_worker_age(now=utcnow())
    start = "start `flask --app wsgi worker` (the embedded server runs one itself)"
    if age is None:
        return _problem(f"worker: none was ever seen; {start}")
    if age > health.WORKER_SILENT_AFTER:
        return _problem(f"worker: silent for {age:.0f} seconds; {start}")
    return _ok(f"worker: seen {age:.0f} seconds ago")


def _outbox() -> Finding:
    backlog = health.count_backlog(now=utcnow())
    if backlog.oldest_seconds > LATE:
        minutes = backlog.oldest_seconds / 60
        return _problem(
            f"outbox: {backlog.due} mails are due, the oldest for {minutes:.0f} minutes; check worker and mail server"
        )
    return _ok(f"outbox: {backlog.waiting} waiting")


def _failed() -> Finding:
    failed = health.count_backlog(now=utcnow()).failed
    if failed:
        return _problem(f"failed mails: {failed}; see flask --app wsgi outbox status, then outbox retry")
    return _ok("failed mails: none")


def _books() -> Finding:
    with snapshot() as connection:
        report = books.verify(connection, now=utcnow())
    if report.differences:
        return _problem(f"books: {len(report.differences)} differences; see flask --app wsgi seats verify")
    return _ok(f"books: {len(report.books)} events agree")
