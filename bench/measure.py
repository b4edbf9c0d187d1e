"""Measure one server: requests of one kind at a time, or whole journeys."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg

from bench import load, processes
from bench.database import SLUG, Installation
from bench.load import Job, Seen
from bench.server import Server
from bench.visits import Form

WARM = 500
COUNTED = 2000
"""Requests of one kind: first those that only warm, then those that are counted."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of request costs. Units: requests per second; milliseconds of processor time for one request."""

    per_second: float
    server_ms: float
    database_ms: float


@dataclass(slots=True)
class Stage:
    """A server with its installation. `postmaster`: PostgreSQL's first process, None on SQLite."""

    server: Server
    installation: Installation
    postmaster: int | None = None

    def job(self, visit: str, count: int) -> Job:
        """Return a job for this server, with addresses that nobody has used."""
        return Job(port=self.server.port, visit=visit, slug=SLUG, tag=secrets.token_hex(4), count=count)

    def verify(self) -> None:
        """Recount all seats. Raises: CommandFailed if the books are wrong."""
        self.installation.flask("seats", "verify")

    def database_seconds(self) -> float:
        """Return the processor time of PostgreSQL; on SQLite it is part of the server's."""
        return 0.0 if self.postmaster is None else processes.cpu_seconds(processes.family(self.postmaster))


def journeys(stage: Stage, *, seconds: float) -> Seen:
    """Let new visitors come for so long, after some that warm."""
    load.run(stage.job("journey", WARM // 4))
    seen = load.run(replace(stage.job("journey", load.MOST_VISITS), seconds=seconds))
    stage.verify()
    return seen


def each_kind(stage: Stage) -> dict[str, Cost]:
    """Return the cost of each kind of request. Forms are fetched before they are sent, links before they are opened."""
    look, _ = _cost(stage, "event page")
    fetch, forms = _cost(stage, "form")
    post, links = _cost(stage, "POST", forms=forms.forms)
    own, _ = _cost(stage, "own page", links=links.links)
    stage.verify()
    return {"event page": look, "form": fetch, "POST": post, "own page": own}


def with_categories(stage: Stage) -> Cost:
    """Return the cost of a POST that chooses a category, at an event that has some from now on."""
    stage.installation.python("-m", "bench.event", "categories")
    _, forms = _cost(stage, "form")
    post, _ = _cost(stage, "POST", forms=forms.forms)
    stage.verify()
    return post


def empty_route(stage: Stage) -> Cost:
    """Return the cost of the route that does nothing."""
    return _cost(stage, "empty route")[0]


def postmaster_of(url: str) -> int:
    """Return the id of PostgreSQL's first process."""
    with psycopg.connect(url) as connection:
        return processes.parent(connection.info.backend_pid)


def _cost(stage: Stage, kind: str, *, forms: Sequence[Form] = (), links: Sequence[str] = ()) -> tuple[Cost, Seen]:
    """Warm, measure; return the cost, and all forms and links that were got on the way."""
    warming = replace(stage.job(kind, WARM), forms=list(forms[:WARM]), links=list(links[:WARM]))
    counted = replace(stage.job(kind, COUNTED), forms=list(forms[WARM:]), links=list(links[WARM:]))
    warm = load.run(warming)
    server, database = stage.server.cpu_seconds(), stage.database_seconds()
    seen = load.run(counted)
    cost = Cost(
        per_second=seen.per_second,
        server_ms=(stage.server.cpu_seconds() - server) * 1000 / COUNTED,
        database_ms=(stage.database_seconds() - database) * 1000 / COUNTED,
    )
    seen.forms, seen.links = warm.forms + seen.forms, warm.links + seen.links
    return cost, seen
