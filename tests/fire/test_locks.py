"""While another program holds SQLite's lock, pages come as fast as ever. `make test-fire` holds it for longer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from bench.database import Installation
from tests.factories import make_event
from tests.fire import locks
from tests.fire.rude import WITHIN

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_while_another_program_holds_the_lock_pages_come_and_some_forms_wait(
    app: Flask, installation: Installation
) -> None:
    patient = replace(installation, environment=installation.environment | {"LOCK_TIMEOUT": "10"})

    waited = locks.hold(patient, make_event().slug, seconds=1.5)

    assert max(waited.pages) < WITHIN
    assert 1 <= waited.statuses.count(303) <= 2  # the worker may be one of the two who wait
    assert set(waited.statuses) == {303, 503}
