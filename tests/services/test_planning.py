"""Making and copying events, and the steps of their life."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.errors import (
    BadDates,
    ChangedMeanwhile,
    EventOver,
    NotFound,
    NotReady,
    PeopleRegistered,
    SlugTaken,
    WrongStatus,
)
from regapp.models import Event, EventStatus, History, OutboxMail, Quota, Role
from regapp.rules.fitting import Misfit
from regapp.rules.local_times import at, shown
from regapp.rules.profiles import Profile
from regapp.services import drafts, editing, events, planning, publishing, registrations, series, settings, teams
from regapp.services.events import EventFacts
from regapp.services.planning import Copy, NewEvent
from regapp.services.seats import GuardMissed
from regapp.services.settings import MustTell, Saved, Settings
from tests.everything import everything
from tests.factories import CLOSES_AT, ENDS_AT, STARTS_AT, make_applicant, make_category, make_event, make_registration
from tests.web.organizers import make_account

NOW = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
BUDAPEST = "Europe/Budapest"


def _create(*, profile: Profile | None = None, name: str = "Forum", now: datetime = NOW) -> EventFacts:
    start = at(datetime(2027, 3, 20, 10, 0), BUDAPEST)
    new = NewEvent(name, "en", BUDAPEST, start, None, 14, profile)
    me = make_account()
    with transaction():
        slug = planning.create(new, me.id, actor=me.actor, now=now)
        return events.get(events.get_id(slug))


def _copy(event: EventFacts, day: date, *, new_series: bool = False, **names: str) -> EventFacts:
    me = make_account()
    with transaction():
        slug = planning.copy(event, Copy(day, names, new_series), me.id, actor=me.actor, now=NOW)
        return events.get(events.get_id(slug))


def _save(event: EventFacts, *, agreed: int = 0, now: datetime = NOW, **changes: object) -> Saved | MustTell:
    with transaction():
        wanted = Settings.of(event, **changes)
        return settings.save(event.id, wanted, seen=event.version, agreed=agreed, actor="account:1", now=now)


def _history(event: EventFacts) -> list[tuple[str, str | None, str | None]]:
    db.session.rollback()
    lines = select(History.action, History.before, History.after).where(History.event_id == event.id)
    return [tuple(row) for row in db.session.execute(lines.order_by(History.id))]


# --- making ----------------------------------------------------------------------


def test_a_new_event_is_a_draft_with_the_settings_of_its_kind(app: Flask) -> None:
    event = _create(profile=Profile.CONFERENCE)

    assert (event.status, event.slug, event.size, event.texts) == ("draft", "forum", 14, {"en": {"name": "Forum"}})
    assert shown(event.ends_at, BUDAPEST) == datetime(2027, 3, 21, 18, 0)
    assert shown(event.opens_at, BUDAPEST) == datetime(2026, 12, 26, 10, 0)
    assert event.asks_organisation_type
    assert _history(event) == [("event_created", None, None)]


def test_two_who_make_the_same_at_once_get_two_addresses(app: Flask) -> None:
    assert [_create().slug for _ in range(3)] == ["forum", "forum-2027", "forum-2027-2"]


# --- copying -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("present", "before", "after"),
    [
        pytest.param("2025-03-29 12:00", date(2025, 3, 27), date(2025, 4, 3), id="over the night of 30 March"),
        pytest.param("2025-10-25 12:00", date(2025, 10, 23), date(2025, 10, 30), id="over the night of 26 October"),
        pytest.param("2025-06-01 12:00", date(2025, 7, 1), date(2025, 12, 1), id="from summer to winter"),
    ],
)
def test_a_copy_keeps_the_times_on_the_clock(app: Flask, present: str, before: date, after: date) -> None:
    def local(days: int, hour: int, minute: int = 0) -> datetime:
        return at(datetime(before.year, before.month, before.day, hour, minute) + timedelta(days=days), BUDAPEST)

    with time_machine.travel(datetime.fromisoformat(present).replace(tzinfo=UTC), tick=False):
        event = make_event(
            tz=BUDAPEST, starts_at=local(0, 10), ends_at=local(1, 16, 30), opens_at=local(-80, 9),
            closes_at=local(-7, 18), change_until=local(-3, 12), serve_until=local(-1, 20), retain_until=local(365, 0),
        )  # fmt: skip
        copied = _copy(event, after)

    days = after - before
    for name in ("starts_at", "ends_at", "opens_at", "closes_at", "change_until", "serve_until", "retain_until"):
        assert shown(getattr(copied, name), BUDAPEST) == shown(getattr(event, name), BUDAPEST) + days, name


def test_a_copy_has_all_settings_and_texts_and_nobody_in_it(app: Flask) -> None:
    texts = {"en": {"name": "Forum", "venue": "Hall"}, "hu": {"name": "Fórum"}}
    event = make_event(
        texts=texts, size=5, fit="next", waitlist_limit=7, online_url="https://meet.example.org", robot_check="work",
        contact_address="office@example.org", asks_organisation_type=True, revision=3,
    )  # fmt: skip
    make_registration(event)

    copied = _copy(event, date(2037, 12, 1), en="Forum 2037", hu="Fórum 2037")

    same = (
        "tz",
        "size",
        "fit",
        "waitlist_limit",
        "online_url",
        "robot_check",
        "contact_address",
        "asks_organisation_type",
    )
    assert [getattr(copied, name) for name in same] == [getattr(event, name) for name in same]
    assert copied.texts == {"en": {"name": "Forum 2037", "venue": "Hall"}, "hu": {"name": "Fórum 2037"}}
    assert (copied.status, copied.slug, copied.taken, copied.waiting) == ("draft", "forum-2037", 0, 0)
    assert (copied.revision, copied.last_seq, copied.series_id) == (0, 0, None)
    assert editing.count_told(copied.id) == 0
    assert events.get(event.id).taken == 1


def test_the_copies_of_an_edition_are_one_series(app: Flask) -> None:
    event = make_event(name="Forum")

    second = _copy(event, date(2037, 12, 1), new_series=True, en="Forum 2037")
    first = events.get(event.id)
    third = _copy(second, date(2038, 12, 1), new_series=True, en="Forum 2038")
    found = series.find(first.series_id)

    assert found is not None
    assert (found.slug, found.texts) == ("forum", {"en": {"name": "Forum"}})
    assert first.series_id == second.series_id == third.series_id
    assert first.version == event.version + 1


# --- publishing and back -------------------------------------------------------------


def test_publishing_and_taking_back_leave_their_lines(app: Flask) -> None:
    event = _create()

    with transaction():
        publishing.publish(event.id, actor="account:1", now=NOW)
    assert events.get_by_slug(event.slug).status == EventStatus.PUBLISHED
    with transaction():
        publishing.unpublish(event.id, actor="account:1", now=NOW)

    with pytest.raises(NotFound):
        events.get_by_slug(event.slug)
    assert _history(event)[1:] == [("published", "draft", "published"), ("unpublished", "published", "draft")]


def test_what_is_over_is_not_published(app: Flask) -> None:
    event = _create()
    before = everything()

    with pytest.raises(NotReady) as refused, transaction():
        publishing.publish(event.id, actor="account:1", now=event.ends_at)

    assert [found.code for found in refused.value.values["misfits"]] == [Misfit.OVER_ALREADY]
    assert everything() == before


def test_an_event_with_people_stays_published(app: Flask) -> None:
    event = make_event()
    own = make_registration(event, now=NOW)

    with pytest.raises(PeopleRegistered), transaction():
        publishing.unpublish(event.id, actor="account:1", now=NOW)
    with transaction():
        registrations.cancel(own.id, actor="attendee", now=NOW)
    with transaction():
        publishing.unpublish(event.id, actor="account:1", now=NOW)

    assert events.get(event.id).draft


def test_nobody_slips_into_an_event_that_has_become_a_draft(app: Flask) -> None:
    event = make_event()
    draft = drafts.prepare(event, make_applicant(), now=NOW)
    with transaction():
        publishing.unpublish(event.id, actor="account:1", now=NOW)

    with pytest.raises(GuardMissed), transaction():
        registrations.register_at_once(draft)
    with pytest.raises(NotFound), transaction():
        registrations.register(draft)

    assert events.get(event.id).taken == 0


@pytest.mark.parametrize("status", [EventStatus.PUBLISHED, EventStatus.CANCELLED, EventStatus.ARCHIVED])
def test_only_drafts_are_published(app: Flask, status: EventStatus) -> None:
    event = make_event(status=status)

    with pytest.raises(WrongStatus), transaction():
        publishing.publish(event.id, actor="account:1", now=NOW)


def test_calling_off_tells_exactly_those_who_were_counted(app: Flask) -> None:
    event = make_event(size=1)
    for _ in range(2):
        make_registration(event, now=NOW)

    with transaction():
        asked = publishing.call_off(event.id, agreed=1, actor="account:1", now=NOW)
    assert asked == MustTell(2)
    assert not events.get(event.id).cancelled
    with transaction():
        assert publishing.call_off(event.id, agreed=2, actor="account:1", now=NOW) is None

    assert events.get(event.id).cancelled
    mails = select(OutboxMail).where(OutboxMail.message == "event_cancelled")
    assert len(db.session.scalars(mails).all()) == 2


def test_a_draft_is_not_called_off(app: Flask) -> None:
    event = make_event(status="draft")

    with pytest.raises(WrongStatus), transaction():
        publishing.call_off(event.id, agreed=0, actor="account:1", now=NOW)


def test_an_event_is_put_away_after_its_end(app: Flask) -> None:
    event = make_event()

    with pytest.raises(WrongStatus), transaction():
        publishing.archive(event.id, actor="account:1", now=ENDS_AT - timedelta(seconds=1))
    with transaction():
        publishing.archive(event.id, actor="account:1", now=ENDS_AT)

    assert events.get_by_slug(event.slug).archived
    assert event.slug not in [listed.slug for listed in events.list_public()]
    assert _history(event) == [("archived", "published", "archived")]


# --- settings --------------------------------------------------------------------------


def test_settings_are_saved_only_over_those_that_were_seen(app: Flask) -> None:
    event = make_event()
    _save(event, fit="next")
    before = everything()

    with pytest.raises(ChangedMeanwhile):
        _save(event, waitlist_limit=1)

    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({"ends_at": STARTS_AT}, BadDates, id="ends as it begins"),
        pytest.param({"starts_at": NOW}, BadDates, id="moved to now"),
        pytest.param({"retain_until": ENDS_AT - timedelta(days=1)}, BadDates, id="erased too early"),
        pytest.param({"slug": "other"}, WrongStatus, id="another address, though published"),
    ],
)
def test_what_no_page_offers_is_refused(app: Flask, changes: dict[str, object], refusal: type[Exception]) -> None:
    event = make_event()
    before = everything()

    with pytest.raises(refusal):
        _save(event, **changes)

    assert everything() == before


def test_of_what_is_over_only_some_settings_change(app: Flask) -> None:
    event = make_event()

    with pytest.raises(EventOver):
        _save(event, now=ENDS_AT, closes_at=CLOSES_AT - timedelta(days=1))

    assert _save(event, now=ENDS_AT, contact_address="office@example.org") == Saved()


def test_an_address_that_is_taken_changes_nothing(app: Flask) -> None:
    event, other = make_event(status="draft"), make_event()
    before = everything()

    with pytest.raises(SlugTaken):
        _save(event, slug=other.slug, fit="next")

    assert everything() == before


def test_a_draft_may_lie_in_the_past_while_it_is_planned(app: Flask) -> None:
    event = make_event(status="draft")

    _save(event, starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=1))
    moved = events.get(event.id)
    _save(moved, starts_at=STARTS_AT, ends_at=ENDS_AT)

    assert moved.ends_at < NOW
    assert events.get(event.id).starts_at == STARTS_AT


def test_the_place_may_change_while_the_event_goes_on(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW)

    with transaction():
        told = editing.change_event(
            event.id, editing.EventChange(texts={"en": {"venue": "Room 2"}}), actor="account:1",
            now=STARTS_AT + timedelta(hours=1),
        )  # fmt: skip

    assert told == 1
    assert events.get(event.id).text("venue", "en") == "Room 2"


def test_an_online_address_can_be_taken_away(app: Flask) -> None:
    event = make_event(online_url="https://meet.example.org")
    make_registration(event, now=NOW)

    assert _save(event, online_url=None) == MustTell(1)
    assert _save(event, online_url=None, agreed=1) == Saved(told=1)
    assert events.get(event.id).online_url is None


# --- texts -------------------------------------------------------------------------------


def _write(event: EventFacts, lang: str, *, agreed: int = 0, now: datetime = NOW, **texts: str) -> Saved | MustTell:
    words = {**event.texts.get(lang, {}), **texts}
    with transaction():
        return settings.save_texts(
            event.id, lang, words, seen=event.version, agreed=agreed, actor="account:1", now=now
        )  # fmt: skip


def test_texts_tell_nobody_but_another_place_does(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW)

    assert _write(event, "en", summary="New") == Saved()
    event = events.get(event.id)
    assert _write(event, "en", venue="New Hall", name="Forum") == MustTell(1)
    assert _write(event, "en", venue="New Hall", name="Forum", agreed=1) == Saved(told=1)
    after = events.get(event.id)

    assert (after.text("venue", "en"), after.text("name", "en"), after.text("summary", "en")) == (
        "New Hall",
        "Forum",
        "New",
    )
    assert after.revision == event.revision + 1


def test_a_place_in_one_more_language_tells_nobody(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW)

    assert _write(event, "hu", name="Konferencia", venue="Palota") == Saved()
    assert events.get(event.id).text("venue", "hu") == "Palota"


def test_what_came_of_it_is_written_afterwards(app: Flask) -> None:
    event = make_event()
    make_registration(event, now=NOW)

    assert _write(event, "en", after="Many came.", venue="The new hall", now=ENDS_AT) == Saved()
    assert events.get(event.id).text("after", "en") == "Many came."


def test_emptied_texts_go(app: Flask) -> None:
    event = make_event(texts={"en": {"name": "Forum", "kicker": "Fifth"}, "hu": {"name": "Fórum"}})

    _write(event, "en", kicker="")
    event = events.get(event.id)
    _write(event, "hu", name="")

    assert events.get(event.id).texts == {"en": {"name": "Forum"}}


# --- series --------------------------------------------------------------------------------


def test_only_those_who_manage_an_edition_edit_its_series(app: Flask) -> None:
    event = make_event(name="Forum")
    _copy(event, date(2037, 12, 1), new_series=True)
    manager, viewer, stranger = make_account(), make_account(), make_account()
    with transaction():
        teams.add(event.id, manager.id, Role.MANAGER)
        teams.add(event.id, viewer.id, Role.VIEWER)

    assert series.get_mine(manager.id, "forum").text("name", "en") == "Forum"
    for other in (viewer, stranger):
        with pytest.raises(NotFound):
            series.get_mine(other.id, "forum")


def test_a_series_that_was_renamed_redraws_the_pages_of_its_events(app: Flask) -> None:
    event = make_event(name="Forum")
    _copy(event, date(2037, 12, 1), new_series=True)
    before = events.get(event.id)
    found = series.get_by_slug("forum")
    new = {"en": {"name": "Fora", "summary": ""}, "hu": {"name": "", "summary": ""}}

    with transaction():
        series.save(found.id, slug="fora", texts=new, seen=found, actor="account:1", now=utcnow())

    assert series.get_by_slug("fora").texts == {"en": {"name": "Fora"}}
    assert events.get(event.id).version == before.version + 1
    with pytest.raises(ChangedMeanwhile), transaction():
        series.save(found.id, slug="forum", texts=new, seen=found, actor="account:1", now=utcnow())
    assert db.session.scalar(select(Event.series_id).where(Event.id == event.id)) == found.id


def test_a_copy_has_the_categories_of_the_edition_before_and_none_of_its_people(app: Flask) -> None:
    event, me = make_event(size=60), make_account()
    window = {"opens_at": STARTS_AT - timedelta(days=30), "closes_at": STARTS_AT - timedelta(days=20)}
    make_category(event, name="Members", size=40, rank=1, **window)
    press = make_category(event, name="Press", size=None, hidden=True, counts=False)
    make_registration(event, category_id=make_category(event, name="Guests", size=20, rank=2))
    day = shown(STARTS_AT, event.tz).date() + timedelta(days=364)

    with transaction():
        slug = planning.copy(events.get(event.id), Copy(day, {"en": "Sixth"}), me.id, actor=me.actor, now=utcnow())

    made = events.get(events.get_id(slug)).categories
    assert [(one.text("name", "en"), one.size, one.counts, one.hidden, one.taken) for one in made] == [
        ("Press", None, False, True, 0), ("Members", 40, True, False, 0), ("Guests", 20, True, False, 0),
    ]  # fmt: skip
    assert press not in [one.id for one in made]
    assert (made[1].opens_at, made[1].closes_at) == tuple(at + timedelta(days=364) for at in window.values())
    with transaction():
        publishing.delete_draft(events.get_id(slug))
    assert len(db.session.scalars(select(Quota)).all()) == 4
