"""What the product is for, shown from outside: only HTTP, the fixed points, the commands and the folder of mails."""

from __future__ import annotations

import codecs
import csv
import http.cookiejar
import io
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.serving import own_link, run, serving
from tests.web.visitor import Page, read

PLACES = 250
VISITORS = 260
AT_ONCE = 8
EVENT = "european-cluster-conference"


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

    def register(self) -> Answer:
        """Fill in the form and send it; who comes too late agrees to wait."""
        form = f"{self.url}/events/{EVENT}/register"
        return self.send(form, {
            "first_name": "Ana", "last_name": f"Kovács {self.number}", "email": self.address,
            "organisation": "Danube Cluster", "country": "HU", "privacy": "yes", "accept_waitlist": "yes",
        })  # fmt: skip

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


def test_260_visitors_for_250_places_end_with_a_list_that_is_right(tmp_path: Path) -> None:
    settings = {"INSTANCE_DIR": str(tmp_path / "instance")}
    run(settings, "db", "upgrade")
    run(settings, "demo", "load")

    with serving(settings) as server:
        visitors = [Visitor(number, server.url) for number in range(VISITORS)]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            answers = list(crowd.map(Visitor.register, visitors))

        # 250 confirmed, 10 waiting, each at a position of their own.
        mains = [read(answer).main for answer in answers]
        assert Counter(main["data-state"] for main in mains) == {"confirmed": PLACES, "waitlisted": VISITORS - PLACES}
        positions = {main["data-position"]: number for number, main in enumerate(mains) if main["data-position"]}
        assert sorted(map(int, positions)) == list(range(1, VISITORS - PLACES + 1))
        assert len({main["data-code"] for main in mains}) == VISITORS

        # One leaves; the first in line has the place, the others move up.
        leaving = next(number for number, main in enumerate(mains) if main["data-state"] == "confirmed")
        left = visitors[leaving].send(f"{answers[leaving].url}/cancel", {})
        assert read(left).main["data-state"] == "cancelled"
        first, second = positions["1"], positions["2"]
        assert standing(visitors[first], answers[first]) == ("confirmed", "")
        assert standing(visitors[second], answers[second]) == ("waitlisted", "1")

        # The mail that says so leads to their own page.
        assert own_link(server, "promoted", visitors[first].address) == answers[first].url

        # The list to take away holds those who have a place, and the books are right.
        exported = run(settings, "export", EVENT)
        assert exported.startswith(codecs.BOM_UTF8)
        rows = list(csv.reader(io.StringIO(exported.decode("utf-8-sig"))))
        assert len(rows) == 1 + PLACES
        listed = {cell for row in rows for cell in row}
        assert visitors[first].address in listed
        assert not {visitors[leaving].address, visitors[second].address} & listed
        run(settings, "seats", "verify")


def standing(visitor: Visitor, answer: Answer) -> tuple[str, str]:
    """Return state and position as one's own page says them now."""
    main = visitor.page(answer.url).main
    return main["data-state"], main["data-position"]
