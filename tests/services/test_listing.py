"""The table of people: who stands on which page, in which order, and how many there are."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from bench import people as generator
from regapp.db import db, table, transaction
from regapp.errors import NotFound, RuleViolation
from regapp.models import History, Registration, Tag
from regapp.rules.searching import search_key
from regapp.rules.states import State
from regapp.services import capacity, erasure, listing, notes, records, registrations, tallies, unchanged
from regapp.services.events import EventFacts
from regapp.services.notes import Beside
from regapp.services.people import Sort, View
from regapp.services.records import Action
from regapp.services.tallies import Choices
from tests.factories import make_event, make_registration
from tests.statements import counting

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def crowd(app: Flask) -> EventFacts:
    """Give an event with more people than a page shows, in every state and script."""
    event = make_event()
    with transaction():
        generator.fill(event.id, 230)
    return event


def _names(event: EventFacts, view: View, *, page: int = 1) -> list[str]:
    return [person.name for person in listing.list_page(event.id, view, page=page).people]


def _everybody(event: EventFacts, view: View) -> list[int]:
    pages = listing.list_page(event.id, view, page=1).pages
    return [person.id for page in range(1, pages + 1) for person in listing.list_page(event.id, view, page=page).people]


@pytest.mark.parametrize(("sort", "descending"), list(product(Sort, (False, True))))
def test_the_pages_together_are_everybody_once_in_order(crowd: EventFacts, sort: Sort, descending: bool) -> None:
    columns = {
        Sort.REGISTERED: lambda row: (0,),
        Sort.NAME: lambda row: (row.search_key.encode(),),
        Sort.ORGANISATION: lambda row: (row.organisation_key.encode(),),
        Sort.COUNTRY: lambda row: (row.country.encode(),),
        Sort.QUEUE: lambda row: (row.queue_no is None, row.queue_no or 0),
    }
    for state in (None, State.CONFIRMED, State.WAITLISTED):
        rows = [row for row in db.session.scalars(select(Registration)) if state in (None, row.state)]
        expected = sorted(rows, key=lambda row: (*columns[sort](row), row.id), reverse=descending)

        found = _everybody(crowd, View(state=state, sort=sort, descending=descending))

        assert found == [row.id for row in expected]


def test_counts_are_those_of_all_states_and_positions_those_of_the_queue(crowd: EventFacts) -> None:
    states = Counter(db.session.scalars(select(Registration.state)))

    waiting = listing.list_page(crowd.id, View(state=State.WAITLISTED, sort=Sort.QUEUE, descending=False), page=1)
    last = listing.list_page(crowd.id, View(state=State.WAITLISTED, sort=Sort.NAME), page=1).people

    assert waiting.counts == states
    assert waiting.total == states["waitlisted"]
    assert [person.position for person in waiting.people] == list(range(1, len(waiting.people) + 1))
    assert sorted(person.position or 0 for person in last) == list(range(1, len(last) + 1))


def test_a_page_behind_the_last_one_is_the_last_one(crowd: EventFacts) -> None:
    found = listing.list_page(crowd.id, View(), page=10**6)

    assert (found.page, found.pages, len(found.people), found.start) == (5, 5, 30, 200)
    assert listing.list_page(crowd.id, View(), page=-3).page == 1


def test_a_page_takes_few_statements_and_counts_once_while_nothing_changes(crowd: EventFacts) -> None:
    with counting() as first:
        listing.list_page(crowd.id, View(lang="hu"), page=1)
    with counting() as second:
        listing.list_page(crowd.id, View(lang="hu", sort=Sort.NAME), page=2)

    assert len(first) <= 5
    assert len(second) == len(first) - 1


def test_whatever_changes_people_is_counted_at_once(app: Flask) -> None:
    event = make_event(size=1)
    first, second = make_registration(event, now=NOW, last_name="First"), make_registration(event, now=NOW)
    assert listing.list_page(event.id, View(), page=1).counts == {State.CONFIRMED: 1, State.WAITLISTED: 1}
    assert listing.list_page(event.id, View(tag="speaker"), page=1).total == 0
    assert tallies.find_choices(event.id).tags == []

    with transaction():
        notes.save(second.id, Beside("", ("speaker",)), seen=Beside("", ()), actor="account:1", now=NOW)
    assert listing.list_page(event.id, View(tag="speaker"), page=1).total == 1
    assert tallies.find_choices(event.id).tags == ["speaker"]
    with transaction():
        registrations.cancel(first.id, actor="attendee", now=NOW)
    assert listing.list_page(event.id, View(), page=1).counts == {State.CONFIRMED: 1, State.CANCELLED: 1}
    with transaction():
        erasure.erase(second.id, actor="attendee", now=NOW)
    assert listing.list_page(event.id, View(), page=1).counts == {State.CANCELLED: 1}
    assert listing.list_page(event.id, View(tag="speaker"), page=1).total == 0


def test_whatever_happened_kept_counts_are_those_of_a_new_count(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "BLOCK", 4)
    monkeypatch.setattr(tallies, "FEW", 2)
    event, dice = make_event(size=12), random.Random(1)
    ids = [make_registration(event, now=NOW, country=dice.choice(["HU", "AT"])).id for _ in range(20)]
    views = [View(), View(country="HU"), View(tag="a"), View(state=State.WAITLISTED)]

    def tag(id_: int) -> None:
        beside = notes._read(id_)
        notes.save(id_, Beside("", ("a",) if not beside.tags else ()), seen=beside, actor="account:1", now=NOW)

    def register(_id: int) -> None:
        ids.append(make_registration(event, now=NOW, country=dice.choice(["HU", "AT"])).id)

    changes = [
        lambda id_: registrations.cancel(id_, actor="attendee", now=NOW),
        lambda id_: erasure.erase(id_, actor="attendee", now=NOW),
        lambda _id: capacity.resize(event.id, dice.randrange(30), actor="account:1", now=NOW),
        tag, tag, tag,
    ]  # fmt: skip
    for _ in range(40):
        change, chosen = dice.choice([*changes, register]), [dice.choice(ids) for _ in range(dice.randrange(4))]
        for id_ in chosen:
            if change is register:
                register(id_)
                continue
            with transaction(), suppress(NotFound, RuleViolation):
                change(id_)
        kept = [listing.list_page(event.id, view, page=1).counts for view in views]
        unchanged.forget(app)
        assert kept == [listing.list_page(event.id, view, page=1).counts for view in views]


def test_only_those_near_somebody_who_changed_are_counted_again(
    crowd: EventFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "BLOCK", 20)
    chosen = listing.list_page(crowd.id, View(state=State.CONFIRMED), page=1).people[0]
    db.session.execute(update(Registration).values(country="XX"))  # behind everybody's back
    db.session.commit()
    before = listing.list_page(crowd.id, View(country="XX"), page=1).counts
    db.session.execute(update(Registration).values(country="YY"))
    db.session.commit()

    with transaction():
        notes.save(chosen.id, Beside("late", ()), seen=Beside("", chosen.tags), actor="account:1", now=NOW)
    after = listing.list_page(crowd.id, View(country="XX"), page=1).counts

    assert before is not None
    assert after is not None
    assert 0 < before.total() - after.total() <= 20


def test_a_change_that_is_stored_later_than_a_newer_one_is_noticed(app: Flask) -> None:
    event = make_event()
    one, other = make_registration(event, now=NOW), make_registration(event, now=NOW)
    last = max(db.session.scalars(select(History.id)))
    asked: list[frozenset[int] | None] = []

    def ask() -> None:
        unchanged.work_out(event.id, "asked", lambda before, changed: asked.append(before and changed) or "kept")

    ask()
    for about, id_ in ((one.id, last + 9), (other.id, last + 5), (None, last + 12)):
        line = records.line(Action.NOTED, event_id=event.id, registration_id=about, actor="account:1", now=NOW)
        db.session.execute(insert(table(History)), [line | {"id": id_}])
        db.session.commit()
        ask()
        ask()

    assert asked == [None, {one.id}, {other.id}, None]


def test_who_missed_more_lines_than_are_compared_begins_anew(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event()
    own = make_registration(event, now=NOW)
    monkeypatch.setattr(unchanged, "_LINES", unchanged._LINES.limit(3))
    monkeypatch.setattr(unchanged, "LINES", 3)
    asked: list[object] = []
    for notes_ in (0, 2, 3, 4):
        line = {"event_id": event.id, "registration_id": own.id, "actor": "account:1", "now": NOW}
        if notes_:
            records.remember([records.line(Action.NOTED, **line) for _ in range(notes_)])
            db.session.commit()
        unchanged.work_out(event.id, "asked", lambda before, changed: asked.append(before) or len(asked))

    assert asked == [None, 1, None, None]


def test_each_filter_leaves_out_the_others(app: Flask) -> None:
    event, other = make_event(), make_event()
    make_registration(other, now=NOW, country="AT", lang="hu", organisation_type="press")
    for name, country, lang, kind, days in (
        ("Ana", "HU", "hu", "region", 0), ("Bo", "AT", "en", "region", 1), ("Cy", "AT", "hu", "press", 2),
    ):  # fmt: skip
        make_registration(
            event, now=NOW + timedelta(days=days), first_name=name, last_name=None, country=country, lang=lang,
            organisation_type=kind,
        )  # fmt: skip
    by_name = {"sort": Sort.NAME, "descending": False}

    assert _names(event, View(country="AT", **by_name)) == ["Bo", "Cy"]
    assert _names(event, View(lang="hu", **by_name)) == ["Ana", "Cy"]
    assert _names(event, View(organisation_type="region", **by_name)) == ["Ana", "Bo"]
    assert _names(event, View(organisation_type="region", country="AT")) == ["Bo"]
    assert _names(event, View(since=date(2026, 10, 2), **by_name)) == ["Bo", "Cy"]
    assert _names(event, View(until=date(2026, 10, 2), **by_name)) == ["Ana", "Bo"]
    assert _names(event, View(since=date(2026, 10, 2), until=date(2026, 10, 2))) == ["Bo"]
    assert _names(event, View(since=date(2026, 10, 3), until=date(2026, 10, 2))) == []
    assert tallies.find_choices(event.id).countries == ["AT", "HU"]


def test_days_are_those_of_the_event_not_of_utc(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=datetime(2026, 10, 1, 22, 30, tzinfo=UTC), last_name="Late")  # 00:30 in Brussels

    assert _names(event, View(since=date(2026, 10, 2))) != []
    assert _names(event, View(until=date(2026, 10, 1))) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param("orsi", True, id="without accents"),
        pytest.param("ŐRSI péter", True, id="both names, the other way round"),
        pytest.param("rsi", True, id="inside a word"),
        pytest.param("danube", True, id="organisation"),
        pytest.param("peter@example", True, id="part of the address"),
        pytest.param("o p", True, id="beginnings of words"),
        pytest.param("rs", False, id="two letters inside a word"),
        pytest.param("orsi smith", False, id="a word that is not there"),
        pytest.param("100%", False, id="a wildcard of the database"),
        pytest.param("o_si", False, id="a wildcard for one letter"),
        pytest.param("o*si", False, id="a star"),
        pytest.param("o?si", False, id="a question mark"),
        pytest.param("[o]rsi", False, id="brackets"),
        pytest.param("*", False, id="a star alone"),
        pytest.param("' OR 1=1 --", False, id="a piece of a statement"),
    ],
)
def test_people_are_found_by_all_words(app: Flask, words: str, found: bool) -> None:
    event = make_event()
    own = make_registration(event, now=NOW, first_name="Péter", last_name="Őrsi", email="peter@example.org")

    assert (_names(event, View(q=words)) == ["Péter Őrsi"]) is found
    assert _names(event, View(q=own.code.lower())) == ["Péter Őrsi"]


def test_names_of_two_signs_are_found_by_each_of_them(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW, first_name=None, last_name="王小明")

    assert [_names(event, View(q=word)) for word in ("王", "小明", "明", "佐")] == [["王小明"]] * 3 + [[]]


def test_who_finds_too_many_is_shown_the_first(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MANY", 60)
    event = make_event()
    with transaction():
        generator.fill(event.id, 120)

    found = listing.list_page(event.id, View(q="example"), page=2)
    few = listing.list_page(event.id, View(q="example", state=State.EXPIRED), page=1)

    assert (found.more, found.total, found.pages, found.counts, len(found.people)) == (True, 60, 2, None, 10)
    assert (few.more, few.counts) == (False, None)
    assert few.total == len(few.people) > 0


@given(st.text(max_size=60))
def test_any_words_find_those_who_have_them(app: Flask, words: str) -> None:
    event = make_event()
    own = make_registration(event, now=NOW, first_name="Zoë", last_name="d’Aubigné", organisation="50% & Co_")
    key = search_key("d’Aubigné", "Zoë", "50% & Co_", own.email, own.code)

    found = _names(event, View(q=words.replace("\0", "").strip()))

    wanted = [part for word in words.replace("\0", "").split() for part in search_key(word).split()]
    short = [word for word in wanted if len(word) < 3 and word.isascii() and word.isalnum()]
    expected = all(word in key for word in wanted) and all(f" {word}" in f" {key}" for word in short)
    assert bool(found) is expected


def test_nobody_of_another_event_is_found(crowd: EventFacts) -> None:
    other = make_event()
    tags = db.session.scalars(select(Tag.tag).distinct()).all()

    assert tags
    assert listing.list_page(other.id, View(), page=1).people == []
    assert tallies.find_choices(other.id) == Choices([], [])
