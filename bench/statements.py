"""Count what each request sends to the database: `python -m bench.statements` prints it as JSON, kind → number."""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Flask
from sqlalchemy import event
from werkzeug.test import Client
from werkzeug.wrappers import Response

from bench.database import SLUG
from bench.visits import Answer, Ask, Site, journey
from regapp import create_app
from regapp.db import db


def count_statements(app: Flask) -> dict[str, int]:
    """Go two journeys; return the statements of each request of the second, when caches of the process are filled.

    An executemany is one statement; BEGIN and COMMIT are none. Raises: ValueError for an unexpected answer.
    """
    sent = _note_statements(app)
    client = app.test_client(use_cookies=False)
    _walk(client, sent)
    return _walk(client, sent)


def _note_statements(app: Flask) -> list[str]:
    """Return a list that grows with every statement."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    return sent


def _walk(client: Client, sent: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    visit = journey(Site("localhost", SLUG, secrets.token_hex(4)), 0)
    ask = next(visit)
    while True:
        before = len(sent)
        answer = _answer(client, ask)
        counts[ask.kind] = len(sent) - before
        if answer.status != ask.status:
            raise ValueError(f"{ask.kind} answers {answer.status}")
        try:
            ask = visit.send(answer)
        except StopIteration:
            return counts


def _answer(client: Client, ask: Ask) -> Answer:
    head, _, body = ask.data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    response = client.open(path, method=method, headers=headers, data=body)
    return Answer(response.status_code, _head(response), response.data)


def _head(response: Response) -> bytes:
    return "".join(f"\r\n{name}: {value}" for name, value in response.headers).encode()


if __name__ == "__main__":
    print(json.dumps(count_statements(create_app())))
