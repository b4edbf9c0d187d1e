"""An event as programs read it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from regapp.clock import utcnow
from regapp.models import EventStatus
from tests.factories import make_event, make_registration


def _data(client: FlaskClient, slug: str) -> dict[str, Any]:
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', client.get(f"/events/{slug}").text, re.S)
    assert block is not None
    return json.loads(block[1])


def test_search_engines_read_when_where_and_how_many_places(client: FlaskClient) -> None:
    event = make_event(size=3)
    make_registration(event)

    data = _data(client, event.slug)

    assert (data["@context"], data["@type"]) == ("https://schema.org", "Event")
    assert data["startDate"] == "2036-12-01T09:00:00+01:00"
    assert data["location"] == {
        "@type": "Place", "name": "Crowne Plaza", "address": "Rue Gineste 3, 1210 Brussels",
    }  # fmt: skip
    assert data["organizer"]["name"] == "Cluster Association"
    assert (data["maximumAttendeeCapacity"], data["remainingAttendeeCapacity"]) == (3, 2)
    assert data["offers"]["availability"] == "https://schema.org/InStock"
    assert data["eventStatus"] == "https://schema.org/EventScheduled"


@pytest.mark.parametrize(
    ("values", "status", "availability"),
    [
        pytest.param({"size": 0}, "EventScheduled", "SoldOut", id="no places"),
        pytest.param({"opens_at": utcnow() + timedelta(days=1)}, "EventScheduled", "SoldOut", id="not open yet"),
        pytest.param({"status": EventStatus.CANCELLED}, "EventCancelled", "SoldOut", id="called off"),
    ],
)
def test_what_cannot_be_had_is_not_offered(client: FlaskClient, values: Any, status: str, availability: str) -> None:
    data = _data(client, make_event(**values).slug)

    assert data["eventStatus"].endswith(status)
    assert data["offers"]["availability"].endswith(availability)


def test_texts_cannot_end_the_block(client: FlaskClient) -> None:
    event = make_event(name='</script><script>alert("1")</script>')

    page = client.get(f"/events/{event.slug}").text

    assert _data(client, event.slug)["name"] == '</script><script>alert("1")</script>'
    assert "<script>alert" not in page


def test_previews_have_title_words_and_the_public_address(client: FlaskClient) -> None:
    event = make_event()

    page = client.get(f"/events/{event.slug}").text

    assert '<meta property="og:title" content="European Cluster Conference">' in page
    image = re.search('"og:image" content="http://127.0.0.1:8000(/[^"]+)"', page)
    assert image is not None
    assert client.get(image[1], buffered=True).mimetype == "image/png"
    assert f'<link rel="canonical" href="http://127.0.0.1:8000/events/{event.slug}">' in page


def test_the_online_address_is_not_told_to_programs(client: FlaskClient) -> None:
    event = make_event(online_url="https://meet.example/room")

    assert "meet.example" not in client.get(f"/events/{event.slug}").text
    assert _data(client, event.slug)["eventAttendanceMode"] == "https://schema.org/MixedEventAttendanceMode"
