"""The installation that is under fire."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.database import ROOT, Installation
from tests.fire.kills import SHORT_LEASES


@pytest.fixture
def installation(settings: dict[str, str], tmp_path: Path) -> Installation:
    """Return an installation on this test's database, which waits for nothing longer than it must."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "LOCK_TIMEOUT": "2",
        **SHORT_LEASES,
        **settings,
    }
    return Installation(tmp_path, environment)
