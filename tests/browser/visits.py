"""A visitor at a real browser, who notices what no page of ours may do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from tests.browser.serving import Server

REFUSALS = {409, 413, 422, 503}
"""Answers to a form that a browser's console mentions although they are pages like others."""
PERSON = {
    "First name": "Ana",
    "Last name": "Kovács",
    "E-mail": "ana@example.org",
    "Organisation": "Danube Cluster",
    "Job title": "Head of clusters",
}
"""Label → what somebody types."""


@dataclass
class Visit:
    """One visitor with cookies of their own. `faults`: what pages did that they must not do."""

    page: Page
    server: Server
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._see_request)
        self.page.on("response", self._see_response)

    def open(self, address: str) -> None:
        """Open an address of the server."""
        self.page.goto(address if "://" in address else self.server.url + address)
        self.look()

    def follow(self, link: str) -> None:
        """Follow the link with these words."""
        self.page.get_by_role("link", name=link).first.click()
        self.look()

    def press(self, button: str, *, status: int = 200) -> None:
        """Press the first button with these words; `status` of the page that comes in the end."""
        with self.page.expect_response(self._answers_navigation) as answer:
            self.page.get_by_role("button", name=button, exact=True).first.click()
        assert answer.value.status == status, answer.value.status
        self.look()

    def type(self, **typed: str) -> None:
        """Fill in the form as this person does; `typed` names what differs by field name."""
        for label, text in PERSON.items():
            box = self.page.get_by_label(label)
            box.fill(typed.get(str(box.get_attribute("name")), text))
        self.page.get_by_label("Country").select_option(label="Hungary")
        self.page.get_by_label("I agree that my details").check()

    def look(self) -> None:
        """Wait until the page has come, and see whether it fits into the window, has one heading and a title."""
        self.page.wait_for_load_state("load")
        width, inner = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        if width > inner:
            self.faults.append(f"{self.page.title()} is {width} px wide in a window of {inner}")
        if self.page.locator("h1").count() != 1:
            self.faults.append(f"{self.page.title()} has {self.page.locator('h1').count()} main headings")

    @property
    def heading(self) -> str:
        """Return the main heading."""
        return self.page.locator("h1").inner_text()

    @property
    def standing(self) -> tuple[str, str]:
        """Return state and position from one's own page."""
        main = self.page.locator("main")
        return main.get_attribute("data-state") or "", main.get_attribute("data-position") or ""

    def _answers_navigation(self, response: Response) -> bool:
        return response.request.is_navigation_request() and not 300 <= response.status < 400

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _see_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.server.url}/", "data:")):
            self.faults.append(f"asks somebody else: {request.url}")

    def _see_response(self, response: Response) -> None:
        expected = REFUSALS if response.request.is_navigation_request() else set()
        if response.status >= 400 and response.status not in expected:
            self.faults.append(f"{response.status} for {response.request.resource_type} {response.url}")


@contextmanager
def visiting(browser: Browser, server: Server, **options: Any) -> Iterator[Visit]:
    """Let somebody visit the server; at the end nothing may have gone wrong. Options: those of a browser's context."""
    context = browser.new_context(locale="en-GB", ignore_https_errors=True, **options)
    context.set_default_timeout(30_000)
    visit = Visit(context.new_page(), server)
    try:
        yield visit
        assert not visit.faults, visit.faults
    except BaseException:
        print(f"{visit.page.url} showed:\n{visit.page.locator('main').inner_text()[:2000]}")  # what to look at first
        raise
    finally:
        context.close()
