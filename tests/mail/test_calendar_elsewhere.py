"""Calendar files as another program reads them than the one that wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from flask import Flask
from flask.testing import FlaskClient

from regapp import links
from regapp.mail.render import render
from regapp.mail.transport import MailMessage
from tests.factories import make_event, make_registration
from tests.mail.letters import make_letter

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TEXTS = {"hu": {"name": "Őszi „konferencia”, 1; 2\\3", "venue": "Fő tér; 3, Győr", "summary": "Első sor,\nmásodik"}}


@pytest.fixture(autouse=True)
def _each_file_for_itself() -> Iterator[None]:
    """Let the other program forget the zones of one file before it reads the next."""
    known = vars(vobject.icalendar)["__tzidMap"]
    before = dict(known)
    yield
    known.clear()
    known.update(before)


def _invited(**overrides: Any) -> Any:
    letter = make_letter(state="confirmed", **overrides)
    invitation = MailMessage(letter, render(letter)).invitation
    assert invitation is not None
    return vobject.readOne(invitation.file.decode())


@pytest.mark.parametrize("tz", ["Europe/Brussels", "Australia/Sydney", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        pytest.param(datetime(2026, 12, 1, 8, 0, tzinfo=UTC), datetime(2026, 12, 2, 14, 30, tzinfo=UTC), id="winter"),
        pytest.param(datetime(2027, 3, 27, 9, 0, tzinfo=UTC), datetime(2027, 3, 28, 15, 0, tzinfo=UTC), id="to summer"),
        pytest.param(
            datetime(2026, 10, 24, 9, 0, tzinfo=UTC), datetime(2026, 10, 25, 15, 0, tzinfo=UTC), id="to winter"
        ),
    ],
)
def test_an_invitation_is_at_the_same_instants(app: Flask, tz: str, starts_at: datetime, ends_at: datetime) -> None:
    calendar = _invited(tz=tz, starts_at=starts_at, ends_at=ends_at)
    entry = calendar.vevent

    assert (entry.dtstart.value, entry.dtend.value) == (starts_at, ends_at)
    assert entry.dtstart.value.utcoffset() == starts_at.astimezone(ZoneInfo(tz)).utcoffset()
    assert (calendar.method.value, entry.status.value) == ("REQUEST", "CONFIRMED")
    assert next(iter(calendar.getChildren())).name != "VEVENT"


def test_words_survive_commas_semicolons_backslashes_and_lines(app: Flask) -> None:
    entry = _invited(texts=TEXTS, lang="hu", to_name="Kiss, Éva; Dr.").vevent

    assert entry.summary.value == TEXTS["hu"]["name"]
    assert entry.location.value == TEXTS["hu"]["venue"]
    assert entry.description.value.startswith("Első sor,\nmásodik\n")
    assert entry.attendee.value == "mailto:ilona@example.org"
    assert entry.attendee.params["CN"] == ["Kiss, Éva; Dr."]


def test_a_cancelled_place_takes_out_the_entry_that_the_invitation_made(app: Flask) -> None:
    letter = make_letter(message="cancelled", state="cancelled", before="confirmed", sequence=2)
    invitation = MailMessage(letter, render(letter)).invitation
    assert invitation is not None
    gone = vobject.readOne(invitation.file.decode())

    assert gone.method.value == "CANCEL"
    assert gone.vevent.uid.value == _invited().vevent.uid.value
    assert int(gone.vevent.sequence.value) > int(_invited().vevent.sequence.value)


def test_files_to_download_are_read_too(client: FlaskClient) -> None:
    event = make_event()
    own = make_registration(event)
    make_event(tz="Australia/Sydney")

    mine = vobject.readOne(client.get(f"{links.own_path(own.code, own.link_version)}/calendar.ics").text)
    listed = vobject.readOne(client.get("/calendar.ics").text)

    assert mine.vevent.dtstart.value == event.starts_at
    assert {entry.dtstart.value for entry in listed.vevent_list} == {event.starts_at}
    assert {zone.tzid.value for zone in listed.vtimezone_list} == {"Europe/Brussels", "Australia/Sydney"}
