"""Whatever is sent to us: a clear answer, every typed word kept, and not one row changed by a refusal."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from regapp.db import db, snapshot, transaction
from regapp.links import own_path
from regapp.mail import outbox
from regapp.models import Event, EventStatus, Registration
from regapp.services import exports
from regapp.services.events import EventFacts
from regapp.services.exports import Wanted
from regapp.services.formats import BOM, safe
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.visitor import FIELDS, Page, fill, read

LONGEST_ADDRESS = f"{'a' * 64}@{'b' * 61}.{'c' * 61}.{'d' * 61}.org"
"""254 characters, all that is allowed (RFC 5321)."""
NOT_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"
LONG_AGO, FAR_AHEAD = datetime(2020, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"


def form_of(event: EventFacts) -> str:
    return f"/events/{event.slug}/register"


def typed_into(client: FlaskClient, path: str, **typed: str) -> dict[str, str]:
    """Return what a browser sends for this page after somebody has typed."""
    return read(client.get(path)).inputs | FIELDS | typed


# --- fields --------------------------------------------------------------------

REFUSED = [
    pytest.param("first_name", "é" * 201, "Shorten this to 200 characters: it has 201 now", id="first name of 201"),
    pytest.param("last_name", "王" * 201, "Shorten this to 200 characters: it has 201 now", id="last name of 201"),
    pytest.param(
        "organisation", "👍" * 201, "Shorten this to 200 characters: it has 201 now", id="organisation of 201"
    ),
    pytest.param("job_title", "x" * 201, "Shorten this to 200 characters: it has 201 now", id="job title of 201"),
    pytest.param("email", "x" + LONGEST_ADDRESS, "Shorten this to 254 characters: it has 255 now", id="address of 255"),
    pytest.param("email", f"a@{'ü' * 59}.de", "Check the address", id="a domain that gets too long as A-label"),
    pytest.param("email", "a@b", "Add the ending after “b”, such as name@example.org", id="a@b"),
    pytest.param("email", "a@b@example.org", "Check the address", id="two @"),
    pytest.param("email", "ana@example.org, ben@example.org", "Take out the space", id="two addresses"),
    pytest.param("email", "ana@[127.0.0.1]", "Check the address", id="an address of a machine"),
    pytest.param("email", "ana@xn--a.de", "Check the address", id="a domain that is no IDNA"),
    pytest.param("email", "", "Write the address that your confirmation goes to", id="no address"),
    pytest.param("organisation", "", "Write the name of your organisation", id="no organisation"),
    pytest.param("organisation", "\u200b\u2060", "Write the name of your organisation", id="nothing that one sees"),
    pytest.param("organisation", f"a{NOT_A_CHARACTER}b", "Take out the character", id="broken before it came"),
    pytest.param("country", "", "Choose your country", id="no country"),
    pytest.param("first_name", "Win https://evil.example", "without a web address", id="advertisement as first name"),
    pytest.param("last_name", "see WWW.evil.example", "without a web address", id="advertisement as last name"),
    pytest.param("country", "ZZ", "Choose a country from the list", id="unknown country"),
    pytest.param("country", "hu", "Choose a country from the list", id="a country in small letters"),
    pytest.param("country", "HU\u202e", "Choose a country from the list", id="a country and more"),
    pytest.param("privacy", "", "Tick this: without it we may not keep your registration", id="no consent"),
]


@pytest.mark.parametrize(("name", "typed", "sentence"), REFUSED)
def test_a_refused_field_says_why_keeps_all_words_and_changes_nothing(
    client: FlaskClient, name: str, typed: str, sentence: str
) -> None:
    path = form_of(make_event())
    form = typed_into(client, path, job_title="Head of <clusters>", accept_waitlist="yes") | {name: typed}
    before = everything()

    page = read(client.post(path, data=form))

    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert sentence in page.described(name)
    assert kept(page, form, but=name) == []
    if name not in ("country", "privacy"):
        assert page.inputs[name] == typed.replace("\u200b\u2060", "")
    assert everything() == before


def kept(page: Page, form: dict[str, str], *, but: str) -> list[str]:
    """Return the names of fields that came back with other words than were typed."""
    ticks = {"privacy", "accept_waitlist"}
    same = {name for name in form if page.inputs.get(name) == form[name] or (name in ticks and page.inputs.get(name))}
    return sorted(set(form) - same - {but, "csrf_token"})


@pytest.mark.parametrize("missing", ["organisation", "country", "email", "privacy"])
def test_a_field_that_is_not_sent_at_all_is_asked_for(client: FlaskClient, missing: str) -> None:
    path = form_of(make_event())
    form = typed_into(client, path)
    del form[missing]
    before = everything()

    page = read(client.post(path, data=form))

    assert page.status == 422
    assert page.offered[missing]["aria-invalid"] == "true"
    assert page.described(missing)
    assert everything() == before


def test_details_are_refused_in_the_same_way_when_they_are_changed(client: FlaskClient) -> None:
    own = make_registration(make_event())
    path = own_path(own.code, own.link_version) + "/change"
    form = read(client.get(path)).inputs | {"organisation": "x" * 201, "job_title": "Head"}
    before = everything()

    page = read(client.post(path, data=form))

    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert "it has 201 now" in page.described("organisation")
    assert page.inputs["job_title"] == "Head"
    assert everything() == before


LONGEST = {"first_name": "é" * 200, "last_name": "👍" * 200, "organisation": "王" * 200, "job_title": "x" * 200}


def test_the_longest_that_is_allowed_is_kept_whole(client: FlaskClient) -> None:
    answer = fill(client, form_of(make_event()), **LONGEST, email=LONGEST_ADDRESS)

    row = db.session.scalars(select(Registration)).one()
    assert answer.status_code == 303
    assert {name: getattr(row, name) for name in LONGEST} == LONGEST
    assert row.email == LONGEST_ADDRESS
    assert outbox.send_due().sent == 1


NAMES = [
    pytest.param("Sukarno", "", id="one name only"),
    pytest.param("محمد", "بن عبد الله", id="Arabic"),
    pytest.param("小龍", "李", id="Chinese"),
    pytest.param("ნინო", "ბერიძე", id="Georgian"),
    pytest.param("Ŵïļłīám", "Ó Súilleabháin", id="accents"),
    pytest.param("Ana 🎉", "👩🏽\u200d🔬", id="emoji"),
    pytest.param("<script>alert(1)</script>", "</title><b>&amp;", id="HTML"),
    pytest.param("Ana\r\nBcc: x@example.org", "\u2028Kovács\n\n", id="line breaks"),
    pytest.param("[here](//example.org)", "*K* `_` # {{ 7 * 7 }}", id="Markdown and templates"),
    pytest.param('=HYPERLINK("//example.org")', "@SUM(A1)", id="formulas"),
]


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_any_name_reads_as_typed_on_the_page_in_the_mail_and_in_the_list(
    app: Flask, client: FlaskClient, first: str, last: str
) -> None:
    event = make_event()
    first_line, last_line = (" ".join(text.split()) for text in (first, last))
    name = f"{first_line} {last_line}".strip()

    page = client.get(fill(client, form_of(event), first_name=first, last_name=last).location)
    outbox.send_due()
    mail = only_mail(app)

    assert name in read(page).words
    assert name in " ".join(mail.get_body(("plain",)).get_content().split())
    assert mail["Bcc"] is None
    assert "<script>" not in page.text + mail.get_body(("html",)).get_content()
    assert listed_names(event) == [safe(first_line), safe(last_line)]


def only_mail(app: Flask) -> EmailMessage:
    (path,) = Path(app.config["INSTANCE_DIR"]).glob("mail/*.eml")
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def listed_names(event: EventFacts) -> list[str]:
    """Return both names of the only person, as they stand in the list that organizers take away."""
    file = io.BytesIO()
    with snapshot() as connection:
        exports.write(connection, event.slug, Wanted(), file)
    (row,) = csv.DictReader(io.StringIO(file.getvalue().decode().removeprefix(BOM), newline=""))
    return [row["first_name"], row["last_name"]]


def test_a_domain_in_any_script_is_an_address_like_others(app: Flask, client: FlaskClient) -> None:
    event = make_event()

    first = fill(client, form_of(event), email="ana@münchen.de")
    second = fill(app.test_client(), form_of(event), email="ANA@MÜNCHEN.DE")
    third = fill(app.test_client(), form_of(event), email="ana@xn--mnchen-3ya.de")

    assert first.status_code == 303
    assert "Check your mail" in read(second).title
    assert "Check your mail" in read(third).title
    assert len(everything()["registrations"]) == 1


# --- what a visitor does not see -------------------------------------------------

TAMPERED = [
    pytest.param({"submission": "0" * 31}, id="submission too short"),
    pytest.param({"submission": "G" * 32}, id="submission of other signs"),
    pytest.param({"submission": "' OR 1=1 --"}, id="submission with SQL"),
    pytest.param({"submission": None}, id="no submission"),
    pytest.param({"csrf_token": "x"}, id="guard invented"),
    pytest.param({"csrf_token": "é\x00\U0001f600"}, id="guard of strange signs"),
    pytest.param({"csrf_token": None}, id="no guard"),
]


@pytest.mark.parametrize("change", TAMPERED)
def test_a_tampered_form_is_asked_for_once_more_with_all_its_words(
    client: FlaskClient, change: dict[str, str | None]
) -> None:
    path = form_of(make_event())
    form = typed_into(client, path)
    before = everything()

    sent = {name: value for name, value in (form | change).items() if value is not None}
    page = read(client.post(path, data=sent))
    after = everything()
    again = client.post(path, data=page.inputs)

    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert "please send it again" in page.words
    assert kept(page, form, but="submission") == []
    assert after == before
    assert again.status_code == 303


def test_a_form_that_was_open_too_long_keeps_its_words_and_is_sent_again(client: FlaskClient) -> None:
    path = form_of(make_event())
    opened = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
    with time_machine.travel(opened):
        form = typed_into(client, path)
    before = everything()

    with time_machine.travel(opened + timedelta(hours=5)):
        page = read(client.post(path, data=form))
        after = everything()
        again = client.post(path, data=page.inputs)

    assert page.status == 422
    assert "was open for a long time" in page.words
    assert kept(page, form, but="") == []
    assert after == before
    assert again.status_code == 303


def test_a_browser_that_keeps_no_cookies_is_told(app: Flask) -> None:
    path = form_of(make_event())
    form = typed_into(app.test_client(), path)

    page = read(app.test_client().post(path, data=form))

    assert page.status == 422
    assert "keeps no cookies" in page.words
    assert kept(page, form, but="") == []


def test_a_submission_that_somebody_else_used_gives_no_second_place(app: Flask, client: FlaskClient) -> None:
    path = form_of(make_event())
    form = typed_into(client, path)
    client.post(path, data=form)
    before = everything()

    other = app.test_client()
    other.post(path, data=typed_into(other, path, email="ben@example.org") | {"submission": form["submission"]})

    assert everything() == before


# --- not now ---------------------------------------------------------------------

SHUT = [
    pytest.param({"opens_at": FAR_AHEAD}, "Registration opens on Tuesday 1 January 2036", id="not yet open"),
    pytest.param(
        {"closes_at": LONG_AGO, "opens_at": LONG_AGO}, "Registration closed on Wednesday 1 January 2020", id="closed"
    ),
    pytest.param({"closes_at": LONG_AGO, "starts_at": LONG_AGO}, "Registration closed on Wednesday", id="running"),
    pytest.param(
        {"closes_at": LONG_AGO, "starts_at": LONG_AGO, "ends_at": LONG_AGO},
        "This event is over. It ended on Wednesday 1 January 2020",
        id="past",
    ),
    pytest.param({"status": EventStatus.CANCELLED}, "This event will not take place", id="called off"),
]


@pytest.mark.parametrize(("changes", "sentence"), SHUT)
def test_a_form_that_comes_at_the_wrong_time_is_told_when(
    client: FlaskClient, changes: dict[str, Any], sentence: str
) -> None:
    form = typed_into(client, form_of(make_event()), job_title="Head")
    path = form_of(make_event(**changes))
    before = everything()

    shown = read(client.get(path))
    page = read(client.post(path, data=form))

    assert shown.status == 200
    assert sentence in shown.words
    assert "first_name" not in shown.offered
    assert page.status == 409
    assert page.title.startswith("Problem:")
    assert sentence in page.words
    assert kept(page, form, but="accept_waitlist") == []
    assert everything() == before


def test_a_full_event_without_a_waiting_list_refuses_and_says_so(client: FlaskClient) -> None:
    event = make_event(size=1, waitlist_limit=0)
    form = typed_into(client, form_of(event))
    make_registration(event)
    before = everything()

    page = read(client.post(form_of(event), data=form))

    assert page.status == 409
    assert "no more people can wait" in page.words
    assert kept(page, form, but="accept_waitlist") == []
    assert everything() == before


@pytest.mark.parametrize("doing", ["change", "cancel"])
def test_after_the_start_registrations_stay_as_they_are(client: FlaskClient, doing: str) -> None:
    event = make_event()
    path = fill(client, form_of(event)).location
    form = read(client.get(f"{path}/{doing}")).inputs | {"organisation": "Another"}
    with transaction():
        db.session.execute(update(Event).where(Event.id == event.id).values(starts_at=LONG_AGO))
    before = everything()

    page = read(client.post(f"{path}/{doing}", data=form))

    assert page.status == 409
    assert "The event has begun" in page.words
    assert everything() == before


# --- addresses -----------------------------------------------------------------


def test_what_does_not_exist_is_not_found(client: FlaskClient) -> None:
    draft = make_event(slug="a-draft", status=EventStatus.DRAFT)
    paths = ["/nothing", "/events/", "/events/nobody-knows", "/events/nobody-knows/register", "/r/", "/r/x"]
    paths += [
        f"/events/{draft.slug}",
        form_of(draft),
        "/events/A-DRAFT",
        "/events/a%00b",
        "/events/%ff",
        "/events/" + "a" * 5000,
    ]
    paths += [
        "/r/%ff%fe",
        "/r/a%00b",
        "/r/-",
        "/r/---",
        "/r/" + "9" * 5000,
        "/events/..%2f..%2fetc",
        "/%ff",
        "/static/../config.py",
    ]

    answers = {path: client.get(path) for path in paths}

    assert {path for path, answer in answers.items() if answer.status_code != 404} == set()
    assert {path for path, answer in answers.items() if "There is no such page" not in read(answer).words} == set()


def test_a_form_for_an_event_that_does_not_exist_is_not_found(client: FlaskClient) -> None:
    form = typed_into(client, form_of(make_event()))
    before = everything()

    assert client.post("/events/nobody-knows/register", data=form).status_code == 404
    assert everything() == before


MANGLED: dict[str, Callable[[str, str, str], str]] = {
    "last sign lost": lambda code, mac, _: f"{code}-{mac[:-1]}",
    "one sign more": lambda code, mac, _: f"{code}-{mac}a",
    "one sign other": lambda code, mac, _: f"{code}-{'b' if mac[0] == 'a' else 'a'}{mac[1:]}",
    "mac in capitals": lambda code, mac, _: f"{code}-{mac.upper()}",
    "code in small letters": lambda code, mac, _: f"{code.lower()}-{mac}",
    "code without its dash": lambda code, mac, _: f"{code.replace('-', '')}-{mac}",
    "no mac": lambda code, mac, _: code,
    "empty mac": lambda code, mac, _: f"{code}-",
    "the mac of somebody else": lambda code, mac, other: f"{code}-{other}",
    "a code that nobody has": lambda code, mac, _: f"22222-22222-{mac}",
    "a space at the end": lambda code, mac, _: f"{code}-{mac}%20",
    "a full stop at the end": lambda code, mac, _: f"{code}-{mac}.",
}


@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
def test_a_link_that_is_not_whole_opens_nothing(client: FlaskClient, mangle: Callable[[str, str, str], str]) -> None:
    event = make_event()
    tokens = [own_path(own.code, own.link_version)[3:] for own in (make_registration(event) for _ in range(2))]
    (code, mac), (_, other) = (token.rsplit("-", 1) for token in tokens)
    form = read(client.get(f"/r/{tokens[0]}/cancel")).inputs
    before = everything()

    wrong = f"/r/{mangle(code, mac, other)}"
    pages = [client.get(wrong + page) for page in ("", "/change", "/cancel", "/calendar.ics")]
    pages += [client.post(wrong + page, data=form) for page in ("/change", "/cancel")]

    assert [page.status_code for page in pages] == [404] * 6
    assert all("There is no such page" in read(page).words for page in pages)
    assert everything() == before


def test_a_link_that_was_replaced_opens_nothing_any_more(client: FlaskClient) -> None:
    own = make_registration(make_event())
    with transaction():
        db.session.execute(update(Registration).values(link_version=1))

    assert client.get(own_path(own.code, 0)).status_code == 404
    assert client.get(own_path(own.code, 1)).status_code == 200


# --- HTTP --------------------------------------------------------------------------


def pages_of(client: FlaskClient) -> list[str]:
    """Return the address of each page, of a registration that lives."""
    event = make_event()
    own = fill(client, form_of(event)).location
    return [
        "/",
        "/privacy",
        f"/events/{event.slug}",
        form_of(event),
        own,
        *(f"{own}/{page}" for page in ("change", "cancel")),
    ]


def test_wrong_methods_are_refused_on_every_page(client: FlaskClient) -> None:
    pages = pages_of(client)
    takes_forms = {pages[3], *pages[5:]}
    before = everything()

    for path in pages:
        for method in {"PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"} | (set() if path in takes_forms else {"POST"}):
            answer = client.open(path, method=method, data={"first_name": "Ana"})
            assert answer.status_code == 405, (method, path)
            assert "GET" in answer.headers["Allow"]
            assert "This cannot be done here" in read(answer).words
    assert everything() == before


def test_looking_changes_nothing_however_often(client: FlaskClient) -> None:
    pages = pages_of(client)
    asked = "?" + "&".join(f"{name}={value}" for name, value in FIELDS.items())
    before = everything()

    for path in [*pages, f"{pages[4]}/calendar.ics"]:
        for method in ("GET", "HEAD", "OPTIONS"):
            for query in ("", asked, "?lang=xx", "?lang=%ff%00", "?lang=en&lang=hu"):
                assert client.open(path + query, method=method).status_code == 200, (method, path, query)
    assert everything() == before


@pytest.mark.parametrize("size", [300_000, 10_000_000], ids=["300 kB", "10 MB"])
def test_what_is_far_too_large_gets_a_page_that_says_so(client: FlaskClient, size: int) -> None:
    path = form_of(make_event())
    form = typed_into(client, path)
    before = everything()

    head = b'--b\r\nContent-Disposition: form-data; name="organisation"; filename="x"\r\n\r\n'
    answers = [
        client.post(path, data=form | {"organisation": "x" * size}),
        client.post(path, data=head + b"x" * size + b"\r\n--b--", content_type="multipart/form-data; boundary=b"),
    ]

    assert [answer.status_code for answer in answers] == [413, 413]
    assert all("That was too much at once" in read(answer).words for answer in answers)
    assert everything() == before


BODIES = [
    pytest.param(b'{"first_name": "Ana"}', "application/json", id="JSON"),
    pytest.param(b"first_name=Ana", "text/plain", id="plain text"),
    pytest.param(b"first_name=Ana", "", id="no content type"),
    pytest.param(b"\xff\xfe\x00", 'no/such; charset="', id="nonsense"),
    pytest.param(b"", FORM, id="nothing"),
    pytest.param(b"&&&=&=%&%zz=%zz", FORM, id="signs"),
    pytest.param(b"a=1&" * 20_000, FORM, id="20,000 fields"),
    pytest.param(b"--x\r\n", "multipart/form-data; boundary=x", id="multipart that breaks off"),
    pytest.param(b"x", "multipart/form-data", id="multipart without its boundary"),
    pytest.param(b"\xff" * 100, "multipart/form-data; boundary=\xff", id="multipart of bytes"),
]


@pytest.mark.parametrize(("body", "kind"), BODIES)
def test_what_is_no_form_is_answered_with_the_form(client: FlaskClient, body: bytes, kind: str) -> None:
    path = form_of(make_event())
    client.get(path)
    before = everything()

    page = read(client.post(path, data=body, content_type=kind))

    assert page.status == 422
    assert page.title.startswith("Problem:")
    assert page.offered.keys() >= FIELDS.keys()
    assert everything() == before


def test_a_cookie_of_nonsense_is_no_cookie(app: Flask) -> None:
    path = form_of(make_event())

    for cookie in ("session=x", "session=.eJx.x.y", "session=é\xff", "=;;=", "session=" + "x" * 4000):
        shown = app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie})
        assert shown.status_code == 200, cookie


# --- anything at all ---------------------------------------------------------------

ANY = st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\u202e\ufffd@.<>&\"'=+- \r\n\t"), max_size=260)
USUAL = st.sampled_from(["Ana", "ana@example.org", "HU", "yes", "0" * 32, "x" * 200, "x" * 201])
FIELD = st.sampled_from([*FIELDS, "submission", "csrf_token", "accept_waitlist", "party-1-first_name", "_method"])


def test_no_form_breaks_a_page_and_no_refusal_changes_anything(client: FlaskClient) -> None:
    event = make_event()
    own = fill(client, form_of(event), email="first@example.org").location
    page = st.sampled_from([form_of(event), f"{own}/change", f"{own}/cancel"])

    @given(page, st.lists(st.tuples(FIELD, ANY | USUAL), max_size=10), st.sets(FIELD))
    @example(form_of(event), [("email", "a@" + "ü" * 252)], set())
    @hypothesis_settings(max_examples=60)
    def check(path: str, sent: list[tuple[str, str]], missing: set[str]) -> None:
        form = MultiDict(typed_into(client, path))
        for name in {name for name, _ in sent} | missing:
            form.poplist(name)
        for name, value in sent:
            form.add(name, value)
        before = everything()

        answer = client.post(path, data=form)

        assert answer.status_code in (200, 303, 422)
        if answer.status_code == 422:
            assert read(answer).title.startswith("Problem:")
            assert everything() == before

    check()


def test_no_bytes_break_a_page(client: FlaskClient) -> None:
    path = form_of(make_event())
    before = everything()

    @given(st.binary(max_size=300), st.sampled_from([FORM, "multipart/form-data; boundary=x", "application/json"]))
    @hypothesis_settings(max_examples=60)
    def check(body: bytes, kind: str) -> None:
        assert client.post(path, data=body, content_type=kind).status_code == 422

    check()
    assert everything() == before
