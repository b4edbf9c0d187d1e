"""A visitor's whole way at a real browser: without a place, with one, and out again."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Browser

from regapp.services.events import EventFacts
from tests.browser.serving import Server, own_link
from tests.browser.visits import Visit, visiting
from tests.factories import make_event

WINDOWS = [{"width": 390, "height": 844}, {"width": 1280, "height": 800}]


@pytest.mark.parametrize(
    ("database", "scripts"),
    [
        pytest.param("sqlite", True, id="SQLite, JavaScript"),
        pytest.param("postgresql", False, id="PostgreSQL, no JavaScript"),
    ],
    indirect=["database"],
)  # what a browser does and what a database does are nothing to each other
def test_a_place_goes_from_one_visitor_to_the_next(
    app: Flask, browser: Browser, running: Server, scripts: bool
) -> None:
    for viewport in WINDOWS:
        event = make_event(size=1, name=f"Conference at {viewport['width']} px")
        options = {"viewport": viewport, "java_script_enabled": scripts}
        with visiting(browser, running, **options) as ana, visiting(browser, running, **options) as ben:
            fill_in_while_there_is_a_place(ben, event)
            register_and_change_details(ana, event)
            learn_that_it_has_gone_and_agree_to_wait(ben, event)
            cancel_by_the_mail(ana, event)
            find_oneself_promoted(ben, event)


def fill_in_while_there_is_a_place(visit: Visit, event: EventFacts) -> None:
    open_form(visit, event)
    visit.type(first_name="Ben", last_name="", email=address("ben", event))


def register_and_change_details(visit: Visit, event: EventFacts) -> None:
    open_form(visit, event)
    visit.type(email=address("ana", event))
    visit.press("Register")
    assert visit.standing == ("confirmed", "")
    assert visit.heading == "You have a place, Ana."

    visit.follow("Change my details")
    assert visit.page.get_by_label("Job title").input_value() == "Head of clusters"
    visit.page.get_by_label("Organisation").fill("Balkan Cluster")
    visit.press("Save")
    assert "Saved." in visit.page.get_by_role("status").inner_text()
    assert visit.page.get_by_text("Balkan Cluster").is_visible()


def learn_that_it_has_gone_and_agree_to_wait(visit: Visit, event: EventFacts) -> None:
    visit.press("Register", status=409)
    assert visit.page.title().startswith("Problem:")
    assert "All places are taken" in visit.page.get_by_role("alert").inner_text()
    assert visit.page.get_by_label("First name").input_value() == "Ben"
    assert visit.page.get_by_label("E-mail").input_value() == address("ben", event)
    assert visit.page.get_by_label("Country").input_value() == "HU"
    assert visit.page.get_by_label("I agree that my details").is_checked()

    visit.press("Join the waiting list")
    assert visit.standing == ("waitlisted", "1")
    assert visit.heading == "You have no place yet, Ben."


def cancel_by_the_mail(visit: Visit, event: EventFacts) -> None:
    visit.open(own_link(visit.server, "confirmed", address("ana", event)))
    visit.follow("Cancel my place")
    assert visit.heading == "Cancel your place?"
    assert visit.standing == ("", "")
    visit.press("Cancel my place")
    assert visit.standing == ("cancelled", "")
    assert visit.heading == "Your registration is cancelled."


def find_oneself_promoted(visit: Visit, event: EventFacts) -> None:
    visit.page.reload()
    visit.look()
    assert visit.standing == ("confirmed", "")
    assert visit.heading == "You have a place, Ben."
    code = visit.page.locator("main").get_attribute("data-code")

    visit.open(own_link(visit.server, "promoted", address("ben", event)))
    assert visit.standing == ("confirmed", "")
    assert visit.page.locator("main").get_attribute("data-code") == code


def open_form(visit: Visit, event: EventFacts) -> None:
    visit.open("/")
    visit.follow(event.text("name", "en"))
    visit.follow("Register")


def address(name: str, event: EventFacts) -> str:
    return f"{name}@{event.slug}.example.org"
