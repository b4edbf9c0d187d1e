"""Bad input meets the real servers before it meets us: the answer must be ours all the same."""

from __future__ import annotations

import urllib.error
import urllib.request
from http import HTTPStatus

from flask import Flask
from playwright.sync_api import Browser

from tests.browser.serving import PATIENCE, Server
from tests.browser.visits import visiting
from tests.factories import make_event


def test_ten_megabytes_get_our_own_page(app: Flask, browser: Browser, running: Server) -> None:
    event = make_event()

    with visiting(browser, running) as visit:
        visit.open(f"/events/{event.slug}/register")
        visit.type()
        visit.page.get_by_label("Organisation").evaluate("box => box.value = 'x'.repeat(10e6)")
        visit.press("Register", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

        assert visit.heading == "That was too much at once"


def test_broken_requests_get_our_own_pages(app: Flask, running: Server) -> None:
    path = f"/events/{make_event().slug}/register"

    missing = [ask(running, "GET", broken) for broken in ("/events/%ff", "/r/%00", "/" + "a" * 4000)]
    wrong_method = ask(running, "DELETE", path)
    broken_form = ask(running, "POST", path, b"first_name=\xff\xfe&organisation=%zz%00&=&")

    assert [status for status, _ in missing] == [HTTPStatus.NOT_FOUND] * 3
    assert all("There is no such page" in page for _, page in missing)
    assert wrong_method[0] == HTTPStatus.METHOD_NOT_ALLOWED
    assert "This cannot be done here" in wrong_method[1]
    assert broken_form[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "need a look" in broken_form[1]


def ask(server: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    """Send bytes as they are; return status and page."""
    request = urllib.request.Request(server.url + path, body, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read().decode()
