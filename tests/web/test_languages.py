"""Which language a page speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from regapp import links
from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import OutboxMail, Party
from regapp.services import registrations
from regapp.services.own import get_own
from regapp.web.languages import current
from tests.factories import make_event, make_registration
from tests.web.visitor import fill, read


@pytest.mark.parametrize(
    ("path", "accept", "lang"),
    [
        pytest.param("/", "", "en", id="nothing asked for"),
        pytest.param("/", "hu-HU,hu;q=0.9,en;q=0.5", "hu", id="what the browser asks for"),
        pytest.param("/", "fr,de", "en", id="what we do not speak"),
        pytest.param("/?lang=hu", "en", "hu", id="the address before the browser"),
        pytest.param("/?lang=xx", "hu", "hu", id="an unknown language in the address"),
    ],
)
def test_the_address_decides_then_the_browser(client: FlaskClient, path: str, accept: str, lang: str) -> None:
    assert read(client.get(path, headers={"Accept-Language": accept})).lang == lang


def test_links_forms_and_the_registration_keep_the_chosen_language(client: FlaskClient) -> None:
    event = make_event(name="X", texts={"en": {"name": "X"}, "hu": {"name": "Klaszterek"}})

    listing = read(client.get("/?lang=hu"))
    page = read(client.get(listing.links["Klaszterek"]))
    answer = fill(client, page.links["Jelentkezem"])
    own = read(client.get(answer.location.partition("?")[0], headers={"Accept-Language": "en"}))

    assert page.links["Jelentkezem"] == f"/events/{event.slug}/register?lang=hu"
    assert answer.location.endswith("?lang=hu")
    assert own.lang == "hu"
    assert "Magyarország" in own.words


@pytest.mark.rule("R17")
def test_ones_own_page_speaks_the_language_of_the_registration(client: FlaskClient) -> None:
    own = make_registration(make_event(), lang="hu")
    path = links.own_path(own.code, own.link_version)

    assert read(client.get(path, headers={"Accept-Language": "en"})).lang == "hu"
    assert read(client.get(f"{path}?lang=en")).lang == "en"


@pytest.mark.parametrize("query", ["", "?lang=en", "?lang=en&saved=1"])
def test_every_link_of_ones_own_page_leads_there_in_whatever_language_it_is_read(
    client: FlaskClient, query: str
) -> None:
    own = make_registration(make_event())
    page = read(client.get(links.own_path(own.code, own.link_version) + query))

    answers = {word: client.get(page.links[word]) for word in ("Change my details", "Cancel my place")}
    calendar = client.get(page.links["Add to my calendar"])

    assert {word: read(answer).title for word, answer in answers.items()} == {
        "Change my details": "Change my details – regapp",
        "Cancel my place": "Cancel my place – regapp",
    }
    assert calendar.mimetype == "text/calendar"
    chosen = query[:8]
    elsewhere = {"Skip to the content", "Magyar"}
    assert all(link.endswith(chosen) for word, link in page.links.items() if word not in elsewhere)


@pytest.mark.parametrize(
    ("lang", "fields", "name"),
    [
        pytest.param("en", ["first_name", "last_name"], "Őrsike Tűzvölgyiné", id="English"),
        pytest.param("hu", ["last_name", "first_name"], "Tűzvölgyiné Őrsike", id="Hungarian"),
    ],
)
def test_names_stand_in_the_order_of_the_language(client: FlaskClient, lang: str, fields: list[str], name: str) -> None:
    path = f"/events/{make_event().slug}/register?lang={lang}"
    own = read(client.get(fill(client, path, first_name="Őrsike", last_name="Tűzvölgyiné").location))
    code = own.main["data-code"]

    with transaction():
        mine = get_own(code)
        details = replace(mine.details, job_title="Head")
        registrations.change_details(mine.id, details, actor="attendee", now=utcnow())
    told = {mail.message: mail.to_name for mail in db.session.scalars(select(OutboxMail))}

    assert [field for field in read(client.get(path)).offered if field.endswith("_name")] == fields
    assert name in own.words
    assert told == {"confirmed": name, "changed": name}
    assert db.session.scalars(select(Party.contact_name)).one() == name


def test_dates_follow_the_language_and_prepared_pages_are_not_mixed_up(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}"

    english, hungarian = read(client.get(path)), read(client.get(f"{path}?lang=hu"))

    assert "Monday 1 and Tuesday 2 December 2036" in english.words
    assert "2036. december 1., hétfő és 2., kedd" in hungarian.words
    assert read(client.get(path)).words == english.words


def test_every_page_offers_the_other_language_and_stays_the_same_page(client: FlaskClient) -> None:
    own = make_registration(make_event())
    address = links.own_path(own.code, own.link_version)

    for path in ("/", f"/events/{own.event.slug}", f"/events/{own.event.slug}/register", "/privacy", "/no", address):
        english = read(client.get(path))
        hungarian = read(client.get(path + english.links["Magyar"]))
        assert (english.lang, hungarian.lang) == ("en", "hu")
        assert hungarian.links["English"] == "?lang=en"
        assert english.title != hungarian.title or path == f"/events/{own.event.slug}"


def test_errors_are_said_in_the_language_of_the_form(client: FlaskClient) -> None:
    page = read(fill(client, f"/events/{make_event().slug}/register?lang=hu", email="a@b", first_name="", last_name=""))

    assert page.status == 422
    assert "Írja be a végződést is ez után: „b”" in page.described("email")
    assert "Írja be legalább az egyik nevét" in page.words
    assert "2 dolgot kell még megnézni" in page.words


def test_outside_a_request_the_first_language_is_spoken(app: Flask) -> None:
    assert current() == "en"
