"""axe-core finds nothing on any page, in any state, in either language, light or dark, narrow or wide."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser

from regapp.clock import utcnow
from regapp.db import transaction
from regapp.links import own_path
from regapp.models import EventStatus
from regapp.services import registrations, waitlist
from tests.browser.serving import Server
from tests.browser.visits import Visit, visiting
from tests.factories import make_category, make_event, make_registration
from tests.web.organizers import PASSWORD
from tests.web.workspace import furnish

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what a browser draws needs one database

LOOKS = [
    pytest.param("en", "light", 390, id="English, light, narrow"),
    pytest.param("hu", "dark", 1280, id="Hungarian, dark, wide"),
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "preload": False}


def _auditing(browser: Browser, server: Server, *, width: int, **options: Any) -> AbstractContextManager[Visit]:
    # axe writes styles into the page that it looks at, which our pages themselves must not
    return visiting(browser, server, viewport={"width": width, "height": 900}, bypass_csp=True, **options)


def _faults(visit: Visit) -> list[str]:
    found: dict[str, Any] = Axe().run(visit.page, options=RULES).response
    return [f"{visit.page.url}: {rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]


def _paths() -> list[str]:
    """Return every public page in every state."""
    texts = {"en": {"name": "X", "imprint": "Us", "description": "# Title\n\nText", "audience": "- a\n- b"}}
    event = make_event(size=1, contact_address="office@example.org", online_url="https://meet.example/x")
    others = [
        make_event(opens_at=utcnow() + timedelta(days=1)),
        make_event(status=EventStatus.CANCELLED),
        make_event(closes_at=utcnow() - timedelta(days=1)),
        make_event(robot_check="work"),
        make_event(size=None, texts=texts),
    ]
    people = [make_registration(event) for _ in range(3)]
    unserved = make_registration(make_event(size=0, serve_until=utcnow() + timedelta(hours=1)))
    with transaction():
        registrations.cancel(people[2].id, actor="attendee", now=utcnow())
    with transaction():
        waitlist.end_serving(unserved.event.id, now=utcnow() + timedelta(hours=2))
    own = [own_path(person.code, person.link_version) for person in (*people, unserved)]
    kinds, categories = _with_categories()
    return [
        "/",
        "/privacy",
        *(f"/events/{event.slug}{page}" for page in ("", "/register", "/link", "/contact", "/privacy")),
        *(f"/events/{other.slug}{page}" for other in others for page in ("", "/register")),
        f"/events/{others[-1].slug}/imprint",
        *own,
        *(f"{address}/{page}" for address in own[:2] for page in ("change", "email", "cancel", "erase")),
        *(f"/events/{kinds}{page}" for page in ("", "/register")),
        *categories,
    ]


def _with_categories() -> tuple[str, list[str]]:
    """Return the slug of an event with every kind of category, and pages of somebody who waits in one."""
    event = make_event(size=9)
    full, free = make_category(event, size=0), make_category(event)
    make_category(event, opens_at=utcnow() + timedelta(days=1))
    make_category(event, closes_at=utcnow() - timedelta(days=1))
    own = make_registration(event, category_id=full)
    address = own_path(own.code, own.link_version)
    return event.slug, [address, f"{address}/category", f"{address}/category?category={free}"]


@pytest.mark.parametrize(("lang", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page(
    app: Flask, browser: Browser, running: Server, lang: str, scheme: Any, width: int
) -> None:
    faults = []

    with _auditing(browser, running, width=width, color_scheme=scheme) as visit:
        for path in _paths():
            visit.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            faults += _faults(visit)

    assert not faults, "\n".join(sorted(set(faults)))


@pytest.mark.parametrize(("lang", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_answers(
    app: Flask, browser: Browser, running: Server, lang: str, scheme: Any, width: int
) -> None:
    event, full = make_event(contact_address="office@example.org"), make_event(size=0)
    own = make_registration(event)
    address = own_path(own.code, own.link_version)
    answers = {
        f"/events/{event.slug}/register": 200,  # somebody who is registered already
        f"/events/{full.slug}/register": 409,
        f"/events/{event.slug}/link": 200,
        f"/events/{event.slug}/contact": 200,
        f"{address}/change": 200,  # saved
        f"{address}/erase": 200,
    }
    faults = []

    with _auditing(browser, running, width=width, color_scheme=scheme) as visit:
        visit.open(f"/nowhere?lang={lang}")
        faults += _faults(visit)
        visit.faults.clear()  # that it is not there was to be expected
        for path, status in answers.items():
            visit.open(f"{path}?lang={lang}")
            _fill(visit, own.email)
            visit.page.evaluate("document.querySelector('[name=accept_waitlist]')?.remove()")
            assert _send(visit) == status
            faults += _faults(visit)

    assert not faults, "\n".join(sorted(set(faults)))


def _send(visit: Visit) -> int:
    """Send the form of this page; return the status of the page that comes."""
    with visit.page.expect_navigation() as answer:
        visit.page.locator("main form button").click()
    visit.look()
    return answer.value.status


def _fill(visit: Visit, email: str) -> None:
    typed = {"email": email, "first_name": "A", "organisation": "B", "name": "C", "message": "D", "job_title": "E"}
    for name, text in typed.items():
        box = visit.page.locator(f"main [name={name}]")
        if box.count():
            box.fill(text)
    if visit.page.locator("[name=privacy]").count():
        visit.page.locator("[name=privacy]").check()
        visit.page.locator("[name=country]").select_option("HU")


@pytest.mark.parametrize(("lang", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_forms_that_come_back(
    app: Flask, browser: Browser, running: Server, lang: str, scheme: Any, width: int
) -> None:
    event = make_event(contact_address="office@example.org", robot_check="work")
    faults = []

    with _auditing(browser, running, width=width, color_scheme=scheme) as visit:
        for form in ("register", "link", "contact"):
            visit.open(f"/events/{event.slug}/{form}?lang={lang}")
            assert _send(visit) == 422
            faults += _faults(visit)

    assert not faults, "\n".join(sorted(set(faults)))


@pytest.mark.parametrize(("lang", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_in_the_workspace(
    app: Flask, browser: Browser, running: Server, lang: str, scheme: Any, width: int
) -> None:
    workspace = furnish(make_event(contact_address="office@example.org"))
    faults = []

    with _auditing(browser, running, width=width, color_scheme=scheme) as visit:
        visit.open("/organizer/sign-in")
        visit.page.get_by_label("E-mail").fill(workspace.me.email)
        visit.page.get_by_label("Password").fill(PASSWORD)
        visit.press("Sign in")
        for path in workspace.pages(app).values():
            visit.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            faults += _faults(visit)

    assert not faults, "\n".join(sorted(set(faults)))
