"""`backup`: one line that names the archive, or says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask


@pytest.fixture
def database() -> str:
    """Copying itself is tested on both in tests/services; the command is the same."""
    return "sqlite"


def test_the_archive_is_named(app: Flask, tmp_path: Path) -> None:
    found = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "backups")])

    (archive,) = (tmp_path / "backups").iterdir()
    assert found.exit_code == 0
    assert found.output == f"{archive} ({archive.stat().st_size:,} bytes)\n"


def test_a_backup_that_fails_says_why(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    found = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "file" / "backups")])

    assert found.exit_code == 1
    assert "Not a directory" in found.output
