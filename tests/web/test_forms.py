"""Bad input: a clear sentence beside the field, every typed word kept, nothing changed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from regapp.db import db
from regapp.models import Registration
from regapp.services.own import get_own
from regapp.web.fields import clean
from regapp.web.public.forms import LinkForm
from tests.factories import make_category, make_event, make_registration
from tests.web.visitor import FIELDS, fill, read

BROKEN = "\N{REPLACEMENT CHARACTER}"

REFUSED = [
    pytest.param({"first_name": "", "last_name": ""}, "first_name", "at least one of your names", id="no name at all"),
    pytest.param({"first_name": "\u200b", "last_name": " "}, "first_name", "at least one", id="a name of nothing seen"),
    pytest.param({"first_name": "x" * 201}, "first_name", "to 200 characters: it has 201 now", id="first name of 201"),
    pytest.param({"last_name": "x" * 201}, "last_name", "to 200 characters: it has 201 now", id="last name of 201"),
    pytest.param({"last_name": "a\x00b"}, "last_name", "Take out the character", id="NUL in a name"),
    pytest.param({"first_name": "a\u202eb"}, "first_name", "Take out the character", id="text direction turned round"),
    pytest.param({"first_name": "a\x1bb"}, "first_name", "Take out the character", id="a control character"),
    pytest.param({"first_name": "a\uffffb"}, "first_name", "Take out the character", id="a noncharacter"),
    pytest.param({"email": ""}, "email", "Write the address", id="no address"),
    pytest.param({"email": "ana"}, "email", "Add the @ and the part after it", id="no @"),
    pytest.param({"email": "ana@"}, "email", "Add the part after the @", id="nothing after the @"),
    pytest.param({"email": "@example.org"}, "email", "Add the part before the @", id="nothing before the @"),
    pytest.param({"email": "a@b"}, "email", "Add the ending after “b”", id="a@b"),
    pytest.param({"email": "a b@example.org"}, "email", "Take out the space", id="space in the address"),
    pytest.param({"email": "é@example.org"}, "email", "plain letters", id="accent before the @"),
    pytest.param({"email": "a..b@example.org"}, "email", "Check the address", id="two dots"),
    pytest.param({"email": "a@b.c\x00d"}, "email", "Take out the character", id="NUL in the address"),
    pytest.param({"email": "Ana <ana@example.org>"}, "email", "Take out the space", id="name and address"),
    pytest.param({"email": "a" * 300 + "@example.org"}, "email", "to 254 characters: it has 312", id="address of 312"),
    pytest.param({"organisation": ""}, "organisation", "Write the name of your organisation", id="no organisation"),
    pytest.param({"organisation": "x" * 1250}, "organisation", "to 200 characters: it has 1,250", id="1,250 letters"),
    pytest.param({"job_title": "x" * 201}, "job_title", "to 200 characters: it has 201 now", id="job title of 201"),
    pytest.param({"country": ""}, "country", "Choose your country", id="no country"),
    pytest.param({"country": "XX"}, "country", "Choose a country from the list", id="unknown country"),
    pytest.param({"country": "EU"}, "country", "Choose a country from the list", id="a union, no country"),
    pytest.param({"country": "Hungary"}, "country", "Choose a country from the list", id="a name, no code"),
    pytest.param({"privacy": ""}, "privacy", "Tick this", id="no consent"),
    pytest.param({"privacy": "no"}, "privacy", "Tick this", id="a consent that says no"),
    pytest.param({"privacy": "0"}, "privacy", "Tick this", id="a consent that says 0"),
    pytest.param({"privacy": "2019-01"}, "privacy", "The privacy notice has changed", id="consent to an older notice"),
]


@pytest.mark.parametrize(("typed", "name", "sentence"), REFUSED)
def test_the_sentence_stands_beside_the_field_and_in_the_summary(
    client: FlaskClient, typed: dict[str, str], name: str, sentence: str
) -> None:
    event = make_event()

    page = read(fill(client, f"/events/{event.slug}/register", **typed))

    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert "One thing needs a look" in page.words
    assert sentence in page.described(name)
    assert page.offered[name]["aria-invalid"] == "true"
    assert page.words.count(sentence) == 2
    assert db.session.scalar(select(func.count()).select_from(Registration)) == 0


def test_every_typed_word_is_kept_beside_all_the_problems(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"
    typed = FIELDS | {"email": "ana@", "country": "", "job_title": "Head", "accept_waitlist": "yes"}

    page = read(fill(client, path, **typed))

    assert "2 things need a look" in page.words
    kept = {name: page.inputs[name] for name in typed}
    assert kept == typed | {"privacy": page.offered["privacy"]["value"]}


ACCEPTED = [
    pytest.param({"first_name": "", "last_name": "Sukarno"}, "Sukarno", id="one name, the last"),
    pytest.param({"first_name": "Zoë", "last_name": ""}, "Zoë", id="one name, the first"),
    pytest.param({"first_name": "Ilona\r\n", "last_name": "\tSzabó  Kiss"}, "Ilona Szabó Kiss", id="line breaks, tabs"),
    pytest.param({"first_name": "محمد", "last_name": "الفاسي"}, "محمد الفاسي", id="Arabic"),
    pytest.param({"first_name": "慧", "last_name": "王"}, "慧 王", id="Chinese"),
    pytest.param({"first_name": "👩🏽\u200d🔬", "last_name": "Ω"}, "👩🏽\u200d🔬 Ω", id="emoji, with a joiner"),
    pytest.param({"first_name": "<b>x</b>", "last_name": "'\"&amp;"}, "<b>x</b> '\"&amp;", id="HTML"),
    pytest.param({"first_name": "=1+1", "last_name": "{{ 7*7 }}%s"}, "=1+1 {{ 7*7 }}%s", id="formulas and templates"),
    pytest.param({"first_name": "x" * 200, "last_name": "y" * 200}, f"{'x' * 200} {'y' * 200}", id="200 letters each"),
]


@pytest.mark.parametrize(("typed", "name"), ACCEPTED)
def test_any_name_is_kept_and_shown_as_it_is(client: FlaskClient, typed: dict[str, str], name: str) -> None:
    answer = fill(client, f"/events/{make_event().slug}/register", **typed)

    page = read(client.get(answer.location))
    assert name in page.words
    assert get_own(page.main["data-code"]).details.name == name


@pytest.mark.parametrize("address", ["ana@münchen.de", "O'Neil+list@example.org", "a@b.travel", " ana@example.org "])
def test_real_addresses_are_accepted(client: FlaskClient, address: str) -> None:
    answer = fill(client, f"/events/{make_event().slug}/register", email=address)

    assert address.strip() in read(client.get(answer.location)).words


def test_consent_is_kept_with_the_version_of_the_notice(client: FlaskClient) -> None:
    page = read(client.get(f"/events/{make_event().slug}/register"))

    assert page.offered["privacy"]["value"] in read(client.get("/privacy")).words


@pytest.mark.rule("R7")
@pytest.mark.parametrize("value", ["no", "0", "false", "off", "n", "", "never", "2026-11"])
def test_only_a_yes_is_agreement_to_wait(client: FlaskClient, value: str) -> None:
    event = make_event(size=0)

    answer = fill(client, f"/events/{event.slug}/register", accept_waitlist=value)

    assert answer.status_code == 409
    assert db.session.scalar(select(func.count()).select_from(Registration)) == 0


@pytest.mark.parametrize("value", ["yes", "on", "y", "true", "True", "1"])
def test_every_usual_yes_is_agreement(client: FlaskClient, value: str) -> None:
    event = make_event(size=0)

    answer = fill(client, f"/events/{event.slug}/register", accept_waitlist=value, privacy=value)

    assert read(client.get(answer.location)).main["data-state"] == "waitlisted"


@pytest.mark.parametrize("value", [b"Caf\xe9", b"Caf%E9"], ids=["raw", "quoted"])
def test_broken_utf_8_is_refused_with_a_sentence(client: FlaskClient, value: bytes) -> None:
    path = f"/events/{make_event().slug}/register"
    sent = read(client.get(path)).inputs | FIELDS
    body = "&".join(f"{name}={value}" for name, value in sent.items() if name != "organisation")
    raw = body.replace("+", "%2B").encode() + b"&organisation=" + value

    page = read(client.post(path, data=raw, content_type="application/x-www-form-urlencoded"))

    assert page.status == 422
    assert "Take out the character" in page.described("organisation")
    assert page.inputs["organisation"] == f"Caf{BROKEN}"


@pytest.mark.parametrize("submission", ["", "x", "A" * 32, "0" * 33, "0" * 31 + "\n", "é" * 32])
def test_a_tampered_submission_comes_back_fresh(client: FlaskClient, submission: str) -> None:
    path = f"/events/{make_event().slug}/register"

    page = read(fill(client, path, submission=submission))
    again = client.post(path, data=page.inputs)

    assert page.status == 422
    assert "please send it again" in page.words
    assert page.inputs["submission"] != submission
    assert again.status_code == 303


def test_a_file_in_place_of_a_text_is_no_text(client: FlaskClient, tmp_path: Any) -> None:
    path = f"/events/{make_event().slug}/register"
    (tmp_path / "x.txt").write_text("x")
    sent = read(client.get(path)).inputs | FIELDS

    with (tmp_path / "x.txt").open("rb") as file:
        page = read(client.post(path, data=sent | {"organisation": (file, "x.txt")}))

    assert page.status == 422
    assert "Write the name of your organisation" in page.words


def test_repeated_fields_count_once(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"
    sent = MultiDict(read(client.get(path)).inputs | FIELDS)
    for name in list(sent):
        sent.add(name, "another")

    answer = client.post(path, data=sent)

    assert "Ana Kovács" in read(client.get(answer.location)).words


def test_an_empty_post_is_answered_with_the_form(client: FlaskClient) -> None:
    page = read(client.post(f"/events/{make_event().slug}/register"))

    assert page.status == 422
    assert page.offered.keys() >= FIELDS.keys()


TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x00\u202e@.<>&\"' \r\n"), max_size=300)
NAMES = st.sampled_from([*FIELDS, "submission", "csrf_token", "accept_waitlist", "other"])


def test_no_form_whatever_is_in_it_breaks_a_page(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"

    @given(st.lists(st.tuples(NAMES, TEXT), max_size=12))
    @hypothesis_settings(max_examples=40)
    def check(sent: list[tuple[str, str]]) -> None:
        form = MultiDict(read(client.get(path)).inputs | FIELDS)
        for name, value in sent:
            form.setlist(name, [value, *form.getlist(name)] if value[:1] == "x" else [value])

        answer = client.post(path, data=form)

        assert answer.status_code in (200, 303, 422)
        if answer.status_code == 422:
            assert read(answer).title.startswith("Problem:")

    check()


@given(TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert not any(char in once for char in "\x00\r\n\t\u202e")


def test_every_post_refuses_a_form_from_another_site(app: Flask, client: FlaskClient) -> None:
    event = make_event(contact_address="office@example.org")
    mine, other = make_category(event), make_category(event)
    own_path = fill(client, f"/events/{event.slug}/register", category=str(mine)).location
    places = {"<slug:slug>": event.slug, "/r/<token:token>": own_path, "/category": f"/category?category={other}"}
    posts = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    posts = [post for post in posts if not post.startswith("/organizer/")]  # see test_roles.py

    for post in posts:
        path = post
        for part, value in places.items():
            path = path.replace(part, value)
        form = read(client.get(path)).inputs | FIELDS | {"email": "b@example.org", "category": str(other)}
        for guard in ({}, {"csrf_token": "forged"}):
            page = read(client.post(path, data={k: v for k, v in form.items() if k != "csrf_token"} | guard))
            assert page.status == 422, path
            assert "please send it again" in page.words
            assert page.inputs["csrf_token"]
        assert read(client.get(own_path)).main["data-state"] == "confirmed"
        assert db.session.scalar(select(func.count()).select_from(Registration)) == 1

    assert len(posts) >= 3


def test_a_form_without_its_guard_keeps_all_words_and_works_when_sent_again(client: FlaskClient) -> None:
    path = f"/events/{make_event().slug}/register"
    form = read(client.get(path)).inputs | FIELDS

    page = read(client.post(path, data=form | {"csrf_token": "expired"}))
    again = client.post(path, data=page.inputs)

    assert page.title.startswith("Problem:")
    assert page.inputs["submission"] == form["submission"]
    assert page.inputs["organisation"] == "Danube Cluster"
    assert again.status_code == 303


def test_an_old_form_gets_the_answer_that_it_got_before(client: FlaskClient) -> None:
    event = make_event(size=1)
    path = f"/events/{event.slug}/register"
    form = read(client.get(path)).inputs | FIELDS
    first = client.post(path, data=form)
    make_registration(event)

    assert client.post(path, data=form).location == first.location


def test_forms_share_no_words_and_no_errors(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"email": "nobody"}):
        refused = LinkForm()
        assert not refused.validate()
    with app.test_request_context(method="POST", data={"email": "ana@example.org"}):
        fresh = LinkForm()

    assert (fresh.email.data, list(fresh.email.errors)) == ("ana@example.org", [])
    assert (refused.email.data, len(refused.email.errors)) == ("nobody", 1)
    assert refused.email.meta is refused.meta
    assert fresh.email.meta is fresh.meta
