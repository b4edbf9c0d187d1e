"""Registering where browsers are asked for a calculation: with scripts, too early, where it fails, without scripts."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from regapp.services.events import EventFacts
from tests.browser.serving import Server
from tests.browser.visits import Visit, visiting
from tests.factories import make_event, make_registration

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a browser draws needs one database

WINDOWS = [
    pytest.param({"width": 390, "height": 844}, id="390 px"),
    pytest.param({"width": 1280, "height": 800}, id="1280 px"),
]
MADE = "Your browser has made the small calculation that keeps robots out."
SLOW = """
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (work) { setTimeout(() => post.call(this, work), 1500); };
"""
BROKEN = "Worker.prototype.postMessage = function () { throw new Error('no workers here'); };"


@pytest.fixture
def event(app: Flask) -> EventFacts:
    """Return an event that asks for the calculation."""
    return make_event(robot_check="work", size=1)


@pytest.mark.parametrize("viewport", WINDOWS)
def test_the_calculation_is_made_while_one_types(
    browser: Browser, running: Server, event: EventFacts, viewport: dict[str, int]
) -> None:
    with visiting(browser, running, viewport=viewport) as visit, visiting(browser, running) as late:
        for visitor, address in ((visit, "ana@example.org"), (late, "ben@example.org")):
            visitor.open(f"/events/{event.slug}/register")
            visitor.type(email=address)
            visitor.page.get_by_text(MADE).wait_for()
        visit.press("Register")
        late.press("Register", status=409)
        late.page.get_by_text(MADE).wait_for()
        late.press("Join the waiting list")

        assert visit.standing == ("confirmed", "")
        assert late.standing == ("waitlisted", "1")


def test_who_is_faster_than_the_calculation_waits_a_moment(
    browser: Browser, running: Server, event: EventFacts
) -> None:
    with visiting(browser, running) as visit:
        visit.page.add_init_script(SLOW)
        visit.open(f"/events/{event.slug}/register")
        visit.type()
        button = visit.page.get_by_role("button", name="Register", exact=True)
        with visit.page.expect_navigation():
            button.click()
            assert "One moment" in visit.page.locator(".work [role=status]").inner_text()
            button.click()  # impatient; once is enough

        assert visit.standing == ("confirmed", "")


def test_where_it_cannot_be_made_the_form_goes_without(browser: Browser, running: Server, event: EventFacts) -> None:
    with visiting(browser, running) as visit:
        visit.page.add_init_script(BROKEN)
        visit.open(f"/events/{event.slug}/register")
        visit.type()
        said = visit.page.locator(".work [role=status]").inner_text()
        visit.press("Register")

        assert "cannot make the calculation" in said
        assert visit.standing == ("confirmed", "")


@pytest.mark.parametrize("viewport", WINDOWS)
def test_without_scripts_the_page_says_so_and_the_form_is_taken(
    browser: Browser, running: Server, event: EventFacts, viewport: dict[str, int]
) -> None:
    with visiting(browser, running, viewport=viewport, java_script_enabled=False) as visit:
        visit.open(f"/events/{event.slug}/register")
        assert "runs no JavaScript" in visit.page.locator("noscript p").inner_text()
        make_registration(event)
        visit.type()
        visit.press("Register", status=409)
        visit.press("Join the waiting list")

        assert visit.standing == ("waitlisted", "1")


def test_a_page_that_comes_back_calculates_anew(browser: Browser, running: Server, event: EventFacts) -> None:
    def keep(visit: Visit) -> str:
        visit.page.get_by_text(MADE).wait_for()
        return visit.page.locator("[name=altcha]").input_value()

    with visiting(browser, running) as visit:
        visit.open(f"/events/{event.slug}/register")
        first = keep(visit)
        visit.press("Register", status=422)
        second = keep(visit)

        assert first != second
        assert not visit.page.get_by_text("Keeping robots out").count()
