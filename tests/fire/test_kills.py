"""Killed at any moment, the embedded server goes on where it was. `make test-fire` does the same fifty times."""

from __future__ import annotations

import random

import pytest
from flask import Flask

from bench.database import Installation
from tests.factories import make_event
from tests.fire import kills

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

KILLS = 3
PLACES = 6
"""Half of what visitors keep, so that nearly everybody who cancels makes room for somebody."""


@pytest.mark.rule("R2", "R9")
def test_killed_while_people_register_it_forgets_nobody_and_counts_nobody_twice(
    app: Flask, installation: Installation
) -> None:
    event = make_event(size=PLACES)

    told = kills.run(installation, event.slug, kills=KILLS, chance=random.Random(1))

    assert told.again, "nobody noticed a kill"
    books = kills.check(installation, told)
    assert len(books.promoted) > len(told.cancelled) / 2
