"""What figures were measured on, in words: no names of hosts or folders."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version

import psycopg


def machine() -> str:
    """Return processors and Python."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores shared by all, {platform.system()}, Python {platform.python_version()}"


def postgresql(url: str) -> str:
    """Return the database and how safely it stores."""
    with psycopg.connect(url) as connection:
        number = connection.info.server_version
        row = connection.execute("SHOW fsync").fetchone()
    return f"PostgreSQL {number // 10000}.{number % 10000} (fsync {row[0] if row else 'unknown'})"


def sqlite() -> str:
    """Return the embedded database and how safely it stores."""
    return f"SQLite {sqlite3.sqlite_version} (WAL, synchronous FULL)"


def part(name: str) -> str:
    """Return an installed package with its version."""
    return f"{name} {version(name)}"
