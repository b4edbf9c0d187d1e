"""A copy of everything that cannot be made again, taken while the product serves: the database and the secret."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tomllib
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import current_app
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from regapp.db import db
from regapp.services import health

OWNER_ONLY = 0o600
RESTORE = {
    "sqlite": "Stop the server, remove instance/regapp.sqlite*, unpack regapp.sqlite and secret_key into instance/.",
    "postgresql": "Into an empty database: pg_restore --no-owner --dbname=… regapp.pgdump. "
    "Set SECRET_KEY to what secret_key holds.",
}


class BackupFailed(Exception):
    """No backup was made; the text says why and what to do."""


def make(destination: Path, *, now: datetime) -> Path:
    """Write one archive into the folder and return its path. It holds the secret: its owner alone may read it.

    Raises: BackupFailed. What was not finished leaves nothing behind.
    """
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=destination, prefix=".regapp-backup-") as folder:
            return _make(Path(folder), destination / f"regapp-{now:%Y%m%dT%H%M%SZ}.tar.gz", now=now)
    except OSError as error:
        raise BackupFailed(f"{error.strerror}: {error.filename}") from error


def _make(folder: Path, archive: Path, *, now: datetime) -> Path:
    if archive.exists():
        raise BackupFailed(f"{archive} exists already.")
    kind = db.engine.dialect.name
    revision = health.find_revision()
    database = _copy_sqlite(folder) if kind == "sqlite" else _dump_postgres(folder)
    secret = folder / "secret_key"
    secret.write_text(current_app.config["SECRET_KEY"], encoding="ascii")
    manifest = folder / "manifest.json"
    facts = {
        "version": _version(),
        "database": kind,
        "revision": revision,
        "made_at": now.isoformat(),
        "restore": RESTORE[kind],
    }
    manifest.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return _pack([database, secret, manifest], folder / "archive", archive)


def _copy_sqlite(folder: Path) -> Path:
    """Copy the database as of one moment, whatever is written meanwhile."""
    copy = folder / "regapp.sqlite"
    source_path = Path(str(db.engine.url.database)).resolve()
    with (
        closing(sqlite3.connect(f"{source_path.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file; the server goes back to WAL by itself
        (verdict,) = target.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise BackupFailed(f"The database is damaged: {verdict}")
    return copy


def _dump_postgres(folder: Path) -> Path:
    """Let pg_dump copy the database in one snapshot."""
    program = _find_pg_dump()
    dump = folder / "regapp.pgdump"
    command = [program, "--format=custom", "--no-password", f"--file={dump}", f"--dbname={_address(folder)}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailed(f"pg_dump failed: {done.stderr.strip()}")
    return dump


def _find_pg_dump() -> str:
    """Return the path of a pg_dump that is as new as the server, which older ones refuse."""
    with db.engine.connect() as connection:
        wanted = int(str(connection.scalar(text("SHOW server_version_num")))) // 10000
    name: str = current_app.config["PG_DUMP"]
    cure = f"Install PostgreSQL's client programs, version {wanted} or newer, or say where they are by PG_DUMP."
    program = shutil.which(name)
    if program is None:
        raise BackupFailed(f"{name} was not found. {cure}")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+", said)
    if found is None or int(found[0]) < wanted:
        raise BackupFailed(f"{program} is older than the server: {said.strip()}. {cure}")
    return program


def _address(folder: Path) -> str:
    """Return how to reach the database. The password goes into a file: everybody can see the arguments of a program."""
    _, parts = db.engine.dialect.create_connect_args(db.engine.url)
    parts.pop("context", None)  # SQLAlchemy's own: how values are adapted
    password = parts.pop("password", None)
    if password:
        parts["passfile"] = str(folder / "password")
        escaped = re.sub(r"([\\:])", r"\\\1", str(password))
        descriptor = os.open(folder / "password", os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"*:*:*:*:{escaped}\n")
    return str(make_conninfo(**parts))


def _pack(files: list[Path], unfinished: Path, archive: Path) -> Path:
    """Pack the files, and show the archive only when it is whole and on the disk."""
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with open(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for path in files:
                tar.add(path, arcname=path.name, filter=_anonymous)
        file.flush()
        os.fsync(file.fileno())
    return unfinished.replace(archive)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who made the backup; let the owner alone read what is unpacked."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = OWNER_ONLY
    return member


def _version() -> str:
    project = Path(current_app.root_path).parent / "pyproject.toml"
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
