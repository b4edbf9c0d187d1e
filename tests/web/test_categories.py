"""Categories as visitors meet them: on the event's page, on the form, on their own page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from werkzeug.datastructures import MultiDict

from regapp.clock import utcnow
from regapp.db import db, snapshot, transaction
from regapp.links import own_path
from regapp.models import Category, Quota, Registration
from regapp.services import books, capacity, categories, events, registrations
from regapp.services.categories import Plan
from regapp.services.events import EventFacts
from regapp.services.own import Own, get_own
from tests.everything import everything
from tests.factories import make_category, make_event, make_registration
from tests.statements import counting
from tests.web.visitor import FIELDS, Page, fill, read

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the kind of database makes no difference to."""


def form_of(event: EventFacts) -> str:
    return f"/events/{event.slug}/register"


def page_of(own: Own) -> str:
    return own_path(own.code, own.link_version)


def seat(event: EventFacts, category: int, people: int) -> list[Own]:
    return [make_registration(event, category_id=category) for _ in range(people)]


def change(event: EventFacts, category: int, **plan: Any) -> None:
    with transaction():
        plan = {"texts": {"en": {"name": "Guests"}}} | plan
        categories.change(event.id, category, Plan(**plan), actor="account:1", now=utcnow())


# --- registering ---------------------------------------------------------------


@pytest.mark.rule("R5")
def test_a_visitor_sees_the_categories_chooses_one_and_has_a_place_in_it(client: FlaskClient) -> None:
    event = make_event(size=60)
    makers, guests = make_category(event, size=40, name="Policy makers"), make_category(event, size=9, name="Guests")

    event_page = read(client.get(f"/events/{event.slug}"))
    form = read(client.get(event_page.links["Register"]))
    answer = fill(client, form_of(event), category=str(guests))
    own = read(client.get(answer.location))
    found = events.get(event.id)

    assert "Policy makers 40 places left of 40 Guests 9 places left of 9" in event_page.words
    assert "category" not in form.inputs, "nothing is chosen for who has a choice"
    assert form.labels[f"category-{makers}"] == "Policy makers"
    assert "9 places left" in form.described("category")
    assert answer.status_code == 303
    assert "CategoryGuests" in own.words
    assert [(one.id, one.taken) for one in found.categories] == [(makers, 0), (guests, 1)]
    assert found.taken == 1
    with snapshot() as connection:
        assert books.verify(connection, now=utcnow()).differences == []


@on_sqlite
def test_without_categories_nothing_is_asked_and_nothing_is_stored(client: FlaskClient) -> None:
    other = make_category(make_event())
    event = make_event()

    page = read(client.get(form_of(event)))
    answer = fill(client, form_of(event), category=str(other))

    assert "category" not in page.offered
    assert "Category" not in page.words + read(client.get(f"/events/{event.slug}")).words
    assert answer.status_code == 303
    assert "Category" not in read(client.get(answer.location)).words
    assert db.session.scalar(select(Registration.category_id)) is None


@on_sqlite
def test_the_only_open_category_is_chosen_beforehand(client: FlaskClient) -> None:
    event = make_event()
    lone = make_category(event)
    make_category(event, opens_at=utcnow() + timedelta(days=1))
    make_category(event, hidden=True)

    assert read(client.get(form_of(event))).inputs["category"] == str(lone)
    assert fill(client, form_of(event)).status_code == 303


BAD = [
    *["", " ", "0", "-1", "guest", "1.0", "1e3", "9" * 31, "०१", "null", "true", "' OR 1=1 --", "\x00", "[1]"],
    *["{other}", "{hidden}", "{guests}0", "0{guests}", "{guests},{guests}"],
]


@on_sqlite
def test_whatever_is_no_category_to_choose_is_refused_beside_the_field(client: FlaskClient) -> None:
    event, elsewhere = make_event(), make_event()
    ids = {"guests": make_category(event), "hidden": make_category(event, hidden=True, name="Secret")}
    ids["other"] = make_category(elsewhere)
    form, before = read(client.get(form_of(event))).inputs | FIELDS | {"first_name": "Zoë"}, everything()

    for bad in [None, *BAD]:
        typed = MultiDict(form)
        typed.pop("category", None)
        if bad is not None:
            typed["category"] = _filled(bad, ids)
        answer = client.post(form_of(event), data=typed)
        page = read(answer)

        assert answer.status_code == 422, bad
        expected = "Choose one of these categories" if (bad or "").strip() else "Choose a category"
        assert expected in page.described("category"), bad
        assert "#category" in page.links.values()
        assert page.inputs["first_name"] == "Zoë"
        assert "Secret" not in page.words
    typed = MultiDict(form)
    typed.setlist("category", ["x", str(ids["guests"])])
    assert client.post(form_of(event), data=typed).status_code == 422, "of several the first counts"
    assert everything() == before


def _filled(bad: str, ids: dict[str, int]) -> str:
    for name, id_ in ids.items():
        bad = bad.replace(f"{{{name}}}", str(id_))
    return bad


