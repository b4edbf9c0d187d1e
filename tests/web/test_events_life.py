"""Preview, publish, take back, call off, put away, copy, series: whole visits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.models import OutboxMail, Role
from regapp.services import events, registrations
from regapp.services.events import EventFacts
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.organizers import sign_in
from tests.web.visitor import Page, read


def _path(event: EventFacts, step: str) -> str:
    return f"/organizer/events/{event.slug}/{step}"


def _take(client: FlaskClient, event: EventFacts, step: str, **typed: str) -> Page:
    inputs = read(client.get(_path(event, step))).inputs
    return read(client.post(_path(event, step), data=inputs | typed, follow_redirects=True))


def _now(event: EventFacts) -> EventFacts:
    db.session.rollback()
    return events.get(event.id)


def test_a_preview_shows_what_visitors_will_see(client: FlaskClient) -> None:
    event = make_event(status="draft")
    sign_in(client, event, Role.VIEWER)

    answer = client.get(_path(event, "preview"))
    page = read(answer)

    assert "This is a preview. Only organizers see it" in page.words
    assert "Two days on how clusters shape smart industries." in page.words
    assert "250 of 250 places left" in page.words
    assert page.links["Register"] == "#main"
    assert "Publish" not in page.buttons
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "canonical" not in answer.text


def test_a_preview_speaks_the_language_that_is_asked_for(client: FlaskClient) -> None:
    event = make_event(status="draft", texts={"en": {"name": "Forum"}, "hu": {"name": "Fórum"}})
    sign_in(client, event, Role.VIEWER)

    assert "Fórum" in client.get(_path(event, "preview") + "?lang=hu").text


def test_a_draft_that_is_over_is_published_by_no_button(client: FlaskClient) -> None:
    past = utcnow() - timedelta(days=1)
    event = make_event(status="draft", starts_at=past - timedelta(hours=1), ends_at=past)
    sign_in(client, event, Role.MANAGER)
    before = everything()

    inputs = read(client.get(_path(event, "preview"))).inputs
    answer = client.post(_path(event, "publish"), data=inputs)
    page = read(answer)

    assert answer.status_code == 409
    assert "Not yet: something must be put right first." in page.words
    assert "The event is over already" in page.words
    assert "Publish" not in page.buttons
    assert everything() == before


def test_publishing_twice_says_that_there_is_nothing_to_publish(client: FlaskClient) -> None:
    event = make_event(status="draft")
    sign_in(client, event, Role.MANAGER)
    inputs = read(client.get(_path(event, "publish"))).inputs

    first = client.post(_path(event, "publish"), data=inputs)
    again = client.post(_path(event, "publish"), data=inputs)

    assert (first.status_code, again.status_code) == (303, 409)
    assert "there is nothing to publish" in read(again).words


def test_what_nobody_has_registered_for_is_taken_back(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    assert client.get(f"/events/{event.slug}").status_code == 200

    page = _take(client, event, "unpublish")

    assert "The event is a draft again" in page.words
    assert client.get(f"/events/{event.slug}").status_code == 404


def test_what_somebody_has_registered_for_stays(client: FlaskClient) -> None:
    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.OWNER)
    before = everything()

    page = _take(client, event, "unpublish")

    assert page.status == 409
    assert "One person is registered, and would stand without an event" in page.words
    assert "Make it a draft again" not in page.buttons
    assert everything() == before


def test_calling_off_is_asked_for_with_the_number(client: FlaskClient) -> None:
    event = make_event(size=1)
    for _ in range(2):
        make_registration(event)
    sign_in(client, event, Role.OWNER)

    asked = read(client.get(_path(event, "call-off")))
    make_registration(event)
    again = read(client.post(_path(event, "call-off"), data=asked.inputs))
    done = read(client.post(_path(event, "call-off"), data=again.inputs, follow_redirects=True))
    over = client.post(_path(event, "call-off"), data=again.inputs)

    assert "Call it off and tell 2 people" in asked.buttons
    assert (again.status, "Call it off and tell 3 people" in again.buttons) == (409, True)
    assert "Everybody who took part is told" in done.words
    assert _now(event).cancelled
    mails = db.session.scalar(select(func.count()).where(OutboxMail.message == "event_cancelled"))
    assert (mails, over.status_code) == (3, 303)  # a second time changes nothing
    assert "will not take place" in read(client.get(f"/events/{event.slug}")).words


@pytest.mark.parametrize("agreed", ["", "-1", "x", "9" * 30, "١"])
def test_an_odd_number_calls_nothing_off(client: FlaskClient, agreed: str) -> None:
    event = make_event()
    sign_in(client, event, Role.OWNER)

    page = _take(client, event, "call-off", agreed=agreed)

    assert page.status == 409
    assert not _now(event).cancelled


def test_an_event_is_put_away_when_it_is_over(client: FlaskClient) -> None:
    past = utcnow() - timedelta(days=1)
    over, coming = make_event(starts_at=past - timedelta(hours=1), ends_at=past), make_event()
    sign_in(client, over, Role.OWNER)

    page = _take(client, over, "archive")
    sign_in(client, coming, Role.OWNER)
    refused = _take(client, coming, "archive")

    assert "The event has left the list. Its page stays." in page.words
    assert client.get(f"/events/{over.slug}").status_code == 200
    assert refused.status == 409
    assert "Only an event that is over or was called off" in refused.words


def test_an_event_that_was_called_off_is_put_away_at_once(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.OWNER)
    _take(client, event, "call-off")
    assert event.text("name", "en") in read(client.get("/")).links

    asked = read(client.get(_path(event, "archive")))
    client.post(_path(event, "archive"), data=asked.inputs)
    again = client.post(_path(event, "archive"), data=asked.inputs)

    assert "This cannot be undone" in asked.words
    assert event.text("name", "en") not in read(client.get("/")).links
    assert "will not take place" in read(client.get(f"/events/{event.slug}")).words
    assert (_now(event).cancelled, _now(event).archived, again.status_code) == (True, True, 409)
    assert "Called off" in read(client.get("/organizer/")).words
    assert "Put it away" not in read(client.get(_path(event, "settings"))).links


def test_a_draft_is_deleted_with_all_that_belongs_to_it(client: FlaskClient) -> None:
    sign_in(client)
    before = everything()
    typed = {"name": "A mistake", "starts_at": "2036-06-05T09:00"}
    client.post("/organizer/new", data=read(client.get("/organizer/new")).inputs | typed)
    draft = events.get(events.get_id("a-mistake"))
    guard = read(client.get(_path(draft, "team"))).inputs
    client.post(_path(draft, "people/views?country=FR"), data=guard | {"name": "From abroad"})
    client.post(_path(draft, "team/invite"), data=guard | {"email": "b@example.org", "name": "B", "role": "desk"})
    mine = {name for name, rows in everything().items() if len(rows) > len(before[name])}

    page = _take(client, draft, "delete")

    left = everything()
    assert mine == {"accounts", "events", "history", "memberships", "outbox", "quotas", "saved_views"}
    assert "The draft is deleted." in page.words
    assert client.get(_path(draft, "settings")).status_code == 404
    assert len(left.pop("accounts")) == len(before.pop("accounts")) + 1  # whoever was invited keeps the account
    assert left == before


def test_nothing_of_a_deleted_draft_is_counted_for_the_next(client: FlaskClient) -> None:
    draft = make_event(status="draft")
    sign_in(client, draft, Role.OWNER)
    client.get(_path(draft, ""))
    _take(client, draft, "delete")

    event = make_event()
    make_registration(event)
    sign_in(client, event, Role.OWNER)

    assert "One person is confirmed." in read(client.get(_path(event, ""))).words


def test_a_draft_that_somebody_was_registered_for_is_not_deleted(client: FlaskClient) -> None:
    event = make_event()
    own = make_registration(event)
    sign_in(client, event, Role.OWNER)
    published = _take(client, event, "delete")
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=utcnow())
    _take(client, event, "unpublish")
    before = everything()

    page = _take(client, event, "delete")

    assert (published.status, page.status) == (409, 409)
    assert "Only a draft can be deleted" in published.words
    assert "One person is or was registered here" in page.words
    assert "Delete the draft" not in page.buttons
    assert everything() == before


def test_a_manager_finds_no_step_of_owners(client: FlaskClient) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)

    page = read(client.get(_path(event, "settings")))

    assert "Make it a draft again" in page.links
    assert "Call it off" not in page.links
    assert client.get(_path(event, "call-off")).status_code == 403


def test_the_next_edition_is_a_copy_in_the_same_series(client: FlaskClient) -> None:
    event = make_event(name="Forum 2036", asks_organisation_type=True)
    make_registration(event)
    sign_in(client, event, Role.MANAGER)

    form = read(client.get(_path(event, "copy")))
    made = client.post(
        _path(event, "copy"), data=form.inputs | {"name_en": "Forum 2037", "starts_on": "2037-12-01"}
    )  # fmt: skip
    draft = read(client.get(made.headers["Location"]))
    client.post("/organizer/events/forum-2037/publish", data=draft.inputs)
    page = read(client.get("/events/forum-2037"))
    series = read(client.get("/series/forum-2036"))

    assert form.inputs["name_en"] == "Forum 2036"
    assert "Publish" in draft.buttons
    assert page.links["Forum 2036"] == "/series/forum-2036"
    assert series.words.index("Forum 2037") < series.words.index("Forum 2036", series.words.index("Editions"))
    assert series.links["Forum 2037"] == "/events/forum-2037"


def test_a_copy_needs_no_series(client: FlaskClient) -> None:
    event = make_event(name="Forum")
    sign_in(client, event, Role.MANAGER)

    inputs = read(client.get(_path(event, "copy"))).inputs
    del inputs["new_series"]
    client.post(_path(event, "copy"), data=inputs | {"starts_on": "2037-12-01"})

    assert _now(event).series_id is None
    assert client.get("/events/forum-2037").status_code == 404


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        pytest.param({"starts_on": ""}, "starts_on", "Write on which day", id="no day"),
        pytest.param({"starts_on": "2037-02-30"}, "starts_on", "Write the day like", id="the 30th of February"),
        pytest.param({"starts_on": "20371201"}, "starts_on", "Write the day like", id="written otherwise"),
        pytest.param({"starts_on": "9999-12-31"}, "starts_on", "Write a year from 2000", id="the year 9999"),
        pytest.param({"name_en": ""}, "name_en", "Write what the event is called", id="no name"),
    ],
)
def test_what_cannot_be_copied_comes_back(
    client: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    event = make_event()
    sign_in(client, event, Role.MANAGER)
    before = everything()

    page = _take(client, event, "copy", **({"starts_on": "2037-12-01"} | typed))

    assert page.status == 422
    assert sentence in page.described(field)
    assert page.inputs[field] == typed[field]
    assert everything() == before


def _series(client: FlaskClient) -> EventFacts:
    """Return an edition of the series /series/forum, whose owner is signed in."""
    event = make_event(name="Forum")
    sign_in(client, event, Role.OWNER)
    _take(client, event, "copy", starts_on="2037-12-01")
    return event


def test_a_series_is_renamed_and_moved(client: FlaskClient) -> None:
    event = _series(client)
    client.get(f"/events/{event.slug}")
    form = read(client.get("/organizer/series/forum"))

    answer = client.post(
        "/organizer/series/forum",
        data=form.inputs | {"name_en": "The Fora", "name_hu": "Fórumok", "summary_en": "Each year.", "slug": "fora"},
    )
    public = read(client.get("/series/fora"))

    assert answer.headers["Location"] == "/organizer/series/fora"
    assert "Each year." in public.words
    assert "Fórumok" in client.get("/series/fora?lang=hu").text
    assert client.get("/series/forum").status_code == 404
    assert read(client.get(f"/events/{event.slug}")).links["The Fora"] == "/series/fora"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        pytest.param({"name_en": "", "name_hu": ""}, "name_en", "Write what the series is called", id="no name"),
        pytest.param({"slug": "The Forum"}, "slug", "Use small letters", id="an odd address"),
        pytest.param({"slug": ""}, "slug", "Write the last part", id="no address"),
        pytest.param({"summary_en": "x" * 1001}, "summary_en", "Shorten this to 1,000", id="a long summary"),
    ],
)
def test_an_odd_series_comes_back(client: FlaskClient, typed: dict[str, str], field: str, sentence: str) -> None:
    _series(client)
    before = everything()
    form = read(client.get("/organizer/series/forum"))

    page = read(client.post("/organizer/series/forum", data=form.inputs | typed))

    assert page.status == 422
    assert sentence in page.described(field)
    assert everything() == before


def test_a_series_of_others_is_not_found(client: FlaskClient) -> None:
    _series(client)
    sign_in(client, make_event(), Role.OWNER)

    assert client.get("/organizer/series/forum").status_code == 404
    assert client.post("/organizer/series/forum").status_code == 404


def test_a_series_whose_editions_are_drafts_is_not_found(client: FlaskClient) -> None:
    event = _series(client)

    _take(client, event, "unpublish")

    assert client.get("/series/forum").status_code == 404


def test_an_event_leaves_its_series(client: FlaskClient) -> None:
    event = _series(client)
    within = _now(event).series_id
    page = read(client.get(_path(event, "settings")))

    _take(client, event, "settings", in_series="")

    assert page.inputs["in_series"] == "forum"
    assert _now(event).series_id is None
    _take(client, event, "settings", in_series="forum")
    assert _now(event).series_id == within


def test_an_event_joins_no_series_of_others(client: FlaskClient) -> None:
    _series(client)
    mine = _series(client)
    before = everything()

    page = _take(client, mine, "settings", in_series="forum")

    assert page.status == 422
    assert "Choose one from the list" in page.described("in_series")
    assert everything() == before
