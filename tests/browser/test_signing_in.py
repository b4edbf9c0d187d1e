"""Organizers at a real browser: by keyboard alone, from the mail, with a telephone; and axe-core finds nothing."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.models import Role
from regapp.services import teams
from tests.browser.serving import Server
from tests.browser.visits import Visit, visiting
from tests.factories import make_event
from tests.web.organizers import PASSWORD, give_password, make_account

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a browser draws needs one database

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "preload": False}
LOOKS = [pytest.param("light", 390, id="light, narrow"), pytest.param("dark", 1280, id="dark, wide")]


def _faults(visit: Visit) -> list[str]:
    found: dict[str, Any] = Axe().run(visit.page, options=RULES).response
    return [f"{visit.page.url}: {rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]


def _sign_in(visit: Visit, email: str, password: str = PASSWORD) -> None:
    """Sign in by keyboard alone."""
    visit.open("/organizer/sign-in")
    visit.page.get_by_label("E-mail").focus()
    visit.page.keyboard.type(email)
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.type(password)
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")
    visit.look()


def test_from_the_invitation_to_signing_in_with_a_telephone(app: Flask, browser: Browser, running: Server) -> None:
    event, owner = make_event(), give_password(make_account("Eszter Varga"))
    with transaction():
        teams.add(event.id, owner.id, Role.OWNER)

    with visiting(browser, running) as visit:
        _sign_in(visit, owner.email)
        visit.follow("European Cluster Conference")
        visit.follow("Team")
        visit.page.get_by_label("E-mail").fill("eva@example.org")
        visit.page.get_by_label("Name", exact=True).fill("Éva Nagy")
        visit.page.get_by_label("Role", exact=True).select_option(label="Manager")
        visit.press("Take into the team")
        assert visit.page.get_by_role("status").inner_text().startswith("Éva Nagy is in the team now")

    text = running.mail("team_invited", "eva@example.org").get_body(("plain",)).get_content()  # type: ignore[union-attr]
    link = next(word for word in text.split() if "/organizer/password/" in word)
    with visiting(browser, running) as visit:
        visit.open(link)
        visit.page.get_by_label("New password").fill("nine slow kettles")
        visit.press("Set the password")
        _sign_in(visit, "eva@example.org", "nine slow kettles")
        visit.follow("Éva Nagy")
        visit.follow("Switch the codes on")
        assert visit.page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 0")
        secret = visit.page.locator("[name=secret]").get_attribute("value") or ""
        visit.page.get_by_label("Code").fill(pyotp.TOTP(secret).at(utcnow()))
        visit.page.get_by_label("Present password").fill("nine slow kettles")
        visit.press("Switch the codes on")
        recovery = visit.page.locator(".codes code").first.inner_text()
        visit.follow("I have kept them")
        visit.press("Sign out everywhere")
        _sign_in(visit, "eva@example.org", "nine slow kettles")
        assert visit.heading == "Your one-time code"
        visit.page.get_by_role("textbox", name="Code").fill(recovery)
        visit.press("Sign in")
        assert visit.heading == "My events"


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(app: Flask, browser: Browser, running: Server, scheme: Any, width: int) -> None:
    event, me, other = make_event(slug="conference"), give_password(make_account()), make_account("Péter Kiss")
    with transaction():
        teams.add(event.id, me.id, Role.OWNER)
        teams.add(event.id, other.id, Role.VIEWER)
    account, team, faults = "/organizer/account", "/organizer/events/conference/team", []

    # axe writes styles into the page that it looks at, which our pages themselves must not
    look: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "bypass_csp": True, "color_scheme": scheme}
    with visiting(browser, running, **look) as visit:
        for path, button in (("sign-in", "Sign in"), ("forgotten", "Send the link")):
            visit.open(f"/organizer/{path}")
            faults += _faults(visit)
            visit.press(button, status=422)
            faults += _faults(visit)
        _sign_in(visit, me.email)
        for path in (account, f"{account}/password", f"{account}/codes", f"{account}/codes/off", team):
            visit.open(path)
            faults += _faults(visit)
        visit.press("Take into the team", status=422)
        faults += _faults(visit)
        for path in (f"{team}/{other.id}/remove", f"{team}/leave"):
            visit.open(path)
            faults += _faults(visit)

    assert faults == []