@on_sqlite
def test_a_problem_with_the_category_is_told_in_the_visitors_language(client: FlaskClient) -> None:
    event = make_event()
    make_category(event), make_category(event)

    page = read(fill(client, f"{form_of(event)}?lang=hu"))

    assert page.lang == "hu"
    assert "Válasszon kategóriát" in page.described("category")


@on_sqlite
def test_a_hidden_category_is_nowhere(client: FlaskClient) -> None:
    event = make_event()
    make_category(event, name="Guests")
    make_category(event, name="Secret", hidden=True)

    assert "Secret" not in client.get(f"/events/{event.slug}").text
    assert "Secret" not in client.get(form_of(event)).text


@on_sqlite
def test_where_all_categories_are_hidden_nobody_is_led_to_a_form(client: FlaskClient) -> None:
    event = make_event()
    hidden = make_category(event, hidden=True)

    page = read(client.get(form_of(event)))

    assert "No category is open now." in page.words
    assert "first_name" not in page.offered
    assert "Register" not in read(client.get(f"/events/{event.slug}")).links
    form = read(client.get(f"/events/{make_event().slug}/register")).inputs | FIELDS
    for typed in ({}, {"category": str(hidden)}):
        assert client.post(form_of(event), data=form | typed).status_code == 422


OPENS, CLOSES = datetime(2026, 9, 20, 8, tzinfo=UTC), datetime(2026, 9, 25, 8, tzinfo=UTC)
TICK = timedelta(seconds=1)


@on_sqlite
@pytest.mark.rule("R16")
def test_a_window_opens_and_closes_to_the_second_on_pages_drawn_before(client: FlaskClient) -> None:
    event = make_event()
    early = make_category(event, name="Students", opens_at=OPENS, closes_at=CLOSES)
    make_category(event, name="Guests")
    seen = []
    with time_machine.travel(OPENS - TICK, tick=False) as clock:
        for moment in (OPENS - TICK, OPENS, CLOSES - TICK, CLOSES):
            clock.move_to(moment)
            page, shared = read(client.get(form_of(event))), client.get(f"/events/{event.slug}")
            answer = fill(client, form_of(event), category=str(early), email=f"{moment.timestamp()}@example.org")
            refused = "" if answer.status_code == 303 else read(answer).described("category")
            seen.append((answer.status_code, "disabled" in _radio(client, event, early), refused))
            assert ("Students Not yet open" in read(shared).words) is (moment < OPENS)
            assert ("Students Closed since" in read(shared).words) is (moment >= CLOSES)
            assert "Guests" in page.words
            edge = [at - moment for at in (OPENS, CLOSES) if at > moment]
            if edge and edge[0] == TICK:
                assert shared.headers["Cache-Control"] == "public, max-age=1"

    assert [status for status, _, _ in seen] == [422, 303, 303, 422]
    assert [disabled for _, disabled, _ in seen] == [True, False, False, True]
    assert "“Students” is open from Sunday 20 September 2026, 10:00 Brussels time (CEST)" in seen[0][2]
    assert "“Students” is closed since Friday 25 September 2026, 10:00 Brussels time (CEST)" in seen[3][2]


def _radio(client: FlaskClient, event: EventFacts, category: int) -> str:
    """Return the input of a category as it stands in the page."""
    html = client.get(form_of(event)).text
    start = html.index(f'id="category-{category}"')
    return html[start : html.index(">", start)]


@pytest.mark.rule("R9")
def test_a_category_closed_by_organizers_is_refused_but_a_form_sent_before_keeps_its_answer(
    client: FlaskClient,
) -> None:
    event = make_event()
    guests = make_category(event, name="Guests")
    make_category(event)
    sent = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(guests)}
    first = client.post(form_of(event), data=sent)
    late = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(guests), "email": "late@example.org"}
    change(event, guests, closes_at=utcnow() - TICK)
    before = everything()

    again, refused = client.post(form_of(event), data=sent), client.post(form_of(event), data=late)

    assert again.location == first.location
    assert refused.status_code == 422
    assert "“Guests” is closed since" in read(refused).described("category")
    assert everything() == before


def test_a_category_that_was_removed_elsewhere_a_moment_ago_is_no_failure(client: FlaskClient) -> None:
    event = make_event()
    gone, stays = make_category(event, name="Guests"), make_category(event)
    with time_machine.travel(utcnow(), tick=False):
        form = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(gone)}
        client.get(f"/events/{event.slug}")
        with db.engine.begin() as elsewhere:  # so this process does not learn of it
            elsewhere.execute(delete(Category).where(Category.id == gone))

        answer = client.post(form_of(event), data=form)
        page = read(answer)

        assert answer.status_code == 422
        assert "Choose one of these categories" in page.described("category")
        assert page.labels.keys() >= {f"category-{stays}", "first_name"}
        assert f"category-{gone}" not in page.labels
        client.get(f"/events/{event.slug}")
        with db.engine.begin() as elsewhere:
            elsewhere.execute(delete(Category))

        last = client.post(form_of(event), data=page.inputs | {"category": str(stays)})

    assert last.status_code == 422
    assert "category" not in read(last).offered
    assert client.post(form_of(event), data=read(last).inputs).status_code == 303


