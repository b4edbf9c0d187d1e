"""Fixtures of the browser tests: Chromium, and the product as a running server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.serving import Server, serving

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "The browser tests need Chromium: install it (Debian: apt-get install chromium)."
ARGUMENTS = [
    "--no-sandbox",  # the sandbox needs what containers do not give; the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nobody else can be reached
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium, one per run: each visitor gets cookies of their own."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(INSTALL, pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


@pytest.fixture
def running(settings: dict[str, str]) -> Iterator[Server]:
    """Return a running server on this test's database, which sends its mails into a folder."""
    with serving(settings) as server:
        yield server
