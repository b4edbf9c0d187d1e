"""The stage of the races."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.races.stage import Stage


@pytest.fixture
def stage(app: Flask, settings: dict[str, str], tmp_path: Path) -> Stage:
    """Return a stage on this test's database."""
    return Stage(app, settings, tmp_path)
