"""Organizers oversee an event in a browser: axe-core finds nothing, and the limit is raised as was shown."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import OutboxMail, Role
from regapp.services import events, teams
from tests.browser.serving import Server
from tests.browser.visits import Visit, visiting
from tests.factories import make_event, make_registration
from tests.web.organizers import PASSWORD, give_password, make_account

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a browser draws needs one database

HOME = "/organizer/events/conference"
LOOKS = [pytest.param("light", 390, id="light, narrow"), pytest.param("dark", 1280, id="dark, wide")]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "preload": False}
PAGES = ("/", "/capacity", "/capacity?event=2", "/capacity?event=0", "/history", "/mail", "/mail?fate=trouble")


def _prepare() -> str:
    """Make an event with a queue and mail trouble, and one without; return the address of their owner."""
    event, other, me = make_event(slug="conference", size=1), make_event(), give_password(make_account())
    with transaction():
        for mine in (event, other):
            teams.add(mine.id, me.id, Role.OWNER)
    for _ in range(3):
        make_registration(event)
    with transaction():
        db.session.execute(update(OutboxMail).values(failed_at=utcnow(), attempts=13, error="550 no such user"))
    return me.email


def _sign_in(visit: Visit, email: str) -> None:
    visit.open("/organizer/sign-in")
    visit.page.get_by_label("E-mail").fill(email)
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.press("Sign in")


def _faults(visit: Visit) -> list[str]:
    found: dict[str, Any] = Axe().run(visit.page, options=RULES).response
    return [f"{visit.page.url}: {rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(app: Flask, browser: Browser, running: Server, scheme: Any, width: int) -> None:
    email, faults = _prepare(), []

    # axe writes styles into the page that it looks at, which our pages themselves must not
    look: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "bypass_csp": True, "color_scheme": scheme}
    with visiting(browser, running, **look) as visit:
        _sign_in(visit, email)
        for path in PAGES:
            visit.open(HOME + path)
            faults += _faults(visit)

    assert faults == []


def test_every_tab_fits_a_small_phone(app: Flask, browser: Browser, running: Server) -> None:
    email = _prepare()
    with visiting(browser, running, viewport={"width": 320, "height": 640}) as visit:
        _sign_in(visit, email)
        visit.open("/organizer/")
        visit.open(HOME + "/settings")
        edges = visit.page.evaluate(
            "[...document.querySelectorAll('.tabs a')].map(a => a.getBoundingClientRect().right)"
        )

    assert len(edges) == 9
    assert max(edges) <= 320


def test_the_limit_is_raised_as_was_shown(app: Flask, browser: Browser, running: Server) -> None:
    email = _prepare()

    with visiting(browser, running) as visit:
        _sign_in(visit, email)
        visit.open(f"{HOME}/capacity")
        visit.page.get_by_label("Whole event").fill("2")
        visit.press("Show what would happen")
        assert visit.page.get_by_text("One person gets a place now").is_visible()
        assert visit.page.get_by_text("One person keeps waiting.").is_visible()
        visit.press("Apply 1 → 2")
        assert visit.page.get_by_text("The number of places is now: 2. One person got a place.").is_visible()

    after = events.get_by_slug("conference")
    assert (after.size, after.taken, after.waiting) == (2, 2, 1)
