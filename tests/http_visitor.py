"""Somebody who visits the product over HTTP, without any of its code."""

from __future__ import annotations

import http.cookiejar
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

from tests.web.visitor import Page, read


@dataclass
class Answer:
    """What came back after all redirects. `url`: where it came from."""

    url: str
    status_code: int
    text: str


@dataclass
class Visitor:
    """Somebody with a browser of their own behind the network address that all share."""

    number: int
    url: str
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    @property
    def address(self) -> str:
        """Return their mail address."""
        return f"visitor.{self.number}@example.org"

    def register(self, event: str, **details: str) -> Answer:
        """Fill in the form of an event and send it; who comes too late agrees to wait."""
        typed = {
            "first_name": "Ana", "last_name": f"Kovács {self.number}", "email": self.address,
            "organisation": "Danube Cluster", "country": "HU", "privacy": "yes", "accept_waitlist": "yes",
        }  # fmt: skip
        return self.send(f"{self.url}/events/{event}/register", typed | details)

    def send(self, url: str, typed: dict[str, str]) -> Answer:
        """Open a page with a form, and send it back with what was typed."""
        shown = self.page(url).inputs
        data = urllib.parse.urlencode(shown | typed).encode()
        with self.browser.open(url, data) as answer:
            return Answer(answer.url, answer.status, answer.read().decode())

    def page(self, url: str) -> Page:
        """Open a page."""
        with self.browser.open(url) as answer:
            return read(Answer(answer.url, answer.status, answer.read().decode()))
