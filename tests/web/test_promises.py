"""Pages promise only what can still happen: before and after serving ends, with a lowered size, without places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from regapp import links
from regapp.db import transaction
from regapp.services import capacity
from regapp.services.events import EventFacts
from regapp.services.own import Own
from tests.factories import make_event, make_registration
from tests.web.visitor import Page, fill, read

OPENS = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
STARTS = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
DATES = {"opens_at": OPENS, "closes_at": CLOSES, "starts_at": STARTS, "ends_at": STARTS + timedelta(hours=8)}
AGAIN, AT_ONCE, GIVEN_UP = "You may register again while places last", "first in line at once", "cannot take it back"


def _read(client: FlaskClient, own: Own, *, at: datetime, below: str = "") -> Page:
    with time_machine.travel(at, tick=False):
        return read(client.get(links.own_path(own.code, own.link_version) + below))


def _lower(event: EventFacts, size: int) -> None:
    with transaction():
        capacity.resize(event.id, size, actor="operator", now=OPENS)


@pytest.mark.parametrize(
    ("places", "people", "size", "at", "said"),
    [
        pytest.param(2, 1, 2, OPENS, AGAIN, id="open, places left"),
        pytest.param(2, 2, 2, OPENS, AGAIN, id="open, the last place"),
        pytest.param(1, 2, 1, OPENS, AT_ONCE, id="open, somebody waits"),
        pytest.param(2, 1, 2, CLOSES, GIVEN_UP, id="closed, places left"),
        pytest.param(1, 2, 1, CLOSES, GIVEN_UP, id="closed, who waits is served no more"),
        pytest.param(2, 2, 1, OPENS, GIVEN_UP, id="a lowered size takes the place"),
        pytest.param(2, 3, 1, OPENS, GIVEN_UP, id="a lowered size takes the place, somebody waits"),
    ],
)
def test_who_cancels_reads_what_becomes_of_the_place(
    client: FlaskClient, *, places: int, people: int, size: int, at: datetime, said: str
) -> None:
    event = make_event(size=places, **DATES)
    own, *_ = [make_registration(event, now=OPENS) for _ in range(people)]
    _lower(event, size)

    words = _read(client, own, at=at, below="/cancel").words

    assert [sentence for sentence in (AGAIN, AT_ONCE, GIVEN_UP) if sentence in words] == [said]


def test_after_the_list_has_ended_nobody_reads_that_they_could_come_back_to_it(client: FlaskClient) -> None:
    event = make_event(size=1, **DATES)
    make_registration(event, now=OPENS)
    waiting = make_registration(event, now=OPENS)

    before = _read(client, waiting, at=OPENS, below="/cancel").words
    after = _read(client, waiting, at=CLOSES, below="/cancel").words

    assert "If you leave and come back later, you start at the end." in before
    assert "come back later" not in after
    assert "If you leave the list, you cannot come back to it." in after


def test_the_first_in_line_is_promised_the_next_place_only_while_places_are_given(client: FlaskClient) -> None:
    event = make_event(size=1, **DATES)
    make_registration(event, now=OPENS)
    first = make_registration(event, now=OPENS)
    promises = ["You have no place yet", "goes to the first in line", "The next place that becomes free is yours"]

    before, after = _read(client, first, at=CLOSES - timedelta(seconds=1)).words, _read(client, first, at=CLOSES).words

    assert [promise for promise in promises if promise in before] == promises
    assert [promise for promise in promises if promise in after] == []
    assert "Places are no longer given" in after
    assert "Places are no longer given" not in before
    assert "You have no place, Ana." in after


def test_somebody_who_waits_reads_that_there_are_fewer_places_now(client: FlaskClient) -> None:
    event = make_event(size=3, **DATES)
    for _ in range(3):
        make_registration(event, now=OPENS)
    waiting = make_registration(event, now=OPENS)
    _lower(event, 1)

    page = _read(client, waiting, at=OPENS)

    assert "3 people have a place. The number of places is 1 now." in page.words
    assert "3 of 1" not in page.words


def test_a_list_that_takes_nobody_more_is_not_offered(client: FlaskClient) -> None:
    event = make_event(size=1, serve_until=CLOSES - timedelta(days=7), **DATES)
    make_registration(event, now=OPENS)
    path = f"/events/{event.slug}"

    with time_machine.travel(CLOSES - timedelta(days=7, seconds=1), tick=False) as clock:
        before, form_before = read(client.get(path)), read(client.get(f"{path}/register"))
        clock.move_to(CLOSES - timedelta(days=7), tick=False)
        after, form_after = read(client.get(path)), read(client.get(f"{path}/register"))

    assert "Join the waiting list" in before.links
    assert form_before.buttons == ["Join the waiting list"]
    assert "Join the waiting list" not in after.links
    assert "No more people can wait." in after.words
    assert form_after.buttons == []
    assert "no more people can wait" in form_after.words


def test_a_list_of_those_interested_is_never_called_full(client: FlaskClient) -> None:
    event = make_event(size=0)
    path = f"/events/{event.slug}"

    pages = [read(client.get(address)) for address in ("/", path, f"{path}/register")]
    asked = read(fill(client, f"{path}/register", accept_waitlist=""))
    own = read(client.get(fill(client, f"{path}/register").location))

    for page in (*pages, asked, own):
        assert [
            words for words in ("Full", "full", "0 of 0", "All places", "becomes free") if words in page.words
        ] == []
    assert "You would be number 1 on the list of those who are interested." in pages[2].words
    assert asked.status == 409
    assert "There are no places yet" in asked.words
    assert asked.buttons == ["Join the list"] * 2
    assert own.main["data-position"] == "1"
    assert "There are no places yet" in own.words
    assert "You are number 1 on the list of those who are interested." in own.words
