"""A visitor's whole way in each language: wait, be promoted, change, lose the link, move, cancel, erase."""

from __future__ import annotations

from collections.abc import Callable
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

import regapp
from regapp.services.events import EventFacts
from regapp.speech import DEFAULT, LANGUAGES
from tests.browser.serving import Server, own_link
from tests.browser.visits import Visit, visiting
from tests.factories import make_event

Words = Callable[[str], str]
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
WAYS = [
    pytest.param(lang, window, scripts, id=f"{lang}, {window['width']} px, {'JavaScript' if scripts else 'none'}")
    for place, lang in enumerate(LANGUAGES)
    for window, scripts in ((NARROW, place % 2 == 0), (WIDE, place % 2 == 1))
]
"""Each language at both widths, with and without scripts, and so that any two of these meet in some language."""
DETAILS = {"first_name": "Ana", "last_name": "Kovács", "organisation": "Danube Cluster"}


def _words(lang: str) -> Words:
    """Return what says a sentence in this language."""
    if lang == DEFAULT:
        return NullTranslations().gettext
    path = Path(regapp.__file__).parent / "translations" / lang / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as file:
        return GNUTranslations(file).gettext


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("lang", "viewport", "scripts"), WAYS)
def test_the_whole_way(
    app: Flask, browser: Browser, running: Server, lang: str, viewport: dict[str, int], scripts: bool
) -> None:
    event, _ = make_event(size=1), _words(lang)
    options = {"viewport": viewport, "java_script_enabled": scripts}

    with visiting(browser, running, **options) as ana, visiting(browser, running, **options) as ben:
        register(ana, event, _, lang, name="ana", button="Register")
        assert ana.standing == ("confirmed", "")
        register(ben, event, _, lang, name="ben", button="Join the waiting list")
        assert ben.standing == ("waitlisted", "1")
        change_details(ana, _)
        get_the_link_again(ana, event, _, lang)
        move_to_another_address(ana, event, _)
        cancel(ana, _)
        ben.open(own_link(running, "promoted", address("ben", event)))
        assert ben.standing == ("confirmed", "")
        assert ben.page.locator("html").get_attribute("lang") == lang
        erase(ben, event, _)


def register(visit: Visit, event: EventFacts, _: Words, lang: str, *, name: str, button: str) -> None:
    visit.open(f"/events/{event.slug}?lang={lang}")
    visit.follow(_(button))
    for field, text in (DETAILS | {"email": address(name, event)}).items():
        visit.page.locator(f"[name={field}]").fill(text)
    visit.page.locator("[name=country]").select_option("HU")
    visit.page.locator("[name=privacy]").check()
    visit.press(_(button))


def change_details(visit: Visit, _: Words) -> None:
    visit.follow(_("Change my details"))
    visit.page.locator("[name=organisation]").fill("Balaton Cluster")
    visit.press(_("Save"))
    assert visit.page.get_by_text("Balaton Cluster").is_visible()


def get_the_link_again(visit: Visit, event: EventFacts, _: Words, lang: str) -> None:
    visit.open(f"/events/{event.slug}?lang={lang}")
    visit.follow(_("Registered, but the mail is lost?"))
    visit.page.locator("[name=email]").fill(address("ana", event))
    visit.press(_("Send the link"))
    assert visit.heading == _("Check your mail")
    visit.open(own_link(visit.server, "link_again", address("ana", event)))
    assert visit.standing == ("confirmed", "")


def move_to_another_address(visit: Visit, event: EventFacts, _: Words) -> None:
    visit.follow(_("Change my e-mail address"))
    visit.page.locator("[name=email]").fill(address("ana.new", event))
    visit.press(_("Save"))
    assert visit.page.get_by_text(address("ana.new", event)).first.is_visible()
    visit.open(own_link(visit.server, "email_changed", address("ana.new", event)))
    assert visit.standing == ("confirmed", "")


def cancel(visit: Visit, _: Words) -> None:
    visit.follow(_("Cancel my place"))
    assert visit.heading == _("Cancel your place?")
    visit.press(_("Cancel my place"))
    assert visit.standing == ("cancelled", "")


def erase(visit: Visit, event: EventFacts, _: Words) -> None:
    visit.follow(_("Erase my data"))
    visit.press(_("Erase my data"))
    assert visit.heading == _("Your data is erased")
    visit.follow(_("Back to the event"))
    assert visit.heading == event.text("name", "en")


def address(name: str, event: EventFacts) -> str:
    return f"{name}@{event.slug}.example.org"
