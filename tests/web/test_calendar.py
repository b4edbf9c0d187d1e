"""The calendar file, read back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar

from regapp import links
from regapp.clock import utcnow
from regapp.db import transaction
from regapp.services import registrations
from regapp.services.drafts import Details
from regapp.services.own import Own
from tests.factories import make_event, make_registration


def _file(client: FlaskClient, own: Own) -> Any:
    return client.get(f"{links.own_path(own.code, own.link_version)}/calendar.ics")


def _entry(client: FlaskClient, own: Own) -> Any:
    return Calendar.from_ical(_file(client, own).text).events[0]


def test_it_has_the_times_in_the_zone_of_the_event(client: FlaskClient) -> None:
    starts = datetime(2037, 7, 1, 8, 0, tzinfo=UTC)
    own = make_registration(make_event(tz="Europe/Brussels", starts_at=starts, ends_at=starts.replace(hour=15)))

    answer = _file(client, own)
    calendar = Calendar.from_ical(answer.text)
    entry = calendar.events[0]

    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={own.event.slug}.ics"
    assert entry.start == starts.astimezone(ZoneInfo("Europe/Brussels"))
    assert entry.start.utcoffset().total_seconds() == 2 * 60 * 60
    assert [zone["TZID"] for zone in calendar.timezones] == ["Europe/Brussels"]
    assert "DTSTART;TZID=Europe/Brussels:20370701T100000" in answer.text
    assert len(answer.text) < 3000


def test_it_says_what_where_and_has_the_persons_own_link(client: FlaskClient) -> None:
    own = make_registration(make_event(name="Clusters; in, Europe\\"))

    entry = _entry(client, own)

    assert entry["SUMMARY"] == "Clusters; in, Europe\\"
    assert entry["LOCATION"] == "Crowne Plaza, Rue Gineste 3, 1210 Brussels"
    assert entry["URL"].endswith(links.own_path(own.code, own.link_version))
    assert entry["STATUS"] == "CONFIRMED"


def test_a_change_raises_the_sequence_and_keeps_the_uid(client: FlaskClient) -> None:
    own = make_registration(make_event(revision=3))
    before = _entry(client, own)

    with transaction():
        details = Details("Ana", "Nagy", "Danube", None, "HU")
        registrations.change_details(own.id, details, actor="attendee", now=utcnow())
    after = _entry(client, own)

    assert (before["SEQUENCE"], after["SEQUENCE"]) == (3, 4)
    assert before["UID"] == after["UID"] == f"{own.code}@regapp"


@pytest.mark.rule("R15")
def test_who_waits_or_has_cancelled_gets_none(client: FlaskClient) -> None:
    event = make_event(size=1)
    first, second = make_registration(event), make_registration(event)
    waiting = _file(client, second)

    with transaction():
        registrations.cancel(first.id, actor="attendee", now=utcnow())

    assert waiting.status_code == 404
    assert _file(client, first).status_code == 404
    assert _file(client, second).status_code == 200
