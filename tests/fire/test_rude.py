"""Slow and rude clients at the embedded server: pages come all the same. `make test-fire` tries granian too."""

from __future__ import annotations

import pytest
from flask import Flask

from bench.database import Installation
from bench.server import serving
from tests.factories import make_event
from tests.fire.rude import KINDS, WITHIN, measure

PAGES = 9


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rude_clients_do_not_keep_others_from_reading(app: Flask, installation: Installation) -> None:
    event = make_event()
    with serving(installation) as server:
        seconds = {kind: measure(server.port, f"/events/{event.slug}", kind, pages=PAGES) for kind in KINDS}

    assert {kind: times for kind, times in seconds.items() if late(times)} == {}


def late(times: list[float]) -> bool:
    """Say whether more than one page came late: other tests share this machine."""
    return len(times) < PAGES or sorted(times)[-2] > WITHIN
