"""What the event list and the event page say in each phase."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import update

from regapp import links
from regapp.db import db, transaction
from regapp.models import Event, EventStatus
from regapp.services.own import get_own
from tests.factories import make_event, make_registration
from tests.web.visitor import read

OPENS = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
STARTS = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
ENDS = datetime(2026, 12, 2, 12, 30, tzinfo=UTC)
DATES = {"opens_at": OPENS, "closes_at": CLOSES, "starts_at": STARTS, "ends_at": ENDS}
SECOND = timedelta(seconds=1)

PHASES = [
    pytest.param(
        OPENS - SECOND, "Registration opens on Monday 7 September 2026, 10:00 Brussels time (CEST).", id="soon"
    ),
    pytest.param(OPENS, "Registration is open until Friday 20 November 2026, 18:00 Brussels time (CET).", id="open"),
    pytest.param(CLOSES - SECOND, "Registration is open until", id="the last second"),
    pytest.param(CLOSES, "It closed on Friday 20 November 2026, 18:00 Brussels time (CET).", id="closed"),
    pytest.param(STARTS, "It closed on Friday 20 November 2026", id="under way"),
    pytest.param(ENDS, "This event is over", id="past"),
]


@pytest.mark.rule("R16")
@pytest.mark.parametrize(("now", "sentence"), PHASES)
def test_the_event_page_says_where_the_event_stands(client: FlaskClient, now: datetime, sentence: str) -> None:
    event = make_event(**DATES)

    with time_machine.travel(now, tick=False):
        page = read(client.get(f"/events/{event.slug}"))

    assert sentence in page.words
    assert ("Register" in page.links) == (OPENS <= now < CLOSES)
    assert "Tuesday 1 and Wednesday 2 December 2026" in page.words
    assert "From 09:00 on the first day to 13:30 on the second, Brussels time (CET)" in page.words


@pytest.mark.parametrize("now", [OPENS - SECOND, CLOSES, STARTS, ENDS], ids=["soon", "closed", "under way", "past"])
def test_the_form_is_shown_only_while_it_is_open(client: FlaskClient, now: datetime) -> None:
    event = make_event(**DATES)
    path = f"/events/{event.slug}/register"

    with time_machine.travel(now, tick=False):
        page = read(client.get(path))

    assert page.status == 200
    assert page.buttons == []
    assert any(word in page.words for word in ("opens on", "closed on", "ended on"))


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param(OPENS - SECOND, "Registration opens on Monday 7 September 2026, 10:00", id="too early"),
        pytest.param(CLOSES, "Registration closed on Friday 20 November 2026, 18:00", id="too late"),
        pytest.param(ENDS, "It ended on Wednesday 2 December 2026, 13:30", id="over"),
    ],
)
def test_a_form_sent_outside_the_window_keeps_its_words_and_says_when(
    client: FlaskClient, now: datetime, reason: str
) -> None:
    path = f"/events/{make_event(**DATES).slug}/register"
    typed = {"first_name": "Ana", "email": "ana@example.org", "organisation": "Danube", "country": "HU", "privacy": "1"}

    with time_machine.travel(OPENS, tick=False) as clock:
        guard = read(client.get(path)).inputs
        clock.move_to(now, tick=False)
        form = read(client.post(path, data=guard | typed))  # the guard has run out: a fresh one comes back
        answer = client.post(path, data=form.inputs)
    page = read(answer)

    assert answer.status_code == 409
    assert "You are not registered" in page.words
    assert reason in page.words
    assert page.inputs["organisation"] == "Danube"


def test_a_cancelled_event_says_so(client: FlaskClient) -> None:
    event = make_event(status=EventStatus.CANCELLED)

    page, form = read(client.get(f"/events/{event.slug}")), read(client.get(f"/events/{event.slug}/register"))

    assert "This event will not take place." in page.words
    assert "Register" not in page.links
    assert "This event will not take place." in form.words
    assert form.buttons == []


def test_drafts_are_seen_by_nobody(client: FlaskClient) -> None:
    event = make_event(status=EventStatus.DRAFT, name="Secret")

    assert client.get(f"/events/{event.slug}").status_code == 404
    assert client.get(f"/events/{event.slug}/register").status_code == 404
    assert "Secret" not in read(client.get("/")).words


def test_a_past_event_tells_what_came_of_it(client: FlaskClient) -> None:
    texts = {"en": {"name": "X", "after": "More than **150 people** came."}}
    event = make_event(texts=texts, **DATES)

    with time_machine.travel(CLOSES, tick=False):
        before = read(client.get(f"/events/{event.slug}"))
    with time_machine.travel(ENDS, tick=False):
        after = read(client.get(f"/events/{event.slug}"))

    assert "150 people" not in before.words
    assert "What came of it More than 150 people came." in after.words


def test_an_event_without_limit_has_places_for_everybody(client: FlaskClient) -> None:
    event = make_event(size=None)
    make_registration(event)

    page = read(client.get(f"/events/{event.slug}"))

    assert "Places for everybody" in page.words
    assert "One person takes part so far." in page.words
    assert "accept_waitlist" not in read(client.get(f"/events/{event.slug}/register")).offered


def test_the_figures_on_the_page_are_those_of_the_books(client: FlaskClient) -> None:
    event = make_event(size=3)
    for _ in range(2):
        make_registration(event)

    page = read(client.get(f"/events/{event.slug}"))

    assert "1 of 3 places left" in page.words
    assert "2 are taken." in page.words


def test_the_list_shows_what_is_open_first_and_the_past_last(client: FlaskClient) -> None:
    for name, shift in {"Past": -700, "Open": 0, "Soon": 90, "Earlier": -800}.items():
        make_event(name=name, **{key: value + timedelta(days=shift) for key, value in DATES.items()})
    make_event(name="Off", status=EventStatus.CANCELLED, **DATES)

    with time_machine.travel(OPENS, tick=False):
        page = read(client.get("/"))

    names = ["Open", "Soon", "Off", "Past", "Earlier"]
    assert [name for name in page.links if name in names] == names
    assert "250 places left of 250" in page.words


def test_an_empty_list_says_what_to_do(client: FlaskClient) -> None:
    assert "No event is announced yet" in read(client.get("/")).words


def test_texts_of_organizers_are_escaped_and_markdown_is_clean(client: FlaskClient) -> None:
    event = make_event(name="<i>A & B</i>", description="[x](javascript:alert(1)) <script>alert(1)</script>\n\n# Big")

    html = client.get(f"/events/{event.slug}").text

    assert "&lt;i&gt;A &amp; B&lt;/i&gt;" in html
    assert "<script>" not in html
    assert 'href="javascript' not in html
    assert "<h3>Big</h3>" in html


def test_a_page_is_drawn_anew_as_soon_as_a_text_changes(client: FlaskClient) -> None:
    event = make_event(name="Before")
    first = read(client.get(f"/events/{event.slug}"))
    from_elsewhere = {"en": {"name": "After"}}

    _rename(event.id, from_elsewhere)

    assert "Before" in first.words
    assert "After" in read(client.get(f"/events/{event.slug}")).words


def _rename(event_id: int, texts: dict[str, dict[str, str]]) -> None:
    with transaction():
        db.session.execute(update(Event).where(Event.id == event_id).values(texts=texts))


def test_somebody_who_waits_after_serving_has_ended_reads_that_it_has(client: FlaskClient) -> None:
    event = make_event(size=0, **DATES)
    own = make_registration(event, now=OPENS)

    with time_machine.travel(CLOSES, tick=False):
        page = read(client.get(links.own_path(own.code, own.link_version)))

    assert page.main["data-position"] == "1"
    assert "Places were given until Friday 20 November 2026, 18:00" in page.words
    assert "Places are no longer given" in page.words


def test_after_the_start_one_cannot_change_or_cancel(client: FlaskClient) -> None:
    own = make_registration(make_event(**DATES), now=OPENS)
    path = links.own_path(own.code, own.link_version)

    with time_machine.travel(STARTS - SECOND, tick=False) as clock:
        step = read(client.get(f"{path}/cancel"))
        clock.move_to(STARTS, tick=False)
        page = read(client.get(path))
        shown = client.get(f"{path}/cancel")
        refused = read(client.post(f"{path}/cancel", data=step.inputs))

    assert "Cancel my place" not in page.links
    assert (shown.status_code, shown.location) == (303, path)
    assert refused.status == 409
    assert "The event has begun" in refused.words
    assert get_own(own.code).state == "confirmed"


def test_a_called_off_event_is_said_on_the_own_page(client: FlaskClient) -> None:
    event = make_event()
    own = make_registration(event)
    with transaction():
        db.session.execute(update(Event).where(Event.id == event.id).values(status=EventStatus.CANCELLED))

    page = read(client.get(links.own_path(own.code, own.link_version)))

    assert page.title.startswith("Called off: ")
    assert "This event will not take place." in page.words
    for promise in ("Confirmed", "We look forward", "Show this at the door"):
        assert promise not in page.words
    assert {"Take it away as a file", "Erase my data"} <= set(page.links)
    gone = {"Add to my calendar", "Change my details", "Change my e-mail address", "Cancel my place"}
    assert not {*gone, "End messages from the organizers"} & set(page.links)
    for step in ("change", "email", "cancel"):
        assert client.get(f"{links.own_path(own.code, own.link_version)}/{step}").status_code == 303
