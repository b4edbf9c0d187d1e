"""The worker, the commands around the outbox, and the embedded server: as an operator meets them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import select, update

from regapp.cli.worker import LONGEST_PAUSE, Duty, work
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.mail import outbox
from regapp.models import Heartbeat, Import, OutboxMail, Party, Quota, Registration
from regapp.services import importing
from regapp.services.sheets import Sheet
from tests.factories import make_event, make_registration
from tests.web.organizers import make_account

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds to wait for a process on a busy machine."""

Settings = dict[str, str]


def _wait_for(condition: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, "the process ended"
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)


@contextmanager
def _running(settings: Settings, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", **settings}
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ask the process to end; return what it said on stdout and stderr."""
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said


def _unsent() -> int:
    db.session.rollback()
    return outbox.count_waiting()


def _run(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    return str(result.stdout)


class TestCommands:
    def test_send_sends_what_is_due_and_counts(self, app: Flask) -> None:
        event = make_event()
        for _ in range(outbox.BATCH + 2):
            make_registration(event)
        with transaction():
            _set(1, due_at=utcnow() + timedelta(hours=1))
            _set(2, message="unheard_of")

        assert _run(app, "outbox", "send") == f"{outbox.BATCH} sent, 1 failed, 2 waiting\n"
        assert _run(app, "outbox", "send") == "0 sent, 0 failed, 2 waiting\n"

    def test_send_ends_when_the_server_is_away(self, build_app: Callable[..., Flask]) -> None:
        app = build_app(MAIL_SERVER="127.0.0.1", MAIL_PORT="1")
        with app.app_context():
            make_registration(make_event())

        assert _run(app, "outbox", "send") == "0 sent, 0 failed, 1 waiting\n"

    def test_status_shows_what_waits_and_what_the_server_said(self, app: Flask) -> None:
        event = make_event()
        for _ in range(4):
            make_registration(event)
        now = utcnow()
        with transaction():
            _set(1, failed_at=now, error="550 no such user", attempts=13)
            _set(2, error="451 later", attempts=1, due_at=now)
            _set(3, sent_at=now)

        lines = _run(app, "outbox", "status").splitlines()

        assert re.fullmatch(r"2 waiting, the oldest since \d{4}-\d\d-\d\d \d\d:\d\d UTC", lines[0])
        assert lines[1] == "1 confirmed: failed after 13 attempts: 550 no such user"
        assert re.fullmatch(r"2 confirmed: next try .* UTC after 1 attempts: 451 later", lines[2])
        assert len(lines) == 3

    def test_status_of_an_empty_outbox(self, app: Flask) -> None:
        assert _run(app, "outbox", "status") == "0 waiting\n"

    def test_a_failed_mail_can_be_sent_again(self, app: Flask) -> None:
        make_registration(make_event())
        with transaction():
            _set(1, failed_at=utcnow(), error="550 no such user")

        assert _run(app, "outbox", "retry", "1") == "mail 1 waits to be sent\n"
        assert _run(app, "outbox", "send") == "1 sent, 0 failed, 0 waiting\n"

    def test_a_mail_that_has_not_failed_cannot(self, app: Flask) -> None:
        result = app.test_cli_runner().invoke(args=["outbox", "retry", "1"])

        assert result.exit_code == 1
        assert "there is no failed mail 1" in result.output


def _set(number: int, **values: object) -> None:
    db.session.execute(update(OutboxMail).where(OutboxMail.id == number).values(**values))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
class TestDuty:
    def test_what_fails_is_tried_again_after_a_growing_pause(self, app: Flask) -> None:
        def fail() -> bool:
            raise ConnectionError

        duty, now, pauses = Duty("test", fail, seconds=1), 0.0, []
        for _ in range(8):
            duty.run_if_due(app, now=now)
            pauses.append(duty.due_at - now)
            now = duty.due_at

        assert pauses == [2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]

    def test_success_ends_the_pauses(self, app: Flask) -> None:
        duty = Duty("test", lambda: False, seconds=1, failures=5)

        duty.run_if_due(app, now=100.0)

        assert (duty.due_at, duty.failures) == (101.0, 0)

    def test_it_comes_back_at_once_when_there_is_more(self, app: Flask) -> None:
        duty = Duty("test", lambda: True, seconds=60)

        duty.run_if_due(app, now=100.0)

        assert duty.due_at == 100.0

    def test_it_waits_for_its_time(self, app: Flask) -> None:
        runs: list[int] = []
        duty = Duty("test", lambda: bool(runs.append(1)), seconds=10, due_at=100.0)

        for now in (99.0, 100.0, 101.0):
            duty.run_if_due(app, now=now)

        assert len(runs) == 1


class TestWorker:
    @contextmanager
    def _at_work(self, app: Flask) -> Iterator[None]:
        stop = Event()
        thread = Thread(target=work, args=(app, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
        assert not thread.is_alive()

    def test_it_sends_and_gives_a_sign_of_life(self, app: Flask) -> None:
        make_registration(make_event())
        with transaction():
            db.session.add(Heartbeat(worker="ended long ago", seen_at=utcnow() - timedelta(days=2)))

        with self._at_work(app):
            _wait_for(lambda: _unsent() == 0)

        (beat,) = db.session.scalars(select(Heartbeat))
        assert utcnow() - beat.seen_at < timedelta(minutes=1)
        assert len(list((Path(app.config["INSTANCE_DIR"]) / "mail").glob("*.eml"))) == 1

    def test_it_serves_a_queue_that_nobody_served(self, app: Flask) -> None:
        event = make_event(size=1)
        make_registration(event)
        waiting = make_registration(event)
        with transaction():
            db.session.execute(update(Quota).values(size=2, version=Quota.version + 1))

        with self._at_work(app):
            _wait_for(lambda: db.session.rollback() or _state(waiting.id) == "confirmed")
            _wait_for(lambda: _unsent() == 0)

        assert db.session.scalar(select(Party.queue_no).where(Party.queue_no.is_not(None))) is None
        names = sorted(path.name for path in (Path(app.config["INSTANCE_DIR"]) / "mail").iterdir())
        assert names[-1] == "000003-promoted.eml"

    @pytest.mark.rule("R18")
    def test_it_drops_lists_that_nobody_went_on_with(self, app: Flask) -> None:
        sheet = Sheet(["Name"], [(2, ["Ana"])], {"encoding": "utf-8", "delimiter": ","})
        event, me = make_event(), make_account()
        with transaction():
            importing.keep(event.id, me.id, "people.csv", sheet, now=utcnow() - importing.KEPT)

        with self._at_work(app):
            _wait_for(lambda: db.session.rollback() or not db.session.scalars(select(Import)).all())

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_it_survives_a_database_that_is_away(
        self, build_app: Callable[..., Flask], capfd: pytest.CaptureFixture[str]
    ) -> None:
        app = build_app(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
        said: list[str] = []

        def heard() -> bool:
            said.append(capfd.readouterr().err)
            return "".join(said).count("duty_failed") >= 4  # three duties, one of them for the second time

        with self._at_work(app):
            _wait_for(heard)

    def test_told_to_end_it_ends_at_once(self, app: Flask, settings: Settings) -> None:
        make_registration(make_event())

        with _running(settings, "-m", "flask", "--app", "wsgi", "worker") as process:
            _wait_for(lambda: _unsent() == 0, process)
            began = time.monotonic()
            _, log = _end(process)

        assert time.monotonic() - began < 5
        assert '"event": "worker_ended"' in log
        assert "kovacs" not in log.lower()
        assert "kovács" not in log.lower()


def _state(registration_id: int) -> str | None:
    return db.session.scalar(select(Registration.state).where(Registration.id == registration_id))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
class TestServer:
    @pytest.fixture
    def port(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    @contextmanager
    def _serving(self, settings: Settings, port: int) -> Iterator[subprocess.Popen[str]]:
        with _running({**settings, "PORT": str(port)}, "wsgi.py") as process:
            _wait_for(lambda: _answers(port), process)
            yield process

    def test_it_answers_sends_mails_says_where_it_is_and_ends_when_told(
        self, app: Flask, settings: Settings, port: int
    ) -> None:
        event = make_event()
        make_registration(event)

        with self._serving(settings, port) as process:
            assert _get(port, f"/events/{event.slug}") == 200
            _wait_for(lambda: _unsent() == 0, process)
            said, _ = _end(process)

        assert f"http://127.0.0.1:{port}/events/{event.slug}\n" in said
        (mail,) = (Path(settings["INSTANCE_DIR"]) / "mail").glob("*.eml")
        text = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("plain",))  # type: ignore[attr-defined]
        assert f"http://127.0.0.1:{port}/r/" in text.get_content()

    def test_visitors_who_send_slowly_stop_nobody(self, app: Flask, settings: Settings, port: int) -> None:
        path = f"/events/{make_event().slug}/register"
        slow = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nfirst_name="

        with self._serving(settings, port) as process:
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
            for connection in sockets:
                connection.sendall(slow.encode())
            began = time.monotonic()
            statuses = {_get(port, "/healthz") for _ in range(10)}
            took = time.monotonic() - began
            for connection in sockets:
                connection.close()
            _end(process)

        assert statuses == {200}
        assert took < 5

    def test_a_port_that_is_taken_is_said_in_one_line(self, app: Flask, settings: Settings, port: int) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            quiet = {"PYTHONWARNINGS": ""}  # waitress leaves a file open when it cannot listen
            with _running({**settings, **quiet, "PORT": str(port)}, "wsgi.py") as process:
                _, log = process.communicate(timeout=PATIENCE)

        assert process.returncode == 1
        assert log.startswith(f"Cannot listen on 127.0.0.1:{port}: ")
        assert "Traceback" not in log


def _get(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _answers(port: int) -> bool:
    try:
        return _get(port, "/healthz") == 200
    except OSError:
        return False