# --- full ----------------------------------------------------------------------


@pytest.mark.rule("R7")
def test_who_chose_a_full_category_is_asked_with_its_own_numbers(client: FlaskClient) -> None:
    event = make_event(size=20)
    makers, guests = make_category(event, size=2, name="Policy makers"), make_category(event, name="Guests")
    seat(event, makers, 5)
    form = read(client.get(form_of(event)))
    before = everything()

    asked = fill(client, form_of(event), category=str(makers))
    page, stored = read(asked), everything()
    own = read(client.get(client.post(form_of(event), data=page.inputs).location))

    assert "Some categories are full: there you can join the waiting list." in form.words
    assert "Full: you would be number 4 on its waiting list" in form.words
    assert form.buttons == ["Register"]
    assert asked.status_code == 409
    assert "You would be number 4 on the waiting list of “Policy makers”." in page.words
    assert "There are places in: “Guests”." in page.words
    assert page.buttons == ["Join the waiting list"] * 2
    assert page.inputs["category"] == str(makers)
    assert stored == before
    assert (own.main["data-state"], own.main["data-position"]) == ("waitlisted", "4")
    assert fill(client, form_of(event), category=str(guests), email="b@example.org").status_code == 303


@pytest.mark.rule("R7")
@on_sqlite
def test_where_all_categories_are_full_the_form_is_one_for_the_waiting_list(client: FlaskClient) -> None:
    event = make_event(size=2)
    makers, guests = make_category(event, size=2, name="Policy makers"), make_category(event, size=5, name="Guests")
    seat(event, makers, 2)

    event_page, form = read(client.get(f"/events/{event.slug}")), read(client.get(form_of(event)))
    own = read(client.get(fill(client, form_of(event), category=str(guests)).location))

    assert "Join the waiting list" in event_page.links
    assert "The whole event is full, though 5 of the 5 places here are free: you would be number 1" in event_page.words
    assert form.buttons == ["Join the waiting list"]
    assert form.inputs["accept_waitlist"] == "yes"
    assert "All places are taken. Choose a category" in form.words
    assert own.main["data-state"] == "waitlisted"


@on_sqlite
def test_where_nobody_more_may_wait_a_full_category_cannot_be_chosen(client: FlaskClient) -> None:
    event = make_event(size=20, waitlist_limit=0)
    makers, guests = make_category(event, size=1, name="Policy makers"), make_category(event, size=1, name="Guests")
    seat(event, makers, 1)

    form, full = read(client.get(form_of(event))), _radio(client, event, makers)
    refused = fill(client, form_of(event), category=str(makers))
    seat(event, guests, 1)
    closed = read(client.get(form_of(event)))

    assert "disabled" in full
    assert "Some categories are full, and no more people can wait." in form.words
    assert "accept_waitlist" not in form.offered
    assert refused.status_code == 409
    assert "You are not registered. No more people can wait. There are places in: “Guests”." in read(refused).words
    assert "Full: no more people can wait" in closed.words
    assert "first_name" not in closed.offered


@on_sqlite
def test_a_category_that_does_not_count_has_places_in_a_full_event(client: FlaskClient) -> None:
    event = make_event(size=1)
    guests, press = make_category(event, name="Guests"), make_category(event, size=3, counts=False, name="Press")
    seat(event, guests, 1)

    page = read(client.get(f"/events/{event.slug}"))
    own = read(client.get(fill(client, form_of(event), category=str(press)).location))

    assert "There are still places in: “Press”." in page.words
    assert "Register" in page.links
    assert '"https://schema.org/InStock"' in client.get(f"/events/{event.slug}").text
    assert own.main["data-state"] == "confirmed"
    assert events.get(event.id).taken == 1


@on_sqlite
def test_an_event_without_a_limit_says_that_places_go_by_category(client: FlaskClient) -> None:
    event = make_event(size=None)
    seat(event, make_category(event, size=1), 1)

    page = read(client.get(f"/events/{event.slug}"))

    assert "Places by category" in page.words
    assert "Places for everybody" not in page.words + read(client.get("/")).words
    assert "Join the waiting list" in page.links


def test_pages_and_forms_with_categories_take_few_statements(client: FlaskClient) -> None:
    event = make_event()
    guests = make_category(event)
    make_category(event)
    taken = {}
    for path in (f"/events/{event.slug}", form_of(event)):
        with transaction():  # a change, after which nothing read before counts
            pass
        with counting() as statements:
            client.get(path)
        taken[path] = len(statements)
    form = read(client.get(form_of(event))).inputs | FIELDS | {"category": str(guests)}
    with counting() as statements:
        answer = client.post(form_of(event), data=form)

    assert answer.status_code == 303
    assert max(taken.values()) <= 2, taken
    assert len(statements) <= 9, statements


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
    assert "One person is ahead of you for “Policy makers”." in words[second.code]
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
