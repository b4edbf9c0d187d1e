"""The embedded database cannot be written: a page says so and keeps the words, and it goes on by itself afterwards."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from bench import visits
from bench.database import Installation
from bench.server import Server, serving
from bench.visits import Answer, Ask, Site
from regapp.db import db
from tests.browser.serving import wait_for
from tests.factories import make_event
from tests.fire import kills
from tests.fire.visitors import Told, Visitor, send
from tests.races.visitors import HOST, location, look, register

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

OBEDIENT = ("setpriv", "--bounding-set=-dac_override")
"""Lets root obey the permissions of files, as everybody else does."""

EMAIL = "ana@example.org"


@contextmanager
def full(server: Server, instance: Path) -> Iterator[None]:
    """Fill the disk; where nobody lets us make one, let files of the server not grow any more."""
    if not os.path.ismount(instance):
        lifted = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        yield
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, lifted)
        return
    filler = instance / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


@contextmanager
def file_read_only(instance: Path) -> Iterator[None]:
    """Take the right to write from the database's file."""
    with _mode(instance / "regapp.sqlite", 0o444):
        yield


@contextmanager
def folder_read_only(instance: Path) -> Iterator[None]:
    """Take the right to write from the folder and the file."""
    with _mode(instance / "regapp.sqlite", 0o444), _mode(instance, 0o555):
        yield


@contextmanager
def locked(instance: Path) -> Iterator[None]:
    """Let another process hold the lock to write."""
    with closing(sqlite3.connect(instance / "regapp.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _mode(path: Path, mode: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    yield
    path.chmod(before)


@pytest.fixture
def disk(settings: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """Return the folder of the installation: a small disk of its own, where we may make one."""
    instance = Path(settings["INSTANCE_DIR"])
    template = (instance / "regapp.sqlite").read_bytes()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(instance)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    if mounted:
        (instance / "regapp.sqlite").write_bytes(template)
    yield instance
    if mounted:
        subprocess.run(["umount", str(instance)], check=True)


@pytest.fixture
def ask(disk: Path, build_app: Callable[..., Flask], installation: Installation) -> Ask:
    """Return a filled form of a Hungarian, which has not been sent yet. Nobody has the database open."""
    app = build_app()
    with app.app_context():
        event = make_event()
        page = app.test_client().get(f"/events/{event.slug}/register")
        db.session.remove()
        db.engine.dispose()
    site = Site(HOST, event.slug, tag="")
    visit = visits.fetch(site, 0)
    next(visit)
    with suppress(StopIteration):
        visit.send(Answer(page.status_code, f"\r\nSet-Cookie: {page.headers['Set-Cookie']}\r\n".encode(), page.data))
    ask = register(event.slug, site.kept_forms[0], EMAIL)
    return replace(ask, data=ask.data.replace(b"Accept-Language: en-GB,en", b"Accept-Language: hu"))


def check_refused(answer: Answer) -> None:
    """Check that the answer tells a Hungarian to send the form again, and keeps what was typed."""
    page = answer.body.decode()
    assert answer.status == 503
    assert "Most nem érjük el a nyilvántartásunkat" in page
    assert f'name="email" value="{EMAIL}"' in page


def check_goes_on(installation: Installation, server: Server, ask: Ask) -> None:
    """Check that the same form sent again registers once, with one mail, and that the books are clean."""
    told = Told()
    answer = Visitor("ana", server.port, "", told).ask(ask)
    told.paths[EMAIL] = location(answer)
    wait_for(lambda: kills.read(installation).unsent == 0, "the mail")
    assert answer.status == 303
    kills.check(installation, told)


def test_on_a_full_disk_nothing_is_half_done(disk: Path, installation: Installation, ask: Ask) -> None:
    with serving(installation) as server:
        with full(server, disk):
            refused = send(server.port, ask)
            page = send(server.port, look("/"))

        check_refused(refused)
        assert page.status == 200
        assert kills.read(installation).people == {}
        check_goes_on(installation, server, ask)


@pytest.mark.parametrize("trouble", [file_read_only, folder_read_only, locked])
def test_where_nothing_can_be_written_it_says_so_until_it_can(
    disk: Path, installation: Installation, ask: Ask, trouble: Callable[[Path], AbstractContextManager[None]]
) -> None:
    under = OBEDIENT if os.geteuid() == 0 else ()
    with ExitStack() as while_it_lasts:
        while_it_lasts.enter_context(trouble(disk))
        with serving(installation, under=under, first_page="/healthz") as server:
            refused = send(server.port, ask)
            while_it_lasts.close()

            check_refused(refused)
            assert kills.read(installation).people == {}
            check_goes_on(installation, server, ask)
