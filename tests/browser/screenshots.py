"""Pictures of every page and every mail, in every language: `make screenshots` writes docs/screenshots/."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
from playwright.sync_api import Browser, Page, sync_playwright

from config import TestConfig
from regapp import create_app
from regapp.clock import utcnow
from regapp.db import transaction
from regapp.links import own_path
from regapp.mail.messages import Message
from regapp.mail.render import render
from regapp.services import contacts, demo, registrations, waitlist
from regapp.services.events import EventFacts, get, get_by_slug
from regapp.speech import DEFAULT, LANGUAGES
from tests.browser.conftest import ARGUMENTS, NAMES
from tests.browser.serving import ROOT, serving
from tests.factories import make_event, make_registration
from tests.mail.letters import make_letter
from tests.web.organizers import PASSWORD
from tests.web.workspace import furnish

FOLDER = ROOT / "docs" / "screenshots"
QUALITY = 60
"""Of JPEG: enough to judge a page by, and small."""
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


CONFERENCE = "/events/european-cluster-conference"
ANSWERS = {
    "register-problem": (f"{CONFERENCE}/register", {"email": "ilona@", "organisation": "Pannon Cluster"}),
    "check-your-mail": (f"{CONFERENCE}/link", {"email": "ilona@example.org"}),
    "contact-sent": (
        f"{CONFERENCE}/contact", {"name": "Pál Nagy", "email": "pal@example.org", "message": "Is there parking nearby?"}
    ),
}  # fmt: skip
"""Pages that answer a form: name → the form, and what is typed into it."""
FIGURES: dict[str, Any] = {
    "account": 1, "session_version": 0, "lifetime": 3600, "role": "manager", "taken": 250, "waiting": 12,
    "registered": 42, "cancelled": 3, "promoted": 3, "failing": 2, "since": "2026-09-13T05:00:00+00:00",
}  # fmt: skip
"""What mails to organizers say."""
ANNOUNCED = {
    "announced_subject": "How to get there",
    "announced_body": "Take tram 2 to **Közraktár utca**, then walk.\n\n- Doors open at 8:30\n- Lunch is at 12",
}
IMPRINT = {
    "en": {"name": "Cluster breakfast", "imprint": "Cluster Association\n\n1 Example Street, 1000 Brussels"},
    "hu": {"name": "Klaszterreggeli", "imprint": "Klaszterszövetség\n\n1000 Brüsszel, Példa utca 1."},
}


def main() -> None:
    """Make the installation, look at it, write the pictures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "instance"
        app = create_app(TestConfig(folder))
        stack.enter_context(app.app_context())
        flask_migrate.upgrade()
        pages = _prepare()
        workspace = furnish(_cluster_days(utcnow()), people=60, size=50)
        desk = {name.partition(".")[2].replace("_", "-"): path for name, path in workspace.pages(app).items()}
        playwright = stack.enter_context(sync_playwright())
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        settings = {"INSTANCE_DIR": str(folder), "SECRET_KEY": app.config["SECRET_KEY"], "WORKER": "off"}
        server = stack.enter_context(serving(settings))
        for lang in LANGUAGES:
            _take_pages(browser, server.url, pages, lang)
            _take_workspace(browser, server.url, workspace.me.email, desk, lang)
            _take_mails(browser, lang)
        browser.close()


