"""The kind of organisation: asked where the event wants to know it, and nowhere else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from regapp.clock import utcnow
from regapp.db import db, transaction
from regapp.links import own_path
from regapp.models import Event, OrganisationType, OutboxMail, Registration
from regapp.services import erasure
from regapp.services.own import Own
from tests.everything import everything
from tests.factories import make_event, make_registration
from tests.web.visitor import fill, read

FIELD = "answer-organisation_type"


def _path(own: Own) -> str:
    return own_path(own.code, own.link_version)


def _stored() -> list[str | None]:
    db.session.rollback()
    return list(db.session.scalars(select(Registration.organisation_type)))


def test_whoever_registers_is_asked_where_the_event_asks(client: FlaskClient) -> None:
    asking, other = make_event(asks_organisation_type=True), make_event()

    page = read(client.get(f"/events/{asking.slug}/register"))
    answer = fill(client, f"/events/{asking.slug}/register", **{FIELD: "region"})

    assert page.labels[FIELD] == "Kind of organisation"
    assert "Regional or local authority" in page.words
    assert FIELD not in read(client.get(f"/events/{other.slug}/register")).inputs
    assert answer.status_code == 303
    assert _stored() == ["region"]
    assert "Regional or local authority" in read(client.get(answer.headers["Location"])).words


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("", "Choose what kind of organisation it is", id="nothing"),
        pytest.param("circus", "Choose one from the list", id="not in the list"),
        pytest.param("Region", "Choose one from the list", id="in capitals"),
    ],
)
def test_what_is_not_offered_is_refused(client: FlaskClient, typed: str, sentence: str) -> None:
    event = make_event(asks_organisation_type=True)
    before = everything()

    answer = fill(client, f"/events/{event.slug}/register", **{FIELD: typed})
    page = read(answer)

    assert answer.status_code == 422
    assert sentence in page.described(FIELD)
    assert f"#{FIELD}" in page.links.values()
    assert everything() == before


def test_an_answer_to_no_question_is_not_stored(client: FlaskClient) -> None:
    event = make_event()

    assert fill(client, f"/events/{event.slug}/register", **{FIELD: "region"}).status_code == 303
    assert _stored() == [None]


def test_a_person_changes_it_and_is_told(client: FlaskClient) -> None:
    own = make_registration(make_event(asks_organisation_type=True), organisation_type="region")
    path = f"{_path(own)}/change"

    form = read(client.get(path))
    client.post(path, data=form.inputs | {FIELD: "ministry"})

    assert form.inputs[FIELD] == "region"
    assert _stored() == ["ministry"]
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.message == "changed")).one()
    assert mail.facts["changed"] == ["organisation_type"]


def test_it_stays_when_the_event_asks_no_more(client: FlaskClient) -> None:
    own = make_registration(make_event(asks_organisation_type=True), organisation_type="region")
    with transaction():
        db.session.execute(update(Event).values(asks_organisation_type=False))
    path = f"{_path(own)}/change"

    form = read(client.get(path))
    client.post(path, data=form.inputs | {"job_title": "Director"})

    assert FIELD not in form.inputs
    assert _stored() == ["region"]


def test_it_is_in_what_people_take_away_and_stays_for_the_figures_when_they_are_erased(client: FlaskClient) -> None:
    own = make_registration(make_event(asks_organisation_type=True), organisation_type="region")

    taken = json.loads(client.get(f"{_path(own)}/data.json").text)
    with transaction():
        erasure.erase(own.id, actor="attendee", now=utcnow() + timedelta(seconds=1))

    assert taken["registration"]["organisation_type"] == "region"
    assert _stored() == ["region"]


def test_every_kind_fits_into_its_column() -> None:
    column = Registration.__table__.c.organisation_type

    assert max(len(kind) for kind in OrganisationType) <= column.type.length
