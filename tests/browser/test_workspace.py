"""The whole way of an organizer: a training from nothing, filled, enlarged, a person found and cancelled, a list."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from regapp.clock import utcnow
from tests.browser.serving import Server, run
from tests.browser.visits import Visit, visiting
from tests.http_visitor import Visitor
from tests.web.organizers import PASSWORD, give_password, make_account
from tests.web.visitor import read

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a browser draws needs one database

PLACES, PEOPLE = 14, 17
NAMES = ("Kovács", "Őrsi", "Żółkiewski", "d’Aubigné", "Großmann", "Παπαδάκη", "Шевченко", "الحسيني", "佐藤")


@dataclass
class Counted:
    """An organizer's hands: what they fill in and what they click."""

    visit: Visit
    fields: int = 0
    clicks: int = 0

    def fill(self, label: str, text: str) -> None:
        """Type into the field with this label."""
        self.visit.page.get_by_label(label, exact=True).fill(text)
        self.fields += 1

    def follow(self, link: str) -> None:
        """Follow a link."""
        self.visit.follow(link)
        self.clicks += 1

    def press(self, button: str) -> None:
        """Press a button."""
        self.visit.press(button)
        self.clicks += 1


def _register(server: Server, event: str, number: int) -> str:
    """Let one more person register; return how they stand."""
    main = read(Visitor(number, server.url).register(event, last_name=NAMES[number % len(NAMES)])).main
    return f"{main['data-state']} {main['data-position']}"


@pytest.mark.parametrize(
    ("width", "script"), [pytest.param(390, False, id="narrow, no script"), pytest.param(1280, True, id="wide, script")]
)
def test_a_small_event_from_nothing_to_its_list(
    app: Flask, browser: Browser, running: Server, settings: dict[str, str], tmp_path: Path, width: int, script: bool
) -> None:
    owner = give_password(make_account("Eszter Varga"))
    starts = utcnow() + timedelta(days=30)
    look: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "java_script_enabled": script}

    with visiting(browser, running, **look) as visit:
        hands = Counted(visit)
        visit.open("/organizer/sign-in")
        hands.fill("E-mail", owner.email)
        hands.fill("Password", PASSWORD)
        hands.press("Sign in")
        hands.follow("New event")
        hands.follow("Training")
        hands.fill("Name", "Writing proposals that convince")
        hands.fill("Begins", f"{starts:%Y-%m-%dT09:00}")
        assert visit.page.get_by_label("Places").input_value() == str(PLACES)
        hands.press("Make the draft")
        hands.press("Publish")
        print(f"small event from nothing: {hands.fields} fields, {hands.clicks} clicks, signing in included")
        assert (hands.fields, hands.clicks) == (4, 5)
        slug = visit.page.url.rstrip("/").rsplit("/", 1)[-1]

        standings = [_register(running, slug, number) for number in range(PEOPLE)]
        assert standings == ["confirmed "] * PLACES + [f"waitlisted {place}" for place in range(1, 4)]

        visit.open(f"/organizer/events/{slug}")
        assert f"{PLACES}\nof {PLACES} places" in visit.page.locator("dl.tiles").inner_text()
        visit.follow("Capacity")
        visit.page.get_by_role("textbox").first.fill("16")
        visit.press("Show what would happen")
        assert "2 people get a place now" in visit.page.locator(".dry-run").inner_text()
        visit.press("Apply 14 → 16")

        visit.follow("People")
        visit.page.get_by_role("searchbox").fill("visitor.3@")
        visit.press("Search")
        visit.page.locator("table.people tbody a").first.click()
        visit.look()
        visit.follow("Cancel registration")
        visit.page.locator("main form button.danger").click()
        visit.look()
        assert "Cancelled" in visit.page.locator("main").inner_text()

        visit.follow("Lists")
        visit.page.get_by_text("CSV with commas").click()
        with visit.page.expect_download() as download:
            visit.page.get_by_role("button", name="Take the list away").click()
        taken_away = tmp_path / "list.csv"
        download.value.save_as(taken_away)

    with taken_away.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert sorted(row["email"] for row in rows) == sorted(
        f"visitor.{number}@example.org" for number in range(PEOPLE) if number != 3
    )
    for number in (14, 15, 16):
        assert running.mail("promoted", f"visitor.{number}@example.org")
    assert run(settings, "seats", "verify")
