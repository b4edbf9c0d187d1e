"""A backup taken while the product serves can be restored, and the books agree."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text, update

from regapp.db import db, snapshot, transaction
from regapp.models import Quota, Registration
from regapp.services import backup, books
from regapp.services.backup import BackupFailed
from tests.conftest import Settings
from tests.factories import make_event, make_registration


@pytest.fixture
def programs(app: Flask) -> Path | None:
    """Return the folder of PostgreSQL's programs that belong to the server, and let backups use them."""
    if db.engine.dialect.name == "sqlite":
        return None
    with db.engine.connect() as connection:
        folder = Path(str(connection.scalar(text("SELECT setting FROM pg_config WHERE name = 'BINDIR'"))))
    app.config["PG_DUMP"] = str(folder / "pg_dump")
    return folder


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive as an operator would."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def fill(now: datetime) -> None:
    """Make an event with people who have places and people who wait."""
    event = make_event(slug="conference", size=2)
    for _ in range(3):
        make_registration(event, now=now)


def restore(folder: Path, settings: Settings, programs: Path | None) -> None:
    """Put the database back, as the manifest says."""
    db.session.remove()
    db.engine.dispose()
    if programs is None:
        for path in Path(settings["INSTANCE_DIR"]).glob("regapp.sqlite*"):
            path.unlink()
        shutil.copy(folder / "regapp.sqlite", settings["INSTANCE_DIR"])
        return
    command = [programs / "pg_restore", "--no-owner", "--clean", f"--dbname={settings['DATABASE_URL']}"]
    subprocess.run([*command, folder / "regapp.pgdump"], check=True, capture_output=True)


def test_what_is_restored_is_what_was_there(
    app: Flask, now: datetime, tmp_path: Path, settings: Settings, programs: Path | None
) -> None:
    fill(now)
    codes = set(db.session.scalars(db.select(Registration.code)))
    folder = unpack(backup.make(tmp_path / "backups", now=now), tmp_path / "unpacked")
    with transaction():
        db.session.execute(update(Quota).values(taken=7))
        db.session.execute(update(Registration).values(code=Registration.code + "x"))

    restore(folder, settings, programs)

    assert set(db.session.scalars(db.select(Registration.code))) == codes
    with snapshot() as connection:
        report = books.verify(connection, now=now)
    assert report.differences == []
    assert [(book.taken_counted, book.waiting_counted) for book in report.books] == [(2, 1)]


def test_the_archive_holds_database_secret_and_facts_for_its_owner_alone(
    app: Flask, now: datetime, tmp_path: Path, programs: Path | None
) -> None:
    archive = backup.make(tmp_path / "backups", now=now)

    assert archive.name == "regapp-20260914T100000Z.tar.gz"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with tarfile.open(archive) as tar:
        assert {member.mode for member in tar} == {0o600}
    folder = unpack(archive, tmp_path / "unpacked")
    database = "regapp.pgdump" if programs else "regapp.sqlite"
    assert {path.name for path in folder.iterdir()} == {database, "secret_key", "manifest.json"}
    assert (folder / "secret_key").read_text() == app.config["SECRET_KEY"]
    facts = json.loads((folder / "manifest.json").read_text())
    assert facts["made_at"] == "2026-09-14T10:00:00+00:00"
    assert facts["revision"] == db.session.scalar(text("SELECT version_num FROM alembic_version"))
    assert facts["database"] == db.engine.dialect.name
    assert facts["version"]
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [archive.name]


def test_a_copy_taken_in_the_middle_of_a_change_holds_nothing_of_it(
    app: Flask, now: datetime, tmp_path: Path, settings: Settings, programs: Path | None
) -> None:
    fill(now)
    db.session.rollback()
    with db.engine.connect().execution_options(writes=True) as other, other.begin():
        other.execute(update(Quota).values(taken=99))
        folder = unpack(backup.make(tmp_path / "backups", now=now), tmp_path / "unpacked")

    restore(folder, settings, programs)

    assert db.session.scalar(db.select(Quota.taken)) == 2