def _prepare() -> dict[str, str]:
    """Fill the installation with the demo events and some people; return name → address of each page."""
    now = utcnow()
    for found in demo.read(ROOT / "demo"):
        with transaction():
            demo.load(found, now=now)
    event = get_by_slug("european-cluster-conference")
    training = get_by_slug("joint-training-bari")
    ilona = {"first_name": "Ilona", "last_name": "Szabó", "organisation": "Pannon Cluster", "country": "HU"}
    seated, waiting = make_registration(event, **ilona), make_registration(training, **ilona)
    gone, unserved = make_registration(event, **ilona), make_registration(_served(now), **ilona)
    guarded = make_event(robot_check="work", texts=IMPRINT)
    with transaction():
        registrations.cancel(gone.id, actor="attendee", now=now)
    with transaction():
        waitlist.end_serving(unserved.event.id, now=now + timedelta(days=2))
    assert contacts.is_contactable(get(event.id))
    public = CONFERENCE
    own = {
        name: own_path(person.code, person.link_version)
        for name, person in {"confirmed": seated, "waiting": waiting, "cancelled": gone, "no-place": unserved}.items()
    }
    return {
        "events": "/",
        "event": public,
        "event-full": f"/events/{training.slug}",
        "event-upcoming": "/events/kayaking-on-the-danube",
        "event-past": "/events/clusters-in-europe-iv",
        "register": f"{public}/register",
        "register-waiting": f"/events/{training.slug}/register",
        "register-guarded": f"/events/{guarded.slug}/register",
        "imprint": f"/events/{guarded.slug}/imprint",
        "link-again": f"{public}/link",
        "contact": f"{public}/contact",
        "privacy": f"{public}/privacy",
        "not-found": "/nowhere",
        **{f"own-{name}": address for name, address in own.items()},
        **{f"own-{step}": f"{own['confirmed']}/{step}" for step in ("change", "email", "cancel", "erase")},
    }


def _cluster_days(now: datetime) -> EventFacts:
    days = {"opens_at": -25, "closes_at": 40, "starts_at": 50, "ends_at": 51}
    dates = {name: now + timedelta(days=number) for name, number in days.items()}
    return make_event(slug="cluster-days", contact_address="office@example.org", tz="Europe/Budapest", **dates)


def _served(now: datetime) -> object:
    return make_event(size=0, serve_until=now + timedelta(days=1), closes_at=now + timedelta(days=1))


def _take_pages(browser: Browser, url: str, pages: dict[str, str], lang: str) -> None:
    for width, viewport in (("wide", WIDE), ("narrow", NARROW)):
        page = browser.new_context(viewport=viewport, reduced_motion="reduce").new_page()
        for name, path in pages.items():
            page.goto(f"{url}{path}?lang={lang}", wait_until="networkidle")
            _write(page, f"{lang}-{name}-{width}")
        leaving = make_registration(get_by_slug("european-cluster-conference"))
        erase = f"{own_path(leaving.code, leaving.link_version)}/erase"
        for name, (path, typed) in {**ANSWERS, "erased": (erase, {})}.items():
            page.goto(f"{url}{path}?lang={lang}")
            _send(page, typed)
            _write(page, f"{lang}-{name}-{width}")


def _take_workspace(browser: Browser, url: str, email: str, pages: dict[str, str], lang: str) -> None:
    looks = {"wide": WIDE} if lang != DEFAULT else {"wide": WIDE, "narrow": NARROW}
    for width, viewport in looks.items():
        page = browser.new_context(viewport=viewport, reduced_motion="reduce").new_page()
        page.goto(f"{url}/organizer/sign-in?lang={lang}", wait_until="networkidle")
        _write(page, f"{lang}-desk-sign-in-{width}")
        _send(page, {"email": email, "password": PASSWORD})
        for name, path in pages.items():
            page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={lang}", wait_until="networkidle")
            _write(page, f"{lang}-desk-{name}-{width}")


def _send(page: Page, typed: dict[str, str]) -> None:
    """Send the form of this page; `typed` by the names of its fields."""
    for field, text in typed.items():
        page.fill(f"[name={field}]", text)
    with page.expect_navigation(wait_until="networkidle"):
        page.locator("main form button").click()


def _take_mails(browser: Browser, lang: str) -> None:
    page = browser.new_context(viewport=NARROW).new_page()
    for message in Message:
        letter = make_letter(
            message=message, lang=lang, position=3, state="confirmed", changed=["organisation"],
            was={"starts_at": datetime(2026, 11, 30, 8, 0, tzinfo=UTC).isoformat(), "where": {"en": "Old Hall"}},
            from_name="Pál Nagy", from_address="pal@example.org", body="Is there parking nearby?", **FIGURES,
            **(ANNOUNCED if message is Message.ANNOUNCEMENT else {}),
        )  # fmt: skip
        page.set_content(render(letter).html)
        _write(page, f"{lang}-mail-{message}")


def _write(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.jpg", full_page=True, type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
