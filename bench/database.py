"""An installation to measure: settings, an empty database of its own, one event with places for all who come."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SLUG = "european-cluster-conference"


class CommandFailed(Exception):
    """A command of the product ended with an error."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings as environment variables, and the folder that holds everything it writes."""

    folder: Path
    environment: dict[str, str]

    @property
    def is_embedded(self) -> bool:
        """Say whether this is SQLite with the embedded server."""
        return "DATABASE_URL" not in self.environment

    def with_worker(self) -> Installation:
        """Return the same installation with settings as they come, so that the server runs its worker."""
        return replace(self, environment={name: value for name, value in self.environment.items() if name != "WORKER"})

    def flask(self, *words: str) -> None:
        """Run a command of the product. Raises: CommandFailed."""
        self.python("-m", "flask", "--app", "wsgi", *words)

    def python(self, *words: str) -> str:
        """Run Python with these settings; return what it prints. Raises: CommandFailed."""
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise CommandFailed(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


@contextmanager
def installed(database_url: str | None) -> Iterator[Installation]:
    """Give an installation on this database, SQLite if None; remove what it wrote afterwards."""
    with tempfile.TemporaryDirectory(prefix="regapp-bench-") as folder:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "INSTANCE_DIR": folder,
            "SECRET_KEY": secrets.token_hex(32),
            "WORKER": "off",
        }
        if database_url is not None:
            environment["DATABASE_URL"] = database_url
        installation = Installation(Path(folder), environment)
        installation.flask("db", "upgrade")
        installation.python("-m", "bench.event")
        yield installation
