"""What a visitor does, request by request, and the little that has to be read from the answers.

A visit is a generator: it yields what it asks and is sent the answer. It is only sent answers that are as expected.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

HEADERS = "Accept: text/html\r\nAccept-Language: en-GB,en;q=0.8\r\nUser-Agent: regapp-bench\r\n"
PEOPLE = [
    ("Zsófia", "Kovács", "Pannon Cluster for Food", "Cluster manager", "HU"),
    ("Piotr", "Wiśniewski", "Dolina Lotnicza", "Policy officer", "PL"),
    ("Maria", "", "Agência de Inovação", "", "PT"),
    ("Jean-Luc", "d’Ormesson", "Pôle Minalogic & Cie", "Directeur adjoint", "FR"),
    ("Αικατερίνη", "Παπαδοπούλου", "Υπουργείο Ανάπτυξης", "Advisor", "GR"),
    ("Björn", "Ångström", "Västra Götalandsregionen", "Head of unit", "SE"),
    ("Anna", "Müller", "BioRegio STERN Management GmbH", "Projektleiterin", "DE"),
]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, ready to be sent, and what its answer must be. `contains`: a part of the body."""

    kind: str
    data: bytes
    status: int = 200
    contains: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, as far as visitors read it. `head`: status line and headers."""

    status: int
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What a rendered form hands to its visitor: the cookie, two hidden values, and a category if it asks for one."""

    cookie: str
    csrf_token: str
    submission: str
    category: str | None = None


@dataclass(slots=True)
class Site:
    """Where visitors go. `tag` makes their addresses new; they bring `forms` and `links`, and keep what they get."""

    host: str
    slug: str
    tag: str
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    kept_forms: list[Form] = field(default_factory=list)
    kept_links: list[str] = field(default_factory=list)


Visit: TypeAlias = Generator[Ask, Answer, None]


def look(site: Site, number: int) -> Visit:
    """Open the event's page."""
    yield _get(site, "event page", f"/events/{site.slug}")


def fetch(site: Site, number: int) -> Visit:
    """Open the form and keep it."""
    site.kept_forms.append(_read_form((yield _get(site, "form", f"/events/{site.slug}/register"))))


def post(site: Site, number: int) -> Visit:
    """Send a form that was fetched before, and keep the link to one's own page."""
    site.kept_links.append(_location((yield _post(site, site.forms[number], number))))


def own(site: Site, number: int) -> Visit:
    """Open one's own page by a link that was kept before."""
    yield _get_own(site, site.links[number])


def journey(site: Site, number: int) -> Visit:
    """Come for the first time, read, register, and see where one stands."""
    yield _get(site, "event page", f"/events/{site.slug}")
    form = _read_form((yield _get(site, "form", f"/events/{site.slug}/register")))
    link = _location((yield _post(site, form, number)))
    yield _get_own(site, link)


def empty(site: Site, number: int) -> Visit:
    """Open the route that does nothing (bench/empty.py)."""
    yield _get(site, "empty route", "/empty")


VISITS: dict[str, Callable[[Site, int], Visit]] = {
    "event page": look,
    "form": fetch,
    "POST": post,
    "own page": own,
    "journey": journey,
    "empty route": empty,
}


def _get(site: Site, kind: str, path: str, *, contains: bytes = b"") -> Ask:
    return Ask(kind, f"GET {path} HTTP/1.1\r\nHost: {site.host}\r\n{HEADERS}\r\n".encode(), contains=contains)


def _get_own(site: Site, link: str) -> Ask:
    return _get(site, "own page", link, contains=b'data-state="confirmed"')


def _post(site: Site, form: Form, number: int) -> Ask:
    body = urlencode(_fields(site, form, number)).encode()
    head = (
        f"POST /events/{site.slug}/register HTTP/1.1\r\nHost: {site.host}\r\n{HEADERS}Cookie: {form.cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Ask("POST", head.encode() + body, status=303)


def _fields(site: Site, form: Form, number: int) -> dict[str, str]:
    first, last, organisation, job, country = PEOPLE[number % len(PEOPLE)]
    return {
        "csrf_token": form.csrf_token,
        "submission": form.submission,
        "first_name": first,
        "last_name": last,
        "email": f"visitor.{site.tag}.{number}@example.org",
        "organisation": organisation,
        "job_title": job,
        "country": country,
        "privacy": "y",
    } | ({"category": form.category} if form.category else {})


def _read_form(answer: Answer) -> Form:
    cookie = _first(rb"(?i)\r\nset-cookie: *([^;\r]+)", answer.head)
    csrf_token, submission = (_hidden(name, answer.body) for name in ("csrf_token", "submission"))
    return Form(cookie, csrf_token, submission, _category(answer.body))


def _category(body: bytes) -> str | None:
    """Return the first category that may be chosen."""
    for tag in re.findall(rb'<input\b[^>]*\bname="category"[^>]*>', body):
        if b" disabled" not in tag:
            return _first(rb'\bvalue="([^"]*)"', tag)
    return None


def _hidden(name: str, body: bytes) -> str:
    tag = _first(rb'<input\b[^>]*\bname="' + name.encode() + rb'"[^>]*>', body, group=0)
    return html.unescape(_first(rb'\bvalue="([^"]*)"', tag.encode()))


def _location(answer: Answer) -> str:
    address = urlsplit(_first(rb"(?i)\r\nlocation: *([^\r]+)", answer.head))
    return address.path + (f"?{address.query}" if address.query else "")


def _first(pattern: bytes, text: bytes, *, group: int = 1) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"the answer has nothing like {pattern!r}")
    return found.group(group).decode()
