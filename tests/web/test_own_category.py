"""Categories on one's own page: why one waits, and changing to another one."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from regapp.clock import utcnow
from regapp.db import db, snapshot, transaction
from regapp.links import own_path
from regapp.models import Quota
from regapp.services import books, capacity, events, registrations
from regapp.services.own import Own, get_own
from tests.everything import everything
from tests.factories import make_category, make_event, make_registration
from tests.web.test_categories import TICK, form_of, on_sqlite, seat
from tests.web.visitor import Page, read


def page_of(own: Own) -> str:
    return own_path(own.code, own.link_version)


# --- one's own page ------------------------------------------------------------


@pytest.mark.rule("R3")
def test_who_waits_reads_which_limit_is_full_and_who_is_ahead(client: FlaskClient) -> None:
    event = make_event(size=8)
    makers = make_category(event, size=4, name="Policy makers")
    guests = make_category(event, size=None, name="Guests")
    seat(event, makers, 4)
    seat(event, guests, 2)
    first, second, *_rest, last = seat(event, makers, 4)

    words = {own.code: read(client.get(page_of(own))).words for own in (first, second, last)}
    hungarian = read(client.get(f"{page_of(last)}?lang=hu")).words

    assert "“Policy makers”: full 4 of 4. In the event 2 places are free, for other categories." in words[last.code]
    assert "3 people are ahead of you for “Policy makers”." in words[last.code]
    assert "1 person is ahead of you for “Policy makers”." in words[second.code]
    assert "You are the first in line for “Policy makers”." in words[first.code]
    assert "The next place that becomes free in this category is yours." in words[first.code]
    assert "„Policy makers”: betelt 4 helyből 4. A rendezvényen más kategóriában 2 hely szabad." in hungarian
    assert "3 ember áll Ön előtt ebben a kategóriában: „Policy makers”." in hungarian


@pytest.mark.rule("R3")
@pytest.mark.rule("R5")
def test_members_and_guests_fill_an_event_and_a_seat_goes_to_the_first_whose_category_has_room(
    client: FlaskClient,
) -> None:
    """40 members and 20 guests fill an event of 60, though guests have 20 places left in their category."""
    event = make_event(size=60)
    members, guests = make_category(event, size=40, name="Members"), make_category(event, size=40, name="Guests")
    with transaction():  # fill it in one go
        for category, people in ((members, 38), (guests, 18)):
            quota = events.get(event.id).category(category)
            assert quota is not None
            db.session.execute(update(Quota).where(Quota.id == quota.quota_id).values(taken=people))
        db.session.execute(update(Quota).where(Quota.id == event.quota_id).values(taken=56))
    seated = [make_registration(event, category_id=category) for category in (members, members, guests, guests)]
    member, guest = make_registration(event, category_id=members), make_registration(event, category_id=guests)

    form, why = read(client.get(form_of(event))), read(client.get(page_of(guest)))
    with transaction():
        registrations.cancel(seated[2].id, actor="attendee", now=utcnow())

    assert "The whole event is full, though 20 of the 40 places here are free" in form.words
    assert "All places of the event are taken 60 of 60. “Guests” itself could take 20 people more." in why.words
    assert get_own(guest.code).state == "confirmed", "the member before the guest has no room in the own category"
    assert "“Members”: full 40 of 40." in read(client.get(page_of(member))).words
    found = events.get(event.id)
    assert (found.taken, [one.taken for one in found.categories]) == (60, [40, 20])


@pytest.mark.rule("R3")
@on_sqlite
def test_a_seat_of_the_event_goes_to_the_member_ahead_where_members_have_room(client: FlaskClient) -> None:
    event = make_event(size=2)
    members, guests = make_category(event, size=40, name="Members"), make_category(event, size=40, name="Guests")
    seated = seat(event, guests, 2)
    member, guest = make_registration(event, category_id=members), make_registration(event, category_id=guests)

    with transaction():
        registrations.cancel(seated[0].id, actor="attendee", now=utcnow())

    assert (get_own(member.code).state, get_own(guest.code).state) == ("confirmed", "waitlisted")
    assert "longest among those whose category has room" in read(client.get(page_of(guest))).words


@on_sqlite
@pytest.mark.rule("R4")
def test_a_category_cut_below_what_is_taken_says_so(client: FlaskClient) -> None:
    event = make_event(size=10)
    guests = make_category(event, size=3, name="Guests")
    *_, waits = seat(event, guests, 4)
    [facts] = events.get(event.id).categories
    with transaction():
        capacity.resize(event.id, 10, beside={facts.quota_id: 1}, actor="account:1", now=utcnow())

    assert "3 people have a place. The number of places is 1 now." in read(client.get(page_of(waits))).words
    assert "Full: you would be number 2" in read(client.get(f"/events/{event.slug}")).words


@on_sqlite
def test_ones_own_data_names_the_category(client: FlaskClient) -> None:
    event = make_event()
    [own] = seat(event, make_category(event, name="Guests"), 1)
    plain = make_registration(make_event())

    assert json.loads(client.get(f"{page_of(own)}/data.json").text)["registration"]["category"] == "Guests"
    assert json.loads(client.get(f"{page_of(plain)}/data.json").text)["registration"]["category"] is None


# --- another category ----------------------------------------------------------


def _choose(client: FlaskClient, own: Own, category: int | str) -> Page:
    """Choose a category on the page for it, as a browser does."""
    return read(client.get(f"{page_of(own)}/category?category={category}&step=2"))


def test_who_waits_is_told_and_goes_to_the_end_of_the_other_category(client: FlaskClient) -> None:
    event = make_event(size=4)
    makers, guests = make_category(event, size=2, name="Policy makers"), make_category(event, size=2, name="Guests")
    seat(event, makers, 2), seat(event, guests, 2)
    [own], _two = seat(event, makers, 1), seat(event, guests, 2)
    path = f"{page_of(own)}/category"
    before = everything()

    choosing = read(client.get(read(client.get(page_of(own))).links["Change my category"]))
    page = _choose(client, own, guests)
    client.head(f"{path}?category={guests}")
    shown = everything()
    answer = client.post(path, data=page.inputs)
    again = client.post(path, data=page.inputs)
    after = get_own(own.code)

    assert "Full: you would be number 3 on its waiting list" in choosing.described("category")
    assert "You go to the end: number 3 on the waiting list of “Guests”." in page.words
    assert "You give up number 1 for “Policy makers”." in page.words
    assert shown == before, "looking changes nothing"
    assert answer.status_code == again.status_code == 303
    assert "Saved." in read(client.get(answer.location)).words
    assert (after.category_id, after.position, after.revision) == (guests, 3, own.revision + 1)
    with snapshot() as connection:
        assert books.verify(connection, now=utcnow()).differences == []


def test_who_has_a_place_is_moved_only_where_there_is_one(client: FlaskClient) -> None:
    event = make_event(size=4)
    makers, guests = make_category(event, size=2, name="Policy makers"), make_category(event, size=3, name="Guests")
    seat(event, makers, 1)
    [own, other] = seat(event, guests, 2)
    path = f"{page_of(own)}/category"

    page = _choose(client, own, makers)
    seat(event, makers, 1)
    before = everything()
    refused = client.post(path, data=page.inputs)
    told, choosing = _choose(client, own, makers), read(client.get(path))
    stored = everything()
    with transaction():
        capacity.resize(event.id, 5, beside={events.get(event.id).categories[0].quota_id: 3}, actor="x", now=utcnow())
    done = client.post(path, data=page.inputs)

    assert "You keep a place at European Cluster Conference." in page.words
    assert refused.status_code == 409
    for answer in (read(refused), told):
        assert "“Policy makers”: no place is free 2 of 2 places are taken." in answer.words
        assert "You keep the place that you have" in answer.words
        assert answer.buttons == []
    assert "Full: 2 of 2 are taken." in choosing.described("category")
    assert (choosing.buttons, "No other one has a place now" in choosing.words) == ([], True)
    assert stored == before
    assert done.status_code == 303
    assert (get_own(own.code).category_id, get_own(own.code).state) == (makers, "confirmed")
    assert get_own(other.code).category_id == guests


@on_sqlite
def test_what_cannot_be_changed_to_is_refused_beside_the_field(client: FlaskClient) -> None:
    event = make_event()
    mine, hidden = make_category(event, name="Guests"), make_category(event, hidden=True, name="Secret")
    open_, closed = make_category(event), make_category(event, closes_at=utcnow() - TICK, name="Early birds")
    [own] = seat(event, mine, 1)
    path, elsewhere = f"{page_of(own)}/category", make_category(make_event())
    token = _choose(client, own, open_).inputs
    before = everything()

    bad = ("", "x", "-1", "9" * 31, hidden, elsewhere, closed)
    problems = {typed: _choose(client, own, typed) for typed in (*bad, mine)}
    sent = [client.post(path, data=token | {"category": str(typed)}) for typed in bad]

    assert {page.status for page in problems.values()} == {422}
    assert "Choose a category" in problems[""].described("category")
    assert "Choose one of these categories" in problems[hidden].described("category")
    assert "“Early birds” is closed since" in problems[closed].described("category")
    assert "this one is yours already" in problems[mine].described("category")
    assert "Secret" not in "".join(page.words for page in problems.values())
    assert [answer.status_code for answer in sent] == [422] * 7
    assert client.post(path, data={"category": str(open_)}).status_code == 422, "not from a page of ours"
    assert everything() == before


@on_sqlite
def test_the_category_is_changed_until_change_until_and_only_where_there_is_another(client: FlaskClient) -> None:
    late = make_event(change_until=utcnow() - TICK)
    mine, other = make_category(late), make_category(late)
    [own] = seat(late, mine, 1)
    alone = make_event()
    [lonely] = seat(alone, make_category(alone), 1)
    before = everything()
    token = read(client.get(form_of(alone))).inputs["csrf_token"]

    shown = client.get(f"{page_of(own)}/category")
    sent = client.post(f"{page_of(own)}/category", data={"csrf_token": token, "category": str(other)})

    assert "can no longer be changed" in read(client.get(shown.location)).words
    assert sent.status_code == 409
    for person in (own, lonely):
        assert "Change my category" not in read(client.get(page_of(person))).links
    assert client.get(f"{page_of(lonely)}/category").location == page_of(lonely)
    assert everything() == before
