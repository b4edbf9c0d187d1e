"""Visitors who all ask at once, over real connections."""

from __future__ import annotations

import re
import selectors
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from urllib.parse import urlencode, urlsplit

from bench import visits
from bench.load import SILENCE, Client, Job, LoadFailed
from bench.visits import HEADERS, Answer, Ask, Form, Site

HOST = "127.0.0.1"
CONNECTIONS = 100
"""Connections open at once: far more than a server has threads here, so that its threads never wait for us."""
_STANDING = re.compile(rb'<main[^>]* data-state="(\w*)" data-position="(\d*)"')
_LOCATION = re.compile(rb"(?i)\r\nlocation: *([^\r]+)")


class Crowd:
    """The visitors of one server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def open_forms(self, slug: str, *, count: int) -> list[Form]:
        """Open the form of an event, each time in a browser of its own."""
        site = Site(HOST, slug, tag="")
        opened = [visits.fetch(site, number) for number in range(count)]
        answers = self.ask([next(visit) for visit in opened])
        assert {answer.status for answer in answers} == {200}
        for visit, answer in zip(opened, answers, strict=True):
            with suppress(StopIteration):
                visit.send(answer)
        return site.kept_forms

    def ask(self, asks: Sequence[Ask], *, after_each: Callable[[], object] = lambda: None) -> list[Answer]:
        """Send all requests at once, as far as there are connections; return the answers in the same order.

        `after_each` runs after each answer, while the server is busy with the others. Raises: LoadFailed.
        """
        answers: dict[int, Answer] = {}
        numbers = iter(range(len(asks)))
        with ExitStack() as connections, selectors.DefaultSelector() as selector:
            clients = [self._connect(connections) for _ in asks[:CONNECTIONS]]
            sent = dict(zip(clients, numbers, strict=False))
            for client, number in sent.items():
                selector.register(client.socket, selectors.EVENT_READ, client)
                client.send(asks[number])
            while len(answers) < len(asks):
                for client in _ready(selector):
                    answer = client.receive()
                    if answer is None:
                        continue
                    answers[sent[client]] = answer
                    after_each()
                    sent[client] = next(numbers, -1)
                    if sent[client] < 0:
                        selector.unregister(client.socket)
                    else:
                        client.send(asks[sent[client]])
        return [answers[number] for number in range(len(asks))]

    def _connect(self, connections: ExitStack) -> Client:
        client = Client(Job(port=self._port, visit="", slug="", tag="", count=0))
        connections.callback(client.socket.close)
        return client


def open_form(slug: str, ask: Callable[[Ask], Answer]) -> Form:
    """Open the form of an event; `ask` brings the answer."""
    site = Site(HOST, slug, tag="")
    visit = visits.fetch(site, 0)
    answer = ask(next(visit))
    with suppress(StopIteration):
        visit.send(answer)
    return site.kept_forms[0]


def register(slug: str, form: Form, email: str, *, agrees: bool = True, category: int | None = None) -> Ask:
    """Fill a form in and send it. `agrees`: to wait if there is no place; `category`: the one to choose, if any."""
    fields = {
        "submission": form.submission,
        "first_name": "Ana",
        "last_name": "Kovács",
        "email": email,
        "organisation": "Danube Cluster",
        "country": "HU",
        "privacy": "y",
    }
    chosen = {} if category is None else {"category": str(category)}
    agreed = {"accept_waitlist": "y"} if agrees else {}
    return _post(f"/events/{slug}/register", form, fields | agreed | chosen)


def cancel(path: str, form: Form) -> Ask:
    """Cancel the registration with this page, in a browser that has opened some form here."""
    return _post(f"{path}/cancel", form, {})


def look(path: str) -> Ask:
    """Open a page."""
    return Ask("page", f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{HEADERS}\r\n".encode())


def location(answer: Answer) -> str:
    """Return where an answer leads; empty if nowhere."""
    found = _LOCATION.search(answer.head)
    return urlsplit(found.group(1).decode()).path if found else ""


def standing(answer: Answer) -> tuple[str, int | None]:
    """Return the state and the position that one's own page shows."""
    found = _STANDING.search(answer.body)
    assert found, "this is nobody's own page"
    state, position = found.groups()
    return state.decode(), int(position) if position else None


def _post(path: str, form: Form, fields: dict[str, str]) -> Ask:
    body = urlencode({"csrf_token": form.csrf_token, **fields}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{HEADERS}Cookie: {form.cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Ask("POST", head.encode() + body)


def _ready(selector: selectors.BaseSelector) -> list[Client]:
    ready = [key.data for key, _ in selector.select(timeout=SILENCE)]
    if not ready:
        raise LoadFailed("the server does not answer any more")
    return ready