def test_a_second_backup_in_the_same_second_does_not_replace_the_first(
    app: Flask, now: datetime, tmp_path: Path, programs: Path | None
) -> None:
    archive = backup.make(tmp_path, now=now)
    first = archive.read_bytes()

    with pytest.raises(BackupFailed, match="exists already"):
        backup.make(tmp_path, now=now)

    assert archive.read_bytes() == first


def test_a_folder_that_cannot_be_made_is_named(app: Flask, now: datetime, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BackupFailed, match="file"):
        backup.make(tmp_path / "file" / "backups", now=now)


class TestPostgres:
    """What only PostgreSQL needs: another program."""

    @pytest.fixture
    def database(self) -> str:
        return "postgresql"

    def test_a_missing_pg_dump_is_named_with_its_cure(self, app: Flask, now: datetime, tmp_path: Path) -> None:
        app.config["PG_DUMP"] = str(tmp_path / "pg_dump")

        with pytest.raises(BackupFailed, match=r"pg_dump was not found\. Install PostgreSQL's client programs"):
            backup.make(tmp_path / "backups", now=now)

        assert list((tmp_path / "backups").iterdir()) == []

    def test_a_pg_dump_older_than_the_server_is_refused(self, app: Flask, now: datetime, tmp_path: Path) -> None:
        old = tmp_path / "pg_dump"
        old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        old.chmod(0o755)
        app.config["PG_DUMP"] = str(old)

        with pytest.raises(BackupFailed, match="older than the server"):
            backup.make(tmp_path / "backups", now=now)

    def test_a_dump_that_fails_says_why(self, app: Flask, now: datetime, tmp_path: Path) -> None:
        broken = tmp_path / "pg_dump"
        broken.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'pg_dump 99.1' && exit\necho disk full >&2; exit 1\n")
        broken.chmod(0o755)
        app.config["PG_DUMP"] = str(broken)

        with pytest.raises(BackupFailed, match="disk full"):
            backup.make(tmp_path / "backups", now=now)

        assert list((tmp_path / "backups").iterdir()) == []

    def test_the_password_is_not_among_the_arguments(
        self, build_app: Callable[..., Flask], settings: Settings, now: datetime, tmp_path: Path
    ) -> None:
        spy = tmp_path / "pg_dump"
        spy.write_text(
            "#!/bin/sh\n[ $1 = --version ] && echo 'pg_dump 99.1' && exit\n"
            f'echo "$@" > {tmp_path}/arguments\n'
            f"cat {tmp_path}/backups/.regapp-backup-*/password > {tmp_path}/password\n"
            "for a; do case $a in --file=*) : > ${a#--file=};; esac; done\n"
        )
        spy.chmod(0o755)
        url = settings["DATABASE_URL"].replace("://regapp@", "://regapp:se%3Acret@")
        app = build_app(DATABASE_URL=url, PG_DUMP=str(spy))

        with app.app_context():
            backup.make(tmp_path / "backups", now=now)

        assert "cret" not in (tmp_path / "arguments").read_text()
        assert "passfile=" in (tmp_path / "arguments").read_text()
        assert (tmp_path / "password").read_text() == "*:*:*:*:se\\:cret\n"


class TestSqlite:
    """What only SQLite does."""

    @pytest.fixture
    def database(self) -> str:
        return "sqlite"

    def test_a_copy_is_one_file_that_opens_by_itself(self, app: Flask, now: datetime, tmp_path: Path) -> None:
        fill(now)
        folder = unpack(backup.make(tmp_path / "backups", now=now), tmp_path / "unpacked")

        with closing(sqlite3.connect(folder / "regapp.sqlite")) as copy:
            (count,) = copy.execute("SELECT count(*) FROM registrations").fetchone()

        assert count == 3
        assert not list(folder.glob("regapp.sqlite-*"))
