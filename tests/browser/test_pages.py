"""Pages by keyboard alone, and enlarged for weak eyes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator
from sqlalchemy import update

from regapp.db import db, transaction
from regapp.links import own_path
from regapp.models import Event
from tests.browser.serving import Server
from tests.browser.visits import Visit, visiting
from tests.factories import make_category, make_event, make_registration

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a browser draws needs one database

ENLARGED = [
    pytest.param({"width": 640, "height": 400}, 2, id="1280 px at 200 %"),
    pytest.param({"width": 320, "height": 256}, 4, id="1280 px at 400 %"),
]
FOCUSED = "document.activeElement.name || document.activeElement.innerText || document.activeElement.tagName"


@pytest.mark.parametrize(("viewport", "scale"), ENLARGED)
def test_enlarged_pages_need_no_scrolling_to_the_side(
    app: Flask, browser: Browser, running: Server, viewport: dict[str, int], scale: int
) -> None:
    event, upcoming = make_event(size=1), make_event(name="Later", opens_at=make_event().closes_at)
    long = {"first_name": "Maximiliane-Alexandra" * 4, "organisation": "Donaudampfschifffahrtsgesellschaft" * 4}
    seated, waiting = (make_registration(event, **long, email=f"{'a' * 60}.{n}@example.org") for n in range(2))
    paths = [
        "/",
        "/privacy",
        *(f"/events/{slug}{page}" for slug in (event.slug, upcoming.slug) for page in ("", "/register")),
    ]
    paths += [
        own_path(own.code, own.link_version) + page for own in (seated, waiting) for page in ("", "/change", "/cancel")
    ]

    with visiting(browser, running, viewport=viewport, device_scale_factor=scale) as visit:
        for path in paths:
            visit.open(path)
        visit.open(f"/events/{event.slug}/register")
        visit.press("Join the waiting list", status=422)

        assert "need a look" in visit.page.get_by_role("alert").inner_text()


def test_the_printed_own_page_says_of_which_event_and_of_whom_it_is(
    app: Flask, browser: Browser, running: Server
) -> None:
    own = make_registration(make_event(name="Clusters in Europe"))

    with visiting(browser, running) as visit:
        visit.open(own_path(own.code, own.link_version))
        name, organiser = (
            visit.page.locator("main").get_by_text(words)
            for words in ("Clusters in Europe", "Organised by Cluster Association.")
        )
        assert not organiser.is_visible()
        visit.page.emulate_media(media="print")

        assert name.filter(visible=True).count() == 1
        assert organiser.is_visible()


@pytest.mark.parametrize("audience", ["", "- Policy makers\n- Practitioners"])
def test_the_description_has_room_and_headings_keep_their_distance(
    app: Flask, browser: Browser, running: Server, audience: str
) -> None:
    event = make_event()
    texts = {"en": event.texts["en"] | {"description": "A long description. " * 40, "audience": audience}}
    with transaction():
        db.session.execute(update(Event).where(Event.id == event.id).values(texts=texts))

    with visiting(browser, running, viewport={"width": 1280, "height": 800}) as visit:
        visit.open(f"/events/{event.slug}")
        parts = visit.page.get_by_label("About the event", exact=True).locator("> div")
        assert all(box["width"] >= 500 for box in map(Locator.bounding_box, parts.all()) if box)
        visit.page.set_viewport_size({"width": 390, "height": 844})
        boxes = [part.bounding_box() or {} for part in parts.all()]
        assert all(below["y"] - above["y"] - above["height"] >= 24 for above, below in pairwise(boxes))


def test_the_keyboard_alone_is_enough_to_register(app: Flask, browser: Browser, running: Server) -> None:
    event = make_event()
    make_category(event, name="Policy makers")
    make_category(event, hidden=True)
    make_category(event, name="Guests")

    with visiting(browser, running, viewport={"width": 1280, "height": 800}) as visit:
        visit.open(f"/events/{event.slug}")
        tab_to(visit, "Register")
        enter(visit)
        tab_to(visit, "category")
        visit.page.keyboard.press("ArrowDown")
        for name, typed in {
            "first_name": "Ana",
            "last_name": "Kovács",
            "email": "ana@",
            "organisation": "Danube",
        }.items():
            tab_to(visit, name)
            assert outline(visit) != "none"
            visit.page.keyboard.type(typed)
        tab_to(visit, "country")
        visit.page.keyboard.type("Hung")
        tab_to(visit, "privacy")
        visit.page.keyboard.press("Space")
        tab_to(visit, "Register")
        enter(visit)

        # The problem has the focus; from there the link leads into the field.
        assert visit.page.title().startswith("Problem:")
        assert visit.page.evaluate("document.activeElement.getAttribute('role')") == "alert"
        tab_to(visit, "E-mail: Add the part after the @, such as name@example.org")
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate(FOCUSED) == "email"
        visit.page.keyboard.press("End")
        visit.page.keyboard.type("example.org")
        enter(visit)

        assert visit.standing == ("confirmed", "")
        assert visit.page.get_by_text("Hungary").is_visible()
        assert visit.page.get_by_text("Guests").is_visible()
        tab_to(visit, "Cancel my place")
        enter(visit)
        tab_to(visit, "Cancel my place")
        enter(visit)
        assert visit.standing == ("cancelled", "")


def test_the_first_tab_leads_past_the_navigation(app: Flask, browser: Browser, running: Server) -> None:
    make_event(name="Conference")

    with visiting(browser, running) as visit:
        visit.open("/")
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate(FOCUSED) == "Skip to the content"
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")

        assert visit.page.evaluate(FOCUSED) == "Conference"


def tab_to(visit: Visit, wanted: str) -> None:
    """Press Tab until this field, link or button has the focus."""
    passed: list[str] = []
    for _ in range(25):
        visit.page.keyboard.press("Tab")
        passed.append(visit.page.evaluate(FOCUSED))
        if passed[-1] == wanted:
            return
    pytest.fail(f"{wanted} cannot be reached: {passed}")


def enter(visit: Visit) -> None:
    """Press Enter, and wait for the page that comes."""
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")
    visit.look()


def outline(visit: Visit) -> str:
    """Return what shows that an element has the focus."""
    return str(visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
