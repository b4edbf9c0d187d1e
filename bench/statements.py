"""Count what each request sends to the database: `python -m bench.statements` prints it as JSON, kind → number."""

from __future__ import annotations

import json
import secrets
import sys

from werkzeug.test import Client
from werkzeug.wrappers import Response

from bench.database import SLUG
from bench.visits import Answer, Ask, Site, journey
from regapp import create_app
from tests.statements import counting


def count_statements(client: Client) -> dict[str, int]:
    """Go one journey and return the statements of each request. Raises: ValueError for an unexpected answer."""
    counts: dict[str, int] = {}
    visit = journey(Site("localhost", SLUG, secrets.token_hex(4)), 0)
    ask = next(visit)
    while True:
        with counting() as statements:
            answer = _answer(client, ask)
        if answer.status != ask.status:
            raise ValueError(f"{ask.kind} answers {answer.status}")
        counts[ask.kind] = len(statements)
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


def main() -> None:
    """Count in the database of the settings; the second journey, when caches of the process are filled."""
    app = create_app()
    client = app.test_client(use_cookies=False)
    with app.app_context():
        count_statements(client)
        json.dump(count_statements(client), sys.stdout)


if __name__ == "__main__":
    main()
