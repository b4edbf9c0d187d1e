"""A registration is answered only after it is on the disk: seen from outside, by what the server asks of the system."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from bench.database import Installation
from bench.server import serving
from tests.factories import make_event
from tests.fire.visitors import Told, Visitor
from tests.races.visitors import register

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PEOPLE = 10
RECEIVED = re.compile(r'recvfrom\(.*"POST ')
SYNCED = re.compile(r"(fdatasync|fsync)\(\d+<[^>]*/regapp\.sqlite-wal>\) += 0|(fdatasync|fsync) resumed>\) += 0")
ANSWERED = re.compile(r'sendto\(.*"HTTP/1\.1 303')


def test_no_registration_is_answered_before_it_is_on_the_disk(
    app: Flask, installation: Installation, tmp_path: Path
) -> None:
    event = make_event()
    trace = tmp_path / "trace"
    under = ("strace", "-f", "-y", "-s", "16", "-e", "trace=recvfrom,sendto,fsync,fdatasync", "-o", str(trace))
    installation.environment["WORKER"] = "off"  # it writes as well
    with serving(installation, under=under) as server:
        visitor = Visitor("ana", server.port, event.slug, Told())
        for number in range(PEOPLE):
            visitor.ask(register(event.slug, visitor.open_form(), f"{number}@example.org"))

    calls = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    assert _order(calls) == ["received", "synced", "answered"] * PEOPLE


def _order(calls: list[str]) -> list[str]:
    """Return what happened, one after the other; several syncs of one registration count as one."""
    kinds = {"received": RECEIVED, "synced": SYNCED, "answered": ANSWERED}
    found: list[str] = []
    for call in calls:
        kind = next((name for name, pattern in kinds.items() if pattern.search(call)), None)
        if kind and (found[-1:] != [kind] or kind != "synced"):
            found.append(kind)
    return found[found.index("received") :]
